"""Energy that was used and not shown: the course expected since a fall of use, less what the meter said, in a range."""

import numpy as np
import pandas as pd

from training.anomaly.terms.onset import fall_onset
from training.anomaly.terms.view import SOFT, View

__all__ = ["LEVELS", "gap_kwh", "lost_kwh"]

LEVELS = (0.1, 0.5, 0.9)
_BEFORE = 60


def lost_kwh(view: View, honest: np.ndarray, onset_days: np.ndarray | None = None) -> pd.DataFrame:
    """lost_kwh_p10, _p50, _p90 [n] since the onset, `onset_days` [n] before the end (default: the likeliest fall).

    The use to be expected follows like customers from where the customer stood in the 60 days before the onset. How
    far `honest` customers (mask) stray from such an expectation over as many days, in units of their own scatter,
    gives the range: a customer whose days are erratic gets a wide one. None is below 0.
    """
    onset = fall_onset(view.rest, view.window) if onset_days is None else onset_days
    days = view.logs.shape[1]
    scatter = np.maximum(view.rest[:, : -view.window].std(axis=1), 0.02)
    out = np.zeros((len(onset), len(LEVELS)))
    for length in np.unique(onset):
        rows = np.flatnonzero(onset == length)
        stray = _step(view.rest, int(length)) / scatter
        strays = np.quantile(stray[honest], LEVELS) if honest.any() else np.zeros(len(LEVELS))
        shown = view.kwh[rows, days - length :].sum(axis=1)
        for place, error in enumerate(strays):
            use = _course_kwh(view, rows, int(length), error * scatter[rows]).sum(axis=1)
            out[rows, place] = np.maximum(use - shown, 0.0)
    return pd.DataFrame(np.sort(out, axis=1), columns=[f"lost_kwh_p{round(100 * level)}" for level in LEVELS])


def gap_kwh(view: View, onset_days: np.ndarray | None = None) -> np.ndarray:
    """Daily kWh [n × window] by which each customer stays below its expected course since its onset; 0 before.

    Days above the course count as negative, so that scatter cancels and a lasting fall does not.
    """
    onset = fall_onset(view.rest, view.window) if onset_days is None else onset_days
    days = view.logs.shape[1]
    out = np.zeros((len(onset), view.window))
    for length in np.unique(onset):
        rows = np.flatnonzero(onset == length)
        use = _course_kwh(view, rows, int(length), np.zeros(len(rows)))
        out[rows, view.window - length :] = use - view.kwh[rows, days - length :]
    return out


def _step(rest: np.ndarray, length: int) -> np.ndarray:
    end = rest.shape[1] - length
    return np.asarray(rest[:, end:].mean(axis=1) - rest[:, max(end - _BEFORE, 0) : end].mean(axis=1))


def _course_kwh(view: View, rows: np.ndarray, length: int, error: np.ndarray) -> np.ndarray:
    """kWh [rows × length] expected since the onset, `error` [rows] on the scale of logs added."""
    end = view.logs.shape[1] - length
    level = view.rest[rows, max(end - _BEFORE, 0) : end].mean(axis=1) + error
    # The mean of logs is below the log of the mean: what that makes before the window is put back.
    before = slice(0, -view.window)
    mean = np.exp(view.course[rows, before]).mean(axis=1) - SOFT
    smear = view.share[rows, before].mean(axis=1) / np.maximum(mean, 0.1)
    share = np.maximum(np.exp(view.course[rows, end:] + level[:, None]) - SOFT, 0.0) * smear[:, None]
    scale = view.kwh[rows, before].mean(axis=1) / np.maximum(view.share[rows, before].mean(axis=1), 1e-9)
    return np.asarray(share * scale[:, None])
