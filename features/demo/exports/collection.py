"""The collection system's archive: upper nodes, areas and the meters on them, under the numbers that all use."""

import numpy as np

from features.demo.exports.beliefs import Beliefs
from features.demo.exports.facts import Facts, known
from features.demo.exports.homes import Homes
from features.demo.exports.naming import in_collection, in_marketing, older_place
from features.demo.exports.rows import Book, Sheet

__all__ = ["write_archive"]

_KNOWN = "更新时刻"
_DEGREES_PER_METRE = 1 / 111_000
_COPIED, _LOCATED = 0.5, 0.6
"""Shares of areas under the very name that marketing has, and of those whose terminal knows where it stands."""


def write_archive(facts: Facts, beliefs: Beliefs, homes: Homes, book: Book) -> None:
    """Fill the sheets whose names begin with `col_`, but for what is measured."""
    for kind in ("substation", "feeder"):
        book.sheets[f"col_{kind}s"] = _upper(facts, kind)
    book.sheets["col_areas"] = _areas(facts, beliefs)
    book.sheets["col_archive"] = _meters(facts, homes, book)


def _upper(facts: Facts, kind: str) -> Sheet:
    sheet, start = Sheet("collection", f"col_{kind}s", ("ledger_node",), _KNOWN), facts.territory.start
    network = facts.territory.network
    for i, node in enumerate(network.substation_ids if kind == "substation" else network.feeder_ids):
        cells = {
            "测点": node,
            "名称": in_collection(kind, facts.place[kind][i]),
            "建档日期": start,
            _KNOWN: known(start),
        }
        sheet.add(node, cells)
    return sheet


def _areas(facts: Facts, beliefs: Beliefs) -> Sheet:
    """Areas, most with marketing's number; it does not know what they hang on."""
    sheet, start = Sheet("collection", "col_areas", ("ledger_node",), _KNOWN), facts.territory.start
    rng = np.random.default_rng([facts.territory.config.seed, 214])
    for a, node in enumerate(facts.territory.area_ids):
        older, copied, located = (
            ("collection", a) in beliefs.older_name,
            rng.random() < _COPIED,
            rng.random() < _LOCATED,
        )
        place = older_place(a) if older else facts.place["area"][a]
        style = in_marketing if copied and not older else in_collection
        east, north = rng.normal(0, 60, 2) * _DEGREES_PER_METRE
        cells = {
            "测点": node,
            "名称": style("area", place, facts.number[a]),
            "营销台区编号": beliefs.reference.get(("collection", a), facts.marketing["area"][a]),
            "终端经度": round(float(facts.nodes["longitude"][node] + east), 5) if located else None,
            "终端纬度": round(float(facts.nodes["latitude"][node] + north), 5) if located else None,
            "建档日期": start,
            _KNOWN: known(start),
        }
        sheet.add(node, cells)
    return sheet


def _meters(facts: Facts, homes: Homes, book: Book) -> Sheet:
    """档案: meters and the area whose terminal reads them; some are read by two at once."""
    sheet = Sheet("collection", "col_archive", ("ledger_link",), _KNOWN)
    sheet.headers = ("表号", "台区测点", "建档日期", "撤档日期", _KNOWN)
    node = facts.territory.area_ids
    for c, meter in enumerate(facts.territory.customers.meter_ids):
        for area, since, until, at in homes.stays("collection", c):
            sheet.add(meter, {"表号": meter, "台区测点": node[area], "建档日期": since, "撤档日期": until, _KNOWN: at})
        if c in homes.twice:
            since = homes.since[c]
            cells = {"表号": meter, "台区测点": node[homes.twice[c]], "建档日期": since, "撤档日期": None}
            row = sheet.add(meter, cells | {_KNOWN: known(since)})
            book.plant(sheet, "two_areas", row, meter, "work_item:meter_on_two_areas")
    return sheet
