"""What customers draw in a block of the day before and after a contact, from meters that are read within the day."""

import numpy as np
import pandas as pd

from features.behaviour.metering import read_use
from features.clock import Calendar
from features.lake import Lake
from serving.decisions.pushes.catalogue import Load, Service
from training.peak.blocks import BLOCK_HOURS, BLOCKS

__all__ = ["DAYS", "drawing", "main_block"]

DAYS = 28
"""Days that are looked at before the decision, and at the end of the window: whole weeks."""

_LEAST_KNOWN = 0.5
_FULL = np.array([0.45, 0.4, 0.6, 0.6, 0.8, 1.0])


def main_block(service: Service) -> int:
    """The block a service is meant to free most in, or adds most in; the last one where it does neither."""
    load: Load = service.load
    # What is a share of the customer's own load is most where that is.
    change = np.array(load.kw) + np.array(load.own_share) * _FULL
    if load.frees:
        return int(change.argmin())
    return int(change.argmax()) if load.adds else BLOCKS - 1


def drawing(
    lake: Lake,
    calendar: Calendar,
    contacts: pd.DataFrame,
    blocks: np.ndarray,
    window_days: int,
    now: pd.Timestamp,
) -> pd.DataFrame:
    """kw_before, kw_after by contact (index push_id): mean kW in its block of `blocks` over DAYS before the decision,
    and over the last DAYS of the window, by readings available at `now`. NaN without intervals of an hour or less.
    """
    columns = ["kw_before", "kw_after"]
    out = pd.DataFrame(np.nan, index=pd.Index(contacts["push_id"], name="push_id"), columns=columns)
    local = calendar.local(pd.DatetimeIndex(contacts["decided_at"])).normalize()
    for day in local.unique():
        mine = np.flatnonzero(local == day)
        ids = pd.Index(sorted(contacts["customer_id"].iloc[mine].unique()))
        rows = ids.get_indexer(pd.Index(contacts["customer_id"].iloc[mine]))
        for place, until in enumerate((day, day + pd.Timedelta(days=window_days))):
            kw = _block_kw(lake, calendar, ids, until, now)
            out.iloc[mine, place] = kw[rows, blocks[mine]]
    return out


def _block_kw(lake: Lake, calendar: Calendar, ids: pd.Index, until: pd.Timestamp, now: pd.Timestamp) -> np.ndarray:
    """Mean kW of each block of the DAYS local days before `until` [customers × blocks]."""
    _, intervals = read_use(lake, calendar, ids, until, DAYS, now)
    out = np.full((len(ids), BLOCKS), np.nan)
    if intervals is None:
        return out
    block = calendar.local(intervals.times).hour.to_numpy() // BLOCK_HOURS
    kw = intervals.kwh * np.float32(60 / intervals.step_minutes)
    for one in range(BLOCKS):
        mine = kw[:, block == one]
        known = np.isfinite(mine)
        count = known.sum(axis=1)
        total = np.where(known, mine, 0).sum(axis=1, dtype=np.float64)
        enough = count >= max(_LEAST_KNOWN * mine.shape[1], 1)
        out[:, one] = np.where(enough, total / np.maximum(count, 1), np.nan)
    return out
