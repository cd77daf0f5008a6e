"""Features of contacts: what customers turned to the utility with, faults around them, and the mobile application."""

import numpy as np
import pandas as pd

from features.behaviour.figures import counted, covers, ratio, reaches_back, summed
from features.behaviour.known import Known

__all__ = ["contact_features"]

_YEAR, _QUARTER, _WEEK = 365, 90, pd.Timedelta(days=7)
_KINDS = {
    "complaints_12m": "complaint",
    "faults_12m": "fault",
    "enquiries_12m": "enquiry",
    "requests_12m": "request",
}


def contact_features(known: Known) -> pd.DataFrame:
    """Index customer_id; every feature of the group "contacts". Of a table the territory does not have, NaN."""
    columns = _orders(known) | _app(known) | _content(known)
    return pd.DataFrame(columns, index=known.customers.index)


def _orders(known: Known) -> dict[str, np.ndarray]:
    every, count = known.work_orders, known.count
    if not len(every):
        return {}
    every = every[(every["opened_at"] <= known.at).to_numpy(dtype=bool)]
    place = known.place(every["customer_id"])
    ago = np.asarray((known.at - every["opened_at"]).dt.total_seconds(), dtype=float) / 86_400
    last = np.full(count, np.inf)
    np.minimum.at(last, place[place >= 0], ago[place >= 0])
    columns = {"days_since_contact": np.where(np.isfinite(last), last, np.nan)}
    if not reaches_back(every["opened_at"], known.at, _YEAR):
        return columns
    recent = covers(every["opened_at"], known.at, _YEAR)
    columns["contacts_12m"] = counted(place[recent], count)
    for name, kind in _KINDS.items():
        columns[name] = counted(place[recent & (every["kind"] == kind).to_numpy(dtype=bool)], count)
    columns["repeats_7d_12m"] = counted(place[recent & _repeated(every, place)], count)
    columns["outage_days_12m"] = _fault_days(known, every[recent], place[recent])
    return columns


def _repeated(orders: pd.DataFrame, place: np.ndarray) -> np.ndarray:
    """Whether each order was opened within seven days of the one before: of the customer and kind, or that it names."""
    frame = orders.assign(place=place).sort_values("opened_at", kind="stable")
    before = frame.groupby(["place", frame["kind"].astype("str")])["opened_at"].shift()
    named = frame["repeats_id"].map(orders.set_index("work_order_id")["opened_at"])
    soon = pd.Series(False, index=frame.index)
    for earlier in (before, pd.to_datetime(named, utc=True)):
        soon |= (frame["opened_at"] - earlier) <= _WEEK
    return soon.reindex(orders.index).to_numpy(dtype=bool) & (place >= 0)


def _fault_days(known: Known, orders: pd.DataFrame, place: np.ndarray) -> np.ndarray:
    """Distinct local days with a fault reported by the customer, or by anybody about its area."""
    fault = (orders["kind"] == "fault").to_numpy(dtype=bool)
    orders, place = orders[fault], place[fault]
    day = known.calendar.local(pd.DatetimeIndex(orders["opened_at"])).normalize()
    ago = np.asarray((known.today - day).days, dtype=int)
    areas, area_of = np.unique(known.customers["area_id"].to_numpy(dtype=str), return_inverse=True)
    area = pd.Index(areas).get_indexer(pd.Index(orders["node_id"]))
    width = _YEAR + 2
    about = np.zeros((len(areas), width), dtype=bool)
    about[area[area >= 0], ago[area >= 0]] = True
    mine = place >= 0
    own = np.unique(place[mine] * width + ago[mine])
    # Days of the area, and those of its own on which the area had none.
    alone = ~about[area_of[own // width], own % width]
    return np.asarray(about.sum(axis=1)[area_of] + counted(own[alone] // width, known.count), dtype=float)


def _app(known: Known) -> dict[str, np.ndarray]:
    if not len(known.app_activity) or not reaches_back(known.app_activity["start_utc"], known.at, _QUARTER):
        return {}
    recent = known.app_activity[covers(known.app_activity["start_utc"], known.at, _QUARTER)]
    place = known.place(recent["customer_id"])
    day = known.calendar.local(pd.DatetimeIndex(recent["start_utc"])).normalize()
    ago = np.asarray((known.today - day).days, dtype=int)
    width, mine = _QUARTER + 2, place >= 0
    visits = np.unique(place[mine] * width + ago[mine])
    minutes = recent["active_minutes"].to_numpy(dtype=float, na_value=np.nan)
    active = counted(visits // width, known.count)
    told = counted(place[np.isfinite(minutes)], known.count)
    # Visits of which nobody recorded the length are no visits of no length.
    length = np.where((active > 0) & (told == 0), np.nan, summed(place, minutes, known.count))
    return {"app_active_days_90d": active, "app_minutes_90d": length}


def _content(known: Known) -> dict[str, np.ndarray]:
    recent = known.satisfaction[covers(known.satisfaction["answered_at"], known.at, _YEAR)]
    place = known.place(recent["customer_id"])
    total = summed(place, recent["score"].to_numpy(dtype=float), known.count)
    return {"satisfaction_12m": ratio(total, counted(place, known.count))}
