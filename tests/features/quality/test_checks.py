"""Every kind of check fails what is wrong, in the org unit where it is, and nothing else."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.contracts import AVAILABLE_AT
from features.ingest.quarantine import COLUMNS
from features.quality.checks.series import runs
from tests.features.quality.conftest import NOW, START, Bench, day, told


def test_empty_cells_fail(bench: Bench) -> None:
    bench.add("customer", [{"customer_id": "K9", "area_id": "A4", "customer_class": "public", "contract_kva": None}])
    found = bench.judge("customer", kind="present", columns=["contract_kva"])
    assert told(found) == {"H01": (20, 0), "H02": (21, 1)}
    assert found.examples == ("K9 · 2024-01-01 00:00",)


def test_what_the_gate_refused_fails_by_source(bench: Bench) -> None:
    refused = pd.DataFrame([{"table": "meter", "reason": "ORPHAN_LINK", "batch": "other:1", "source_file": "m.csv"}])
    refused = refused.reindex(columns=list(COLUMNS)).fillna({"source_line": 7})
    found = bench.judge("meter", kind="accepted", refused=refused)
    by = found.counts.groupby("source")[["checked", "failed"]].sum()
    assert by.loc["one"].tolist() == [40, 0]
    assert by.loc["other"].tolist() == [1, 1]


def test_two_rows_that_hold_at_once_fail(bench: Bench) -> None:
    bench.add("meter", [{"meter_id": "MA11", "customer_id": "KA12", "phase": "A", "valid_from": day(30)}])
    assert told(bench.judge("meter", kind="single", columns=["meter_id"])) == {"H01": (21, 2), "H02": (20, 0)}


def test_periods_that_overlap_fail(bench: Bench) -> None:
    bench.add(
        "transformer",
        [{"transformer_id": "TA1", "node_id": "A1", "rating_kva": 200.0, "phases": 3, "valid_from": day(9)}],
    )
    bench.add(
        "transformer",
        [
            {"transformer_id": "TX", "node_id": "A4", "rating_kva": 50.0, "phases": 3, "valid_to": day(5)},
            {"transformer_id": "TX", "node_id": "A4", "rating_kva": 80.0, "phases": 3, "valid_from": day(5)},
        ],
    )
    assert told(bench.judge("transformer", kind="disjoint")) == {"H01": (3, 1), "H02": (4, 0)}


def test_links_that_lead_nowhere_fail(bench: Bench) -> None:
    bench.add("customer", [{"customer_id": "K9", "area_id": "A9", "customer_class": "public"}])
    found = bench.judge("customer", kind="leads", column="area_id", to="node")
    assert told(found) == {"": (1, 1), "H01": (20, 0), "H02": (20, 0)}


def test_open_work_items_are_disagreement_and_settled_ones_are_not(bench: Bench) -> None:
    item = {"kind": "area_disagrees", "says": "{}", "opened_at": START, "due_at": NOW}
    rows = [
        {"work_item_id": "W1", "subject": "KA11", "state": "open"},
        {"work_item_id": "W2", "subject": "KA40", "state": "settled"},
        {"work_item_id": "W3", "subject": "KA41", "state": "open", "kind": "orphan_record"},
    ]
    bench.add("work_item", [item | row for row in rows])
    found = bench.judge("customer", kind="agreed", items=["area_disagrees"])
    assert told(found) == {"H01": (20, 1), "H02": (20, 0)}


def test_without_reconciliation_agreement_is_unknown(bench: Bench) -> None:
    assert bench.judge("customer", kind="agreed", items=["area_disagrees"]).counts.empty


def test_areas_with_two_transformers_do_not_count_twice(bench: Bench) -> None:
    bench.add("transformer", [{"transformer_id": "TB", "node_id": "A1", "rating_kva": 100.0, "phases": 3}])
    # 80 kVA are agreed on each area: beside 100 kVA too much at .7, beside 200 kVA not.
    assert told(bench.judge("customer", kind="rated", most=0.7)) == {"H01": (2, 1), "H02": (2, 2)}


def test_late_rows_fail_by_their_first_version(bench: Bench) -> None:
    def load(hour: int, after: float, kw: float) -> dict:
        start = START + pd.Timedelta(hours=hour)
        return {"node_id": "A1", "start_utc": start, "load_kw": kw, AVAILABLE_AT: start + pd.Timedelta(hours=after)}

    bench.add("node_load", [load(0, 2, 5.0), load(1, 2, 5.0), load(2, 9, 5.0)])
    bench.add("node_load", [load(0, 90, 6.0)])
    assert told(bench.judge("node_load", kind="soon", hours=3)) == {"H01": (3, 1)}


def test_missing_intervals_fail(bench: Bench) -> None:
    bench.use({"MA10": [5.0] * 4 + [None] * 3 + [5.0] * 3, "MA40": [4.0] * 10})
    assert told(bench.judge("consumption", kind="unbroken")) == {"H01": (10, 3), "H02": (10, 0)}


def test_values_out_of_bounds_fail_and_missing_ones_are_not_judged(bench: Bench) -> None:
    rows = [
        {"node_id": "A1", "start_utc": START + pd.Timedelta(hours=h), "load_kw": 1.0, "voltage_v_min": v}
        | {AVAILABLE_AT: START + pd.Timedelta(hours=h + 1)}
        for h, v in enumerate([230.0, 197.9, None, 198.0])
    ]
    bench.add("node_load", rows)
    found = bench.judge("node_load", kind="within", column="voltage_v_min", at_least=198)
    assert told(found) == {"H01": (3, 1)}


def test_meters_that_stand_still_fail_but_empty_houses_do_not(bench: Bench) -> None:
    rng = np.random.default_rng(1)
    lively = rng.uniform(4, 9, 40).round(3).tolist()
    bench.use(
        {
            "MA10": lively,
            "MA11": [*lively[:20], *[6.123] * 12, *lively[:8]],
            "MA12": [*lively[:20], *[0.0] * 20],
            "MA13": [0.0] * 40,
        }
    )
    found = bench.judge("consumption", examples=100, kind="moving", running_days=10)
    assert told(found) == {"H01": (160, 32)}
    assert {key.split(" · ")[0] for key in found.examples} == {"MA11", "MA12"}


def test_spikes_fail_against_the_meters_own_spread(bench: Bench) -> None:
    rng = np.random.default_rng(2)
    small = np.exp(rng.normal(1.5, 0.2, 60)).round(3)
    small[30] = 400.0
    bench.use({"MA10": small.tolist(), "MA40": np.exp(rng.normal(6.0, 0.2, 60)).round(3).tolist()})
    assert told(bench.judge("consumption", kind="no_spike", column="kwh", spreads=10)) == {
        "H01": (60, 1),
        "H02": (60, 0),
    }


def test_use_below_zero_fails_except_of_exporters(bench: Bench) -> None:
    bench.use({"MA10": [5.0] * 39 + [-2.0], "MA40": [-3.0, 4.0] * 20})
    assert told(bench.judge("consumption", kind="not_negative")) == {"H01": (40, 1)}


@pytest.mark.parametrize(("drawn", "failed"), [(1.05, 0), (1.3, 5), (0.9, 5)])
def test_losses_out_of_range_fail_where_all_are_metered(bench: Bench, drawn: float, failed: int) -> None:
    bench.use({f"MA1{i}": [6.0] * 5 for i in range(10)})
    hours = pd.date_range(day(400), day(405), freq="h", inclusive="left")
    bench.add(
        "node_load",
        [
            {"node_id": "A1", "start_utc": at, "load_kw": 60.0 / 24 * drawn, AVAILABLE_AT: at + pd.Timedelta(hours=1)}
            for at in hours
        ],
    )
    check = {"kind": "line_loss", "at_least": -0.01, "at_most": 0.12}
    assert told(bench.judge("consumption", coverage=0.8, **check)) == {"H01": (5, failed)}
    assert bench.judge("consumption", coverage=0.9, **check).counts.empty


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=40))
def test_runs_are_those_of_a_slow_and_obvious_way(rows: list[tuple[int, int]]) -> None:
    rows.sort(key=lambda row: row[0])
    thing = np.array([t for t, _ in rows], dtype=np.int64)
    values = np.array([v for _, v in rows], dtype=float)
    expected = []
    for place in range(len(rows)):
        first = last = place
        while first > 0 and rows[first - 1] == rows[place]:
            first -= 1
        while last + 1 < len(rows) and rows[last + 1] == rows[place]:
            last += 1
        expected.append(last - first + 1)
    assert runs(values, thing).tolist() == expected
