"""Level shifts: the node that moved is named, those above it and holidays are not."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
import pytest

from features.demo import Territory
from features.demo.plants import offset_station, shift_level
from features.load.history import History
from training.demand import DemandConfig
from training.demand.linear import LinearStage
from training.demand.model import fit_linear
from training.watch import WatchPolicy
from training.watch.levels import Shift, common_series, daily_loads, find_shifts, shift_finding
from training.watch.series import judge_series

POLICY = WatchPolicy()
TESTS = 60
Make = Callable[[dict[str, pd.DataFrame]], History]


def shifts(
    history: History, stage: LinearStage, now: pd.Timestamp, without: Mapping[str, pd.Timestamp] | None = None
) -> list[Shift]:
    seen = history.until(now)
    return find_shifts(daily_loads(seen, stage, POLICY, now, True, without or {}), seen.nodes, POLICY, TESTS)


def alarmed(found: list[Shift]) -> set[str]:
    return {one.node_id for one in found if one.severity == "alarm"}


def test_an_unchanged_territory_has_no_shift(
    quiet_history: History, stage: LinearStage, small_territory: Territory
) -> None:
    found = shifts(quiet_history, stage, small_territory.end)
    assert len(found) == len(quiet_history.node_ids)
    assert not alarmed(found)


@pytest.mark.parametrize("factor", [1.4, 0.7])
def test_the_area_that_moved_is_named_and_not_the_nodes_above_it(
    history_with: Make, stage: LinearStage, small_territory: Territory, factor: float
) -> None:
    area, since = small_territory.area_ids[2], small_territory.end - pd.Timedelta(days=5)
    loads = shift_level(small_territory, small_territory.frame("node_load"), area, since, factor)
    history = history_with({"node_load": loads})
    found = shifts(history, stage, small_territory.end)
    assert alarmed(found) == {area}
    mine = next(one for one in found if one.node_id == area)
    assert np.exp(mine.judged.deviation) == pytest.approx(factor, rel=0.12)
    finding = shift_finding(mine, history)
    assert finding is not None
    assert abs((finding.since - since) / pd.Timedelta(days=1)) <= 1
    assert area in finding.sentence
    one_day = shifts(history, stage, since + pd.Timedelta(days=1, hours=3))
    assert not alarmed(one_day), "a single day is no new level"


def test_the_size_of_the_loads_does_not_matter(
    quiet_history: History, stage: LinearStage, small_territory: Territory
) -> None:
    found = daily_loads(quiet_history, stage, POLICY, small_territory.end, True, {})
    many = type(found)(found.load * 1000, found.expected * 1000, found.judged)
    plain, scaled = (find_shifts(one, quiet_history.nodes, POLICY, TESTS) for one in (found, many))
    for a, b in zip(plain, scaled, strict=True):
        assert a.judged.deviation == pytest.approx(b.judged.deviation, abs=1e-9)
        assert a.judged.threshold == pytest.approx(b.judged.threshold, rel=1e-9)


def test_a_broken_station_moves_no_level_once_it_is_left_out(
    history_with: Make, stage: LinearStage, small_territory: Territory
) -> None:
    since = small_territory.end - pd.Timedelta(days=6)
    observed = offset_station(small_territory.frame("weather_observed"), "W1", since, 9.0)
    history = history_with({"weather_observed": observed})
    day = history.calendar.local(pd.DatetimeIndex([since]))[0].normalize()
    with_it = shifts(history, stage, small_territory.end)
    without = shifts(history, stage, small_territory.end, {"W1": day})
    size = {one.node_id: abs(one.judged.deviation) for one in with_it}
    better = [abs(one.judged.deviation) < size[one.node_id] for one in without if size[one.node_id] > 0.05]
    assert better, "nine degrees must move something"
    assert np.mean(better) > 0.5
    assert not alarmed(without)


def test_spring_festival_raises_nothing(quiet_history: History) -> None:
    fitted = pd.Timestamp("2025-01-05T16:00Z")
    quiet_history = quiet_history.with_nodes(list(quiet_history.node_ids[:6]))
    stage = fit_linear(quiet_history.until(fitted), DemandConfig(), fitted)
    for day in ("2025-01-18", "2025-01-24", "2025-02-01", "2025-02-10", "2025-02-20"):
        now = pd.Timestamp(f"{day}T18:00Z")
        seen = quiet_history.until(now)
        daily = daily_loads(seen, stage, POLICY, now, True, {})
        assert not alarmed(find_shifts(daily, seen.nodes, POLICY, TESTS)), day
        common = common_series(daily, POLICY)
        assert common is not None
        judged = judge_series(common, POLICY, TESTS)
        assert judged is None or judged.judged.severity != "alarm", day
