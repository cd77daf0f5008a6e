"""Terms of repeats: equal readings, days near zero, readings at the top, and how wide the readings spread."""

import numpy as np

from training.anomaly.terms.sums import Spans
from training.anomaly.terms.view import SOFT, Terms, View

__all__ = ["repeat_terms", "spread_terms"]

_LOW = 0.1
_SPANS = (28, 56, 90, 180, 365, 540)


def repeat_terms(view: View) -> Terms:
    """Shares of days equal to the day before, of days near zero, and of days that begin or end such a spell."""
    low = view.share <= _LOW
    same = np.zeros(low.shape)
    same[:, 1:] = (view.kwh[:, 1:] == view.kwh[:, :-1]) & ~low[:, 1:]
    flips = np.zeros(low.shape)
    flips[:, 1:] = low[:, 1:] != low[:, :-1]
    out: Terms = {}
    for name, values in (("same", same), ("low", low), ("flips", flips)):
        spans = Spans(values)
        out[f"{name}_before"] = spans.mean(spans.days, view.window)
        out |= {f"{name}_{days}": spans.mean(days) for days in (14, *_SPANS) if days <= view.window}
    return out


def spread_terms(view: View) -> Terms:
    """Quantiles of the readings against their median, ties among them, and the share of days at the top."""
    out: Terms = {}
    for days in (one for one in _SPANS if one <= view.window):
        part = view.share[:, -days:]
        top = part.max(axis=1, keepdims=True)
        out[f"top_{days}"] = ((part >= 0.999 * top) & (part > _LOW)).mean(axis=1)
        out |= _spread(part, str(days))
    return out | _spread(view.share[:, : -view.window], "before")


def _spread(share: np.ndarray, tag: str) -> Terms:
    ordered = np.sort(share, axis=1)
    low, quarter, middle, upper, high = (
        np.log(ordered[:, int(level * (share.shape[1] - 1))] + SOFT) for level in (0.05, 0.25, 0.5, 0.75, 0.95)
    )
    return {
        f"high_{tag}": high - middle,
        f"low_{tag}_quantile": low - middle,
        f"quartiles_{tag}": upper - quarter,
        f"ties_{tag}": ((np.diff(ordered, axis=1) == 0) & (ordered[:, 1:] > _LOW)).mean(axis=1),
    }
