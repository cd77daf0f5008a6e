"""Foreseen crossings of a territory: what is likely in the next days, and the backtest from which that is learnt.

The calibration belongs to one version of the demand model. Training does not make it, for it costs a fit of its own:
`calibrate` is asked for after a promotion, and now and then, since what it learns changes with the season.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from features.configs import config_path
from features.errors import ModelError
from features.lake import Lake
from features.load.grid import Grid
from features.load.history import History
from features.load.reading import load_history, nodes_known_at
from features.settings import load_settings
from features.workspace import Workspace
from serving.decisions.monitoring.foreseen import COLUMNS, ForeseenPolicy, crossing_limits
from training.demand import DemandModel
from training.demand.config import LEVELS
from training.foreseen import ForeseenCalibration, ForeseenConfig
from training.foreseen.cases import DayAhead, Forecaster, Progress, ahead, collect_cases, day_rows, issue_times
from training.registry import champion

__all__ = [
    "REASONS",
    "Calibrated",
    "Foreseen",
    "calibrate",
    "calibration_path",
    "foresee",
    "load_foreseen_policy",
    "stored_calibration",
]

REASONS = {
    "NO_CALIBRATION": "no calibration is stored: `headroom monitor calibrate` makes one",
    "OTHER_VERSION": "the stored calibration belongs to another version of the demand model than the one that serves",
}
_DEMAND = "demand"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Foreseen:
    """`chances`: COLUMNS, one row a node, kind and day ahead, probability NaN where none can be told; without rows,
    and with a `reason` (a key of REASONS), where nothing can be told at all."""

    now: pd.Timestamp
    chances: pd.DataFrame
    reason: str | None = None


@dataclass(frozen=True)
class Calibrated:
    """A calibration that was made, where it is kept, and how many issues and days it was learnt from."""

    calibration: ForeseenCalibration
    path: Path
    issues: int
    cases: int


def load_foreseen_policy(path: Path | None = None) -> ForeseenPolicy:
    """The policy of `path`, or the one in force (`configs/policy/foreseen.yaml`)."""
    return load_settings(ForeseenPolicy, path or config_path("policy/foreseen.yaml"))


def calibration_path(workspace: Workspace) -> Path:
    """Where the calibration of a workspace is kept."""
    return workspace.root / "monitoring" / "foreseen.json"


def stored_calibration(workspace: Workspace) -> ForeseenCalibration | None:
    """The calibration of a workspace, None before the first; ModelError when it is damaged."""
    path = calibration_path(workspace)
    return ForeseenCalibration.load(path) if path.is_file() else None


def foresee(
    history: History,
    model: Forecaster,
    version: int,
    calibration: ForeseenCalibration | None,
    policy: ForeseenPolicy,
    now: pd.Timestamp,
) -> Foreseen:
    """The chance that each node crosses each limit on each of the coming local days, by what was known at `now`.

    `history` holds the nodes and ratings known then; loads and weather that came later are not looked at. Without a
    calibration of this very `version` of the model no probability is made up: the reason says so.
    """
    now = now.floor(f"{history.versions.step_minutes}min")
    if calibration is None or calibration.version != version:
        nothing = pd.DataFrame({name: [] for name in COLUMNS})
        return Foreseen(now, nothing, "NO_CALIBRATION" if calibration is None else "OTHER_VERSION")
    known = Grid(
        history.versions.ids,
        history.versions.start,
        history.versions.step_minutes,
        history.versions.grid(now).values,
    )
    found = ahead(model, history, now, calibration.levels, calibration.config, known)
    nodes = history.nodes.reindex(list(found.days.node_ids))
    rating = nodes["rating_kva"].astype(float) * nodes["power_factor"].astype(float)
    chances = _chances(found, nodes["kind"].astype(str).to_numpy(), calibration, crossing_limits(rating, policy))
    return Foreseen(now, chances)


def _chances(
    found: DayAhead, kinds: np.ndarray, calibration: ForeseenCalibration, limits: pd.DataFrame
) -> pd.DataFrame:
    rows = day_rows(found, kinds)
    days = found.days
    expected = calibration.expected_kw(rows)
    parts = []
    for kind, part in limits.groupby("kind", sort=True):
        of_node = part.set_index("node_id").loc[list(days.node_ids)]
        limit, rating = (of_node[name].to_numpy(dtype=float) for name in ("limit_kw", "rating_kw"))
        each = np.repeat(limit, len(days.days))
        starts = days.first_over(expected.reshape(days.level_kw.shape), limit)
        parts.append(
            rows[["node_id", "day", "lead_days"]].assign(
                kind=kind,
                start_utc=starts.to_numpy().ravel() if starts.size else pd.DatetimeIndex([], tz="UTC"),
                probability=calibration.probability(rows, each),
                expected_worst=expected / np.repeat(rating, len(days.days)),
                limit_kw=each,
            )
        )
    return pd.concat(parts)[list(COLUMNS)].sort_values(["day", "node_id", "kind"], ignore_index=True)


def calibrate(
    workspace: Workspace,
    config: ForeseenConfig | None = None,
    say: Say = lambda _text: None,
    progress: Progress = iter,
) -> Calibrated:
    """Learn the calibration of the demand champion from the last weeks and keep it in the workspace.

    Where the champion has seen those weeks, its twin is forecast with instead: the same parameters, fitted until they
    began. Raises ModelError without a champion, or where the twin or the calibration has too little to learn from.
    """
    serving = champion(workspace, _DEMAND)
    if serving is None:
        raise ModelError(f"no demand model serves in {workspace.root}: there is nothing to calibrate yet")
    rules = config or load_settings(ForeseenConfig, config_path("foreseen.yaml"))
    say("reading the lake")
    lake = Lake(workspace.lake)
    history = load_history(lake, workspace.territory())
    begin, end = history.loads.end - pd.Timedelta(weeks=rules.weeks), history.loads.end
    model, backtested = DemandModel.load(serving.path), "champion"
    if model.trained_until > begin:
        say(f"fitting the champion's parameters until {begin:%Y-%m-%d %H:%M} UTC")
        past = replace(history, nodes=nodes_known_at(lake, begin)).until(begin)
        model, backtested = DemandModel.fit(past, model.config), "twin"
    issues = issue_times(history.calendar, begin, end, rules.every_days, rules.issue_hours)
    say(f"forecasting {len(issues)} past issues")
    cases = collect_cases(history, model, issues, LEVELS, rules, progress)
    made = ForeseenCalibration.fit(cases, rules, LEVELS, serving.version, backtested)
    path = calibration_path(workspace)
    made.save(path)
    return Calibrated(made, path, len(issues), sum(one.cases for one in made.leads.values()))
