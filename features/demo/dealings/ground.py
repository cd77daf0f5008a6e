"""The territory on which customers and the utility deal with each other, and the months those dealings run over."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from features.demo.customers import Customers
from features.demo.days import Days
from features.demo.load import Load
from features.demo.metering import Metering
from features.demo.network import Network
from features.demo.readings import Readings

__all__ = ["Ground", "instants"]

# Streams of the dealings begin where those of the territory itself will not come to.
_FIRST_STREAM = 200


@dataclass(frozen=True)
class Ground:
    """What was simulated before anybody wrote a bill; nothing here is changed by the dealings.

    Days of daily use [D] are counted from `customers.first_day` and called span days.
    """

    seed: int
    days: Days
    network: Network
    load: Load
    customers: Customers
    readings: Readings
    metering: Metering
    applications: pd.DataFrame

    def rng(self, part: int) -> np.random.Generator:
        """The stream of one part of the dealings, so that a change of one leaves the draws of the others alone."""
        return np.random.default_rng([self.seed, _FIRST_STREAM + part])

    @property
    def count(self) -> int:
        """How many customers there are."""
        return len(self.customers.customer_ids)

    @property
    def span(self) -> int:
        """How many days of daily use there are."""
        return len(self.days.dates) - self.customers.first_day

    @cached_property
    def since(self) -> np.ndarray:
        """The span day on which each customer was connected, 0 for those that were there before."""
        return np.maximum(self.customers.since - self.customers.first_day, 0)

    @property
    def until(self) -> np.ndarray:
        """The span day on which each account ends, `span` for those that do not."""
        return self.customers.until

    @property
    def end(self) -> pd.Timestamp:
        """The instant after the last day, UTC: what is known later is in no file."""
        return self.days.utc(len(self.days.dates))

    def utc(self, span_day: np.ndarray) -> pd.DatetimeIndex:
        """Local midnight of span days, or the moment within one where the number has a fraction, to the minute."""
        minutes = np.round((self.customers.first_day + np.asarray(span_day, dtype=float)) * 1440)
        return pd.DatetimeIndex(self.days.start_utc + pd.to_timedelta(minutes, unit="min")).as_unit("us")

    @cached_property
    def months(self) -> np.ndarray:
        """Span days on which a local month begins, with the first and the last of the span [months + 1]."""
        dates = self.days.dates[self.customers.first_day :]
        first = np.flatnonzero(dates.day == 1)
        after = dates[-1] + pd.Timedelta(days=1)
        ends = [self.span] if after.day == 1 else []
        return np.unique(np.concatenate([[0], first, ends])).astype(int)

    def hall(self, area: np.ndarray, span_day: np.ndarray) -> np.ndarray:
        """Number of the hall that looks after each area on each day; areas are handed over once in a while."""
        hall = self.network.hall_of_feeder[self.network.feeder_of_area[area]].copy()
        for moved, day, target in self.network.moves:
            hall[(area == moved) & (span_day + self.customers.first_day >= day)] = target
        return hall


def instants(frame: pd.DataFrame, *names: str) -> pd.DataFrame:
    """The frame with its columns `names`, put together from parts with and without times, as instants in UTC."""
    return frame.assign(**{name: pd.to_datetime(frame[name], utc=True).dt.as_unit("us") for name in names})
