"""The asset ledger (PMS): substations, their main transformers, feeders, and the areas' transformers by nameplate."""

import numpy as np

from features.demo.exports.beliefs import Beliefs
from features.demo.exports.facts import Facts, known
from features.demo.exports.naming import FOREIGN_PLACES, in_assets, older_place
from features.demo.exports.rows import Book, Sheet

__all__ = ["write_assets"]

_KNOWN = "维护时间"
_SIDES = ("东门", "南门", "西门", "北门")


def write_assets(facts: Facts, beliefs: Beliefs, book: Book) -> None:
    """Fill the sheets of the workbooks `pms.xlsx`, `pms_1.xlsx`, ..."""
    for sheet in (_stations(facts), _main_transformers(facts), _feeders(facts), _transformers(facts, beliefs)):
        book.sheets[sheet.name] = sheet
    _strangers(facts, beliefs, book)


def _sheet(name: str, *tables: str) -> Sheet:
    return Sheet("assets", "pms", tables, _KNOWN, sheet=name)


def _stations(facts: Facts) -> Sheet:
    sheet, start = _sheet("变电站", "ledger_node"), facts.territory.start
    for number, place in zip(facts.assets["substation"], facts.place["substation"], strict=True):
        cells = {"设备编码": number, "设备名称": in_assets("substation", place)}
        sheet.add(number, cells | {"投运日期": start, _KNOWN: known(start)})
    return sheet


def _main_transformers(facts: Facts) -> Sheet:
    sheet, start, turn = _sheet("主变", "ledger_node", "ledger_link"), facts.territory.start, 0
    for s, bank in enumerate(facts.territory.network.bank_kva):
        for number, kva in enumerate(bank, start=1):
            identity, turn = facts.assets["main"][turn], turn + 1
            cells = {
                "设备编码": identity,
                "设备名称": in_assets("main", facts.place["substation"][s], unit=number),
                "所属变电站": facts.assets["substation"][s],
                "额定容量(MVA)": kva / 1000,
                "投运日期": start,
                _KNOWN: known(start),
            }
            sheet.add(identity, cells)
    return sheet


def _feeders(facts: Facts) -> Sheet:
    sheet, start = _sheet("线路", "ledger_node", "ledger_link"), facts.territory.start
    network = facts.territory.network
    for f, number in enumerate(facts.assets["feeder"]):
        cells = {
            "设备编码": number,
            "设备名称": in_assets("feeder", facts.place["feeder"][f]),
            "所属变电站": facts.assets["substation"][network.substation_of_feeder[f]],
            "限额容量(kVA)": float(network.feeder_limit_kva[f]),
            "投运日期": start,
            _KNOWN: known(start),
        }
        sheet.add(number, cells)
    return sheet


def _transformers(facts: Facts, beliefs: Beliefs) -> Sheet:
    """One row for each transformer, and a second one, with its end, for those that were replaced."""
    sheet = _sheet("配变", "ledger_node", "ledger_link")
    rng = np.random.default_rng([facts.territory.config.seed, 211])
    feeder_of_area = facts.territory.network.feeder_of_area
    for u, unit in enumerate(facts.units):
        first = facts.unit_now[unit.area][0] == u
        feeder = int(feeder_of_area[unit.area])
        older = first and ("assets", unit.area) in beliefs.older_name
        cells = _cells(
            facts,
            facts.assets["transformer"][u],
            feeder,
            older_place(unit.area) if older else facts.place["area"][unit.area],
            facts.number[unit.area],
            unit.number,
            rng,
        )
        cells["所属线路"] = facts.assets["feeder"][beliefs.feeder.get(("assets", unit.area), feeder)]
        cells |= {"额定容量(kVA)": unit.rating_kva, "投运日期": unit.since, "退运日期": None, _KNOWN: known(unit.since)}
        sheet.add(facts.assets["transformer"][u], cells)
        if unit.until is not None:
            sheet.add(facts.assets["transformer"][u], cells | {"退运日期": unit.until, _KNOWN: known(unit.until)})
    return sheet


def _cells(
    facts: Facts, identity: str, feeder: int, place: str, number: int, unit: int, rng: np.random.Generator
) -> dict[str, object]:
    name = in_assets("transformer", place, number, facts.place["feeder"][feeder], unit)
    where = f"{place}{_SIDES[int(rng.integers(0, 4))]}外{int(rng.integers(2, 30)) * 10}米"
    return {"设备编码": identity, "设备名称": name, "安装地址": where}


def _strangers(facts: Facts, beliefs: Beliefs, book: Book) -> None:
    """Transformers that stand in the ledger alone."""
    sheet, start = book.sheets["配变"], facts.territory.start
    rng = np.random.default_rng([facts.territory.config.seed, 212])
    for i, (feeder, kva) in enumerate(beliefs.strangers):
        turn, place = divmod(i, len(FOREIGN_PLACES))
        identity = f"16M99{i:06d}"
        cells = _cells(facts, identity, feeder, FOREIGN_PLACES[place], turn + 1, 1, rng)
        cells |= {"所属线路": facts.assets["feeder"][feeder], "额定容量(kVA)": kva, "投运日期": start, "退运日期": None}
        row = sheet.add(identity, cells | {_KNOWN: known(start)})
        book.plant(sheet, "orphan", row, f"assets:{identity}", "work_item:unmatched_record")
