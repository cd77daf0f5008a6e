"""Terms of change: a grid of onsets, each with what is other since; the onset most telling of each kind is kept."""

import numpy as np

from training.anomaly.terms.sums import Pair
from training.anomaly.terms.view import Terms, View

__all__ = ["step_terms"]

_LENGTHS = (5, 7, 10, 14, 21, 28, 42, 60, 75, 90, 120, 150, 180, 240, 300, 365, 450, 540)
_TOLD = (14, 28, 60, 90, 120, 150, 180, 240, 365, 540)
_BEFORE = 90


def step_terms(view: View) -> Terms:
    """What changed at the onsets where use fell most, calmed most, grew wildest, or parted most from like customers."""
    lengths = [days for days in _LENGTHS if days <= view.window]
    changes = _changes(view, lengths)
    root = np.sqrt(np.array(lengths, dtype=float))[:, None]
    ways = {
        "low": -changes["t"],
        "calm": -changes["day_sd"],
        "wild": changes["day_sd"],
        "parted": -changes["day_corr"] * root,
    }
    out: Terms = {}
    rows = np.arange(len(view.logs))
    for way, score in ways.items():
        best = score.argmax(axis=0)
        out[f"{way}_days"] = np.array(lengths, dtype=float)[best]
        out |= {f"{way}_{name}": values[best, rows] for name, values in changes.items()}
    for name in ("t", "day_sd", "day_corr", "cv", "corr", "sd"):
        out |= {f"{name}_at_{days}": changes[name][lengths.index(days)] for days in _TOLD if days in lengths}
    return out


def _changes(view: View, lengths: list[int]) -> dict[str, np.ndarray]:
    """Name → [onsets × n]: after against before."""
    rest = Pair(view.rest, view.rest)
    both = Pair(view.logs, view.alike)
    daily = Pair(_daily(view.logs), _daily(view.alike))
    share = Pair(view.share, view.share)
    rows = []
    for days in lengths:
        past = min(days + _BEFORE, view.logs.shape[1])
        after, before = (days, 0), (past, days)
        spread, earlier = rest.spread(*after), rest.spread(*before)
        pooled = np.sqrt((days * spread**2 + (past - days) * earlier**2) / past)
        step = rest.one.mean(*after) - rest.one.mean(*before)
        cv, cv_before = _relative(share, after), _relative(share, before)
        day_sd, corr, day_corr = daily.spread(*after), both.correlation(*after), daily.correlation(*after)
        rows.append(
            {
                "step": step,
                "t": step / np.maximum(pooled, 0.03) * np.sqrt(days * (past - days) / past),
                "use": np.log((share.one.mean(*after) + 0.01) / (share.one.mean(*before) + 0.01)),
                "sd": np.log((spread + 0.01) / (earlier + 0.01)),
                "day_sd": np.log((day_sd + 0.01) / (daily.spread(*before) + 0.01)),
                "cv": np.log((cv + 0.01) / (cv_before + 0.01)),
                "corr": corr - both.correlation(*before),
                "day_corr": day_corr - daily.correlation(*before),
                "corr_now": corr,
                "day_corr_now": day_corr,
                "cv_now": cv,
                "day_sd_now": day_sd,
            }
        )
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def _daily(values: np.ndarray) -> np.ndarray:
    return np.diff(values, axis=1, prepend=values[:, :1])


def _relative(share: Pair, span: tuple[int, int]) -> np.ndarray:
    return np.asarray(share.spread(*span) / np.maximum(share.one.mean(*span), 1e-3))
