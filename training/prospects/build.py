"""Cases of prospects from the lake: what was known of customers at a moment, and what they did in the year after."""

import re

import numpy as np
import pandas as pd

from features.behaviour import FEATURE_NAMES, features_at, read_known
from features.behaviour.metering import midnights, read_use
from features.clock import Calendar
from features.contracts import CUSTOMER_CLASSES
from features.errors import NotFoundError
from features.lake import Lake
from features.workspace import TerritorySettings
from training.customers.cases import Cases
from training.prospects.config import ProspectsConfig
from training.prospects.outcomes import HEADS, YEAR_DAYS, asked_for_more, changes_of_use, ended, yearly_ratios

__all__ = ["NAMES", "asked_at", "case_at", "joined", "origins"]

_SETTLED = pd.Timedelta(days=2)
"""Readings of the last day are in by then."""
RECENT = ("growth_4_weeks", "growth_12_weeks", "growth_earlier_12_weeks", "growth_year", "growth_gain")
NAMES = (*FEATURE_NAMES, *(f"class_{name}" for name in CUSTOMER_CLASSES), *RECENT)
"""Features of a case: those of behaviour, the class of use, and growth against the same days of the year before beside
the class (logs of ratios). What `customer_attribute` holds comes beside them."""


def origins(
    lake: Lake, territory: TerritorySettings, config: ProspectsConfig, as_of: pd.Timestamp | None
) -> list[pd.Timestamp]:
    """Local month beginnings (UTC) with a year of use before them and a year after it that was known at `as_of`.

    Counted back from the latest; oldest first. Raises NotFoundError where there is none.
    """
    use = lake.read("consumption", columns=["start_utc", "available_at"], as_of=as_of)
    if use.empty:
        raise NotFoundError("the lake holds no consumption: ingest it before prospects are learnt")
    calendar = Calendar(territory.time_zone, territory.country, territory.subdivision)
    end = use["available_at"].max() if as_of is None else as_of
    latest = end - pd.Timedelta(days=YEAR_DAYS) - _SETTLED
    month = calendar.local(pd.DatetimeIndex([latest]))[0].normalize().replace(day=1)
    first = use["start_utc"].min() + pd.Timedelta(days=YEAR_DAYS - 1)
    found: list[pd.Timestamp] = []
    while len(found) < config.most_origins:
        at = pd.Timestamp(midnights(calendar, month, 1)[0])
        if at < first:
            break
        found.append(at)
        month -= pd.DateOffset(months=config.origin_step_months)
    if not found:
        raise NotFoundError(f"prospects need two years of use; the lake has it from {use['start_utc'].min():%Y-%m-%d}")
    return found[::-1]


def asked_at(lake: Lake, territory: TerritorySettings, config: ProspectsConfig, at: pd.Timestamp) -> Cases:
    """All customers of `at`, without an outcome; what a case of training has is made by this very function."""
    known = read_known(lake, territory, at, use_days=2 * YEAR_DAYS)
    features = features_at(known)
    classes = known.customers["customer_class"].astype("str").to_numpy()
    kinds = {f"class_{name}": (classes == name).astype(float) for name in CUSTOMER_CLASSES}
    recent = _recent(yearly_ratios(known.use.kwh.astype(np.float64), classes, config.outcome))
    spoken = _spoken(lake, known.customers.index, config, at)
    features = features.assign(**kinds, **recent, **spoken).join(_attributes(lake, at))
    rows = pd.DataFrame({"customer_id": known.customers.index.astype("str")})
    rows.insert(0, "origin", pd.Series(at, rows.index, dtype="datetime64[us, UTC]"))
    rows.insert(1, "known_at", pd.Series(pd.NaT, rows.index, dtype="datetime64[us, UTC]"))
    rows["unit"] = classes
    rows[list(HEADS)] = np.nan
    return Cases(rows, features.reset_index(drop=True), {"class": classes})


def _spoken(lake: Lake, ids: pd.Index, config: ProspectsConfig, at: pd.Timestamp) -> dict[str, np.ndarray]:
    """Work orders of 12 months that speak of something, by the words of the settings; NaN without the table."""
    held = lake.read("work_order", as_of=at, columns=["customer_id", "opened_at", "text"])
    if held.empty:
        return {f"spoke_of_{name}": np.full(len(ids), np.nan) for name in config.words}
    held = held[(held["opened_at"] >= at - pd.Timedelta(days=YEAR_DAYS)) & held["customer_id"].notna()]
    out = {}
    for name, words in config.words.items():
        said = held["text"].str.contains("|".join(map(re.escape, words)), regex=True)
        counted = held.loc[said.fillna(False).astype(bool), "customer_id"].value_counts()
        out[f"spoke_of_{name}"] = counted.reindex(ids, fill_value=0).to_numpy(dtype=np.float64)
    return out


def _recent(ratio: np.ndarray) -> dict[str, np.ndarray]:
    """The features `RECENT` of yearly ratios [customers × 13]: the last weeks, those before, and what lies between."""
    log = np.log(np.clip(ratio, 0.05, 20.0))
    late, earlier = log[:, -3:].mean(axis=1), log[:, -6:-3].mean(axis=1)
    values = (log[:, -1], late, earlier, log.mean(axis=1), late - earlier)
    return dict(zip(RECENT, values, strict=True))


def _attributes(lake: Lake, at: pd.Timestamp) -> pd.DataFrame:
    """Numbers that other systems say of customers, the latest known of each, by name."""
    held = lake.read("customer_attribute", as_of=at)
    held = held[held["value_number"].notna()].sort_values("observed_at", kind="stable")
    held = held.drop_duplicates(["customer_id", "attribute"], keep="last")
    wide = held.pivot(index="customer_id", columns="attribute", values="value_number")
    return wide.add_prefix("attribute_").astype(np.float64)


def case_at(lake: Lake, territory: TerritorySettings, config: ProspectsConfig, at: pd.Timestamp) -> Cases:
    """The customers of an origin with what came of them within a year, as it was known two days after."""
    cases = asked_at(lake, territory, config, at)
    calendar = Calendar(territory.time_zone, territory.country, territory.subdivision)
    day = pd.Timestamp(calendar.local(pd.DatetimeIndex([at]))[0]).normalize() + pd.Timedelta(days=YEAR_DAYS)
    end = pd.Timestamp(midnights(calendar, day, 1)[0])
    told = end + _SETTLED
    ids = pd.Index(cases.rows["customer_id"])
    use, _ = read_use(lake, calendar, ids, day, 2 * YEAR_DAYS, told)
    changed = changes_of_use(use.kwh.astype(np.float64), use.days, cases.context["class"], config.outcome)
    left = changed["gone"] | ended(lake.read("customer", as_of=told), ids, at, end)
    more = asked_for_more(lake.read("application", as_of=told), ids, at, end) | changed["grew"]
    rows = cases.rows
    rows["known_at"] = pd.Series(told, rows.index, dtype="datetime64[us, UTC]")
    rows["more_capacity"] = (more & ~left).astype(float)
    rows["electrify"] = (changed["electrified"] & ~left).astype(float)
    rows["leave"] = left.astype(float)
    return cases


def joined(parts: list[Cases]) -> Cases:
    """Cases of several origins as one."""
    rows = pd.concat([part.rows for part in parts], ignore_index=True)
    features = pd.concat([part.features for part in parts], ignore_index=True)
    context = {name: np.concatenate([part.context[name] for part in parts]) for name in parts[0].context}
    return Cases(rows, features, context)
