"""Backtests of open capacity: what is judged is what would have been published, and nothing later is in it."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from features.contracts import CONTRACTS
from features.frames import as_contract
from features.lake import Lake
from features.load.reading import load_history
from features.workspace import TerritorySettings, Workspace
from serving.backtest import CapacityBacktest, backtest_capacity, capacity_metrics, capacity_report
from serving.capacity import compute_capacity, load_policy, open_capacity_of
from training.backtests.origins import OriginPlan, day_begins, known_at
from training.backtests.peak import PeakSettings, fit_as_of
from training.peak import ConnectionPolicy, PeakConfig

# Models are fitted at past moments.
pytestmark = pytest.mark.slow

ZONE = TerritorySettings()
QUICK = PeakSettings(
    PeakConfig(scenarios=50, calibration_scenarios=50, min_history_days=200, origins=2, horizons_days=(31, 92)),
    ConnectionPolicy(),
)
TOLD = ["open_kva", "own_kva", "limit_kva", "kept_kva", "last_kva", "thumb_kva", "reason", "confidence", "used_kva"]


def plan(lake: Lake, back_days: int = 100) -> OriginPlan:
    history = load_history(lake, ZONE)
    day = history.calendar.local(pd.DatetimeIndex([history.loads.end]))[0].normalize() - pd.Timedelta(days=back_days)
    return OriginPlan(day, day, 91, 92)


@pytest.fixture(scope="module")
def found(small_lake: Lake) -> CapacityBacktest:
    return backtest_capacity(small_lake, ZONE, plan(small_lake), QUICK, load_policy())


def test_what_is_judged_is_what_would_have_been_published(
    found: CapacityBacktest, small_lake: Lake, tmp_path: Path
) -> None:
    workspace = Workspace(small_lake.root.parent)
    day = found.origins.days[0]
    known = known_at(small_lake, ZONE, day)
    serving = Workspace(tmp_path / "workspace")
    serving.models.mkdir(parents=True)
    (serving.root / "lake").symlink_to(workspace.lake)
    fit_as_of(known, QUICK).save(serving.models / "peak" / "1")
    record = {"name": "peak", "version": 1, "path": "1", "sha256": "0" * 64, "promoted_at": "2026-01-01T00:00:00Z"}
    (serving.models / "peak" / "champion.json").write_text(json.dumps(record))
    policy = load_policy().model_copy(update={"horizon_days": 92})
    told, _ = compute_capacity(serving, known.history.as_of, policy)
    columns = ["node_id", "kind", "open_kva", "own_kva", "reason", "confidence", "binding_node_id"]
    rows = found.rows[columns]
    pd.testing.assert_frame_equal(rows, told[columns], check_exact=True)
    assert (rows["open_kva"] > 0).any()


def test_all_that_comes_after_an_origin_changes_nothing_told_there(
    found: CapacityBacktest, small_lake: Lake, small_tables: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    moment = day_begins(found.origins.days[0], load_history(small_lake, ZONE).calendar)
    soon = moment + pd.Timedelta(hours=1)
    other = Lake(tmp_path / "lake")
    for name, frame in small_tables.items():
        later = frame["available_at"] > moment
        changed = frame.copy()
        for one in CONTRACTS[name].fields:
            if one.kind == "float":
                changed.loc[later, one.name] = changed.loc[later, one.name] * 2 + 1
        if name in ("node", "transformer", "line_segment", "tie", "application"):
            # Every row once more, known just after the origin, as another ledger would have it.
            again = frame[~later].assign(available_at=soon)
            for column in ("rating_kva", "thermal_limit_kva", "transfer_limit_kva", "allowed_utilisation"):
                if column in again:
                    again[column] = again[column] * 0.1
            changed = pd.concat([changed, again.assign(**_other(name))], ignore_index=True)
        other.append(name, as_contract(CONTRACTS[name], changed), "first")
    shaken = backtest_capacity(other, ZONE, plan(small_lake), QUICK, load_policy())
    pd.testing.assert_frame_equal(found.rows[TOLD], shaken.rows[TOLD], check_exact=True)
    assert (shaken.rows["realised_kva"] > found.rows["realised_kva"]).sum() > 5


def _other(table: str) -> dict[str, object]:
    return {"application": {"requested_kva": 9999.0, "status": "approved"}}.get(table, {})


def test_a_planted_peak_breaks_what_was_released(
    found: CapacityBacktest, small_lake: Lake, small_tables: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    roomy = found.rows[(found.rows["kind"] == "area") & (found.rows["verdict"] == "KEPT")]
    node = roomy.sort_values("open_kva")["node_id"].iloc[-1]
    loads = small_tables["node_load"]
    day = day_begins(found.origins.days[0], load_history(small_lake, ZONE).calendar)
    hit = (loads["node_id"] == node) & (loads["start_utc"] == day + pd.Timedelta(days=40))
    assert hit.any()
    limit_kw = roomy.set_index("node_id").loc[node, "limit_kva"]
    other = Lake(tmp_path / "lake")
    for name, frame in small_tables.items():
        changed = frame
        if name == "node_load":
            changed = frame.assign(load_kw=frame["load_kw"].where(~hit, limit_kw * 0.9))
        if name == "node":
            changed = frame.assign(rating_assumed=frame["node_id"] == node)
        other.append(name, changed, "first")
    shaken = backtest_capacity(other, ZONE, plan(small_lake), QUICK, load_policy())
    row = shaken.rows.set_index("node_id").loc[node]
    assert row["verdict"] == "VIOLATED"
    before, after = capacity_metrics(found.rows), capacity_metrics(shaken.rows)
    assert after["violated_area"] == before.get("violated_area", 0.0) + 1
    assert after["kept_area"] == before["kept_area"] - 1
    report = capacity_report(shaken)
    assert report.shown["nodes"].loc[("area", node), "violated"] == 1
    # Its rating is assumed, and the tables keep it apart.
    assert report.metrics["rating_assumed"] == 1
    assert report.shown["ratings"].loc[("area", True), ["nodes", "violated"]].tolist() == [1, 1]


def test_the_report_adds_up(found: CapacityBacktest) -> None:
    report = capacity_report(found)
    for name in ("kinds", "origins", "reasons", "confidence", "ratings", "nodes"):
        table = report.shown[name]
        counts = table[["kept", "violated", "over", "unknown", "unanswered"]]
        assert (counts.sum(axis=1) == table["nodes"]).all()
        assert table["nodes"].sum() == len(found.rows)
    assert "used_area.svg" in report.figures
    assert report.figures["used_area.svg"].startswith("<svg")
    assert report.metrics["origins"] == 1


def test_the_horizon_asked_for_is_the_one_that_is_told_and_judged(small_lake: Lake) -> None:
    short = replace(plan(small_lake, 40), horizon_days=31)
    rows = backtest_capacity(small_lake, ZONE, short, QUICK, load_policy()).rows
    known = known_at(small_lake, ZONE, short.first_day)
    policy = load_policy().model_copy(update={"horizon_days": 31})
    told = open_capacity_of(small_lake, known.history, fit_as_of(known, QUICK), policy)
    assert rows["open_kva"].equals(told["open_kva"])
