"""Everything known of customers at one moment: what every feature is made from, and nothing else."""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

from features.behaviour.use import DailyUse
from features.clock import Calendar
from features.contracts import CONTRACTS
from features.frames import empty_frame

__all__ = ["AREA_COLUMNS", "CUSTOMER_COLUMNS", "TABLE_COLUMNS", "IntervalUse", "Known", "last_days"]

CUSTOMER_COLUMNS = ("area_id", "customer_class", "contract_kva", "earlier_kva", "since", "hall_id")
"""Columns of `Known.customers`: `since` is the first instant the account was valid, `earlier_kva` the agreed capacity
36 months before the moment, or the first one told of since."""

AREA_COLUMNS = ("hall_id", "feeder_id", "above", "rating_kva", "power_factor", "peak_kw", "mean_kw_90d")
"""Columns of `Known.areas`: `above` is a tuple of all nodes and units an event may name to mean the area, `peak_kw` the
highest load of the last 365 days, `mean_kw_90d` the mean load of the last 90."""

TABLE_COLUMNS: dict[str, tuple[str, ...]] = {
    "bill": (
        *("bill_id", "customer_id", "tariff_id", "start_utc", "end_utc", "kwh", "sharp_kwh", "peak_kwh", "flat_kwh"),
        *("valley_kwh", "demand_kw", "amount_cny", "issued_at", "due_at"),
    ),
    "payment": ("customer_id", "bill_id", "paid_at", "amount_cny", "channel", "autopay"),
    "tariff": ("tariff_id", "period", "local_hours", "valid_from", "valid_to"),
    "work_order": ("work_order_id", "customer_id", "node_id", "kind", "opened_at", "repeats_id"),
    "satisfaction": ("customer_id", "score", "answered_at"),
    "app_activity": ("customer_id", "start_utc", "active_minutes"),
    "application": (
        *("application_id", "customer_id", "kind", "customer_class", "requested_kva", "status", "submitted_at"),
        *("approved_at", "energised_at", "closed_at", "source_constrained"),
    ),
    "event": ("event_id", "kind", "scope_kind", "scope_id", "start_utc", "end_utc"),
}
"""What features read of each table, besides measurements and ledgers."""


def _none(table: str) -> pd.DataFrame:
    return empty_frame(CONTRACTS[table], TABLE_COLUMNS[table])


@dataclass(frozen=True)
class IntervalUse:
    """`kwh` [customers × intervals], float32, NaN where not known, in the order of `DailyUse`.

    The intervals run from `start`, the UTC instant of a local midnight, in steps of `step_minutes` (at most 60).
    """

    start: pd.Timestamp
    step_minutes: int
    kwh: np.ndarray

    @property
    def times(self) -> pd.DatetimeIndex:
        """Start of each interval, UTC."""
        return pd.date_range(self.start, periods=self.kwh.shape[1], freq=f"{self.step_minutes}min")


@dataclass(frozen=True)
class Known:
    """What was known at `at` (UTC). An empty table is one the territory does not have: what is made of it is unknown.

    `customers` is indexed by customer_id, sorted, with `CUSTOMER_COLUMNS`; the rows of `use` and `intervals` follow it.
    `temperature_c` is the mean air temperature of local days (index: the day, without zone). `areas` is indexed by
    area_id, with `AREA_COLUMNS`; `feeder_kw` has a column per feeder and rows by UTC hour, where interval use exists.
    The other frames have the columns of `TABLE_COLUMNS`, one row per key.
    """

    at: pd.Timestamp
    calendar: Calendar
    customers: pd.DataFrame
    use: DailyUse
    intervals: IntervalUse | None = None
    temperature_c: pd.Series = field(default_factory=lambda: pd.Series(dtype=float))
    areas: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(AREA_COLUMNS)))
    feeder_kw: pd.DataFrame = field(default_factory=pd.DataFrame)
    bills: pd.DataFrame = field(default_factory=lambda: _none("bill"))
    payments: pd.DataFrame = field(default_factory=lambda: _none("payment"))
    tariffs: pd.DataFrame = field(default_factory=lambda: _none("tariff"))
    work_orders: pd.DataFrame = field(default_factory=lambda: _none("work_order"))
    satisfaction: pd.DataFrame = field(default_factory=lambda: _none("satisfaction"))
    app_activity: pd.DataFrame = field(default_factory=lambda: _none("app_activity"))
    applications: pd.DataFrame = field(default_factory=lambda: _none("application"))
    events: pd.DataFrame = field(default_factory=lambda: _none("event"))

    @classmethod
    def of_use(
        cls, at: pd.Timestamp, calendar: Calendar, use: DailyUse, temperature_c: pd.Series | None = None
    ) -> "Known":
        """Customers of whom nothing but their daily use is known, as public data sets have it."""
        index = pd.Index(use.customer_ids, dtype="str", name="customer_id")
        nothing = {
            name: pd.Series(None, index=index, dtype=object) for name in ("area_id", "customer_class", "hall_id")
        }
        figures = {name: pd.Series(np.nan, index=index) for name in ("contract_kva", "earlier_kva")}
        since = pd.Series(pd.NaT, index=index, dtype="datetime64[us, UTC]")
        customers = pd.DataFrame({**nothing, **figures, "since": since})[list(CUSTOMER_COLUMNS)]
        weather = pd.Series(dtype=float) if temperature_c is None else temperature_c
        return cls(at=at, calendar=calendar, customers=customers, use=use, temperature_c=weather)

    @property
    def count(self) -> int:
        """How many customers there are."""
        return len(self.customers)

    @cached_property
    def today(self) -> pd.Timestamp:
        """The local day of `at`, without zone: no day from it on is over."""
        return pd.Timestamp(self.calendar.local(pd.DatetimeIndex([self.at]))[0]).normalize()

    def rows(self, positions: np.ndarray) -> "Known":
        """Some of the customers, by their places, with all that is known of them; tables keep the others' rows."""
        intervals = self.intervals
        if intervals is not None:
            intervals = replace(intervals, kwh=intervals.kwh[positions])
        customers = self.customers.iloc[positions]
        return replace(self, customers=customers, use=self.use.rows(positions), intervals=intervals)

    def place(self, ids: pd.Series) -> np.ndarray:
        """Row of each customer_id, -1 where there is none (closed accounts, other people's rows)."""
        if isinstance(ids.dtype, pd.CategoricalDtype):
            rows = np.append(self.customers.index.get_indexer(ids.cat.categories), -1)
            return np.asarray(rows[ids.cat.codes.to_numpy()])
        return np.asarray(self.customers.index.get_indexer(pd.Index(ids)))


def last_days(use: DailyUse, today: pd.Timestamp, width: int, rows: slice = slice(None)) -> np.ndarray:
    """`kwh` of the `width` local days before `today`, float64 [rows × width]; NaN where the use does not reach."""
    held = use.kwh[rows]
    out = np.full((held.shape[0], width), np.nan)
    # Place in the use of the first wanted day; days from today on are not looked at, whatever the use holds.
    first = (today - use.first_day).days - width
    begin, end = max(first, 0), min(first + width, held.shape[1])
    if end > begin:
        out[:, begin - first : end - first] = held[:, begin:end]
    return out
