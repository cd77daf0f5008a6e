"""Forecasts from earlier origins against what came: the evidence behind every factor."""

import numpy as np

from training.peak.config import PeakConfig
from training.peak.connections import ConnectionPolicy
from training.peak.core import fit_core
from training.peak.inputs import PeakInputs
from training.peak.kappa import Evidence

__all__ = ["ENOUGH_KNOWN", "gather_evidence", "outcome_kw", "p50_kw"]

ENOUGH_KNOWN = 0.9
"""Share of a horizon that must be known for its highest load to count as the outcome."""


def gather_evidence(inputs: PeakInputs, config: PeakConfig, policy: ConnectionPolicy) -> Evidence:
    """Forecast from up to `origins` earlier days with all that was known then, and compare with the days after it.

    An origin needs the minimum history before it, and the longest calibrated horizon after it that fits at least the
    shortest one. Gaps that hide a tenth or more of a horizon leave its outcome unknown.
    """
    horizons = tuple(sorted(config.horizons_days))
    days = len(inputs.days)
    latest, earliest = days - horizons[-1], config.min_history_days
    origins = np.arange(latest, earliest - 1, -config.origin_step_days)[: config.origins][::-1]
    found = np.full((len(origins), len(inputs.nodes), len(horizons)), np.nan)
    for k, day in enumerate(origins):
        core = fit_core(inputs.until(int(day)), config, policy)
        said = p50_kw(core.maxima(horizons, config.calibration_scenarios, config, policy).load_kw)
        for column, horizon in enumerate(horizons):
            came = outcome_kw(inputs.peak_kw[:, day : day + horizon])
            good = (came > 0) & (said[:, column] > 0)
            found[k, good, column] = np.log(came[good] / said[good, column])
    kinds = tuple(inputs.nodes["kind"].astype(str))
    return Evidence(origins, horizons, tuple(inputs.nodes.index.astype(str)), kinds, found, inputs.days[0])


def p50_kw(load_kw: np.ndarray) -> np.ndarray:
    """Median of the highest load of the horizon, kW [node, horizon] from [node, horizon, scenario, block]."""
    return np.median(load_kw.max(axis=3), axis=2)


def outcome_kw(peak_kw: np.ndarray) -> np.ndarray:
    """Highest known load of each node, kW [node] from [node, day, block]; NaN where too much of it is unknown."""
    flat = peak_kw.reshape(len(peak_kw), -1)
    known = np.isfinite(flat)
    top = np.where(known, flat, -np.inf).max(axis=1) if flat.shape[1] else np.full(len(flat), -np.inf)
    return np.where(known.mean(axis=1) >= ENOUGH_KNOWN, top, np.nan) if flat.shape[1] else top * np.nan
