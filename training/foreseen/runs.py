"""The level a load holds without a break: what a rule of so many consecutive points looks at."""

import numpy as np
import pandas as pd

from features.clock import Calendar
from features.load.grid import Grid
from training.watch.days import utc_of

__all__ = ["day_columns", "day_levels", "run_width", "worst_run"]


def run_width(run_minutes: int, step_minutes: int) -> int:
    """How many consecutive intervals a run of `run_minutes` takes; one at least."""
    return max(-(-run_minutes // step_minutes), 1)


def worst_run(values: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """The highest level held for `width` consecutive intervals of `values` [..., T], and where that run begins.

    A load is at or above a limit for `width` consecutive intervals exactly when this level is: one number a day
    answers for every limit. NaN (and 0) where any interval is unknown, for a gap may hide a run, or T < `width`.
    """
    if values.shape[-1] < width:
        return np.full(values.shape[:-1], np.nan), np.zeros(values.shape[:-1], dtype=int)
    held = np.lib.stride_tricks.sliding_window_view(values, width, axis=-1).min(axis=-1)
    known = np.isfinite(values).all(axis=-1)
    held = np.where(known[..., None], held, -np.inf)
    return np.where(known, held.max(axis=-1), np.nan), np.where(known, held.argmax(axis=-1), 0)


def day_columns(grid_start: pd.Timestamp, step_minutes: int, calendar: Calendar, days: pd.DatetimeIndex) -> np.ndarray:
    """First column and the column after the last [D, 2] of local days on a regular axis; may lie outside of it."""
    step = pd.Timedelta(minutes=step_minutes)
    edges = [utc_of(days + pd.Timedelta(days=more), calendar) for more in (0, 1)]
    return np.stack([np.asarray((edge - grid_start) // step, dtype=int) for edge in edges], axis=1)


def day_levels(grid: Grid, calendar: Calendar, days: pd.DatetimeIndex, width: int) -> np.ndarray:
    """The worst run's level of every row on every local day [N, D], kW; NaN where the day is not wholly known."""
    found = np.full((len(grid.ids), len(days)), np.nan)
    columns = day_columns(grid.start, grid.step_minutes, calendar, days)
    inside = (columns[:, 0] >= 0) & (columns[:, 1] <= grid.values.shape[1])
    size = columns[:, 1] - columns[:, 0]
    for length in np.unique(size[inside]):
        at = np.flatnonzero(inside & (size == length))
        part = grid.values[:, columns[at, 0][:, None] + np.arange(length)]
        found[:, at] = worst_run(part, width)[0]
    return found
