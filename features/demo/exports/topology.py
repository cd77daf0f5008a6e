"""The topology (GIS): stations, feeders and transformers with coordinates, and customers on transformers."""

import numpy as np

from features.demo.exports.beliefs import Beliefs
from features.demo.exports.facts import Facts, known
from features.demo.exports.homes import Homes
from features.demo.exports.naming import in_assets, in_topology, older_place
from features.demo.exports.rows import Book, Sheet

__all__ = ["write_topology"]

_KNOWN = "UPDATED"
_DEGREES_PER_METRE = 1 / 111_000
_COPIED = 0.4
"""Share of transformers under the very name the asset ledger has."""


def write_topology(facts: Facts, beliefs: Beliefs, homes: Homes, book: Book) -> None:
    """Fill the sheets whose names begin with `gis_`."""
    rng = np.random.default_rng([facts.territory.config.seed, 213])
    sheets = (_upper(facts, "substation", rng), _upper(facts, "feeder", rng), _transformers(facts, beliefs, rng))
    for sheet in (*sheets, _customers(facts, homes, rng)):
        book.sheets[sheet.name] = sheet


def _position(facts: Facts, node: str, metres: float, rng: np.random.Generator) -> dict[str, object]:
    east, north = rng.normal(0, metres, 2) * _DEGREES_PER_METRE
    return {
        "LON": round(float(facts.nodes["longitude"][node] + east), 6),
        "LAT": round(float(facts.nodes["latitude"][node] + north), 6),
    }


def _upper(facts: Facts, kind: str, rng: np.random.Generator) -> Sheet:
    """Stations, or feeders and their station."""
    feeders = kind == "feeder"
    tables = ("ledger_node", "ledger_link") if feeders else ("ledger_node",)
    sheet = Sheet("topology", "gis_feeders" if feeders else "gis_stations", tables, _KNOWN)
    network, start = facts.territory.network, facts.territory.start
    for i, node in enumerate(network.feeder_ids if feeders else network.substation_ids):
        number = facts.topology[kind][i]
        cells: dict[str, object] = {"OBJECTID": number}
        cells["NAME"] = in_topology(kind, facts.place[kind][i], 101 + i)
        if feeders:
            cells["STATION_ID"] = facts.topology["substation"][network.substation_of_feeder[i]]
        cells |= _position(facts, node, 40, rng)
        sheet.add(number, cells | {"PMS_ID": facts.assets[kind][i], "BUILT": start, _KNOWN: known(start)})
    return sheet


def _transformers(facts: Facts, beliefs: Beliefs, rng: np.random.Generator) -> Sheet:
    """The transformers that stand now."""
    sheet = Sheet("topology", "gis_transformers", ("ledger_node", "ledger_link"), _KNOWN)
    for a, units in enumerate(facts.unit_now):
        true = int(facts.territory.network.feeder_of_area[a])
        feeder = beliefs.feeder.get(("topology", a), true)
        for position, u in enumerate(units):
            number, unit = facts.topology["transformer"][u], facts.units[u]
            older = position == 0 and ("topology", a) in beliefs.older_name
            place = older_place(a) if older else facts.place["area"][a]
            letter = 0 if len(units) == 1 else position + 1
            name = in_topology("transformer", place, facts.number[a], letter)
            if not older and rng.random() < _COPIED:
                feeder_place = facts.place["feeder"][true]
                name = in_assets("transformer", place, facts.number[a], feeder_place, unit.number)
            sound = facts.assets["transformer"][u]
            cells: dict[str, object] = {"OBJECTID": number, "NAME": name, "FEEDER_ID": facts.topology["feeder"][feeder]}
            cells |= _position(facts, facts.territory.area_ids[a], 25, rng)
            cells["PMS_ID"] = beliefs.reference.get(("topology", a), sound) if position == 0 else sound
            sheet.add(number, cells | {"BUILT": unit.since, _KNOWN: known(unit.since)})
    return sheet


def _customers(facts: Facts, homes: Homes, rng: np.random.Generator) -> Sheet:
    """户变关系: on which transformer a customer hangs, for most of them; of two that stand side by side, on one."""
    sheet = Sheet("topology", "gis_customers", ("ledger_link",), _KNOWN)
    sheet.headers = ("CONS_NO", "TRANS_ID", "SINCE", "UNTIL", _KNOWN)
    side = rng.integers(0, 2, len(homes.since))
    for c, name in enumerate(facts.territory.customers.customer_ids):
        if not homes.in_topology[c]:
            continue
        for area, since, until, at in homes.stays("topology", c):
            units = facts.unit_now[area]
            number = facts.topology["transformer"][units[side[c] % len(units)]]
            sheet.add(name, {"CONS_NO": name, "TRANS_ID": number, "SINCE": since, "UNTIL": until, _KNOWN: at})
    return sheet
