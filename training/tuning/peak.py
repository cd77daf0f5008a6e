"""The peak model's objective: what a configuration would have said at earlier origins, against the peaks that came."""

from functools import cache

import numpy as np

from features.errors import ModelError
from training.metrics import pinball
from training.peak import ConnectionPolicy, PeakConfig
from training.peak.core import fit_core
from training.peak.inputs import PeakInputs
from training.peak.learn import learn_demand
from training.peak.peaks import state_peaks
from training.peak.rolling import outcome_kw
from training.tuning.settings import PeakTuning

__all__ = ["PeakObjective"]

_STATED = {0.5: "peak_p50_kw", 0.9: "peak_p90_kw", 0.95: "peak_p95_kw"}


class PeakObjective:
    """Mean pinball of the stated P50, P90 and P95 of the peak, over each node's own past peak, mean over nodes.

    The folds are rolling origins before `day` (days since the start of the inputs), oldest first; each sees its own
    past only, and is scored on the `horizon_days` after it, which end by `day`. What connections draw is learnt once
    per origin under `base`: no tuned setting is about connections.
    """

    def __init__(
        self, inputs: PeakInputs, base: PeakConfig, connections: ConnectionPolicy, settings: PeakTuning
    ) -> None:
        self._inputs, self._settings = inputs, settings
        self._origins = _origins(len(inputs.days), base.min_history_days, settings)
        self._policy = cache(lambda day: learn_demand(inputs.until(day), base, connections))

    @property
    def folds(self) -> int:
        """How many origins there are."""
        return len(self._origins)

    @property
    def finalists(self) -> int:
        """None: fewer scenarios blur all settings alike."""
        return 0

    def score(self, config: PeakConfig, fold: int, full: bool = False) -> float:
        """The figure of one origin, a share of the node's past peak; lower is better."""
        day, horizon = self._origins[fold], self._settings.horizon_days
        if not full:
            drawn = {"scenarios": self._settings.scenarios, "calibration_scenarios": self._settings.scenarios}
            config = config.model_copy(update=drawn)
        past, policy = self._inputs.until(day), self._policy(day)
        stated = state_peaks(fit_core(past, config, policy), (horizon,), config, policy).frame(horizon)
        came = outcome_kw(self._inputs.peak_kw[:, day : day + horizon])
        known = outcome_kw(past.peak_kw[:, -config.min_history_days :])
        good = (came > 0) & (known > 0) & stated["enough"].to_numpy()
        if not good.any():
            raise ModelError(f"no node has a past and an outcome at the origin of {past.as_of}: nothing to tune on")
        loss = np.stack([pinball(came, stated[name].to_numpy(), level) for level, name in _STATED.items()])
        return float((loss.mean(axis=0) / known)[good].mean())


def _origins(days: int, least_days: int, settings: PeakTuning) -> list[int]:
    latest = days - settings.horizon_days
    found = [latest - settings.origin_step_days * back for back in range(settings.folds)]
    usable = sorted(day for day in found if day >= least_days)
    if not usable:
        raise ModelError(
            f"tuning the peak model needs {least_days} days before an origin and {settings.horizon_days} after it, "
            f"there are {days} days of load"
        )
    return usable
