"""Level shifts: a node that jumped is re-centred on its last days, and flagged."""

import numpy as np

__all__ = ["SHIFT_DAYS", "SHIFT_LOG", "relevel"]

SHIFT_DAYS = 3
SHIFT_LOG = 0.35
"""A ratio of load to linear stage beyond e^±0.35 over three days is a new level, not weather."""


def relevel(past_kw: np.ndarray, linear_kw: np.ndarray, per_day: int) -> np.ndarray:
    """The factor [N] that brings the linear stage to the level of the last three days; 1 where nothing jumped.

    `past_kw` and `linear_kw` [N, T] end at the issue. The factor stays 1 where fewer than half of the three days
    is known, or where the mean load or its forecast is not clearly positive (a net exporter has no ratio).
    """
    load, linear = past_kw[:, -SHIFT_DAYS * per_day :], linear_kw[:, -SHIFT_DAYS * per_day :]
    known = np.isfinite(load) & np.isfinite(linear)
    enough = known.mean(axis=1) >= 0.5
    top = np.where(known, load, 0.0).sum(axis=1)
    bottom = np.where(known, linear, 0.0).sum(axis=1)
    size = np.where(known, np.abs(load), 0.0).sum(axis=1)
    usable = enough & (bottom > 0) & (top > 0.5 * size) & (top > 0)
    ratio = np.where(usable, top / np.where(bottom > 0, bottom, 1.0), 1.0)
    jumped = np.abs(np.log(np.maximum(ratio, 1e-6))) > SHIFT_LOG
    return np.where(usable & jumped, np.clip(ratio, 0.05, 20.0), 1.0)
