"""Faults of the equipment's ledgers: identifiers, names, ratings, parents, and records of things nobody else has."""

import numpy as np
import pandas as pd

from features.demo.exports.book import Book
from features.demo.exports.config import FaultRates
from features.demo.exports.ledgers import Sheets
from features.demo.exports.naming import OLD_PLACES

__all__ = ["fault_equipment"]

_AREAS, _BANKS, _PLACES, _POINTS = "sg186_areas.csv", "pms.xlsx#配变", "gis_transformers.csv", "col_points.csv"


def fault_equipment(book: Book, sheets: Sheets, rates: FaultRates, rng: np.random.Generator) -> None:
    """Strike areas and transformers, each with one fault at most."""
    areas = list(sheets.territory.area_ids)
    for kind, rate, plant in (
        ("rewired", rates.rewired, _rewire),
        ("different_id", rates.different_id, _mistype_reference),
        ("missing_id", rates.missing_id, _lose_reference),
        ("different_name", rates.different_name, _rename),
        ("capacity", rates.capacity, _misstate_capacity),
        ("va_for_kva", rates.va_for_kva, _write_va),
    ):
        for node in book.choose(areas, rate, rng):
            plant(book, sheets, node, kind, rng)
    _strangers(book, sheets, rates.stranger, rng)


def _banks_of(sheets: Sheets, node: str, system: str) -> list[str]:
    """The system's identifiers of an area's transformers, former ones too."""
    banks = sheets.territory.frame("transformer")
    return sheets.transformer_ids.loc[banks.loc[banks["node_id"] == node, "transformer_id"].unique(), system].tolist()


def _parent_of(sheets: Sheets, node: str) -> str:
    nodes = sheets.territory.frame("node")
    return str(nodes.loc[nodes["node_id"] == node, "parent_id"].iloc[0])


def _rewire(book: Book, sheets: Sheets, node: str, kind: str, rng: np.random.Generator) -> None:
    """One system hangs the area on another feeder; now and then two do, and outvote the third."""
    feeders = [feeder for feeder in sheets.territory.network.feeder_ids if feeder != _parent_of(sheets, node)]
    if not feeders:
        return
    wrong = str(rng.choice(feeders))
    systems = rng.permutation(["marketing", "assets", "topology"])[: 2 if rng.random() < 0.3 else 1]
    for system in systems:
        if system == "marketing":
            where = book.frames[_AREAS]["台区编号"] == sheets.naming.id(node, "marketing")
            book.change(_AREAS, where, "线路编号", sheets.naming.id(wrong, "marketing"))
        elif system == "assets":
            where = book.frames[_BANKS]["设备编码"].isin(_banks_of(sheets, node, "assets"))
            book.change(_BANKS, where, "所属线路", sheets.naming.id(wrong, "assets"))
        else:
            where = book.frames[_PLACES]["OBJECTID"].isin(_banks_of(sheets, node, "topology"))
            book.change(_PLACES, where, "馈线ID", sheets.naming.id(wrong, "topology"))
    book.record(kind, "+".join(sorted(systems)), _AREAS, node, "work_item:parent_disagrees")


def _mistype_reference(book: Book, sheets: Sheets, node: str, kind: str, rng: np.random.Generator) -> None:
    """The identifier kept of another system is that of something else."""
    if rng.random() < 0.5:
        other = str(rng.choice([area for area in sheets.territory.area_ids if area != node]))
        book.change(_POINTS, book.frames[_POINTS]["测点号"] == node, "营销编号", sheets.naming.id(other, "marketing"))
        book.record(kind, "collection", _POINTS, f"collection:{node}", "work_item:reference_disagrees")
        return
    mine = _banks_of(sheets, node, "topology")[-1]
    strange = sheets.transformer_ids.loc[~sheets.transformer_ids["topology"].isin(_banks_of(sheets, node, "topology"))]
    strange = strange[strange.index.str.startswith("A")]
    where = book.frames[_PLACES]["OBJECTID"] == mine
    book.change(_PLACES, where, "PMS编码", str(rng.choice(strange["assets"])))
    book.record(kind, "topology", _PLACES, f"topology:{mine}", "work_item:reference_disagrees")


