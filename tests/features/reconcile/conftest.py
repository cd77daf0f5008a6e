"""Ledgers made of a few lines: each record and link with what a test does not care about filled in."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from features.reconcile.ledgers import Ledgers
from features.reconcile.rows import framed

START = pd.Timestamp("2024-01-01", tz="UTC")
NOW = pd.Timestamp("2025-06-01", tz="UTC")

Row = dict[str, Any]


def record(system: str, source_id: str, kind: str, name: str | None = None, **more: Any) -> Row:
    """A record of equipment, valid and known from the start."""
    times = {"valid_from": START, "valid_to": pd.NaT, "available_at": START}
    return {"system": system, "source_id": source_id, "kind": kind, "name": name} | times | more


def link(system: str, child: tuple[str, str], parent: tuple[str, str], **more: Any) -> Row:
    """A link of two (kind, identifier) within a system."""
    (child_kind, child_id), (parent_kind, parent_id) = child, parent
    what = {"child_kind": child_kind, "child_id": child_id, "parent_kind": parent_kind, "parent_id": parent_id}
    return {"system": system, "valid_from": START, "valid_to": pd.NaT, "available_at": START} | what | more


def account(customer_id: str, **more: Any) -> Row:
    """A residential account."""
    times = {"valid_from": START, "valid_to": pd.NaT, "available_at": START}
    return {"customer_id": customer_id, "customer_class": "residential", "contract_kva": 8.0} | times | more


def meter(meter_id: str, customer_id: str, **more: Any) -> Row:
    """A meter on phase A."""
    times = {"valid_from": START, "valid_to": pd.NaT, "available_at": START}
    return {"meter_id": meter_id, "customer_id": customer_id, "phase": "A"} | times | more


def application(application_id: str, **more: Any) -> Row:
    """An application for a new connection, handed in at the start."""
    usual = {"applicant_id": "P1", "site_id": "Z1", "area_id": "m1", "hall_id": "H01", "kind": "new"}
    facts = {"customer_class": "commercial", "requested_kva": 30.0, "status": "submitted", "submitted_at": START}
    return {"application_id": application_id, "available_at": START} | usual | facts | more


@pytest.fixture
def ledgers() -> Callable[..., Ledgers]:
    def made(now: pd.Timestamp = NOW, **tables: list[Row]) -> Ledgers:
        return Ledgers.of(now, **{name: framed(name, rows) for name, rows in tables.items()})

    return made


@pytest.fixture
def small() -> dict[str, list[Row]]:
    """One station, two feeders, four areas in all four systems; every system with numbers and names of its own."""
    nodes = [record("collection", "S1", "substation", "青云变电所")]
    nodes += [record("marketing", "mS", "substation", "青云变电站", hall_id="D1")]
    nodes += [record("assets", "pS", "substation", "110kV青云变"), record("topology", "gS", "substation", "青云站")]
    links = []
    for number, place in ((1, "滨河"), (2, "柳林")):
        nodes += [
            record("collection", f"F{number}", "feeder", f"{place}馈线"),
            record("marketing", f"mF{number}", "feeder", f"{place}线", hall_id="H01"),
            record("assets", f"pF{number}", "feeder", f"10kV{place}线", rating_kva=4000.0),
            record("topology", f"gF{number}", "feeder", f"{place}线路"),
        ]
        for system, sign in (("marketing", "m"), ("assets", "p"), ("topology", "g")):
            links.append(link(system, ("feeder", f"{sign}F{number}"), ("substation", f"{sign}S")))
    for number, (place, feeder) in enumerate((("幸福里", 1), ("锦绣苑", 1), ("翠竹园", 2), ("碧水湾", 2)), start=1):
        line = {1: "滨河", 2: "柳林"}[feeder]
        spot = {"longitude": 118.7 + 0.01 * number, "latitude": 32.0}
        nodes += [
            record("collection", f"A{number}", "area", f"{place}#01台变", reference_system="marketing")
            | {"reference_id": f"m{number}"},
            record("marketing", f"m{number}", "area", f"{place}1号台区", hall_id="H01", rating_kva=400.0),
            record("assets", f"p{number}", "transformer", f"10kV{line}线{place}01号公变", rating_kva=400.0),
            record("topology", f"g{number}", "transformer", f"{place}一号配变", **spot)
            | {"reference_system": "assets", "reference_id": f"p{number}"},
        ]
        links += [
            link("marketing", ("area", f"m{number}"), ("feeder", f"mF{feeder}")),
            link("assets", ("transformer", f"p{number}"), ("feeder", f"pF{feeder}")),
            link("topology", ("transformer", f"g{number}"), ("feeder", f"gF{feeder}")),
        ]
    return {"ledger_node": nodes, "ledger_link": links}
