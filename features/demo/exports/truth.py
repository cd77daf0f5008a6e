"""What is true behind the exports, as tables that reconciliation may be judged by and must not read."""

import pandas as pd

from features.demo.exports.applications import Requests
from features.demo.exports.facts import Facts
from features.demo.exports.homes import Homes
from features.demo.exports.rows import Fault

__all__ = ["fault_table", "truth_tables"]


def truth_tables(facts: Facts, homes: Homes, requests: Requests, strangers: int) -> dict[str, pd.DataFrame]:
    """`node`, `parent`, `customer_area`, `meter_area`, `application_area` and `repeat`."""
    territory = facts.territory
    customers, network = territory.customers, territory.network
    area_of = [network.area_ids[homes.area(c)] for c in range(len(customers.customer_ids))]
    above = {
        n: network.substation_ids[s] for n, s in zip(network.feeder_ids, network.substation_of_feeder, strict=True)
    }
    above |= {n: network.feeder_ids[f] for n, f in zip(network.area_ids, network.feeder_of_area, strict=True)}
    return {
        "node": _nodes(facts, strangers),
        "parent": _pairs(("node_id", "parent_id"), above),
        "customer_area": _pairs(("customer_id", "node_id"), dict(zip(customers.customer_ids, area_of, strict=True))),
        "meter_area": _pairs(("meter_id", "node_id"), dict(zip(customers.meter_ids, area_of, strict=True))),
        "application_area": _pairs(("application_id", "node_id"), requests.node),
        "repeat": _pairs(("application_id", "repeats_id"), requests.repeats),
    }


def _pairs(columns: tuple[str, str], pairs: dict[str, str]) -> pd.DataFrame:
    frame = pd.DataFrame({columns[0]: list(pairs), columns[1]: list(pairs.values())}, dtype="str")
    return frame.sort_values(columns[0], ignore_index=True)


def _nodes(facts: Facts, strangers: int) -> pd.DataFrame:
    """Which node every record of every system stands for, or, of a transformer, belongs to."""
    network = facts.territory.network
    ids = {"substation": network.substation_ids, "feeder": network.feeder_ids, "area": network.area_ids}
    unit_area = [network.area_ids[unit.area] for unit in facts.units]
    main = [station for station, bank in zip(network.substation_ids, network.bank_kva, strict=True) for _ in bank]
    standing = [u for units in facts.unit_now for u in units]
    rows: list[tuple[str, str, str, str | None]] = []
    for kind, nodes in ids.items():
        rows += [("marketing", number, kind, node) for number, node in zip(facts.marketing[kind], nodes, strict=True)]
        rows += [("collection", node, kind, node) for node in nodes]
        if kind != "area":
            rows += [("assets", number, kind, node) for number, node in zip(facts.assets[kind], nodes, strict=True)]
            rows += [("topology", number, kind, node) for number, node in zip(facts.topology[kind], nodes, strict=True)]
    rows += [("assets", n, "transformer", a) for n, a in zip(facts.assets["transformer"], unit_area, strict=True)]
    rows += [("assets", n, "transformer", s) for n, s in zip(facts.assets["main"], main, strict=True)]
    rows += [("assets", f"16M99{i:06d}", "transformer", None) for i in range(strangers)]
    rows += [("topology", facts.topology["transformer"][u], "transformer", unit_area[u]) for u in standing]
    return pd.DataFrame(rows, columns=["system", "source_id", "kind", "node_id"], dtype="str")


def fault_table(faults: list[Fault], places: dict[int, tuple[str, int]]) -> pd.DataFrame:
    """All planted faults; `places` are file and line of rows by their identity."""
    rows = []
    for fault in faults:
        file, line = places[id(fault.row)] if fault.row is not None else (fault.file, fault.line)
        rows.append((fault.kind, fault.system, fault.table, file, line, fault.subject, fault.expected))
    columns = ["kind", "system", "table", "file", "line", "subject", "expected"]
    frame = pd.DataFrame(rows, columns=columns).astype({"line": "Int64"})
    return frame.astype({name: "str" for name in columns if name != "line"})
