"""What the days beside a gap tell of the days in it: residuals carried over by their own covariance."""

import numpy as np

__all__ = ["carried"]

_TIMES = (1.0, 3.0, 10.0, 30.0, 100.0)
"""Time constants, in days, of the exponentials that the autocorrelation is made of."""

_LAGS = (1, 2, 3, 4, 5, 7, 10, 14, 21, 28, 42, 60)
_HOURS_KNOWN = 18
"""A day of fewer known hours counts as unknown."""
_DAYS_KNOWN = 60


def carried(residuals: np.ndarray, reach_days: int, smooth_hours: int) -> np.ndarray:
    """Expected residual [N, D, 24] on days that are not known in full, zero on others.

    `residuals` [N, D, 24] are known less modelled, NaN where unknown. The mean of a day, and each hour's departure
    from it (averaged over ±`smooth_hours`), are predicted separately by simple kriging from the known days within
    `reach_days`; the covariance is the node's own: a sum of exponentials in the days between, which is always a valid
    one, and a part of which other days tell nothing.
    """
    out = np.zeros_like(residuals)
    for row, series in enumerate(residuals):
        hours = np.isfinite(series)
        full = hours.sum(axis=1) >= _HOURS_KNOWN
        if full.sum() < _DAYS_KNOWN:
            continue
        level = np.where(hours, series, 0.0).sum(axis=1) / np.maximum(hours.sum(axis=1), 1)
        shape = _smoothed(np.where(hours, series - level[:, None], 0.0), smooth_hours)
        for part in (level[:, None], shape):
            shares = _fitted(part, full)
            for first, last in _blocks(~full):
                out[row, first:last] += _kriged(part, full, first, last, shares, reach_days)
    return out


def _smoothed(shape: np.ndarray, hours: int) -> np.ndarray:
    turned = [np.roll(shape, step, axis=1) for step in range(-hours, hours + 1)]
    return np.mean(turned, axis=0)


def _blocks(wanted: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], wanted.astype(int), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _fitted(part: np.ndarray, full: np.ndarray) -> np.ndarray:
    """Share of variance of each exponential of _TIMES, by non-negative least squares on the autocorrelation."""
    from scipy.optimize import nnls

    found, lags = [], []
    for lag in _LAGS:
        both = full[lag:] & full[:-lag]
        late, early = part[lag:][both], part[:-lag][both]
        scale = float(np.sqrt((late**2).sum() * (early**2).sum()))
        if scale > 0:
            lags.append(float(lag))
            found.append(float((late * early).sum()) / scale)
    if not found:
        return np.zeros(len(_TIMES))
    shares = nnls(np.exp(-np.array(lags)[:, None] / np.array(_TIMES)), np.array(found))[0]
    return shares * min(1.0, 0.98 / max(shares.sum(), 1e-9))


def _kriged(
    part: np.ndarray, full: np.ndarray, first: int, last: int, shares: np.ndarray, reach_days: int
) -> np.ndarray:
    low = max(first - reach_days, 0)
    known = low + np.flatnonzero(full[low : last + reach_days])
    wanted = np.arange(first, last)
    if not len(known) or not shares.any():
        return np.zeros((last - first, 1))
    between = _correlation(np.abs(known[:, None] - known[None, :]), shares)
    between[np.diag_indices_from(between)] = 1.0
    across = _correlation(np.abs(wanted[:, None] - known[None, :]), shares)
    return across @ np.linalg.solve(between, part[known])


def _correlation(days: np.ndarray, shares: np.ndarray) -> np.ndarray:
    return np.exp(-days[..., None] / np.array(_TIMES)) @ shares
