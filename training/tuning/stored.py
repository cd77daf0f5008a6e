"""Studies of a workspace: its lake up to the held-out days, its journals, its MLflow."""

from typing import Any

from features.lake import Lake
from features.load.reading import load_history
from features.workspace import Workspace
from training.demand import DemandConfig
from training.jobs import held_out_cut
from training.peak import ConnectionPolicy, PeakConfig
from training.tuning.settings import DemandSpace, PeakSpace
from training.tuning.tune import Tuned, TuningRun, tune_demand, tune_peak

__all__ = ["tags_of", "tune_stored_demand", "tune_stored_peak"]


def tune_stored_demand(
    workspace: Workspace, config: DemandConfig, space: DemandSpace, run: TuningRun, held_out_days: int
) -> Tuned[DemandConfig]:
    """Tune on what precedes the last `held_out_days`, which train_demand keeps from the model, too: both can be
    judged there. Raises NotFoundError for an empty lake, and as tune_demand does."""
    history = load_history(Lake(workspace.lake), workspace.territory())
    cut, _ = held_out_cut(history, held_out_days)
    return tune_demand(history, config, space, cut, run)


def tune_stored_peak(
    workspace: Workspace,
    config: PeakConfig,
    connections: ConnectionPolicy,
    space: PeakSpace,
    run: TuningRun,
    held_out_days: int,
) -> Tuned[PeakConfig]:
    """As tune_stored_demand; the gate fits peak configurations anew at origins after the end of the study's data."""
    lake = Lake(workspace.lake)
    history = load_history(lake, workspace.territory())
    cut, _ = held_out_cut(history, held_out_days)
    return tune_peak(history, lake.versions("application", as_of=history.as_of), config, connections, space, cut, run)


def tags_of(tuned: Tuned[Any]) -> dict[str, str]:
    """What a version trained with these settings says of where they come from."""
    return {"study": tuned.study_name, "tuned_until": tuned.tuned_until.isoformat()}