def _lose_reference(book: Book, sheets: Sheets, node: str, kind: str, rng: np.random.Generator) -> None:
    if rng.random() < 0.5:
        book.change(_POINTS, book.frames[_POINTS]["测点号"] == node, "营销编号", "")
        book.record(kind, "collection", _POINTS, f"collection:{node}", "mended")
        return
    mine = _banks_of(sheets, node, "topology")
    book.change(_PLACES, book.frames[_PLACES]["OBJECTID"].isin(mine), "PMS编码", "")
    book.record(kind, "topology", _PLACES, f"topology:{mine[-1]}", "mended")


def _rename(book: Book, sheets: Sheets, node: str, kind: str, rng: np.random.Generator) -> None:
    """One system still calls the place what it was called before."""
    system = str(rng.choice(["marketing", "assets", "topology", "collection"]))
    name = str(sheets.naming.names.at[node, "marketing"])
    place = name.removesuffix("号台区").rstrip("0123456789")
    file, column, header = {
        "marketing": (_AREAS, "台区编号", "台区名称"),
        "assets": (_BANKS, "设备编码", "设备名称"),
        "topology": (_PLACES, "OBJECTID", "名称"),
        "collection": (_POINTS, "测点号", "测点名称"),
    }[system]
    mine = _banks_of(sheets, node, system) if system in ("assets", "topology") else [sheets.naming.id(node, system)]
    where = book.frames[file][column].isin(mine)
    old = str(rng.choice(OLD_PLACES))
    renamed = book.frames[file].loc[where, header].str.replace(place, old, regex=False)
    book.frames[file].loc[where, header] = renamed
    book.record(kind, system, file, f"{system}:{mine[-1]}", "mended")


def _misstate_capacity(book: Book, sheets: Sheets, node: str, kind: str, rng: np.random.Generator) -> None:
    """Marketing has the capacity of a transformer that was planned, or of one that is gone."""
    where = book.frames[_AREAS]["台区编号"] == sheets.naming.id(node, "marketing")
    kva = float(book.frames[_AREAS].loc[where, "台区容量(kVA)"].iloc[0])
    other = rng.choice([0.5, 0.625, 1.25, 1.6, 2.0]) * kva
    book.change(_AREAS, where, "台区容量(kVA)", f"{other:.0f}")
    subject = f"marketing:{sheets.naming.id(node, 'marketing')}"
    book.record(kind, "marketing", _AREAS, subject, "work_item:capacity_disagrees")


def _write_va(book: Book, sheets: Sheets, node: str, kind: str, rng: np.random.Generator) -> None:
    if rng.random() < 0.5:
        mine = sheets.naming.id(node, "marketing")
        where, file, column = book.frames[_AREAS]["台区编号"] == mine, _AREAS, "台区容量(kVA)"
        subject, system = f"marketing:{mine}", "marketing"
    else:
        bank = _banks_of(sheets, node, "assets")[-1]
        where, file, column = book.frames[_BANKS]["设备编码"] == bank, _BANKS, "额定容量(kVA)"
        subject, system = f"assets:{bank}", "assets"
    in_va = book.frames[file].loc[where, column].astype(float) * 1000
    book.frames[file].loc[where, column] = in_va.map("{:.0f}".format)
    book.record(kind, system, file, subject, "work_item:unit_suspected")


def _strangers(book: Book, sheets: Sheets, rate: float, rng: np.random.Generator) -> None:
    """Transformers in the asset ledger that nobody else has: never built, or taken down without a word."""
    frame = book.frames[_BANKS]
    count = max(1, round(rate * len(sheets.territory.area_ids))) if rate > 0 else 0
    for number in range(count):
        row = frame.iloc[[int(rng.integers(0, len(frame)))]].copy()
        code = f"16M{99_000_000 + number:08d}"
        place = str(rng.choice(OLD_PLACES))
        row["设备编码"], row["设备名称"] = code, f"10kV规划线{place}{90 + number:02d}号公变"
        row["安装位置"], row["退运日期"] = f"规划路{900 + number}号东侧", ""
        tag = book.record("stranger", "assets", _BANKS, f"assets:{code}", "work_item:unmatched_record")
        book.plant(_BANKS, pd.DataFrame(row), tag)
