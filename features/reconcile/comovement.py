"""What moves together hangs together: how like a meter's series is to those of the areas it might hang on.

A series is compared with the mean of the meters that are held to hang on an area (the meter itself left out), on its
own phase and on all, and with what the area itself measured. Means of many are robust against the few that are on the
wrong area, and those that are found to be are moved before the means are taken again.
"""

from dataclasses import dataclass

import numpy as np

__all__ = ["Series", "log_likelihood", "logs_of_use"]

_ROUNDS = 3
_MOVE_AT = 6.0
"""Log likelihood by which another area must be better for a meter to count there in the next round."""
_FACTORS = 4
_AWAY = 0.05
"""A day of less than this share of a household's usual use is a day away from home, and says nothing of its area."""


@dataclass(frozen=True)
class Series:
    """Surprises of meters [meters × times], 0 where nothing was read, and where each is held to hang (area, -1: none).

    `phase` numbers the phase of a meter (-1: several, or unknown); `own` [areas × times] are the surprises of what
    areas measured themselves, 0 where they did not.
    """

    meters: np.ndarray
    area: np.ndarray
    phase: np.ndarray
    own: np.ndarray

    @classmethod
    def of(cls, meters: np.ndarray, own: np.ndarray, area: np.ndarray, kind: np.ndarray, phase: np.ndarray) -> "Series":
        """From raw series (nan where nothing was read); `kind` numbers meters that have a day's shape in common."""
        meters, own = _centred(meters), _centred(own)
        memory = _memory(_without(meters, _kind_means(meters, kind)))
        meters, own = _news(meters, memory), np.clip(_news(own, memory), *_bounds(own))
        common = np.vstack([_kind_means(meters, kind), _principal(own)])
        return cls(_unit(_without(meters, common)), area, phase, _unit(_without(own, common)))


def logs_of_use(kwh: np.ndarray) -> np.ndarray:
    """Daily use [rows × days] as logs, so that a small house counts as much as a large one; nan on days away."""
    use = np.where(kwh > 0, kwh, np.nan)
    usual = _row_medians(use)
    return np.log(np.where(use > _AWAY * usual, use, np.nan))


def _row_medians(values: np.ndarray) -> np.ndarray:
    known = ~np.isnan(values).all(axis=1)
    medians = np.full((len(values), 1), np.nan)
    medians[known, 0] = np.nanmedian(values[known], axis=1)
    return medians


def _centred(values: np.ndarray) -> np.ndarray:
    count = np.maximum((~np.isnan(values)).sum(axis=1, keepdims=True), 1)
    return values - np.nansum(values, axis=1, keepdims=True) / count


def _memory(values: np.ndarray) -> float:
    """How much of one time's departure is still there at the next, over all rows together."""
    now, before = values[:, 1:], values[:, :-1]
    both = ~np.isnan(now) & ~np.isnan(before)
    power = float(np.square(before[both]).sum())
    return float(np.clip((now[both] * before[both]).sum() / power, 0.0, 0.95)) if power > 0 else 0.0


def _news(values: np.ndarray, memory: float) -> np.ndarray:
    """What each time adds to what was left of the one before: only news tells whose company a meter is in."""
    return values[:, 1:] - memory * values[:, :-1]


def _bounds(values: np.ndarray) -> tuple[float, float]:
    """Beyond eight usual departures an area's own series is a fault of its reading."""
    known = values[~np.isnan(values)]
    spread = 8 * float(np.median(np.abs(known))) if len(known) else 1.0
    return -max(spread, 1e-9), max(spread, 1e-9)


def _kind_means(values: np.ndarray, kind: np.ndarray) -> np.ndarray:
    """The mean series of each kind of meter [kinds × times], 0 where none was read."""
    rows = []
    for one in np.unique(kind):
        part = values[kind == one]
        count = (~np.isnan(part)).sum(axis=0)
        rows.append(np.nansum(part, axis=0) / np.maximum(count, 1))
    return np.array(rows).reshape(-1, values.shape[1])


