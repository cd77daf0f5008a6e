"""The clock of the collection system, which goes forward in spring and back in autumn."""

import numpy as np
import pandas as pd

__all__ = ["last_skipped", "on_clock", "paired", "repeated"]


def on_clock(times: pd.DatetimeIndex, zone: str) -> pd.DatetimeIndex:
    """What the clock shows at instants in UTC."""
    return times.tz_convert(zone).tz_localize(None)


def repeated(hours: pd.DatetimeIndex, zone: str) -> np.ndarray:
    """Which of regular, ascending hours (UTC) the clock shows twice: 1 the first time, 2 the second, 0 else."""
    shown = on_clock(hours, zone)
    return np.where(shown.duplicated(keep="last"), 1, np.where(shown.duplicated(keep="first"), 2, 0))


def paired(there: np.ndarray, hours: pd.DatetimeIndex, zone: str) -> np.ndarray:
    """Readings [things × hours] that a file in order can hold: of a repeated hour no second without its first."""
    kept = there.copy()
    turn, shown = repeated(hours, zone), on_clock(hours, zone).to_numpy()
    for second in np.flatnonzero(turn == 2).tolist():
        first = int(np.flatnonzero((shown == shown[second]) & (turn == 1))[0])
        kept[:, second] &= there[:, first]
    return kept


def last_skipped(before: pd.Timestamp, zone: str) -> pd.Timestamp | None:
    """The first time of day that the clock skipped when it last went forward; None if it never does."""
    hours = pd.date_range(before - pd.Timedelta(days=400), before, freq="h", tz="UTC" if before.tz is None else None)
    shown = on_clock(hours, zone)
    jumps = np.flatnonzero(np.diff(shown.to_numpy()) > np.timedelta64(1, "h"))
    return None if len(jumps) == 0 else shown[jumps[-1]].floor("h") + pd.Timedelta(hours=1)
