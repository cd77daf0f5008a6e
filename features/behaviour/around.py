"""What stands around a customer: its account, its area, and the events that touched it."""

import numpy as np
import pandas as pd

from features.behaviour.figures import ratio
from features.behaviour.known import Known

__all__ = ["account_features", "area_features", "event_features"]

_NO_DISTURBANCE = "tariff_change"


def account_features(known: Known) -> pd.DataFrame:
    """Index customer_id; every feature of the group "attributes"."""
    tenure = (known.at - known.customers["since"]).dt.total_seconds() / 86_400
    return pd.DataFrame({"tenure_days": tenure, "contract_kva": known.customers["contract_kva"]})


def area_features(known: Known, use_90d_kwh_day: pd.Series) -> pd.DataFrame:
    """Index customer_id; every feature of the group "area"; `use_90d_kwh_day` is the feature of that name."""
    customers = known.customers
    area = known.areas.reindex(pd.Index(customers["area_id"]))
    rating, factor, peak, mean = (
        area[name].to_numpy(dtype=float, na_value=np.nan)
        for name in ("rating_kva", "power_factor", "peak_kw", "mean_kw_90d")
    )
    use = use_90d_kwh_day.reindex(customers.index)
    by_class = use.groupby(customers["customer_class"])
    # Middle ranks, so that equal ones share a place and a class of one stands in the middle.
    rank = (by_class.rank(method="average") - 0.5) / by_class.transform("count").where(use.notna())
    return pd.DataFrame(
        {
            "area_peak_utilisation": ratio(peak, rating * factor),
            "area_rating_kva": rating,
            "area_customers": customers["area_id"].map(customers["area_id"].value_counts()).astype(float),
            "share_of_area": ratio(use.to_numpy(dtype=float), 24 * mean),
            "use_rank_in_class": rank,
        },
        index=customers.index,
    )


def event_features(known: Known) -> pd.DataFrame:
    """Index customer_id; every feature of the group "events". Without a table of events, NaN."""
    if not len(known.events):
        return pd.DataFrame(index=known.customers.index)
    zone = known.calendar
    kinds, group = _groups(known)
    touched = np.zeros((len(kinds), 365), dtype=bool)
    for event in known.events.to_dict("records"):
        if event["kind"] == _NO_DISTURBANCE or event["start_utc"] > known.at:
            continue
        end = known.at if pd.isna(event["end_utc"]) else min(event["end_utc"], known.at)
        local = zone.local(pd.DatetimeIndex([event["start_utc"], end]))
        # A day counts when the event went on for any part of it.
        first = (known.today - local[0].normalize()).days
        last = (known.today - (local[1] - pd.Timedelta(microseconds=1)).normalize()).days
        begin, stop = max(365 - first, 0), min(365 - last + 1, 365)
        if stop > begin:
            who = [_touches(event, one) for one in kinds]
            touched[np.array(who, dtype=bool), begin:stop] = True
    return pd.DataFrame({"event_days_365d": touched.sum(axis=1).astype(float)[group]}, index=known.customers.index)


def _groups(known: Known) -> tuple[list[tuple[str, tuple[str, ...]]], np.ndarray]:
    """Kinds of customers events can tell apart, as (class, everything above the area); and the kind of each."""
    above = known.areas["above"].to_dict() if len(known.areas) else {}
    pair = list(zip(known.customers["customer_class"], known.customers["area_id"], strict=True))
    code, unique = pd.factorize(pd.Index(pair, tupleize_cols=False), sort=False)
    return [(str(one[0]), (str(one[1]), *above.get(one[1], ()))) for one in unique], np.asarray(code)


def _touches(event: dict, one: tuple[str, tuple[str, ...]]) -> bool:
    scope, name = event["scope_kind"], event["scope_id"]
    if scope == "all":
        return True
    return bool(name == one[0]) if scope == "customer_class" else name in one[1]
