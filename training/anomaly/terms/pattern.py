"""Terms of pattern: likeness of a day to the day and week before, the profile of the week, stretches turned round."""

import numpy as np

from training.anomaly.terms.sums import Pair
from training.anomaly.terms.view import Terms, View

__all__ = ["lag_terms", "turned_terms", "week_terms"]

_SPANS = (28, 56, 90, 180, 365, 540)


def lag_terms(view: View) -> Terms:
    """Autocorrelation of log use and of its rest, of the last days and before."""
    out: Terms = {}
    for name, values, lag in (("lag1", view.logs, 1), ("lag7", view.logs, 7), ("rest_lag1", view.rest, 1)):
        pair = Pair(values[:, lag:], values[:, :-lag])
        out[f"{name}_before"] = pair.correlation(pair.one.days, view.window)
        out |= {f"{name}_{days}": pair.correlation(days) for days in _SPANS if days <= view.window}
    return out


def week_terms(view: View) -> Terms:
    """The profile of the last weeks against that before the window, as it is and read backwards from any weekday."""
    weeks = view.logs.shape[1] // 7
    cube = view.logs[:, -7 * weeks :].reshape(len(view.logs), weeks, 7)
    cube = cube - cube.mean(axis=2, keepdims=True)
    past = _centred(np.median(cube[:, : -(view.window // 7)], axis=1))
    strength = np.sqrt((past**2).mean(axis=1))
    out = {"week_strength": strength}
    for last in (one for one in (4, 8, 13, 20) if 7 * one <= view.window + 6):
        now = _centred(np.median(cube[:, -last:], axis=1))
        strength_now = np.sqrt((now**2).mean(axis=1))
        both = np.maximum(strength_now * strength, 1e-3)
        direct = (now * past).mean(axis=1) / both
        back = [(now * np.roll(past[:, ::-1], shift, axis=1)).mean(axis=1) / both for shift in range(7)]
        out[f"week_corr_{last}"] = direct
        out[f"week_strength_{last}"] = strength_now
        out[f"week_turned_{last}"] = np.max(back, axis=0) - direct
    return out


def turned_terms(view: View) -> Terms:
    """How much better some stretch of the window follows the expected course read backwards than forwards."""
    logs, course = view.logs[:, -view.window :], view.course[:, -view.window :]
    out: Terms = {}
    for days in (14, 20, 21, 28):
        real, told = (_stretches(values, days) for values in (logs, course))
        back = told[:, :, ::-1]
        forwards, backwards, itself = (
            np.einsum("nad,nad->na", one, other) for one, other in ((real, told), (real, back), (told, back))
        )
        gain = backwards - np.maximum(forwards, itself)
        late = slice(-(60 // 2), None)
        out[f"turned_{days}"] = gain.max(axis=1)
        out[f"turned_late_{days}"] = gain[:, late].max(axis=1)
        out[f"turned_mean_{days}"] = np.maximum(gain, 0).mean(axis=1)
        out[f"turned_plain_{days}"] = np.where(itself < 0.3, backwards, -1.0).max(axis=1)
        out[f"forwards_late_{days}"] = forwards[:, late].mean(axis=1)
    return out


def _stretches(values: np.ndarray, days: int) -> np.ndarray:
    """Every second stretch of `days`, centred and of length 1, [n × stretches × days]; all but constant ones shrink."""
    cut = np.lib.stride_tricks.sliding_window_view(values.astype(np.float32), days, axis=1)[:, ::-2][:, ::-1]
    cut = cut - cut.mean(axis=2, keepdims=True)
    length = np.sqrt(np.einsum("nad,nad->na", cut, cut))
    return np.asarray(cut / np.maximum(length, 0.03 * np.sqrt(days))[:, :, None])


def _centred(profile: np.ndarray) -> np.ndarray:
    return np.asarray(profile - profile.mean(axis=1, keepdims=True))
