"""Backtests: the plan follows the local clock, models see only the past, scores match the definition."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.clock import Calendar
from features.errors import ConfigError
from features.load.grid import Versions
from features.load.history import History
from training.backtests.demand import backtest_demand, check_unseen, day_ahead_plan, judge_demand
from training.backtests.report import count_reasons
from training.demand import DemandConfig, DemandModel
from training.metrics import rcrps
from training.scoring import by_node

# Models are fitted again and again.
pytestmark = pytest.mark.slow

Make = Callable[..., History]
DAY = pd.Timedelta(days=1)


def test_the_plan_follows_the_local_clock(history_of: Make) -> None:
    history = replace(history_of(days=10), calendar=Calendar("Europe/Amsterdam", "NL"))
    first, last = pd.Timestamp("2021-03-27"), pd.Timestamp("2021-03-29")
    plan = day_ahead_plan(history, first, last, 6)
    # Clocks go forward on 2021-03-28: midnight is 23:00 UTC before it and 22:00 UTC after it.
    assert [issue.strftime("%m-%d %H") for issue in plan.issues] == ["03-26 05", "03-27 05", "03-28 04"]
    assert (plan.first_lead_hours, plan.horizon_hours) == (18, 42)
    assert plan.refits == plan.issues[:1]


def test_days_in_the_wrong_order_are_refused(history_of: Make) -> None:
    with pytest.raises(ConfigError, match="2021-03-01"):
        day_ahead_plan(history_of(days=10), pd.Timestamp("2021-03-02"), pd.Timestamp("2021-03-01"), 6)


def test_the_future_of_the_last_issue_changes_only_the_truth(history_of: Make, quick: DemandConfig) -> None:
    history = history_of(nodes=2, days=120)
    first = pd.Timestamp(history.as_of.tz_localize(None).normalize()) - 4 * DAY
    plan = day_ahead_plan(history, first, first + DAY, 6, refit_days=(first,))
    honest = backtest_demand(history, quick, plan)
    after = plan.issues[-1].value // 1000
    later = history.versions.available > after
    altered = replace(history.versions, value=np.where(later, 9e9, history.versions.value))
    shaken = backtest_demand(replace(history, versions=altered), quick, plan)
    columns = ["q05", "q50", "q95"]
    pd.testing.assert_frame_equal(honest.forecasts[columns], shaken.forecasts[columns])
    assert not honest.forecasts["load_kw"].equals(shaken.forecasts["load_kw"])


def test_scores_are_those_of_each_node(history_of: Make, quick: DemandConfig) -> None:
    history = history_of(nodes=2, days=120)
    first = pd.Timestamp(history.as_of.tz_localize(None).normalize()) - 6 * DAY
    scored = backtest_demand(history, quick, day_ahead_plan(history, first, first + 3 * DAY, 6, actual_weather=True))
    part = scored.forecasts[scored.forecasts["node_id"] == "N1"]
    quantiles = part[["q05", "q10", "q25", "q50", "q75", "q90", "q95"]].to_numpy()
    assert scored.nodes.at["N1", "rcrps"] == rcrps(part["load_kw"].to_numpy(), quantiles, quick.levels)
    assert scored.nodes["scored"].tolist() == [96, 96]
    assert scored.summary()["rcrps"] == pytest.approx(scored.nodes["rcrps"].mean())


def test_unknown_truth_is_not_scored() -> None:
    levels = (0.05, 0.5, 0.95)
    table = pd.DataFrame(
        {"node_id": "N", "load_kw": [1.0, np.nan, 3.0], "q05": 0.0, "q50": 2.0, "q95": 4.0, "start_utc": range(3)}
    )
    assert by_node(table, levels).at["N", "scored"] == 2


def tiny(quick: DemandConfig) -> DemandConfig:
    """Enough of a model to see what goes in and what comes out."""
    booster = quick.booster.model_copy(update={"rounds": 10, "max_rows": 2000})
    return quick.model_copy(
        update={"booster": booster, "calibration": quick.calibration.model_copy(update={"max_issues": 5})}
    )


def test_a_ready_model_is_judged_as_it_is(history_of: Make, quick: DemandConfig) -> None:
    history = history_of(nodes=2, days=120)
    first = pd.Timestamp(history.as_of.tz_localize(None).normalize()) - 4 * DAY
    plan = day_ahead_plan(history, first, first + DAY, 6)
    judged = {"first_lead_hours": 18, "horizon_hours": 42, "issue_hours": (6,)}
    model = DemandModel.fit(history.until(plan.issues[0]), tiny(quick).model_copy(update=judged))
    ready, fitted = judge_demand(history, model, plan), backtest_demand(history, tiny(quick), plan)
    pd.testing.assert_frame_equal(ready.forecasts, fitted.forecasts)


def test_days_that_were_seen_are_named(history_of: Make) -> None:
    history = history_of(days=10)
    day = pd.Timestamp("2023-01-05")
    plan = day_ahead_plan(history, day, day + 2 * DAY, 6)
    # The first day is issued at 06:00 in Shanghai on the 4th, 22:00 UTC of the 3rd.
    check_unseen(plan, pd.Timestamp("2023-01-03T22:00Z"), history.calendar, "it")
    with pytest.raises(ConfigError, match=r"judged on 2023-01-05; the first day .* is 2023-01-06"):
        check_unseen(plan, pd.Timestamp("2023-01-03T22:01Z"), history.calendar, "it")
    with pytest.raises(ConfigError, match=r"2023-01-05 to 2023-01-06 \(2 days\); the first day .* is 2023-01-07"):
        check_unseen(plan, pd.Timestamp("2023-01-05T00:00Z"), history.calendar, "it")


def test_fallbacks_are_counted_by_code() -> None:
    frame = pd.DataFrame({"node_id": ["A", "A", "B", "B"], "reason": ["", "STALE_LOAD+LEVEL_SHIFT", "STALE_LOAD", ""]})
    counted = count_reasons(frame)
    assert counted.loc["STALE_LOAD"].tolist() == [2, 2, 0.5]
    assert counted.loc["LEVEL_SHIFT"].tolist() == [1, 1, 0.25]
    assert count_reasons(frame.iloc[:1]).empty


def test_nodes_are_those_the_ledger_told_of_then(history_of: Make, quick: DemandConfig) -> None:
    history = history_of(nodes=3, days=60)
    # N0 has no reading at all: others speak for it by its rating, which the ledger of today has doubled.
    versions = history.versions
    value = np.where(versions.row == 0, np.nan, versions.value)
    cold = replace(history, versions=replace(versions, value=value))
    later = cold.nodes.assign(rating_kva=cold.nodes["rating_kva"].where(cold.nodes.index != "N0", 400.0))
    first = pd.Timestamp(history.as_of.tz_localize(None).normalize()) - 3 * DAY
    plan = day_ahead_plan(history, first, first, 6)
    model = DemandModel.fit(cold.until(plan.issues[0]), tiny(quick))
    then = judge_demand(cold, model, plan).forecasts
    asked: list[pd.Timestamp] = []

    def nodes_at(moment: pd.Timestamp) -> pd.DataFrame:
        asked.append(moment)
        return cold.nodes

    today = replace(cold, nodes=later)
    pd.testing.assert_frame_equal(judge_demand(today, model, plan, nodes_at=nodes_at).forecasts, then)
    assert asked == list(plan.issues)
    assert not judge_demand(today, model, plan).forecasts["q50"].equals(then["q50"])


def test_the_days_may_follow_another_clock_than_the_territory(history_of: Make) -> None:
    history = replace(history_of(days=10), calendar=Calendar("Europe/Amsterdam", "NL"))
    first, last = pd.Timestamp("2021-03-27"), pd.Timestamp("2021-03-29")
    plan = day_ahead_plan(history, first, last, 6, zone="UTC")
    assert [issue.strftime("%m-%d %H") for issue in plan.issues] == ["03-26 06", "03-27 06", "03-28 06"]
    # What the model is trained for is the hour on the territory's clocks, which change in between.
    assert plan.issue_hours == (7, 8)


def test_a_refit_every_few_days_counts_from_the_first(history_of: Make) -> None:
    first, last = pd.Timestamp("2021-03-01"), pd.Timestamp("2021-03-16")
    plan = day_ahead_plan(history_of(days=10), first, last, 6, refit_days=(last,), refit_every_days=7)
    assert plan.refits == tuple(plan.issues[day] for day in (0, 7, 14, 15))


def test_nothing_older_than_the_trailing_days_is_seen(history_of: Make, quick: DemandConfig) -> None:
    history = history_of(nodes=2, days=150)
    first = pd.Timestamp(history.as_of.tz_localize(None).normalize()) - 4 * DAY
    plan = day_ahead_plan(history, first, first, 6, trailing_days=90, actual_weather=True)
    honest = backtest_demand(history, quick, plan)
    old = plan.issues[0] - 90 * DAY
    shaken = backtest_demand(_before(history, old, 7e7), quick, plan)
    pd.testing.assert_frame_equal(honest.forecasts, shaken.forecasts)
    everything = replace(plan, trailing_days=None)
    with_old = backtest_demand(_before(history, old, 7e7), quick, everything)
    assert not honest.forecasts["q50"].equals(with_old.forecasts["q50"])


def _before(history: History, moment: pd.Timestamp, value: float) -> History:
    """The history with other loads and temperatures before `moment`."""

    def altered(versions: Versions, new: float) -> Versions:
        column = int((moment - versions.start) // pd.Timedelta(minutes=versions.step_minutes))
        return replace(versions, value=np.where(versions.column < column, new, versions.value))

    observed = {name: altered(one, 30.0) for name, one in history.weather.observed.items()}
    weather = replace(history.weather, observed=observed)
    return replace(history, versions=altered(history.versions, value), weather=weather)
