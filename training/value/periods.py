"""The moments value is learnt from, and the periods before and after them."""

from dataclasses import dataclass

import pandas as pd

from features.behaviour.metering import midnights
from features.clock import Calendar
from features.errors import NotFoundError
from features.lake import Lake
from training.value.config import ValueConfig
from training.value.policy import ValuePolicy

__all__ = ["YEAR", "Periods", "origins"]

YEAR = pd.Timedelta(days=365)


@dataclass(frozen=True)
class Periods:
    """What lies before and after `at`; all UTC. `days` after it are the outcome.

    The last period is the latest year of which all bills are in. A shorter outcome is held against the same days of the
    year before, which season and bills allow once they are in; that of a whole year against the last period.
    """

    at: pd.Timestamp
    days: int
    settle_days: int

    @property
    def last(self) -> tuple[pd.Timestamp, pd.Timestamp]:
        """Begin and end of the last period."""
        end = self.at - pd.Timedelta(days=self.settle_days)
        return end - YEAR, end

    @property
    def before(self) -> tuple[pd.Timestamp, pd.Timestamp]:
        """What the outcome is held against."""
        if self.days + self.settle_days > YEAR.days:
            return self.last
        return self.at - YEAR, self.at - YEAR + pd.Timedelta(days=self.days)

    @property
    def after(self) -> tuple[pd.Timestamp, pd.Timestamp]:
        """Begin and end of the outcome."""
        return self.at, self.at + pd.Timedelta(days=self.days)

    @property
    def known_at(self) -> pd.Timestamp:
        """From when on the outcome is known."""
        return self.after[1] + pd.Timedelta(days=self.settle_days)


def origins(
    lake: Lake, calendar: Calendar, config: ValueConfig, policy: ValuePolicy, as_of: pd.Timestamp | None
) -> list[Periods]:
    """Local month beginnings with a year of bills before and an outcome known at `as_of`, oldest first.

    Raises NotFoundError where the lake holds too little for a single one.
    """
    bills = lake.read("bill", columns=["start_utc", "available_at"], as_of=as_of)
    if bills.empty:
        raise NotFoundError("the lake holds no bill: ingest bills before value is learnt")
    end = bills["available_at"].max() if as_of is None else as_of
    first = bills["start_utc"].min()
    month = calendar.local(pd.DatetimeIndex([end]))[0].normalize().replace(day=1)
    found: list[Periods] = []
    while len(found) < config.most_origins:
        if (month.month - 1) % config.origin_step_months == 0:
            at = pd.Timestamp(midnights(calendar, month, 1)[0])
            periods = Periods(at, config.horizon_days, policy.settle_days)
            if periods.last[0] < first - pd.Timedelta(days=1):
                break
            found += [periods] if periods.known_at <= end else []
        elif month < calendar.local(pd.DatetimeIndex([first]))[0]:
            break
        month -= pd.DateOffset(months=1)
    if not found:
        needed = YEAR.days + config.horizon_days + 2 * policy.settle_days
        told = f"bills of {needed} days are needed for one case, those in the lake reach from {first} to {end}"
        raise NotFoundError(f"no value can be learnt yet: {told}")
    return found[::-1]
