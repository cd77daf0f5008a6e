"""Trend and temperature slopes: one small least-squares fit per customer, all solved together."""

from dataclasses import dataclass

import numpy as np

from features.behaviour.dayplan import DayPlan
from features.behaviour.figures import ratio

__all__ = ["SlopeDesign", "slope_design", "slopes"]

_SCALE_C = 10.0
_RIDGE = 1e-3
_LEAST_DAYS, _LEAST_SIDE = 300, 20


@dataclass(frozen=True)
class SlopeDesign:
    """Columns of the fit [days × 6] (1, years, cooling, heating, day off, festival) and their products [days × 36]."""

    columns: np.ndarray
    products: np.ndarray
    known: np.ndarray


def slope_design(plan: DayPlan) -> SlopeDesign:
    """What use is explained by; days without a temperature are left out of the fit."""
    known = np.isfinite(plan.cooling_c)
    years = np.arange(len(plan.days)) / 365.25
    degrees = [np.where(known, one, 0.0) / _SCALE_C for one in (plan.cooling_c, plan.heating_c)]
    columns = np.stack([np.ones(len(years)), years - years.mean(), *degrees, plan.off, plan.festival], axis=1)
    products = (columns[:, :, None] * columns[:, None, :]).reshape(len(years), -1)
    return SlopeDesign(columns, products, known)


def slopes(kwh: np.ndarray, design: SlopeDesign) -> dict[str, np.ndarray]:
    """From `kwh` [customers × days]: trend_share_year, cooling_slope_share_c, heating_slope_share_c.

    Each is relative to the mean of the days that were fitted. The trend is NaN with fewer than 300 such days, a slope
    also where fewer than 20 of them lie on either side of its temperature.
    """
    mask = (np.isfinite(kwh) & design.known).astype(float)
    use = np.where(mask > 0, kwh, 0.0)
    count = mask.sum(axis=1)
    mean = ratio(use.sum(axis=1), count)
    fitted = (count >= _LEAST_DAYS) & (mean > 0)
    size = design.columns.shape[1]
    left = (mask @ design.products).reshape(-1, size, size)
    right = use @ design.columns
    # A column without spread (no temperature above the band all year) must not make the fit impossible.
    left[:, range(size), range(size)] += _RIDGE
    left[~fitted] = np.eye(size)
    weight = np.linalg.solve(left, right[:, :, None])[:, :, 0]
    trend, cooling, heating = (ratio(weight[:, place], np.where(fitted, mean, np.nan)) for place in (1, 2, 3))
    seen = [_both_sides(mask, design.columns[:, place] > 0, count) for place in (2, 3)]
    return {
        "trend_share_year": trend,
        "cooling_slope_share_c": np.where(seen[0], cooling, np.nan) / _SCALE_C,
        "heating_slope_share_c": np.where(seen[1], heating, np.nan) / _SCALE_C,
    }


def _both_sides(mask: np.ndarray, beyond: np.ndarray, count: np.ndarray) -> np.ndarray:
    outside = mask @ beyond.astype(float)
    return np.asarray((outside >= _LEAST_SIDE) & (count - outside >= _LEAST_SIDE))
