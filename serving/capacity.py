"""Open capacity of a workspace: the same use case whether it is published, asked live, or reported."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from features.configs import config_path
from features.errors import ModelError
from features.lake import Lake
from features.load.history import History
from features.load.reading import load_history
from features.settings import Settings, config_hash, load_settings
from features.workspace import TerritorySettings, Workspace
from serving.decisions.policy import CapacityPolicy
from serving.publish import Provenance, Publication, write_publication
from training.registry import champion

if TYPE_CHECKING:
    from training.peak import PeakModel, UptakePolicy

__all__ = ["compute_capacity", "load_policy", "load_uptake", "open_capacity_of", "publish_capacity"]

_PEAK = "peak"
_TABLES = ("transformer", "line_segment", "tie", "application")
_ROUNDED = {"peak_p50_kw": 2, "peak_p90_kw": 2, "peak_p95_kw": 2, "pending_kw": 2, "limit_kw": 2, "kappa": 4}


class _Steering(Settings):
    """What steers the figures beside model and data."""

    policy: CapacityPolicy
    territory: TerritorySettings
    uptake: str  # hash of the layers


def load_policy(path: Path | None = None) -> CapacityPolicy:
    """The capacity policy of `path`, or the one in force (`configs/policy/capacity.yaml`)."""
    return load_settings(CapacityPolicy, path or config_path("policy/capacity.yaml"))


def load_uptake(path: Path | None = None) -> "UptakePolicy":
    """The layers of new technology of `path`, or those in force (`configs/policy/uptake.yaml`)."""
    from training.peak import UptakePolicy

    return load_settings(UptakePolicy, path or config_path("policy/uptake.yaml"))


def compute_capacity(
    workspace: Workspace,
    now: pd.Timestamp | None = None,
    policy: CapacityPolicy | None = None,
    history: History | None = None,
    uptake: "UptakePolicy | None" = None,
) -> tuple[pd.DataFrame, Provenance]:
    """Open capacity of every node with what was known at `now` (default: the newest data), and its provenance.

    Columns as `serving.decisions.capacity.COLUMNS`. For a moment before the model was fitted κ stands on the outcomes
    that were complete by then; the demand factors learnt later remain. `history` spares reading the lake again.
    `policy` and `uptake` are those in force where they are not given.
    Raises ModelError without a serving peak model and NotFoundError for an empty lake.
    """
    from training.peak import PeakModel

    serving = champion(workspace, _PEAK)
    if serving is None:
        raise ModelError(f"no peak model serves in {workspace.root}: train one with `headroom train peak`")
    rules, layers, territory = policy or load_policy(), uptake or load_uptake(), workspace.territory()
    lake = Lake(workspace.lake)
    seen = load_history(lake, territory, as_of=now) if history is None else history
    model = PeakModel.load(serving.path)
    if seen.as_of < model.fitted_at:
        model = model.seen_by(seen.as_of, seen.calendar)
    frame = open_capacity_of(lake, seen, model, rules, layers)
    made_from = Provenance(
        now=seen.as_of,
        horizon_days=rules.horizon_days,
        model_name=serving.name,
        model_version=serving.version,
        model_hash=serving.sha256,
        data_hash=lake.fingerprint(now),
        config_hash=config_hash(_Steering(policy=rules, territory=territory, uptake=config_hash(layers))),
    )
    return frame, made_from


def open_capacity_of(
    lake: Lake, seen: History, model: "PeakModel", rules: CapacityPolicy, uptake: "UptakePolicy | None" = None
) -> pd.DataFrame:
    """The answer of `model` for what was known at `seen.as_of`, of loads and of ledgers, ratings and applications.

    Without `uptake` nothing is added for new technology: a backtest judges by what came.
    """
    from serving.decisions.capacity import capacity_answer

    tables = {name: lake.read(name, as_of=seen.as_of) for name in _TABLES}
    frame = capacity_answer(seen, tables, model, rules, seen.as_of, uptake)
    # Sums taken in another order on another machine differ in the last digits; watts are noise.
    return frame.round({name: digits for name, digits in _ROUNDED.items() if name in frame})


def publish_capacity(
    workspace: Workspace,
    now: pd.Timestamp | None = None,
    policy: CapacityPolicy | None = None,
    uptake: "UptakePolicy | None" = None,
) -> Publication:
    """Compute open capacity and keep it; publishing the same figures again returns the publication that is there."""
    frame, made_from = compute_capacity(workspace, now, policy, uptake=uptake)
    return write_publication(workspace, frame, made_from)
