"""Does energy add up: what an area draws, and what its customers use."""

import numpy as np
import pandas as pd

from features.quality.checks.outcome import Outcome, nothing, of_counts
from features.quality.counts import ALL_SOURCES
from features.quality.reading import Tables
from features.quality.rules import LineLoss, Rule

__all__ = ["line_loss"]


def line_loss(tables: Tables, rule: Rule, check: LineLoss, examples: int) -> Outcome:  # noqa: ARG001
    """Days of areas whose customers are all metered, and of which the losses lie out of range.

    A day counts where the area's load is known for every hour that its meters' day spans and every meter was read.
    """
    areas = _covered(tables, check.coverage)
    use = tables.rows("consumption", ["end_utc", "kwh"], check.days)
    if use.empty or not areas.size:
        return nothing()
    use = use.assign(area=use["meter_id"].astype("str").map(_area_of_meter(tables)))
    use = use[use["area"].isin(areas)]
    meters = use.groupby("area")["meter_id"].nunique()
    daily = use.groupby(["area", "start_utc", "end_utc"], as_index=False).agg(kwh=("kwh", "sum"), read=("kwh", "size"))
    daily = daily[daily["read"] == daily["area"].map(meters)]
    if daily.empty:
        return nothing()
    drawn = _drawn(tables, daily, check.days)
    daily = daily.assign(drawn=drawn).dropna(subset=["drawn"])
    daily = daily[daily["drawn"] > 0]
    loss = 1 - daily["kwh"] / daily["drawn"]
    failed = ((loss < check.at_least) | (loss > check.at_most)).to_numpy(dtype=bool)
    units = tables.units("transformer", pd.DataFrame({"node_id": daily["area"].to_numpy()}))
    counts = pd.DataFrame({"source": ALL_SOURCES, "unit": units, "checked": 1, "failed": failed})
    shown, lost = daily[failed].head(examples), loss[failed].head(examples)
    told = (
        shown["area"]
        + " · "
        + shown["start_utc"].dt.strftime("%Y-%m-%d %H:%M")
        + " · "
        + lost.map("{:.0%}".format).astype("str")
    )
    return of_counts(counts, tuple(told)) if len(counts) else nothing()


def _area_of_meter(tables: Tables) -> pd.Series:
    meters = tables.holding("meter", ["customer_id"]).drop_duplicates("meter_id", keep="last")
    accounts = tables.holding("customer", ["area_id"]).drop_duplicates("customer_id", keep="last")
    area = accounts.set_index("customer_id")["area_id"]
    return meters.set_index("meter_id")["customer_id"].map(area)


def _covered(tables: Tables, coverage: float) -> np.ndarray:
    """Areas whose customers' agreed capacity is so much of their transformers' rating that none can be missing."""
    accounts = tables.holding("customer", ["area_id", "contract_kva"])
    banks = tables.holding("transformer", ["node_id", "rating_kva"])
    if accounts.empty or banks.empty:
        return np.array([], dtype=object)
    asked = accounts.groupby("area_id")["contract_kva"].sum()
    rating = banks.groupby("node_id")["rating_kva"].sum()
    both = pd.DataFrame({"asked": asked, "rating": rating}).dropna()
    return both.index[both["asked"] >= coverage * both["rating"]].to_numpy()


def _drawn(tables: Tables, daily: pd.DataFrame, days: int) -> np.ndarray:
    """kWh that areas drew over each day of `daily`; nan where not every hour of it is known."""
    since = tables.now - pd.Timedelta(days=days + 1) if days else None
    names = sorted(daily["area"].unique())
    loads = tables.lake.read(
        "node_load",
        as_of=tables.now,
        columns=["node_id", "start_utc", "load_kw"],
        where={"node_id": names},
        since=since,
    )
    by_hour = loads.assign(hour=loads["start_utc"].dt.floor("h")).groupby(["node_id", "hour"])
    hourly = pd.DataFrame(by_hour["load_kw"].mean()).reset_index()
    wanted = daily.reset_index(drop=True).reset_index(names="day")
    span = (wanted["end_utc"] - wanted["start_utc"]).dt.total_seconds()
    hours = (span / 3600).round().astype(int).to_numpy()
    long = wanted.loc[wanted.index.repeat(hours), ["day", "area", "start_utc"]]
    offset = np.arange(len(long)) - np.repeat(np.cumsum(hours) - hours, hours)
    long = long.assign(hour=long["start_utc"] + pd.to_timedelta(offset, unit="h"))
    found = long.merge(hourly, left_on=["area", "hour"], right_on=["node_id", "hour"], how="left")
    by = found.groupby("day")["load_kw"]
    return np.where(by.count() == hours, by.sum(), np.nan)
