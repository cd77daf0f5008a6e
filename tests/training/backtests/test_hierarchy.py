"""Scores of forecasts that add up: each issue sees only what was over by then, and what cannot be judged says so."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.errors import ConfigError
from features.load.grid import Grid, Versions
from features.load.history import History
from training.backtests.hierarchy import hierarchy_scores
from training.demand import DemandConfig, DemandModel
from training.hierarchy import coherent_forecast, coherent_issue
from training.scoring import beside_truth

LEVELS = (0.05, 0.5, 0.95)
PARENTS = {"N0": "F", "N1": "F", "F": None}


@pytest.fixture(scope="module")
def fed(history_of: Callable[..., History]) -> History:
    """Two areas and the feeder that carries both and a tenth more."""
    plain = history_of(nodes=2, days=90)
    loads = plain.loads
    values = np.vstack([loads.values, 1.1 * loads.values.sum(axis=0)])
    grid = Grid(("N0", "N1", "F"), loads.start, loads.step_minutes, values)
    nodes = pd.DataFrame(
        {"kind": ["area", "area", "feeder"], "parent_id": ["F", "F", None]}, index=pd.Index(grid.ids, name="node_id")
    )
    nodes = nodes.assign(rating_kva=np.nan, weather_station_id=None)
    return replace(plain, versions=Versions.from_grid(grid), nodes=nodes)


def forecasts(history: History, days: int) -> pd.DataFrame:
    """The load of a day before, with a band; the feeder's is 5 % too high."""
    loads, parts = history.loads, []
    for back in range(days + 2, 2, -1):
        issue = loads.end.floor("D") - pd.Timedelta(days=back)
        at = loads.column(issue)
        for row, node in enumerate(loads.ids):
            mid = loads.values[row, at - 24 : at] * (1.05 if node == "F" else 1.0)
            part = pd.DataFrame(
                {"node_id": node, "start_utc": loads.times[at : at + 24], "lead_hours": np.arange(24.0)}
            )
            parts.append(part.assign(q05=0.9 * mid, q50=mid, q95=1.1 * mid, issued_at=issue, reason=""))
    return beside_truth(pd.concat(parts, ignore_index=True), loads)


def test_totals_that_agree_mend_a_biased_parent(fed: History) -> None:
    table = hierarchy_scores(forecasts(fed, 40), fed, PARENTS, LEVELS)
    feeder = table.loc["feeder"]
    assert feeder["rcrps_coherent"] < feeder["rcrps_independent"]
    assert feeder["issues"] == 40 - 20  # the day of an issue ends before the next one
    assert list(table.index) == ["area", "feeder"]


def test_medians_of_every_scenario_add_up(fed: History) -> None:
    frame = forecasts(fed, 30)
    last = frame["issued_at"].max()
    now, past = frame[frame["issued_at"] == last], frame[frame["issued_at"] < last]
    found, scenarios, tree = coherent_issue(now, past, fed.until(last).loads, PARENTS, LEVELS)
    row = {node: place for place, node in enumerate(tree.ids)}
    np.testing.assert_allclose(scenarios[:, row["F"]], 1.1 * (scenarios[:, row["N0"]] + scenarios[:, row["N1"]]))
    assert list(found["node_id"]) == list(now["node_id"])
    assert (found["q05"] <= found["q95"]).all()


def test_what_came_later_changes_nothing(fed: History) -> None:
    frame = forecasts(fed, 30)
    cut = sorted(frame["issued_at"].unique())[25]
    blind = frame.assign(load_kw=frame["load_kw"].where(frame["issued_at"] < cut))
    now = frame[frame["issued_at"] == cut]
    loads = fed.until(pd.Timestamp(cut)).loads
    seen = [coherent_issue(now, part[part["issued_at"] < cut], loads, PARENTS, LEVELS)[0] for part in (frame, blind)]
    pd.testing.assert_frame_equal(*seen)


def test_a_node_without_figures_keeps_none_and_its_parent_adds_up_over_the_rest(fed: History) -> None:
    frame = forecasts(fed, 30)
    last = frame["issued_at"].max()
    silent = frame["node_id"] == "N1"
    frame.loc[silent, ["q05", "q50", "q95"]] = np.nan
    now, past = frame[frame["issued_at"] == last], frame[frame["issued_at"] < last]
    found, _, tree = coherent_issue(now, past, fed.until(last).loads, PARENTS, LEVELS)
    assert set(tree.ids) == {"F", "N0"}
    assert found.loc[found["node_id"] == "N1", "q50"].isna().all()
    assert found.loc[found["node_id"] == "F", "q50"].notna().all()


@pytest.mark.slow
def test_a_model_forecasts_a_tree_that_adds_up_at_any_level(fed: History, quick: DemandConfig) -> None:
    issue = fed.loads.end - pd.Timedelta(days=2)
    model = DemandModel.fit(fed.until(issue), quick)
    found = coherent_forecast(model, fed, issue, 24, quantiles=(0.2, 0.5, 0.8), days=21)
    assert list(found.columns) == ["node_id", "start_utc", "lead_hours", "q20", "q50", "q80", "reason"]
    middle = found.pivot(index="start_utc", columns="node_id", values="q50")
    np.testing.assert_allclose(middle["F"], 1.1 * (middle["N0"] + middle["N1"]), rtol=0.05)
    actual = beside_truth(found, fed.loads)
    assert (actual["q50"] / actual["load_kw"] - 1).abs().median() < 0.1


def test_a_flat_territory_and_too_few_days_are_refused(fed: History) -> None:
    with pytest.raises(ConfigError, match="no node feeds another"):
        hierarchy_scores(forecasts(fed, 25), fed, {}, LEVELS)
    with pytest.raises(ConfigError, match="ask for more days"):
        hierarchy_scores(forecasts(fed, 15), fed, PARENTS, LEVELS)
