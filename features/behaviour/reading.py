"""Reading what was known of customers at a moment: the edge between the lake and the pure features."""

import pandas as pd

from features.behaviour.areas import read_areas, read_feeders
from features.behaviour.dayplan import WIDTH
from features.behaviour.known import CUSTOMER_COLUMNS, TABLE_COLUMNS, Known
from features.behaviour.metering import read_use
from features.behaviour.temperature import read_temperature
from features.clock import Calendar
from features.errors import NotFoundError
from features.lake import Lake
from features.workspace import TerritorySettings

__all__ = ["read_known"]

_BACK = pd.DateOffset(months=36)


def read_known(
    lake: Lake,
    territory: TerritorySettings,
    at: pd.Timestamp,
    as_of: pd.Timestamp | None = None,
    use_days: int = WIDTH,
) -> Known:
    """What is known of the customers that are valid at `at`, from rows available at `at` (at `as_of`, where earlier).

    Of use, the `use_days` local days before. Raises NotFoundError where no customer was known then.
    """
    told = at if as_of is None else min(at, as_of)
    calendar = Calendar(territory.time_zone, territory.country, territory.subdivision)
    customers = _customers(lake, at, told)
    if customers.empty:
        raise NotFoundError(f"the lake holds no customer that is known and valid at {at.isoformat()}")
    today = pd.Timestamp(calendar.local(pd.DatetimeIndex([at]))[0]).normalize()
    use, intervals = read_use(lake, calendar, customers.index, today, use_days, told)
    areas = read_areas(lake, sorted(set(customers["area_id"])), at, told)
    customers["hall_id"] = customers["area_id"].map(areas["hall_id"])
    tables = {name: lake.read(name, as_of=told, columns=columns) for name, columns in TABLE_COLUMNS.items()}
    return Known(
        at=at,
        calendar=calendar,
        customers=customers[list(CUSTOMER_COLUMNS)],
        use=use,
        intervals=intervals,
        temperature_c=read_temperature(lake, calendar, use.first_day, use_days, told),
        areas=areas,
        feeder_kw=pd.DataFrame() if intervals is None else read_feeders(lake, areas, intervals.start, told),
        bills=tables["bill"],
        payments=tables["payment"],
        tariffs=tables["tariff"],
        work_orders=tables["work_order"],
        satisfaction=tables["satisfaction"],
        app_activity=tables["app_activity"],
        applications=tables["application"],
        events=tables["event"],
    )


def _customers(lake: Lake, at: pd.Timestamp, told: pd.Timestamp) -> pd.DataFrame:
    """Index customer_id, sorted; what holds at `at`, since when the account is there, and its capacity before."""
    columns = ["customer_id", "area_id", "customer_class", "contract_kva"]
    now = lake.valid("customer", at=at, as_of=told)[columns].set_index("customer_id").sort_index()
    every = lake.read("customer", as_of=told).sort_values(["customer_id", "valid_from"], kind="stable")
    since = every.groupby("customer_id")["valid_from"].min()
    rated = every.dropna(subset="contract_kva")
    first = rated.drop_duplicates("customer_id").set_index("customer_id")["contract_kva"]
    before = rated[rated["valid_from"] <= at - _BACK].drop_duplicates("customer_id", keep="last")
    earlier = before.set_index("customer_id")["contract_kva"].reindex(now.index).fillna(first.reindex(now.index))
    return now.assign(earlier_kva=earlier, since=since.reindex(now.index))
