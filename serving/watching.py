"""Watching the models of a workspace: the lake and the served forecasts in, findings out, the result kept."""

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy.exc import SQLAlchemyError

from features.configs import config_path
from features.errors import ModelError, NotFoundError
from features.lake import Lake
from features.load.history import History
from features.load.reading import load_history
from features.settings import config_hash, load_settings
from features.workspace import Workspace
from serving.holdings import newest_load_moment
from serving.served import ServedForecasts
from serving.settings import service_settings
from serving.state import open_state
from training.demand import DemandModel
from training.demand.config import LEVELS
from training.demand.quantiles import level_name
from training.evaluation import daily_scores
from training.registry import champion, evaluation, list_versions, log_to_run, start_run
from training.scoring import beside_truth
from training.watch import Watched, WatchPolicy, watch_demand
from training.watch.days import utc_of
from training.watch.performance import judged_days

__all__ = [
    "EXPERIMENT",
    "Monitoring",
    "keep_monitoring",
    "last_monitoring",
    "load_policy",
    "log_monitoring",
    "monitor_models",
    "served_scores",
]

EXPERIMENT = "monitoring"
_DEMAND = "demand"
_FILE = "runs.jsonl"
_LEAST_SHARE = 0.6

Say = Callable[[str], None]


@dataclass(frozen=True)
class Monitoring:
    """One run over a champion: which version, what was found, and the MLflow run that keeps it."""

    model: str
    version: int
    watched: Watched
    run_id: str

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "model": self.model,
            "version": self.version,
            "now": self.watched.now.isoformat(),
            "summary": self.watched.summary,
            "findings": json.loads(self.watched.findings.to_json(orient="records", date_format="iso")),
            "performance": json.loads(self.watched.performance.reset_index().to_json(orient="records")),
            "notes": list(self.watched.notes),
            "run_id": self.run_id,
        }


def load_policy(path: Path | None = None) -> WatchPolicy:
    """The policy of `path`, or the one in force (`configs/policy/watching.yaml`)."""
    return load_settings(WatchPolicy, path or config_path("policy/watching.yaml"))


def monitor_models(
    workspace: Workspace,
    now: pd.Timestamp | None = None,
    policy: WatchPolicy | None = None,
    say: Say = lambda _text: None,
) -> Monitoring:
    """Watch the demand champion on what was known at `now` (default: the newest load), and keep the result.

    Raises ModelError without a champion and NotFoundError for an empty lake.
    """
    serving = champion(workspace, _DEMAND)
    if serving is None:
        raise ModelError(f"no demand model serves in {workspace.root}: there is nothing to watch yet")
    rules = policy or load_policy()
    say("reading the lake")
    history = load_history(Lake(workspace.lake), workspace.territory(), as_of=now)
    moment = now or newest_load_moment(history)
    model = DemandModel.load(serving.path)
    backtest = _backtest(workspace, serving.version)
    served = served_scores(workspace, serving.version, model, history, moment, rules)
    watched = watch_demand(history, model, rules, moment, backtest, served, say)
    run_id = log_monitoring(workspace, _DEMAND, serving.version, watched, rules)
    return keep_monitoring(workspace, Monitoring(_DEMAND, serving.version, watched, run_id))


def served_scores(
    workspace: Workspace, version: int, model: DemandModel, history: History, now: pd.Timestamp, policy: WatchPolicy
) -> pd.DataFrame:
    """Daily scores (`source` = served) of the forecasts a version has given, over the days that are judged.

    Each interval is scored by the forecast given longest before it, within a day: what day-ahead backtests judge.
    A node's day counts where forecasts cover most of it. Empty where nothing was served or the state is not there.
    """
    days = judged_days(history, policy, now, model.trained_until)
    if not days:
        return pd.DataFrame()
    starts = utc_of(pd.DatetimeIndex([*days, days[-1] + pd.Timedelta(days=1)]), history.calendar)
    given = _served(workspace, version, starts[0] - pd.Timedelta(days=1), min(starts[-1], now))
    columns = [level_name(level) for level in LEVELS]
    if given.empty or not set(columns) <= set(given.columns):
        return pd.DataFrame()
    given = given[(given["start_utc"] >= starts[0]) & (given["start_utc"] < starts[-1]) & (given["lead_hours"] < 24)]
    given = given.dropna(subset=columns).sort_values("lead_hours", kind="stable")
    best = given.drop_duplicates(["node_id", "start_utc"], keep="last")
    place = starts.searchsorted(pd.DatetimeIndex(best["start_utc"]), side="right") - 1
    scored = daily_scores(beside_truth(best.assign(issued_at=starts[place]), history.until(now).loads))
    size = best.groupby([best["node_id"], starts[place]]).size()
    per_day = 24 * 60 / history.versions.step_minutes
    covered = [
        size.get((node, day), 0) >= _LEAST_SHARE * per_day for node, day in scored[["node_id", "day"]].to_numpy()
    ]
    return scored[covered].assign(source="served")


def _served(workspace: Workspace, version: int, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    url = service_settings(workspace).state_url or workspace.state_url
    engine = open_state(url)
    try:
        return ServedForecasts(engine).read(_DEMAND, version, first, last, within_hours=24)
    except SQLAlchemyError as error:
        raise ModelError(f"the served forecasts cannot be read from the state ({type(error).__name__})") from error
    finally:
        engine.dispose()


def _backtest(workspace: Workspace, version: int) -> pd.DataFrame | None:
    """The champion's own scores by node and day; None where its evaluation kept none."""
    found = next((v for v in list_versions(workspace, _DEMAND) if v.version == version), None)
    if found is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        try:
            kept = evaluation(workspace, found, Path(folder)) / "daily.parquet"
        except NotFoundError:
            return None
        found_daily = pd.read_parquet(kept) if kept.is_file() else None
    # Versions of before kept no load beside their scores.
    return found_daily if found_daily is not None and "load_kw" in found_daily else None


def log_monitoring(workspace: Workspace, name: str, version: int, watched: Watched, policy: WatchPolicy) -> str:
    """Keep what was found as a run of the experiment `monitoring`; its id."""
    tags = {"model": name, "version": str(version), "policy": config_hash(policy)}
    params = {"now": watched.now.isoformat(), "version": version}
    run_id = start_run(workspace, EXPERIMENT, f"{name} {watched.now:%Y-%m-%d %H:%M}", params=params, tags=tags)
    tables: dict[str, Any] = {"findings.json": watched.findings.assign(since=watched.findings["since"].astype(str))}
    if len(watched.performance):
        tables["performance.csv"] = watched.performance
    figures = {name: float(value) for name, value in watched.summary.items()}
    log_to_run(workspace, run_id, metrics=figures, tables=tables, finish="FINISHED")
    return run_id


def keep_monitoring(workspace: Workspace, found: Monitoring) -> Monitoring:
    """Add the result to the workspace's own record, one line of JSON a run; the result."""
    folder = workspace.root / "monitoring" / found.model
    folder.mkdir(parents=True, exist_ok=True)
    line = {"at": pd.Timestamp.now(tz="UTC").isoformat(), **found.to_dict()}
    with (folder / _FILE).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n")
    return found


def last_monitoring(workspace: Workspace, model: str = _DEMAND) -> dict[str, Any] | None:
    """The newest kept result, None before the first; a line torn by a crash is passed over."""
    path = workspace.root / "monitoring" / model / _FILE
    if not path.is_file():
        return None
    for line in reversed(path.read_text(encoding="utf-8").splitlines()):
        try:
            found: dict[str, Any] = json.loads(line)
        except ValueError:
            continue
        return found
    return None
