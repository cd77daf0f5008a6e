"""Backtests of peaks: nothing after an origin is seen, and scores are those of plain loops."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.contracts import CONTRACTS
from features.frames import as_contract
from features.lake import Lake
from features.load.reading import load_history
from features.workspace import TerritorySettings, Workspace
from training.backtests.origins import OriginPlan, Origins, day_begins
from training.backtests.peak import COLUMNS, PeakBacktest, PeakSettings, backtest_peak, peak_metrics, score_peaks
from training.backtests.report import log_backtest, peak_report
from training.peak import ConnectionPolicy, PeakConfig, PeakModel
from training.registry import find_runs

ZONE = TerritorySettings()
QUICK = PeakSettings(
    PeakConfig(scenarios=50, calibration_scenarios=50, min_history_days=200, origins=2, horizons_days=(31, 92)),
    ConnectionPolicy(),
)
SAID = ["p50_kw", "p90_kw", "p95_kw", "kappa", "kept_kw", "known_days"]


def plan(lake: Lake, back_days: int = 100, horizon: int = 92) -> OriginPlan:
    """One origin `back_days` before the end of the loads."""
    history = load_history(lake, ZONE)
    day = history.calendar.local(pd.DatetimeIndex([history.loads.end]))[0].normalize() - pd.Timedelta(days=back_days)
    return OriginPlan(day, day, 91, horizon)


@pytest.fixture(scope="module")
def found(small_lake: Lake) -> PeakBacktest:
    first = plan(small_lake, 191)
    return backtest_peak(small_lake, ZONE, replace(first, last_day=first.first_day + pd.Timedelta(days=182)), QUICK)


def test_one_row_a_node_and_origin_and_late_origins_are_left_out(found: PeakBacktest, small_lake: Lake) -> None:
    assert tuple(found.rows.columns) == COLUMNS
    assert (len(found.origins.days), len(found.origins.too_late)) == (2, 1)
    nodes = sorted(load_history(small_lake, ZONE).nodes.index)
    assert found.rows.groupby("origin")["node_id"].apply(lambda ids: list(ids) == nodes).all()
    scored = found.rows[found.rows["left_out"] == ""]
    assert len(scored) > 0
    np.testing.assert_allclose(scored["ratio"], scored["realised_kw"] / scored["p50_kw"])


def test_an_origin_says_what_a_model_trained_then_said(found: PeakBacktest, small_lake: Lake) -> None:
    day = found.origins.days[1]
    history = load_history(small_lake, ZONE)
    moment = day_begins(day, history.calendar)
    then = load_history(small_lake, ZONE, as_of=moment)
    applications = small_lake.versions("application", as_of=moment)
    model = PeakModel.fit(then, QUICK.config, applications, QUICK.connections)
    figures = model.peaks(then, 92, small_lake.read("application", as_of=moment)).frame()
    rows = found.rows[found.rows["origin"] == day].set_index("node_id")
    np.testing.assert_array_equal(rows["p95_kw"], figures["peak_p95_kw"])
    assert rows.loc["A0001", "kappa"] == model.kappa("area", 92).value
    last = history.loads.column(moment), history.loads.column(moment + pd.Timedelta(days=92))
    loads = pd.DataFrame(history.loads.values[:, slice(*last)].T, columns=list(history.loads.ids))
    known = loads.columns[loads.notna().mean() >= 0.9]
    np.testing.assert_array_equal(rows.loc[known, "realised_kw"], loads[known].max())


def changed_after(tables: dict[str, pd.DataFrame], moment: pd.Timestamp) -> dict[str, pd.DataFrame]:
    """The same up to `moment`; all that became available later is another world, with new rows for old things."""
    changed = {}
    for name, frame in tables.items():
        later = frame["available_at"] > moment
        numbers = [one.name for one in CONTRACTS[name].fields if one.kind == "float" and one.name not in ("longitude",)]
        other = frame.copy()
        for column in numbers:
            other.loc[later, column] = other.loc[later, column] * 3 + 1
        changed[name] = other
    soon = moment + pd.Timedelta(hours=1)
    node, old = changed["node"], changed["node"].iloc[-3:]
    again = old.assign(available_at=soon, allowed_utilisation=0.1, power_factor=0.5, parent_id=None)
    new = old.iloc[:1].assign(node_id="A9999", available_at=soon)
    changed["node"] = pd.concat([node, again, new], ignore_index=True)
    loads = changed["node_load"]
    restated = loads[loads["start_utc"] < moment].iloc[::7].assign(available_at=soon)
    restated["load_kw"] *= 5
    changed["node_load"] = pd.concat([loads, restated], ignore_index=True).drop_duplicates(
        ["node_id", "start_utc", "available_at"]
    )
    grid = changed["transformer"].assign(available_at=soon)
    changed["transformer"] = pd.concat([changed["transformer"], grid.assign(rating_kva=1.0)], ignore_index=True)
    return {name: as_contract(CONTRACTS[name], frame) for name, frame in changed.items()}


def test_all_that_comes_after_an_origin_changes_nothing_said_there(
    small_lake: Lake, small_tables: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    asked = plan(small_lake)
    honest = backtest_peak(small_lake, ZONE, asked, QUICK).rows.set_index("node_id")
    other = Lake(tmp_path / "lake")
    moment = day_begins(asked.first_day, load_history(small_lake, ZONE).calendar)
    for name, frame in changed_after(small_tables, moment).items():
        other.append(name, frame, "first")
    shaken = backtest_peak(other, ZONE, asked, QUICK).rows.set_index("node_id")
    pd.testing.assert_frame_equal(honest[SAID], shaken[SAID], check_exact=True)
    assert (honest["realised_kw"].dropna() < shaken["realised_kw"].dropna()).all()


def planted() -> pd.DataFrame:
    """Three nodes and two origins with simple figures; one row each without an outcome and with too little history."""
    rows = pd.DataFrame(
        {
            "origin": pd.to_datetime(["2024-01-01"] * 3 + ["2024-04-01"] * 3),
            "node_id": ["A1", "A2", "F1"] * 2,
            "kind": ["area", "area", "feeder"] * 2,
            "p50_kw": [100.0, 100.0, 100.0, 100.0, np.nan, 100.0],
            "kappa": 1.2,
            "realised_kw": [90.0, 130.0, 105.0, 115.0, 80.0, np.nan],
            "left_out": ["", "", "", "", "SHORT_HISTORY", "NO_OUTCOME"],
        }
    )
    rows["p90_kw"], rows["p95_kw"], rows["kept_kw"] = rows["p50_kw"] * 1.1, rows["p50_kw"] * 1.18, rows["p50_kw"] * 1.2
    return rows.assign(ratio=rows["realised_kw"] / rows["p50_kw"], known_days=400)


def test_scores_are_those_of_a_hand_count() -> None:
    table = score_peaks(planted(), ["kind"], 0.95)
    area = table.loc["area"]
    assert area[["scored", "left_out"]].tolist() == [3, 1]
    assert area["held"] == pytest.approx(2 / 3)
    assert area[["held_p50", "held_p90", "held_p95"]].tolist() == pytest.approx([1 / 3, 1 / 3, 2 / 3])
    assert area["median_ratio"] == pytest.approx(1.15)
    losses = [0.5 * 10 / 90, 0.5 * 30 / 130, 0.5 * 15 / 115]
    assert area["pinball_50"] == pytest.approx(np.mean(losses))
    assert area["pinball_kept"] == pytest.approx(np.mean([0.05 * 30 / 90, 0.95 * 10 / 130, 0.05 * 5 / 115]))
    assert table.loc["feeder", "held"] == 1.0
    assert score_peaks(planted(), ["node_id"], 0.95).loc["A2", ["scored", "left_out"]].tolist() == [1, 1]
    metrics = peak_metrics(planted(), 0.95)
    assert (metrics["rows_scored"], metrics["rows_short_history"], metrics["rows_no_outcome"]) == (4, 1, 1)
    assert metrics["held_area"] == pytest.approx(2 / 3)


def test_a_backtest_is_kept_with_its_tables_and_its_figure(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "workspace")
    days = pd.DatetimeIndex(["2024-01-01", "2024-04-01"])
    asked = OriginPlan(days[0], days[1])
    report = peak_report(PeakBacktest(planted(), Origins(days, days[:0])), 0.95)
    run = log_backtest(workspace, "peak", asked.name(), report, asked.params() | QUICK.params())
    kept = find_runs(workspace, "peak-backtest")
    assert [(one.run_id, one.status) for one in kept] == [(run, "FINISHED")]
    assert kept[0].metrics["held_area"] == pytest.approx(2 / 3)
    assert kept[0].params["from"] == "2024-01-01"
    assert kept[0].params["peak.origins"] == "2"
    files = {path.name: path for path in workspace.artifacts.rglob("*.*")}
    assert {"kinds.csv", "origins.csv", "nodes.csv", "left_out.csv", "outcomes.parquet", "outcomes.svg"} <= set(files)
    pd.testing.assert_frame_equal(pd.read_parquet(files["outcomes.parquet"]), planted(), check_dtype=False)
