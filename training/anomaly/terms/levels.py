"""Terms of level: the last days against those before, in four ways, and against the same days a year ago."""

import numpy as np

from training.anomaly.terms.sums import Spans
from training.anomaly.terms.view import SOFT, Terms, View

__all__ = ["LENGTHS", "level_terms", "year_terms"]

LENGTHS = (7, 14, 28, 56, 90, 180, 365, 540)
_BEFORE, _YEAR = 90, 365


def level_terms(view: View) -> Terms:
    """Steps of log use, of its rest, of use, and of use beyond what all did, by the length of the last days."""
    logs, rest, share, excess = (Spans(x) for x in (view.logs, view.rest, view.share, view.logs - view.common))
    scatter = view.rest[:, : -view.window].std(axis=1)
    out = {
        "rest_sd": scatter,
        "log_sd": view.logs[:, : -view.window].std(axis=1),
        "log_level": np.log(np.maximum(view.kwh[:, : -view.window].mean(axis=1), 0.01)),
    }
    for days in (one for one in LENGTHS if one <= view.window):
        past = min(days + _BEFORE, logs.days)
        out[f"log_{days}"] = logs.mean(days) - logs.mean(past, days)
        out[f"rest_{days}"] = rest.mean(days) - rest.mean(past, days)
        out[f"rest_t_{days}"] = out[f"rest_{days}"] / np.maximum(scatter, 0.02)
        out[f"use_{days}"] = np.log((share.mean(days) + 0.01) / (share.mean(past, days) + 0.01))
        out[f"excess_{days}"] = excess.mean(days) - excess.mean(past, days)
        out[f"rest_level_{days}"] = rest.mean(days)
    return out


def year_terms(view: View, all_share: np.ndarray) -> Terms:
    """The last days against the same ones a year ago, beyond what all did; NaN where the history is too short."""
    out = {}
    for days in (28, 90, 180):
        known = view.share.shape[1] >= _YEAR + days
        out[f"year_{days}"] = (
            _year_step(view.share, days) - np.median(_year_step(all_share, days))
            if known
            else np.full(len(view.share), np.nan)
        )
    return out


def _year_step(share: np.ndarray, days: int) -> np.ndarray:
    end = share.shape[1] - _YEAR
    return np.asarray(np.log((share[:, -days:].mean(axis=1) + SOFT) / (share[:, end - days : end].mean(axis=1) + SOFT)))
