"""Scores against a slow obvious version, row by row."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.clock import Calendar
from features.load.grid import Grid
from training.demand.config import LEVELS
from training.metrics import rcrps
from training.scoring import (
    LEAD_LABELS,
    beside_truth,
    by_group,
    by_lead,
    by_lead_and_hour,
    by_node,
    lead_bucket,
    reliability_shares,
    row_loss,
    summary,
)

START = pd.Timestamp("2025-03-01", tz="UTC")
COLUMNS = [f"q{round(100 * level):02d}" for level in LEVELS]
KINDS = pd.Series({"A": "area", "B": "area", "F": "feeder"})


def table(seed: int = 1, hours: int = 60, unknown: float = 0.1) -> pd.DataFrame:
    """Forecasts of three nodes of very different size beside random loads, some unknown."""
    rng = np.random.default_rng(seed)
    parts = []
    for node, scale in (("A", 1.0), ("B", 50.0), ("F", 4000.0)):
        load = scale * rng.uniform(1, 2, hours)
        load[rng.random(hours) < unknown] = np.nan
        quantiles = np.sort(scale * rng.uniform(0.8, 2.2, (hours, len(LEVELS))), axis=1)
        frame = pd.DataFrame(quantiles, columns=COLUMNS)
        frame.insert(0, "node_id", node)
        frame.insert(1, "start_utc", pd.date_range(START, periods=hours, freq="h"))
        frame.insert(2, "lead_hours", np.arange(hours, dtype=float))
        parts.append(frame.assign(load_kw=load))
    return pd.concat(parts, ignore_index=True)


def slow_loss(row: pd.Series) -> float:
    if np.isnan(row["load_kw"]):
        return float("nan")
    losses = []
    for level, column in zip(LEVELS, COLUMNS, strict=True):
        error = row["load_kw"] - row[column]
        losses.append(level * error if error >= 0 else (level - 1) * error)
    return sum(losses) / len(losses)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.floats(0, 0.6))
def test_losses_and_node_scores_are_those_of_the_slow_version(seed: int, unknown: float) -> None:
    frame = table(seed, hours=20, unknown=unknown)
    expected = frame.apply(slow_loss, axis=1)
    np.testing.assert_allclose(row_loss(frame), expected, equal_nan=True)
    nodes = by_node(frame)
    for node, part in frame.groupby("node_id"):
        known = part.dropna(subset=["load_kw"])
        assert nodes.at[node, "scored"] == len(known)
        assert nodes.at[node, "pinball_kw"] == pytest.approx(expected[known.index].mean(), nan_ok=True)
        inside = (known["load_kw"] >= known["q05"]) & (known["load_kw"] <= known["q95"])
        assert nodes.at[node, "coverage"] == pytest.approx(inside.mean(), nan_ok=True)
        theirs = rcrps(known["load_kw"].to_numpy(), known[COLUMNS].to_numpy(), LEVELS)
        assert nodes.at[node, "rcrps"] == pytest.approx(theirs, nan_ok=True)


def test_groups_and_the_whole_are_means_over_nodes_not_over_rows() -> None:
    frame = table()
    nodes, groups = by_node(frame), by_group(frame, KINDS)
    assert groups.at["area", "rcrps"] == pytest.approx(nodes.loc[["A", "B"], "rcrps"].mean())
    assert groups.at["area", "coverage_worst"] == nodes.loc[["A", "B"], "coverage"].min()
    assert groups.loc["feeder", ["nodes", "scored"]].tolist() == [1, nodes.at["F", "scored"]]
    assert summary(frame)["rcrps"] == pytest.approx(nodes["rcrps"].mean())
    assert by_group(frame, KINDS.drop("F")).index.tolist() == ["area", "unknown"]


def test_a_node_without_any_truth_is_counted_nowhere() -> None:
    frame = table()
    frame.loc[frame["node_id"] == "B", "load_kw"] = np.nan
    assert by_node(frame).at["B", "scored"] == 0
    assert by_group(frame, KINDS).at["area", "nodes"] == 1
    assert summary(frame)["nodes"] == 2


def test_leads_fall_into_their_stretch_and_edges_into_the_later_one() -> None:
    leads = pd.Series([0.0, 5.75, 6.0, 23.0, 24.0, 48.0, 119.0, 120.0, 216.0, 335.0])
    labels = [str(one) for one in lead_bucket(leads)]
    places = [LEAD_LABELS.index(one) for one in labels]
    assert places == [0, 0, 1, 1, 2, 3, 3, 4, 5, 5]
    frame = table()
    found = by_lead(frame, KINDS).set_index(["group", "lead"])
    part = frame[(frame["lead_hours"] >= 6) & (frame["lead_hours"] < 24)]
    assert found.loc[("area", "6-24 h"), "rcrps"] == pytest.approx(by_node(part).loc[["A", "B"], "rcrps"].mean())
    assert set(by_lead(frame)["group"]) == {"all"}
    assert by_lead(frame)["scored"].sum() == by_node(frame)["scored"].sum()


def test_hours_are_local_and_large_nodes_weigh_no_more_than_small_ones() -> None:
    frame = table(unknown=0.0)
    found = by_lead_and_hour(frame, Calendar("Asia/Shanghai", "CN"))
    loss = pd.Series(row_loss(frame))
    swing = frame.groupby("node_id")["load_kw"].transform(lambda load: load.quantile(0.99) - load.quantile(0.01))
    first = frame["start_utc"] == START + pd.Timedelta(hours=1)  # 09:00 in Shanghai
    assert found.loc["0-6 h", 9] == pytest.approx((loss / swing)[first].mean())
    assert found.columns.tolist() == list(range(24))
    bigger = frame.copy()
    rows = bigger["node_id"] == "F"
    bigger.loc[rows, [*COLUMNS, "load_kw"]] *= 1000
    pd.testing.assert_frame_equal(by_lead_and_hour(bigger, Calendar("Asia/Shanghai", "CN")), found)


def test_shares_count_loads_at_or_below_each_level() -> None:
    frame = table()
    shares = reliability_shares(frame, KINDS).set_index(["kind", "level"])["below"]
    part = frame[frame["node_id"].isin(["A", "B"]) & frame["load_kw"].notna()]
    assert shares[("area", 0.5)] == pytest.approx((part["load_kw"] <= part["q50"]).mean())


def test_truth_is_looked_up_by_node_and_instant_and_is_unknown_outside_the_grid() -> None:
    grid = Grid(("A", "B"), START, 60, np.arange(8.0).reshape(2, 4))
    asked = pd.DataFrame(
        {
            "node_id": ["B", "A", "C", "A", "A"],
            "start_utc": START + pd.to_timedelta([1, 3, 0, 4, -1], unit="h"),
        }
    )
    np.testing.assert_array_equal(beside_truth(asked, grid)["load_kw"], [5.0, 3.0, np.nan, np.nan, np.nan])
