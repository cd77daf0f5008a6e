"""Daily use of many customers as one dense array: what every feature and model of customers reads."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

__all__ = ["DailyUse"]


@dataclass(frozen=True)
class DailyUse:
    """`kwh` [customers × days], float32, NaN where a day is not known; days are local, from `first_day` on.

    Invariants: customers are sorted and unique, `first_day` is a midnight without zone, no day is left out.
    """

    customer_ids: tuple[str, ...]
    first_day: pd.Timestamp
    kwh: np.ndarray

    @property
    def days(self) -> pd.DatetimeIndex:
        """Local days of the columns, without zone."""
        return pd.date_range(self.first_day, periods=self.kwh.shape[1], freq="D")

    @property
    def end_day(self) -> pd.Timestamp:
        """The local day after the last one."""
        return self.first_day + pd.Timedelta(days=self.kwh.shape[1])

    def until(self, day: pd.Timestamp) -> "DailyUse":
        """The days before local `day`; it says nothing of when they became known: a reading as of a moment does."""
        width = int(np.clip((day - self.first_day).days, 0, self.kwh.shape[1]))
        return replace(self, kwh=self.kwh[:, :width])

    def rows(self, positions: np.ndarray) -> "DailyUse":
        """Some of the customers, by their places."""
        ids = tuple(self.customer_ids[place] for place in positions)
        return replace(self, customer_ids=ids, kwh=self.kwh[positions])
