"""Shares of the tariff's periods: as billed, else from short intervals and the hours of the customer's tariff."""

import numpy as np
import pandas as pd

from features.behaviour.figures import covers, ratio, summed
from features.behaviour.known import Known
from features.errors import DataError

__all__ = ["hours_of", "period_shares"]

_COLUMNS = {"sharp_share": "sharp_kwh", "peak_period_share": "peak_kwh", "valley_share": "valley_kwh"}
_PERIODS = {"sharp_share": ("sharp",), "peak_period_share": ("peak",), "valley_share": ("valley", "deep_valley")}
_SPLIT = ["sharp_kwh", "peak_kwh", "flat_kwh", "valley_kwh"]


def period_shares(known: Known, hour_means: np.ndarray) -> dict[str, np.ndarray]:
    """sharp_share, peak_period_share, valley_share of each customer; NaN where its tariff knows no periods."""
    recent = known.bills[covers(known.bills["issued_at"], known.at, 365)]
    split = recent[recent[_SPLIT].notna().any(axis=1).to_numpy(dtype=bool)]
    place = known.place(split["customer_id"])
    total = summed(place, split["kwh"].to_numpy(dtype=float), known.count)
    # A bill that tells other periods but not this one had nothing in it.
    billed = {
        name: ratio(summed(place, split[column].to_numpy(dtype=float), known.count), total)
        for name, column in _COLUMNS.items()
    }
    metered = _metered(known, hour_means)
    return {name: np.where(np.isfinite(one), one, metered[name]) for name, one in billed.items()}


def _metered(known: Known, hour_means: np.ndarray) -> dict[str, np.ndarray]:
    """The same from the mean day, where the tariff of the latest bill has hours."""
    out = {name: np.full(known.count, np.nan) for name in _PERIODS}
    told = np.isfinite(hour_means).all(axis=1)
    if not told.any() or not len(known.tariffs) or not len(known.bills):
        return out
    bills = known.bills.sort_values(["issued_at", "bill_id"]).drop_duplicates("customer_id", keep="last")
    tariff = bills.set_index("customer_id")["tariff_id"].reindex(known.customers.index)
    valid = (known.tariffs["valid_from"] <= known.at) & ~(known.tariffs["valid_to"] <= known.at)
    prices = known.tariffs[valid.to_numpy(dtype=bool)].dropna(subset="local_hours")
    day = hour_means.sum(axis=1)
    for name, own in prices.drop_duplicates(["tariff_id", "period"]).groupby("tariff_id"):
        rows = (tariff == name).to_numpy(dtype=bool) & told
        for feature, periods in _PERIODS.items():
            hours = np.zeros(24)
            for text in own.loc[own["period"].isin(periods), "local_hours"]:
                hours += hours_of(str(text))
            out[feature][rows] = ratio(hour_means[rows] @ hours, day[rows])
    return out


def hours_of(text: str) -> np.ndarray:
    """Which part of each hour of the day lies within `text`, such as 08:00-11:00,17:00-22:00 [24]; 22:00-06:00 wraps.

    Raises DataError where the text is no list of times.
    """
    minutes = np.zeros(1440)
    for part in text.split(","):
        try:
            begin, end = (pd.to_timedelta(f"{one.strip()}:00") // pd.Timedelta(minutes=1) for one in part.split("-"))
        except ValueError as error:
            raise DataError("tariff", "local_hours", f"no list of times ({error})", 1, text) from error
        if begin < end:
            minutes[begin:end] = 1
        else:
            minutes[begin:], minutes[:end] = 1, 1
    return np.asarray(minutes.reshape(24, 60).mean(axis=1))
