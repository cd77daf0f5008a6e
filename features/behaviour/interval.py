"""Features of use within the day: peak and base, parts of the day, coincidence with the feeder, export."""

import numpy as np
import pandas as pd

from features.behaviour.figures import blocks, ratio
from features.behaviour.known import IntervalUse, Known
from features.behaviour.periods import period_shares
from features.behaviour.shapes import STANDARD_SHAPES, assign, day_shares, hour_means, known_enough

__all__ = ["interval_features"]

_PARTS = {
    "night_share": (22, 23, 0, 1, 2, 3, 4, 5),
    "morning_share": (6, 7, 8, 9),
    "evening_share": (18, 19, 20, 21),
}
_BASE = 0.05
_TOP_HOURS, _LEAST_HOURS = 10, 5
_YEAR = pd.Timedelta(days=365)


def interval_features(known: Known, centres: np.ndarray | None = None) -> pd.DataFrame:
    """Index customer_id; every feature of the group "interval use". Bills tell some of them without intervals.

    `centres` are those of `shape_cluster`; without any, the standard shapes.
    """
    means = hour_means(known)
    columns = period_shares(known, means)
    peak = np.full(known.count, np.nan)
    if known.intervals is not None:
        power = _power(known, known.intervals)
        peak = power["peak_kw"]
        columns |= power | _shape(means, STANDARD_SHAPES if centres is None else centres)
        columns["feeder_coincidence"] = ratio(_at_feeder_peak(known, known.intervals), peak)
    highest = np.where(np.isfinite(peak), peak, _billed_demand(known))
    columns["contract_use_share"] = ratio(highest, known.customers["contract_kva"].to_numpy(dtype=float))
    return pd.DataFrame(columns, index=known.customers.index)


def _power(known: Known, use: IntervalUse) -> dict[str, np.ndarray]:
    names = ("peak_kw", "base_kw", "load_factor", "export_share")
    out = {name: np.full(known.count, np.nan) for name in names}
    for rows in blocks(known.count):
        kw = use.kwh[rows] * np.float32(60 / use.step_minutes)
        heard = np.isfinite(kw)
        count, enough = heard.sum(axis=1), known_enough(known, rows)
        # What is not known goes to the end.
        ranked = np.sort(kw, axis=1)
        row = np.arange(len(kw))
        peak = np.where(enough, ranked[row, np.maximum(count - 1, 0)], np.nan).astype(float)
        base = ranked[row, np.maximum(np.floor(_BASE * (count - 1)), 0).astype(int)]
        net = np.where(heard, kw, 0).sum(axis=1, dtype=float)
        given = np.where(heard, np.maximum(-kw, 0), 0).sum(axis=1, dtype=float)
        out["peak_kw"][rows] = peak
        out["base_kw"][rows] = np.where(enough, base, np.nan)
        out["load_factor"][rows] = ratio(ratio(net, count), peak)
        out["export_share"][rows] = np.where(enough, ratio(given, net + 2 * given), np.nan)
    return out


def _shape(means: np.ndarray, centres: np.ndarray) -> dict[str, np.ndarray]:
    shares = day_shares(means)
    told = np.isfinite(shares).all(axis=1)
    # Adding 0 turns the minus zero of a single busy hour into zero.
    log = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    entropy = -(np.where(told[:, None], shares, 0.0) * log).sum(axis=1) / np.log(shares.shape[1]) + 0.0
    columns = {name: np.where(told, shares[:, list(hours)].sum(axis=1), np.nan) for name, hours in _PARTS.items()}
    peak = np.where(told, np.where(told[:, None], shares, 0.0).argmax(axis=1), np.nan)
    cluster = assign(centres, shares)
    return columns | {
        "peak_hour": peak,
        "shape_cluster": cluster,
        "shape_entropy": np.where(told, entropy, np.nan),
    }


def _at_feeder_peak(known: Known, use: IntervalUse) -> np.ndarray:
    """Mean power of each customer in the highest hours of its feeder, kW; NaN where few of them are known."""
    out = np.full(known.count, np.nan)
    if known.feeder_kw.empty:
        return out
    feeder = known.customers["area_id"].map(known.areas["feeder_id"])
    hours = use.times.floor("h")
    load = known.feeder_kw[known.feeder_kw.index.isin(hours)]
    for name in (one for one in load.columns if load[one].notna().any()):
        rows = np.flatnonzero((feeder == name).to_numpy(dtype=bool))
        top = load[name].nlargest(_TOP_HOURS).index
        kw = use.kwh[np.ix_(rows, np.flatnonzero(hours.isin(top)))].astype(float) * 60 / use.step_minutes
        heard = np.isfinite(kw)
        enough = heard.sum(axis=1) * use.step_minutes >= 60 * _LEAST_HOURS
        mean = ratio(np.where(heard, kw, 0.0).sum(axis=1), heard.sum(axis=1))
        out[rows] = np.where(enough, mean, np.nan)
    return out


def _billed_demand(known: Known) -> np.ndarray:
    """The highest demand billed within a year, kW; NaN where none was."""
    bills = known.bills
    recent = ((bills["issued_at"] > known.at - _YEAR) & (bills["issued_at"] <= known.at)).to_numpy(dtype=bool)
    demand = bills["demand_kw"].to_numpy(dtype=float)
    place = known.place(bills["customer_id"])
    mine = recent & (place >= 0) & np.isfinite(demand)
    out = np.full(known.count, -np.inf)
    np.maximum.at(out, place[mine], demand[mine])
    return np.where(np.isfinite(out), out, np.nan)
