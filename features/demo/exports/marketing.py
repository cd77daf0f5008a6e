"""The marketing system (SG186): org units, areas and what they hang on, accounts, meters."""

import numpy as np

from features.demo.exports.beliefs import Beliefs
from features.demo.exports.facts import Facts, known
from features.demo.exports.homes import Homes
from features.demo.exports.naming import in_marketing
from features.demo.exports.rows import Book, Sheet
from features.demo.sources import CODES

__all__ = ["UNKNOWN_AREA", "write_marketing"]

UNKNOWN_AREA = "0199{:06d}"
"""Numbers that no area of the marketing system has."""
_KNOWN = "更新时间"
_SIDES = "东南西北"


def write_marketing(facts: Facts, beliefs: Beliefs, homes: Homes, book: Book) -> None:
    """Fill the sheets whose names begin with `sg186_`, but for the applications."""
    units = Sheet("marketing", "sg186_units", ("org_unit",), _KNOWN)
    for row in facts.territory.frame("org_unit").to_dict("records"):
        cells = {"单位编码": row["unit_id"], "单位名称": row["name"], "单位级别": CODES[str(row["kind"])]}
        cells |= {"上级单位": row["parent_id"], "启用日期": row["valid_from"], _KNOWN: known(row["valid_from"])}
        units.add(row["unit_id"], cells)
    book.sheets[units.name] = units
    for sheet in (_stations(facts), _feeders(facts), _areas(facts, beliefs), _customers(facts, homes), _meters(facts)):
        book.sheets[sheet.name] = sheet


def _stations(facts: Facts) -> Sheet:
    sheet = Sheet("marketing", "sg186_substations", ("ledger_node",), _KNOWN)
    start = facts.territory.start
    for number, place in zip(facts.marketing["substation"], facts.place["substation"], strict=True):
        name = in_marketing("substation", place)
        sheet.add(number, {"变电站编号": number, "变电站名称": name, "启用日期": start, _KNOWN: known(start)})
    return sheet


def _feeders(facts: Facts) -> Sheet:
    sheet = Sheet("marketing", "sg186_feeders", ("ledger_node", "ledger_link"), _KNOWN)
    network, start = facts.territory.network, facts.territory.start
    for f, number in enumerate(facts.marketing["feeder"]):
        cells = {"线路编号": number, "线路名称": in_marketing("feeder", facts.place["feeder"][f])}
        cells["变电站编号"] = facts.marketing["substation"][network.substation_of_feeder[f]]
        sheet.add(number, cells | {"启用日期": start, _KNOWN: known(start)})
    return sheet


def _areas(facts: Facts, beliefs: Beliefs) -> Sheet:
    """One row for each stretch of an area's life; a stretch that ended is told again with its end."""
    sheet = Sheet("marketing", "sg186_areas", ("ledger_node", "ledger_link"), _KNOWN)
    rng = np.random.default_rng([facts.territory.config.seed, 210])
    places, number = facts.place, facts.number
    for a, spells in enumerate(facts.spells):
        feeder = beliefs.feeder.get(("marketing", a), int(facts.territory.network.feeder_of_area[a]))
        true_feeder = int(facts.territory.network.feeder_of_area[a])
        side = _SIDES[int(rng.integers(0, 4))]
        for spell in spells:
            cells = {
                "台区编号": facts.marketing["area"][a],
                "台区名称": in_marketing("area", places["area"][a], number[a]),
                "线路编号": facts.marketing["feeder"][feeder],
                "线路名称": in_marketing("feeder", places["feeder"][feeder]),
                "容量(kVA)": f"{beliefs.rating_kva.get(a, spell.rating_kva):g}",
                "管理单位": spell.hall,
                "安装位置": f"{places['feeder'][true_feeder]}街道{places['area'][a]}{number[a]}组{side}侧",
                "启用日期": spell.since,
                "停用日期": None,
                _KNOWN: known(spell.since),
            }
            sheet.add(facts.marketing["area"][a], cells)
            if spell.until is not None:
                sheet.add(facts.marketing["area"][a], cells | {"停用日期": spell.until, _KNOWN: known(spell.until)})
    return sheet


def _customers(facts: Facts, homes: Homes) -> Sheet:
    sheet = Sheet("marketing", "sg186_customers", ("ledger_customer", "ledger_link"), _KNOWN)
    sheet.headers = ("户号", "用电类别", "合同容量(kVA)", "供电单位", "台区编号", "启用日期", "停用日期", _KNOWN)
    customers = facts.territory.customers
    for c, name in enumerate(customers.customer_ids):
        for area, since, until, at in homes.stays("marketing", c):
            cells = {
                "户号": name,
                "用电类别": CODES[str(customers.customer_class[c])],
                "合同容量(kVA)": f"{customers.contract_kva[c]:g}",
                "供电单位": facts.spells[area][-1].hall,
                "台区编号": UNKNOWN_AREA.format(c) if c in homes.orphans else facts.marketing["area"][area],
                "启用日期": since,
                "停用日期": until,
                _KNOWN: at,
            }
            sheet.add(name, cells)
    return sheet


def _meters(facts: Facts) -> Sheet:
    sheet = Sheet("marketing", "sg186_meters", ("meter",), _KNOWN)
    sheet.headers = ("资产编号", "户号", "相别", "装表日期", "拆表日期", _KNOWN)
    for row in facts.territory.frame("meter").to_dict("records"):
        cells = {"资产编号": row["meter_id"], "户号": row["customer_id"], "相别": row["phase"]}
        cells |= {"装表日期": row["valid_from"], "拆表日期": None, _KNOWN: known(row["valid_from"])}
        sheet.add(row["meter_id"], cells)
    return sheet
