"""Features of applications: what a customer asked for, how long it took, and what came of it."""

import numpy as np
import pandas as pd

from features.behaviour.figures import counted, covers, ratio, reaches_back, summed
from features.behaviour.known import Known
from features.behaviour.limits import ApplicationLimits
from features.clock import Calendar

__all__ = ["application_features", "working_days"]

_SPAN = 1095
_OPEN = ("submitted", "surveyed", "approved")


def application_features(known: Known, limits: ApplicationLimits) -> pd.DataFrame:
    """Index customer_id; every feature of the group "applications". Without a table of applications, NaN."""
    index, count = known.customers.index, known.count
    every = known.applications[(known.applications["submitted_at"] <= known.at).to_numpy(dtype=bool)]
    place = known.place(every["customer_id"])
    mine, place = every[place >= 0], place[place >= 0]
    columns = {"kva_growth_share": _growth(known, mine, place)}
    if not len(every):
        return pd.DataFrame(columns, index=index)
    open_now = mine["status"].isin(_OPEN).to_numpy(dtype=bool)
    columns["application_open"] = (counted(place[open_now], count) > 0).astype(float)
    recent = covers(mine["submitted_at"], known.at, _SPAN)
    columns["application_cycle_ratio"] = _cycle(known, mine[recent], place[recent], limits)
    if not reaches_back(every["submitted_at"], known.at, _SPAN):
        return pd.DataFrame(columns, index=index)
    more = recent & mine["kind"].isin(("new", "increase")).to_numpy(dtype=bool)
    withdrawn = recent & (mine["status"] == "withdrawn").to_numpy(dtype=bool)
    constrained = mine["source_constrained"].fillna(False).to_numpy(dtype=bool)
    columns |= {
        "applications_36m": counted(place[recent], count),
        "requested_kva_36m": summed(place[more], mine["requested_kva"].to_numpy(dtype=float)[more], count),
        "withdrawn_36m": counted(place[withdrawn], count),
        "constrained_36m": counted(place[recent & constrained], count),
    }
    return pd.DataFrame(columns, index=index)


def _growth(known: Known, mine: pd.DataFrame, place: np.ndarray) -> np.ndarray:
    """Growth of agreed capacity by the ledger; where that says none, by what was supplied after an application.

    Ledgers of contracts are often brought up to date long after supply began.
    """
    now, before = (known.customers[name].to_numpy(dtype=float) for name in ("contract_kva", "earlier_kva"))
    by_ledger = ratio(now, before) - 1
    done = covers(mine["energised_at"], known.at, _SPAN)
    sign = mine["kind"].astype("str").map({"increase": 1.0, "decrease": -1.0}).fillna(0.0).to_numpy(dtype=float)
    asked = sign * mine["requested_kva"].to_numpy(dtype=float)
    by_supply = ratio(summed(place[done], asked[done], known.count), before)
    return np.where(by_ledger == 0, by_supply, by_ledger)


def _cycle(known: Known, recent: pd.DataFrame, place: np.ndarray, limits: ApplicationLimits) -> np.ndarray:
    """Working days of the latest application, from hand-in to its end or to now, over the limit."""
    latest = recent.assign(place=place).sort_values(["submitted_at", "application_id"])
    latest = latest.drop_duplicates("place", keep="last")
    end = latest["energised_at"].fillna(latest["closed_at"]).fillna(known.at)
    taken = working_days(known.calendar, latest["submitted_at"], end)
    classes, kva = latest["customer_class"].to_numpy(dtype=str), latest["requested_kva"].to_numpy(dtype=float)
    out = np.full(known.count, np.nan)
    out[latest["place"].to_numpy()] = taken / limits.working_days(limits.end_to_end, classes, kva)
    return out


def working_days(calendar: Calendar, begin: pd.Series, end: pd.Series) -> np.ndarray:
    """Working days after the local day of `begin`, up to and with that of `end`: hand-in day is day zero."""
    first, last = (calendar.local(pd.DatetimeIndex(one)).normalize() for one in (begin, end))
    if not len(first):
        return np.zeros(0)
    days = pd.date_range(min(first.min(), last.min()), max(first.max(), last.max()), freq="D")
    worked = np.cumsum(~calendar.days(days)["off"].to_numpy(dtype=bool))
    span = [np.asarray((one - days[0]).days, dtype=int) for one in (first, last)]
    return np.asarray(worked[span[1]] - worked[span[0]], dtype=float)
