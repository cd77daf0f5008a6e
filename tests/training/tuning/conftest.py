"""A study without a model: known values, in no time."""

from collections.abc import Callable
from pathlib import Path

import pytest

from features.settings import Settings
from training.tuning import Dimension, Space
from training.tuning.settings import TuningSettings
from training.tuning.storage import open_storage
from training.tuning.study import Plan, Runner


class Knobs(Settings):
    """What is tuned: best at width 40, rate .1, shape round."""

    width: int = 20
    rate: float = 0.3
    shape: str = "flat"


class Bowl:
    """An objective with a known minimum; `after` is called before each score, with how many there were."""

    folds = 3
    finalists = 0

    def __init__(self, before: Callable[[int], None] = lambda _count: None) -> None:
        self.scored: list[tuple[Knobs, int, bool]] = []
        self._before = before

    def score(self, config: Knobs, fold: int, full: bool = False) -> float:
        self._before(len(self.scored))
        self.scored.append((config, fold, full))
        off = (config.width - 40) ** 2 / 100 + (config.rate - 0.1) ** 2 * 20 + (config.shape != "round")
        return off + 0.1 * fold


SPACE = Space(
    parameters={
        "width": Dimension(low=10, high=90),
        "rate": Dimension(low=0.01, high=1.0, log=True),
        "shape": Dimension(choices=("flat", "round", "square")),
    }
)
SETTINGS = TuningSettings(startup_trials=4, prune_after_trials=3)


@pytest.fixture(scope="session")
def plan() -> Plan[Knobs]:
    return Plan("bowl", {"model": "bowl", "data": "1"}, Knobs(), SPACE, SETTINGS)


@pytest.fixture(scope="session")
def bowl() -> type[Bowl]:
    return Bowl


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "bowl.journal"


@pytest.fixture(scope="session")
def open_runner(plan: Plan[Knobs]) -> Callable[[Path | str], Runner[Knobs]]:
    """As another process would open the study."""
    return lambda where: Runner(open_storage(where), plan)


@pytest.fixture(scope="session")
def tried() -> Callable[[Runner[Knobs]], list[tuple[object, ...]]]:
    """What a study tried and found, in order: slot, state, value, parameters."""
    from training.tuning.study import SLOT, finished_trials

    def found(runner: Runner[Knobs]) -> list[tuple[object, ...]]:
        trials = finished_trials(runner.study)
        rows = [(one.user_attrs[SLOT], one.state.name, one.value, tuple(sorted(one.params.items()))) for one in trials]
        return sorted(rows)

    return found
