"""Objectives: what they look at, what they must not see, and that better settings score better."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.errors import ModelError
from features.load.grid import Grid, Versions
from features.load.history import History
from features.load.reading import load_history
from features.workspace import TerritorySettings
from training.demand import DemandConfig
from training.demand.config import BoosterConfig
from training.demand.rows import Rows
from training.metrics import rcrps
from training.peak import ConnectionPolicy, PeakConfig
from training.peak.inputs import PeakInputs
from training.tuning import DemandTuning, PeakTuning
from training.tuning.demand import DemandObjective, cross_calibrated, fold_edges
from training.tuning.peak import PeakObjective

# Trials fit models.
pytestmark = pytest.mark.slow

SMALL = DemandTuning(folds=2, max_rows=800, max_scored_rows=600, validation_days=60)
DAY = pd.Timedelta(days=1)


@pytest.fixture(scope="module")
def history(history_of: Callable[..., History]) -> History:
    return history_of(nodes=2, days=150)


@pytest.fixture(scope="module")
def base() -> DemandConfig:
    booster = BoosterConfig(rounds=10, learning_rate=0.2, leaves=6, max_rows=1600, threads=1, min_leaf_rows=20)
    return DemandConfig(horizon_hours=48, booster=booster)


def changed(history: History, since: pd.Timestamp, factor: float = 3.0) -> History:
    """The same history with other loads from `since` on."""
    loads = history.loads
    values = loads.values.copy()
    values[:, loads.column(since) :] *= factor
    return replace(history, versions=Versions.from_grid(Grid(loads.ids, loads.start, loads.step_minutes, values)))


class TestDemand:
    def test_nothing_after_the_end_is_looked_at(self, history: History, base: DemandConfig) -> None:
        until = history.loads.end - 30 * DAY
        one = DemandObjective(history, base, until, SMALL)
        two = DemandObjective(changed(history, until), base, until, SMALL)
        assert [one.score(base, fold) for fold in (0, 1)] == [two.score(base, fold) for fold in (0, 1)]

    def test_a_fold_sees_nothing_of_the_folds_after_it(self, history: History, base: DemandConfig) -> None:
        end = history.loads.end
        edges = fold_edges(history, end, SMALL)
        other = changed(history, edges[1])
        one, two = DemandObjective(history, base, end, SMALL), DemandObjective(other, base, end, SMALL)
        assert one.score(base, 0) == two.score(base, 0)
        assert one.score(base, 1) != two.score(base, 1)

    def test_what_a_fold_learns_from_ends_at_its_origin(
        self, history: History, base: DemandConfig, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from training.tuning import demand

        seen: list[Rows] = []
        real = demand.Booster.fit
        monkeypatch.setattr(demand.Booster, "fit", lambda rows, *more: seen.append(rows) or real(rows, *more))
        end = history.loads.end
        other = changed(history, fold_edges(history, end, SMALL)[0])
        for each in (history, other):
            DemandObjective(each, base, end, SMALL).score(base, 0)
        assert np.array_equal(seen[0].features, seen[1].features, equal_nan=True)
        assert np.array_equal(seen[0].target_kw, seen[1].target_kw)

    def test_readings_that_come_late_are_no_obstacle(self, history: History, base: DemandConfig) -> None:
        late = replace(history, versions=Versions.from_grid(history.loads, pd.Timedelta(hours=30)))
        until = history.loads.end
        objective = DemandObjective(late, base, until, SMALL)
        assert [objective.score(base, fold) > 0 for fold in (0, 1)] == [True, True]

    def test_hopeless_settings_score_worse_and_kept_preparations_change_nothing(
        self, history: History, base: DemandConfig
    ) -> None:
        poor = base.model_copy(update={"booster": base.booster.model_copy(update={"learning_rate": 0.001})})
        stages = base.model_copy(update={"linear": base.linear.model_copy(update={"ridge": 100.0})})
        end = history.loads.end
        kept = DemandObjective(history, base, end, SMALL.model_copy(update={"kept_preparations": 1}))
        first, worse, other = kept.score(base, 1), kept.score(poor, 1), kept.score(stages, 1)
        assert worse > 1.1 * first
        assert other != first
        assert kept.score(base, 1) == first

    def test_finalists_are_wanted_only_where_the_model_is_larger_than_a_trial(
        self, history: History, base: DemandConfig
    ) -> None:
        end = history.loads.end
        assert DemandObjective(history, base, end, SMALL).finalists == SMALL.finalists
        whole = SMALL.model_copy(update={"max_rows": base.booster.max_rows})
        objective = DemandObjective(history, base, end, whole)
        assert objective.finalists == 0
        assert objective.score(base, 0) == objective.score(base, 0, full=True)

    def test_folds_share_the_stretch_and_end_at_the_end(self, history: History) -> None:
        edges = fold_edges(history, history.loads.end, SMALL.model_copy(update={"folds": 3}))
        assert edges[-1] == history.loads.end
        assert edges[-1] - edges[0] == pd.Timedelta(days=150) * SMALL.share
        assert {(late - early) for early, late in pairwise(edges)} == {20 * DAY}

    def test_a_short_history_is_told_what_it_lacks(
        self, history_of: Callable[..., History], base: DemandConfig
    ) -> None:
        short = history_of(nodes=1, days=30)
        with pytest.raises(ModelError, match=r"at least 42 days of load .* there are 30"):
            DemandObjective(short, base, short.loads.end, SMALL)

    def test_folds_without_rows_are_told(self, history_of: Callable[..., History], base: DemandConfig) -> None:
        short = history_of(nodes=1, days=45)
        objective = DemandObjective(short, base, short.loads.end, SMALL.model_copy(update={"folds": 40}))
        with pytest.raises(ModelError, match="take fewer folds"):
            objective.score(base, 0)


class TestCrossCalibration:
    def rows(self, target: np.ndarray, issue: np.ndarray) -> Rows:
        size = len(target)
        zeros = np.zeros(size)
        return Rows(np.empty((size, 0)), target, zeros + 1, zeros, np.zeros(size, int), zeros + 12.0, issue)

    def test_quantiles_that_are_too_narrow_cover_what_they_claim(self) -> None:
        rng = np.random.default_rng(3)
        issue = np.repeat(np.arange(56), 100)
        target = 100 + rng.normal(0, 10, len(issue))
        raw = np.tile([98.0, 100.0, 102.0], (len(issue), 1))
        config = DemandConfig(levels=(0.1, 0.5, 0.9))
        found = cross_calibrated(self.rows(target, issue), raw, 1, config, 7)
        below = (target[:, None] <= found).mean(axis=0)
        assert np.allclose(below, config.levels, atol=0.02)
        assert rcrps(target, found, config.levels) < rcrps(target, raw, config.levels)

    def test_no_block_is_corrected_by_its_own_outcomes(self) -> None:
        rng = np.random.default_rng(4)
        issue = np.repeat(np.arange(28), 100)
        target = 100 + rng.normal(0, 10, len(issue))
        raw = np.tile([90.0, 100.0, 110.0], (len(issue), 1))
        config = DemandConfig(levels=(0.1, 0.5, 0.9))
        even = (issue // 7) % 2 == 0
        moved = np.where(even, target + 50, target)
        before = cross_calibrated(self.rows(target, issue), raw, 1, config, 7)
        after = cross_calibrated(self.rows(moved, issue), raw, 1, config, 7)
        assert np.array_equal(before[even], after[even])
        assert not np.allclose(before[~even], after[~even])


@pytest.fixture(scope="module")
def inputs(small_lake: Any) -> PeakInputs:
    return PeakInputs.from_history(load_history(small_lake, TerritorySettings()), None, 0.75)


class TestPeak:
    SHORT = PeakTuning(folds=2, horizon_days=60, origin_step_days=40, scenarios=50)

    def objective(self, inputs: PeakInputs, settings: PeakTuning = SHORT) -> PeakObjective:
        return PeakObjective(inputs, PeakConfig(), ConnectionPolicy(), settings)

    def test_an_origin_sees_its_own_past_and_outcome_only(self, inputs: PeakInputs) -> None:
        later = inputs.peak_kw.copy()
        later[:, -40:] *= 5
        other = self.objective(replace(inputs, peak_kw=later))
        objective = self.objective(inputs)
        assert objective.folds == 2
        assert objective.score(PeakConfig(), 0) == other.score(PeakConfig(), 0)
        assert objective.score(PeakConfig(), 1) != other.score(PeakConfig(), 1)

    def test_hopeless_settings_score_worse(self, inputs: PeakInputs) -> None:
        objective = self.objective(inputs)
        poor = PeakConfig(node_error=1.0, common_error=1.0)
        assert objective.score(poor, 0) > 2 * objective.score(PeakConfig(), 0)

    def test_origins_without_enough_past_are_left_out_or_told(self, inputs: PeakInputs) -> None:
        assert self.objective(inputs, self.SHORT.model_copy(update={"folds": 20})).folds < 20
        with pytest.raises(ModelError, match=r"350 days before an origin and 3000 after it"):
            self.objective(inputs, self.SHORT.model_copy(update={"horizon_days": 3000}))