def _principal(own: np.ndarray) -> np.ndarray:
    """What areas have in common, weather above all: their first principal components [few × times]."""
    known = np.nan_to_num(own)[(~np.isnan(own)).any(axis=1)]
    count = min(_FACTORS, len(known) // 10)
    if not count:
        return np.zeros((0, own.shape[1]))
    return np.linalg.svd(known, full_matrices=False)[2][:count]


def _without(values: np.ndarray, common: np.ndarray) -> np.ndarray:
    """Rows less what of them lies along common series; nan stays nan."""
    basis, _ = np.linalg.qr(common.T) if len(common) else (np.zeros((values.shape[1], 0)), None)
    known = np.nan_to_num(values)
    return np.where(np.isnan(values), np.nan, known - (known @ basis) @ basis.T)


def _unit(values: np.ndarray) -> np.ndarray:
    """Rows of unit variance, outliers cut, 0 where nothing is known."""
    count = np.maximum((~np.isnan(values)).sum(axis=1, keepdims=True), 1)
    spread = np.sqrt(np.nansum(np.square(values), axis=1, keepdims=True) / count)
    return np.nan_to_num(np.clip(values / np.where(spread > 0, spread, 1.0), -5.0, 5.0))


def log_likelihood(series: Series, candidates: np.ndarray) -> np.ndarray:
    """Log likelihood of every meter's series by the area it hangs on [meters × areas], -inf where no candidate.

    Of a Gaussian series with correlation R to what it is compared with: -n/2 log(1 - R²), with n the times at which
    it says something new. The highest of a row is the likeliest area; an area without any other meter and without a
    measurement of its own has 0, as if unlike everything.
    """
    area = series.area.copy()
    found = np.full(candidates.shape, -np.inf)
    for _ in range(_ROUNDS):
        found = _once(series, area, candidates)
        best = found.argmax(axis=1)
        rows = np.arange(len(area))
        held = np.where(area >= 0, found[rows, np.maximum(area, 0)], -np.inf)
        better = np.where(np.isfinite(held), found[rows, best] - held, np.inf)
        moved = np.where((better > _MOVE_AT) & np.isfinite(found[rows, best]), best, area)
        if np.array_equal(moved, area):
            break
        area = moved
    return found


def _once(series: Series, area: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    count = candidates.shape[1]
    everyone = np.ones(len(area), dtype=bool)
    likeness = [_to_mean(series.meters, area, everyone, everyone, count)]
    for phase in range(3):
        mine = series.phase == phase
        likeness.append(_to_mean(series.meters, area, mine, mine, count))
    own = _correlation(series.meters @ series.own.T, (series.meters**2).sum(axis=1), (series.own**2).sum(axis=1)[None])
    square = np.maximum.reduce([np.clip(part, 0, 0.999) ** 2 for part in [*likeness, own]])
    effective = (series.meters != 0).sum(axis=1)
    return np.where(candidates, -0.5 * effective[:, None] * np.log1p(-square), -np.inf)


def _to_mean(meters: np.ndarray, area: np.ndarray, asked: np.ndarray, members: np.ndarray, count: int) -> np.ndarray:
    """Correlation [meters × areas] of those asked with the sum of an area's members, each without itself."""
    inside = members & (area >= 0)
    total = np.zeros((count, meters.shape[1]))
    np.add.at(total, area[inside], meters[inside])
    size = np.bincount(area[inside], minlength=count)
    dots = meters @ total.T
    norms = (meters**2).sum(axis=1)
    squares = np.repeat((total**2).sum(axis=1)[None], len(meters), axis=0)
    rows = np.flatnonzero(inside)
    squares[rows, area[rows]] += norms[rows] - 2 * dots[rows, area[rows]]
    dots[rows, area[rows]] -= norms[rows]
    others = np.repeat(size[None], len(meters), axis=0)
    others[rows, area[rows]] -= 1
    return np.where(asked[:, None] & (others > 0), _correlation(dots, norms, squares), 0.0)


def _correlation(dots: np.ndarray, norms: np.ndarray, squares: np.ndarray) -> np.ndarray:
    scale = np.sqrt(np.maximum(norms[:, None] * squares, 1e-12))
    return dots / scale
