"""From load at its own resolution to the daily maximum of each four-hour block of the local day."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.clock import Calendar
from features.load.grid import Grid

__all__ = ["BLOCKS", "BLOCK_HOURS", "Blocks", "block_maxima", "block_weather", "day_range"]

BLOCKS = 6
BLOCK_HOURS = 24 // BLOCKS
_MEMORY_HOURS = (24, 72, 168)
"""Trailing means of temperature: buildings and people remember yesterday, the spell of three days, the week."""


@dataclass(frozen=True)
class Blocks:
    """Everything the peak model sees of the past, one row per local day.

    `peak_kw` is float64 [node, day, block], the highest load of the block, NaN where too little of it is known.
    `weather` is float64 [station, day, block, feature]: the block's mean temperature, then the trailing means of
    24, 72 and 168 hours at its end, degC; [0, …] without weather. `station` [node] is the row in `weather`, -1 for
    none. `level_kw` [node] is the scale of the node: the median of its daily maxima.
    """

    node_ids: tuple[str, ...]
    kinds: tuple[str, ...]
    days: pd.DatetimeIndex
    peak_kw: np.ndarray
    weather: np.ndarray
    station: np.ndarray

    @property
    def known_days(self) -> np.ndarray:
        """How many days of each node have every block known, int [node]."""
        return np.isfinite(self.peak_kw).all(axis=2).sum(axis=1)


def day_range(first: pd.Timestamp, days: int) -> pd.DatetimeIndex:
    """`days` local days from `first` (a day without zone)."""
    return pd.date_range(first, periods=days, freq="D")


def block_maxima(loads: Grid, calendar: Calendar, enough: float) -> tuple[pd.DatetimeIndex, np.ndarray]:
    """Local days and the maximum of each of their six blocks, kW [node, day, block].

    A block of which less than the share `enough` of intervals is known is NaN: the maximum of half a block is a
    different quantity, and a smaller one.
    """
    values = loads.values
    if values.shape[1] == 0:
        return pd.DatetimeIndex([]), np.empty((len(loads.ids), 0, BLOCKS))
    local = calendar.local(loads.times)
    slot, days = _slots(local)
    order = np.argsort(slot, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(slot[order]) > 0])
    present = slot[order][starts]
    known = np.isfinite(values[:, order])
    top = np.maximum.reduceat(np.where(known, values[:, order], -np.inf), starts, axis=1)
    count = np.add.reduceat(known.astype(np.int32), starts, axis=1)
    needed = enough * BLOCK_HOURS * 60 / loads.step_minutes
    peak = np.full((len(loads.ids), len(days) * BLOCKS), np.nan)
    peak[:, present] = np.where(count >= needed, top, np.nan)
    return days, peak.reshape(len(loads.ids), len(days), BLOCKS)


def block_weather(temperature: Grid, calendar: Calendar, days: pd.DatetimeIndex) -> np.ndarray:
    """Temperature of each block of `days` and what came before it, degC [station, day, block, feature].

    Gaps are bridged in time; a station that never reports is NaN throughout.
    """
    shape = (len(temperature.ids), len(days), BLOCKS, 1 + len(_MEMORY_HOURS))
    if not len(temperature.ids) or not temperature.values.shape[1] or not len(days):
        return np.full(shape, np.nan)
    filled = pd.DataFrame(temperature.values.T).interpolate(limit_direction="both").to_numpy().T
    local = calendar.local(temperature.times)
    slot = (local.normalize() - days[0]).days.to_numpy() * BLOCKS + local.hour.to_numpy() // BLOCK_HOURS
    inside = (slot >= 0) & (slot < len(days) * BLOCKS)
    per_hour = 60 / temperature.step_minutes
    features = [_slot_mean(filled, slot, inside, len(days) * BLOCKS)]
    for hours in _MEMORY_HOURS:
        trailing = _trailing_mean(filled, max(1, round(hours * per_hour)))
        features.append(_slot_last(trailing, slot, inside, len(days) * BLOCKS))
    stacked = np.stack(features, axis=2)
    bridged = [pd.DataFrame(one).ffill().bfill().to_numpy() for one in stacked]
    return np.stack(bridged).reshape(shape)


def _slots(local: pd.DatetimeIndex) -> tuple[np.ndarray, pd.DatetimeIndex]:
    first = local[0].normalize()
    day = (local.normalize() - first).days.to_numpy()
    return day * BLOCKS + local.hour.to_numpy() // BLOCK_HOURS, day_range(first, int(day.max()) + 1)


def _slot_mean(values: np.ndarray, slot: np.ndarray, inside: np.ndarray, size: int) -> np.ndarray:
    count = np.bincount(slot[inside], minlength=size)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.stack([np.bincount(slot[inside], row[inside], minlength=size) / count for row in values])


def _slot_last(values: np.ndarray, slot: np.ndarray, inside: np.ndarray, size: int) -> np.ndarray:
    last = np.full((len(values), size), np.nan)
    last[:, slot[inside]] = values[:, inside]
    return last


def _trailing_mean(values: np.ndarray, width: int) -> np.ndarray:
    total = np.cumsum(values, axis=1)
    before = np.zeros_like(total)
    before[:, width:] = total[:, :-width] if width < total.shape[1] else 0
    count = np.minimum(np.arange(1, values.shape[1] + 1), width)
    return (total - before) / count
