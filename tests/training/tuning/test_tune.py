"""Tuning from end to end on a small history: what makes a study the same one, and what comes out."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.errors import ConfigError
from features.load.history import History
from training.demand import DemandConfig
from training.demand.config import BoosterConfig
from training.peak import ConnectionPolicy, PeakConfig
from training.tuning import DemandSpace, DemandTuning, Dimension, PeakSpace, Progress, TuningRun, tune, tune_demand
from training.tuning.tune import tune_peak

BASE = DemandConfig(
    horizon_hours=24, booster=BoosterConfig(rounds=10, leaves=4, max_rows=1000, threads=1, min_leaf_rows=20)
)
SPACE = DemandSpace(
    parameters={"booster.leaves": Dimension(low=4, high=12)},
    study=DemandTuning(folds=1, max_rows=500, max_scored_rows=500, finalists=1),
)


@pytest.fixture(scope="module")
def history(history_of: Callable[..., History]) -> History:
    return history_of(nodes=1, days=70, with_weather=False)


class Flat:
    """An objective at once: half the leaves are best."""

    folds, finalists = 1, 0

    def __init__(self, *_given: Any) -> None:
        pass

    def score(self, config: DemandConfig, _fold: int, full: bool = False) -> float:
        return abs(config.booster.leaves - 8) / 10 + 0.1


@pytest.fixture
def flat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tune, "DemandObjective", Flat)


def run(folder: Path, trials: int = 3, **more: Any) -> TuningRun:
    return TuningRun(trials, storage=folder / "s.journal", **more)


def test_a_real_study_goes_on_where_it_was(history: History, tmp_path: Path) -> None:
    seen: list[Progress] = []
    end = history.loads.end
    first = tune_demand(history, BASE, SPACE, end, run(tmp_path, 2))
    second = tune_demand(history, BASE, SPACE, end, run(tmp_path, 3, progress=seen.append))
    assert second.study_name == first.study_name
    assert [one.finished for one in seen] == [2, 3]
    assert (second.trials, second.run_id, second.tuned_until) == (3, None, end)
    assert second.default_value is not None
    assert second.value <= second.default_value
    assert second.config == SPACE.apply(BASE, second.params)


@pytest.mark.usefixtures("flat")
class TestWhatMakesAStudy:
    def name(self, history: History, folder: Path, base: DemandConfig = BASE, space: DemandSpace = SPACE) -> str:
        until = history.loads.start + pd.Timedelta(days=60)
        return tune_demand(history, base, space, until, run(folder, 1)).study_name

    def test_data_after_the_end_is_no_part_of_it(
        self, history: History, history_of: Callable[..., History], tmp_path: Path
    ) -> None:
        longer = history_of(nodes=1, days=70, with_weather=False)
        longer.versions.value[-100:] *= 2
        assert self.name(history, tmp_path) == self.name(longer, tmp_path)
        longer.versions.value[100] *= 2
        assert self.name(history, tmp_path) != self.name(longer, tmp_path)

    def test_settings_and_space_are(self, history: History, tmp_path: Path) -> None:
        wider = SPACE.model_copy(update={"parameters": {"booster.leaves": Dimension(low=4, high=13)}})
        folds = SPACE.model_copy(update={"study": SPACE.study.model_copy(update={"folds": 2})})
        names = [
            self.name(history, tmp_path),
            self.name(history, tmp_path, BASE.model_copy(update={"seed": 8})),
            self.name(history, tmp_path, space=wider),
            self.name(history, tmp_path, space=folds),
        ]
        assert len(set(names)) == len(names)

    def test_a_name_given_stands_for_one_study_only(
        self, history: History, history_of: Callable[..., History], tmp_path: Path
    ) -> None:
        end = history.loads.end
        assert tune_demand(history, BASE, SPACE, end, run(tmp_path, name="mine")).study_name == "mine"
        other = history_of(nodes=1, days=70, with_weather=False, seed=2)
        with pytest.raises(ConfigError, match="the study mine has another data"):
            tune_demand(other, BASE, SPACE, end, run(tmp_path, name="mine"))

    @pytest.mark.parametrize("name", ["", "it's", "a/b", "x" * 101])
    def test_names_that_cannot_be_looked_up_are_refused(self, history: History, tmp_path: Path, name: str) -> None:
        with pytest.raises(ConfigError, match="no name for a study"):
            tune_demand(history, BASE, SPACE, history.loads.end, run(tmp_path, name=name))

    def test_a_study_is_kept_somewhere(self, history: History) -> None:
        with pytest.raises(ConfigError, match="a storage or a workspace"):
            tune_demand(history, BASE, SPACE, history.loads.end, TuningRun(1))

    def test_a_space_that_does_not_fit_is_refused(self, history: History, tmp_path: Path) -> None:
        wrong = DemandSpace(parameters={"booster.leafs": Dimension(low=1, high=2)})
        with pytest.raises(ConfigError, match=r"booster\.leafs"):
            tune_demand(history, BASE, wrong, history.loads.end, run(tmp_path))


def test_applications_of_later_days_are_not_seen(
    history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[pd.DataFrame] = []

    class Seeing(Flat):
        def __init__(self, inputs: Any, *_more: Any) -> None:
            given.append(inputs.applications)

        def score(self, config: Any, _fold: int, full: bool = False) -> float:
            return float(config.ridge)

    monkeypatch.setattr(tune, "PeakObjective", Seeing)
    until = history.loads.start + pd.Timedelta(days=50)
    when = [until - pd.Timedelta(days=1), until, until + pd.Timedelta(seconds=1)]
    applications = pd.DataFrame({"application_id": np.array(["a", "b", "c"]), "available_at": when})
    space = PeakSpace(parameters={"ridge": Dimension(low=1.0, high=9.0)})
    tuned = tune_peak(history, applications, PeakConfig(), ConnectionPolicy(), space, until, run(tmp_path))
    assert list(given[0]["application_id"]) == ["a", "b"]
    assert tuned.value == min(tuned.config.ridge, PeakConfig().ridge)
