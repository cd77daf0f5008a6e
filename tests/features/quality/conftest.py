"""A small lake made of a few lines a table, and one rule at a time."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from features.contracts import AVAILABLE_AT
from features.ingest.quarantine import COLUMNS
from features.lake import Lake
from features.quality.checks import Outcome, judge
from features.quality.reading import Tables
from features.quality.rules import Rule
from features.reconcile.rows import framed

NOW = pd.Timestamp("2025-06-01", tz="UTC")
START = pd.Timestamp("2024-01-01", tz="UTC")


def day(number: float) -> pd.Timestamp:
    return START + pd.Timedelta(days=number)


class Bench:
    """A lake to fill, and rules to try on it."""

    def __init__(self, root: Path) -> None:
        self.lake = Lake(root)
        self.count = 0

    def add(self, table: str, rows: list[dict[str, Any]], source: str = "one", **usual: Any) -> None:
        """Rows of a table; periods are open and begin at the start unless told otherwise."""
        self.count += 1
        base = {"valid_from": START, "valid_to": pd.NaT, AVAILABLE_AT: START} | usual
        self.lake.append(table, framed(table, [base | row for row in rows]), f"{source}:{self.count}")

    def network(self) -> None:
        """A company with two halls, two areas under each, ten customers with a meter on every area."""
        units = [("C1", "company", None), ("D1", "department", "C1"), ("H01", "hall", "D1"), ("H02", "hall", "D1")]
        self.add("org_unit", [{"unit_id": u, "name": u, "kind": k, "parent_id": p} for u, k, p in units])
        areas = [(f"A{n}", f"H0{1 + n // 3}") for n in range(1, 5)]
        usual = {"kind": "area", "power_factor": 0.95, "allowed_utilisation": 0.8, "rating_assumed": False}
        self.add("node", [{"node_id": a, "name": a, "hall_id": hall} | usual for a, hall in areas])
        self.add(
            "transformer",
            [{"transformer_id": f"T{a}", "node_id": a, "rating_kva": 100.0, "phases": 3} for a, _ in areas],
        )
        accounts = [(f"K{a}{i}", a) for a, _ in areas for i in range(10)]
        kind = {"customer_class": "residential", "contract_kva": 8.0}
        self.add("customer", [{"customer_id": k, "area_id": a} | kind for k, a in accounts])
        self.add("meter", [{"meter_id": f"M{k[1:]}", "customer_id": k, "phase": "A"} for k, _ in accounts])

    def use(self, kwh: dict[str, list[float]], first: int = 400) -> None:
        """Daily use of meters from a day on."""
        rows = [
            {"meter_id": meter, "start_utc": day(first + i), "end_utc": day(first + i + 1), "kwh": value}
            | {AVAILABLE_AT: day(first + i + 1.25)}
            for meter, values in kwh.items()
            for i, value in enumerate(values)
            if value is not None
        ]
        self.add("consumption", rows)

    def judge(self, table: str, examples: int = 5, refused: pd.DataFrame | None = None, **check: Any) -> Outcome:
        """What one rule finds."""
        about = {"id": "rule", "dimension": "validity", "table": table, "english": "-", "chinese": "-"}
        rule = Rule.model_validate(about | {"check": check})
        empty = pd.DataFrame({name: pd.Series([], dtype=kind) for name, kind in COLUMNS.items()})
        return judge(Tables(self.lake, NOW), rule, empty if refused is None else refused, examples)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    made = Bench(tmp_path / "lake")
    made.network()
    return made


def told(outcome: Outcome) -> dict[str, tuple[int, int]]:
    """Checked and failed by org unit."""
    sums = outcome.counts.groupby("unit")[["checked", "failed"]].sum()
    return {str(unit): (int(row["checked"]), int(row["failed"])) for unit, row in sums.iterrows()}
