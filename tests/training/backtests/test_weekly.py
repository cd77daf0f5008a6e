"""Backtests of weekly maxima: scores are those of plain loops, and nothing after an origin is seen."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from features.lake import Lake
from features.load.reading import load_history
from features.workspace import TerritorySettings
from training.backtests.origins import OriginPlan
from training.backtests.weekly import (
    WeeklyBacktest,
    backtest_weekly,
    load_weekly_settings,
    score_weekly,
    weekly_metrics,
)
from training.backtests.weekly_report import weekly_report
from training.peak.inputs import PeakInputs
from training.peak.weekly import WeeklyConfig, Weeks, weekly_peaks

ZONE = TerritorySettings()
QUICK = WeeklyConfig(scenarios=50, min_history_days=200, last_week=10, rounds=20, min_rows_in_leaf=50)


@pytest.fixture(scope="module")
def found(small_lake: Lake) -> WeeklyBacktest:
    history = load_history(small_lake, ZONE)
    last = history.calendar.local(pd.DatetimeIndex([history.loads.end]))[0].normalize() - pd.Timedelta(days=60)
    return backtest_weekly(small_lake, ZONE, OriginPlan(last - pd.Timedelta(days=30), last, 30, 56), QUICK)


def test_rows_are_what_is_said_on_what_was_known_then(found: WeeklyBacktest, small_lake: Lake) -> None:
    day = found.origins.days[0]
    moment = pd.Timestamp(day).tz_localize(ZONE.time_zone).tz_convert("UTC")
    inputs = PeakInputs.from_history(load_history(small_lake, ZONE, as_of=moment), None, QUICK.enough_of_block)
    said = weekly_peaks(inputs.until(min(len(inputs.days), (day - inputs.days[0]).days)), QUICK, day).frame()
    rows = found.rows[found.rows["origin"] == day].reset_index(drop=True)
    pd.testing.assert_frame_equal(rows[said.columns], said)
    assert (rows["week"] >= day).all()


def test_outcomes_are_those_of_the_week_and_missing_ones_are_left_out(found: WeeklyBacktest, small_lake: Lake) -> None:
    weeks = Weeks.of(PeakInputs.from_history(load_history(small_lake, ZONE), None, QUICK.enough_of_block))
    nodes = sorted(load_history(small_lake, ZONE).nodes.index)
    scored = found.rows[found.rows["left_out"] == ""]
    assert len(scored)
    for row in scored.iloc[::37].itertuples():
        assert row.realised_kw == weeks.peak_kw[nodes.index(row.node_id), weeks.first_day.get_loc(row.week)]
    other = found.rows[found.rows["left_out"] == "NO_OUTCOME"]
    assert other["realised_kw"].isna().all()


def test_scores_are_those_of_plain_loops(found: WeeklyBacktest) -> None:
    table = score_weekly(found.rows, QUICK.levels, ["node_id"])
    good = found.rows[found.rows["left_out"] == ""]
    node = table.index[0]
    losses, held, excess = [], [], []
    for row in good[good["node_id"] == node].itertuples():
        gap = row.realised_kw - row.p95_kw
        losses.append(100 * max(0.95 * gap, -0.05 * gap) / row.annual_kw)
        held.append(gap <= 0)
        excess.append(100 * (row.p95_kw / row.realised_kw - 1))
    assert table.loc[node, "pinball_95"] == pytest.approx(np.mean(losses))
    assert table.loc[node, "held_95"] == pytest.approx(np.mean(held))
    assert table.loc[node, "excess_95"] == pytest.approx(np.mean(excess))
    assert weekly_metrics(found.rows, QUICK.levels)["pinball_95"] == pytest.approx(table["pinball_95"].mean())


def test_the_report_tells_nodes_leads_origins_and_standing(found: WeeklyBacktest) -> None:
    report = weekly_report(found)
    assert set(report.shown) == {"nodes", "leads", "origins", "standings", "rebased", "left_out"}
    assert report.metrics["origins"] == 2
    assert list(report.shown["leads"].index) == sorted(report.shown["leads"].index)
    assert "forecasts.parquet" in report.tables


def test_the_shipped_settings_are_the_defaults() -> None:
    assert load_weekly_settings() == WeeklyConfig()


def test_the_command_judges_weeks_of_any_lake(small_lake: Lake, tmp_path: Path, found: WeeklyBacktest) -> None:
    from serving.cli import group

    config = tmp_path / "weekly.yaml"
    config.write_text("scenarios: 50\nmin_history_days: 200\nlast_week: 6\nrounds: 10\nmin_rows_in_leaf: 50\n")
    day = f"{found.origins.days[0]:%Y-%m-%d}"
    asked = ["backtest", "peak", "--weekly", "--from", day, "--to", day, "--horizon-days", "56", "--no-log", "--json"]
    out = tmp_path / "rows.parquet"
    asked += ["--config", str(config), "--out", str(out), "--workspace", str(Path(small_lake.root).parent)]
    result = CliRunner().invoke(group, asked)
    assert result.exit_code == 0, result.output
    assert '"pinball_95"' in result.output
    told = CliRunner().invoke(group, [one for one in asked if one != "--json"])
    assert told.exit_code == 0, told.output
    assert "By weeks ahead" in told.output
    assert "By standing" in told.output
    assert {"p95_kw", "standing", "reason", "rebased_since", "realised_kw"} <= set(pd.read_parquet(out).columns)
