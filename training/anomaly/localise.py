"""Which customers of an area explain the energy that went in and was not read at anybody's meter."""

import numpy as np
import pandas as pd

__all__ = ["localise", "unexplained_kwh"]

_SMOOTH = 7


def unexplained_kwh(area_kwh: np.ndarray, read_kwh: np.ndarray, window: int) -> np.ndarray:
    """Daily kWh [days] that went into an area beyond its customers' reads and what it lost before the last `window`.

    `area_kwh` [days] is the energy of the area, `read_kwh` [days] the sum of its customers' reads. Ordinary losses and
    connections without a meter are a constant and a share of the reads, by least squares on the days before.
    """
    loss = area_kwh - read_kwh
    before = slice(0, len(loss) - window)
    terms = np.stack([np.ones(len(loss)), read_kwh], axis=1)
    known = np.isfinite(loss[before])
    fit, *_ = np.linalg.lstsq(terms[before][known], loss[before][known], rcond=None)
    return np.asarray(loss - terms @ fit)


def localise(unexplained: np.ndarray, gaps: np.ndarray, scores: np.ndarray) -> pd.DataFrame:
    """Customers of an area by how much of its unexplained loss each may be the cause of, most first.

    `unexplained` [days]; `gaps` [n × days] kWh by which each stays below its expected course (`lost.gap_kwh`); `scores`
    [n] the theft score. Columns: row (place), explained_kwh and explained_share (non-negative least squares on weekly
    means), correlation of the gap with the loss, gap_kwh, and suspicion, the product of share and score's odds.
    """
    from scipy.optimize import nnls

    known = np.isfinite(unexplained)
    loss = _smooth(np.where(known, unexplained, 0.0))
    gap = np.stack([_smooth(one) for one in gaps]) if len(gaps) else np.zeros((0, len(loss)))
    weight, _ = nnls(np.vstack([gap.T, 0.1 * np.diag(_length(gap))]), np.concatenate([loss, np.zeros(len(gap))]))
    explained = np.minimum(weight, 1.5) * np.maximum(gaps.sum(axis=1), 0.0)
    total = max(float(np.maximum(loss, 0).sum()), 1e-9)
    share = np.clip(explained / total, 0.0, 1.0)
    table = pd.DataFrame(
        {
            "row": np.arange(len(gaps)),
            "explained_kwh": explained,
            "explained_share": share,
            "correlation": [_correlation(one, loss) for one in gap],
            "gap_kwh": gaps.sum(axis=1),
            "theft_score": scores,
            "suspicion": (0.05 + share) * (0.02 + scores),
        }
    )
    return table.sort_values(["suspicion", "row"], ascending=[False, True], ignore_index=True)


def _smooth(values: np.ndarray) -> np.ndarray:
    """Means of weeks: a day's reads and an area's day do not always end together."""
    return np.convolve(values, np.full(_SMOOTH, 1 / _SMOOTH), mode="same")


def _length(gap: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt((gap**2).sum(axis=1)))


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    if one.std() < 1e-9 or other.std() < 1e-9:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])
