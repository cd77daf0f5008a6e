"""A small lake whose readings a test writes hour by hour or quarter by quarter, and a state on each database."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Engine

import serving.monitoring.table  # noqa: F401 - its tables must be known before the state is opened
from features.contracts import CONTRACTS
from features.frames import as_contract
from features.lake import Lake
from features.workspace import Workspace
from serving.state import open_state

BEGIN = pd.Timestamp("2025-06-01T00:00Z")
UNITS = [("C", None), ("D1", "C"), ("H1", "D1"), ("H2", "D1")]
NODES = [
    ("S1", "substation", None, "D1"),
    ("F1", "feeder", "S1", "D1"),
    ("A1", "area", "F1", "H1"),
    ("A2", "area", "F1", "H2"),
]


@dataclass
class Place:
    """A workspace with areas A1 and A2 of 100 kW on a feeder and a substation of 1,000 kW."""

    workspace: Workspace

    @property
    def lake(self) -> Lake:
        return Lake(self.workspace.lake)

    def at(self, slot: int) -> pd.Timestamp:
        return BEGIN + pd.Timedelta(minutes=15 * slot)

    def add(self, name: str, rows: Sequence[dict[str, Any]], batch: str) -> None:
        """Append rows of a contract, valid and known since long ago where they do not say."""
        contract = CONTRACTS[name]
        frame = pd.DataFrame(list(rows))
        known = pd.Timestamp("2020-01-01T00:00Z")
        for column in ("valid_from", "available_at"):
            if column in contract.columns and column not in frame:
                frame[column] = known
        self.lake.append(name, as_contract(contract, frame.reindex(columns=list(contract.columns))), batch)

    def read(self, first: int, last: int, batch: str, late_minutes: int = 15, **kw: float) -> None:
        """Readings of every node in the slots [first, last); `kw` by node, 50 where it is not told, None for none."""
        rows = []
        for node, *_ in NODES:
            for slot in range(first, last):
                value = kw.get(node, 50.0)
                if value is not None:
                    start = self.at(slot)
                    known = start + pd.Timedelta(minutes=late_minutes)
                    volts = {"voltage_v_min": 220.0, "voltage_v_max": 225.0}
                    rows.append({"node_id": node, "start_utc": start, "load_kw": value, "available_at": known, **volts})
        self.add("node_load", rows, batch)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    one = Place(Workspace(tmp_path / "workspace"))
    one.add("org_unit", [{"unit_id": u, "name": u, "kind": "hall", "parent_id": p} for u, p in UNITS], "units")
    common = {"power_factor": 1.0, "allowed_utilisation": 0.8, "rating_assumed": False}
    nodes = [
        {"node_id": node, "name": node, "kind": kind, "parent_id": parent, "hall_id": hall, **common}
        | {"rating_kva": 1000.0 if kind == "feeder" else None}
        for node, kind, parent, hall in NODES
    ]
    one.add("node", nodes, "nodes")
    rated = [("T1", "A1", 60.0), ("T2", "A1", 40.0), ("T3", "A2", 100.0), ("T4", "S1", 1000.0)]
    names = ("transformer_id", "node_id", "rating_kva")
    one.add("transformer", [dict(zip(names, row, strict=True)) | {"phases": 3} for row in rated], "transformers")
    customers = [
        {"customer_id": f"K{n}", "area_id": "A1" if n < 3 else "A2", "customer_class": "residential"} for n in range(5)
    ]
    one.add("customer", customers, "customers")
    return one


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A fresh state on each kind of database."""
    sqlite = f"sqlite:///{tmp_path / 'events.db'}"
    opened = open_state(sqlite if request.param == "sqlite" else request.getfixturevalue("postgres_url"))
    yield opened
    opened.dispose()
