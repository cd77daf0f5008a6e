"""Cases of value from the lake: what was known of customers at a moment, and what they left in the year after it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.behaviour import FEATURE_NAMES, Known, features_at, read_known
from features.clock import Calendar
from features.contracts import CUSTOMER_CLASSES
from features.lake import Lake
from features.workspace import TerritorySettings
from training.customers.cases import Cases
from training.value.config import ValueConfig
from training.value.margin import COMPONENTS, margins
from training.value.periods import YEAR, Periods
from training.value.policy import ValuePolicy
from training.value.weather import Weather, weather_slopes

__all__ = ["NAMES", "OUTCOMES", "asked_at", "case_at", "joined"]

_LAST = ("last_margin", "last_revenue", "last_serve", "last_bad_debt", "last_price", "known_share", "class", "log_size")
NAMES = (*FEATURE_NAMES, *_LAST)
"""Features of a case: those of behaviour, and the last period's margin in parts, in units of the customer's size."""

OUTCOMES = (
    *("value_cny", "kwh", "bad_debt_cny", "increase_kva", "check_change"),
    *("weather_share", "check_weather_share"),
)
"""Outcome columns of `Cases.rows`: margin, energy and bad debt of the year after the origin, capacity asked for in it,
and the change of a shorter outcome, known from `check_known_at` on, in units of size; of both, by which share use
changed for the weather that came."""


_COLUMNS = {
    "bill": ["bill_id", "customer_id", "start_utc", "end_utc", "kwh", "amount_cny", "due_at"],
    "payment": ["customer_id", "bill_id", "paid_at", "amount_cny"],
    "cost_to_serve": ["customer_id", "start_utc", "end_utc", "cost_cny"],
}


@dataclass(frozen=True)
class Books:
    """What is known of bills, payments and costs at a moment."""

    bills: pd.DataFrame
    payments: pd.DataFrame
    costs: pd.DataFrame
    at: pd.Timestamp

    @classmethod
    def read(cls, lake: Lake, at: pd.Timestamp) -> "Books":
        """The current rows of everything available at `at`."""
        return cls(
            lake.read("bill", as_of=at), lake.read("payment", as_of=at), lake.read("cost_to_serve", as_of=at), at
        )

    def margins(self, period: tuple[pd.Timestamp, pd.Timestamp], policy: ValuePolicy, known: Known) -> pd.DataFrame:
        """Margins of a period, as the books tell of it, of the customers of `known` in their order; 0 without bills."""
        classes = known.customers["customer_class"]
        told = margins(self.bills, self.payments, self.costs, policy, *period, self.at, classes)
        return told.reindex(known.customers.index, fill_value=0.0)


def asked_at(
    lake: Lake, territory: TerritorySettings, config: ValueConfig, policy: ValuePolicy, at: pd.Timestamp
) -> Cases:
    """All customers of `at`, without an outcome; what a case of training has is made by this very function."""
    known = read_known(lake, territory, at)
    costs = lake.read("cost_to_serve", as_of=at, columns=_COLUMNS["cost_to_serve"])
    books = Books(known.bills, known.payments, costs, at)
    periods = Periods(at, config.horizon_days, policy.settle_days)
    last = books.margins(periods.last, policy, known)
    share = _known_share(known, periods.last, policy)
    last = last.div(share, axis=0)
    energy = last["revenue_cny"].to_numpy() - last["purchase_cny"].to_numpy()
    size = np.maximum(np.abs(energy), config.least_size_cny)
    size[np.isnan(share)] = np.nan
    rows = pd.DataFrame({"customer_id": known.customers.index.astype("str")})
    rows.insert(0, "origin", pd.Series(at, rows.index, dtype="datetime64[us, UTC]"))
    rows.insert(1, "known_at", pd.Series(pd.NaT, rows.index, dtype="datetime64[us, UTC]"))
    rows["check_known_at"] = rows["known_at"]
    rows["unit"] = known.customers["customer_class"].astype("str").to_numpy()
    rows[list(OUTCOMES)] = np.nan
    features, classes = _features(known, last, size, share), known.customers["customer_class"].to_numpy(dtype=str)
    context = {f"last_{name}": last[name].to_numpy() for name in COMPONENTS}
    context |= {
        "size_cny": size,
        "class": classes,
        "contract_kva": known.customers["contract_kva"].to_numpy(dtype=float),
    }
    weather = Weather.known(lake, _calendar(territory), at)
    return Cases(rows, features, context | _foreseen(weather, weather_slopes(features, classes), periods, config))


def case_at(
    lake: Lake,
    territory: TerritorySettings,
    config: ValueConfig,
    policy: ValuePolicy,
    periods: Periods,
) -> Cases:
    """The customers of an origin with what came of them; those too new to have a last period are left out."""
    cases = asked_at(lake, territory, config, policy, periods.at)
    cases = cases.take(np.isfinite(cases.context["size_cny"]))
    rows = cases.rows
    rows["known_at"] = pd.Series(periods.known_at, rows.index, dtype="datetime64[us, UTC]")
    books = Books.read(lake, periods.known_at)
    change, after = _change(books, policy, periods, cases)
    rows["value_cny"] = cases.context["last_margin_cny"] + change
    rows["kwh"] = after["kwh"].to_numpy()
    rows["bad_debt_cny"] = after["bad_debt_cny"].to_numpy()
    rows["increase_kva"] = _increases(lake, periods, rows["customer_id"])
    short = _short(periods, config)
    early, _ = _change(Books.read(lake, short.known_at), policy, short, cases)
    rows["check_change"] = early / cases.context["size_cny"]
    for name, one in (("weather_share", periods), ("check_weather_share", short)):
        weather = Weather.known(lake, _calendar(territory), one.known_at)
        rows[name] = weather.came(cases.context["weather_slopes"], one.before, one.after)
    rows["check_known_at"] = pd.Series(short.known_at, rows.index, dtype="datetime64[us, UTC]")
    return cases


def _short(periods: Periods, config: ValueConfig) -> Periods:
    """The shorter outcome that stands in where whole ones overlap."""
    return Periods(periods.at, min(config.check_days, config.horizon_days), periods.settle_days)


def _foreseen(weather: Weather, slopes: np.ndarray, periods: Periods, config: ValueConfig) -> dict[str, np.ndarray]:
    """What weather lets expect of use after the origin: shares of use, and how far they may be off (sd)."""
    share, sd = weather.foreseen(slopes, periods.before, periods.after)
    short = _short(periods, config)
    early, _ = weather.foreseen(slopes, short.before, short.after)
    told = {"weather_slopes": slopes, "weather_foreseen": share, "weather_sd": sd}
    return told | {"check_weather_foreseen": early}


def _calendar(territory: TerritorySettings) -> Calendar:
    return Calendar(territory.time_zone, territory.country, territory.subdivision)


def joined(parts: list[Cases]) -> Cases:
    """Cases of several origins as one."""
    rows = pd.concat([part.rows for part in parts], ignore_index=True)
    features = pd.concat([part.features for part in parts], ignore_index=True)
    context = {name: np.concatenate([part.context[name] for part in parts]) for name in parts[0].context}
    return Cases(rows, features, context)


def _features(known: Known, last: pd.DataFrame, size: np.ndarray, share: np.ndarray) -> pd.DataFrame:
    kinds = {name: float(code) for code, name in enumerate(CUSTOMER_CLASSES)}
    price = last["revenue_cny"] / last["kwh"].where(last["kwh"] > 0)
    own = {
        "last_margin": last["margin_cny"] / size,
        "last_revenue": last["revenue_cny"] / size,
        "last_serve": last["serve_cny"] / size,
        "last_bad_debt": last["bad_debt_cny"] / size,
        "last_price": price,
        "known_share": pd.Series(share, last.index),
        "class": known.customers["customer_class"].astype("str").map(kinds),
        "log_size": pd.Series(np.log(size), last.index),
    }
    frame = features_at(known).assign(**own)
    return frame[list(NAMES)].astype("float64").reset_index(drop=True)


def _known_share(known: Known, period: tuple[pd.Timestamp, pd.Timestamp], policy: ValuePolicy) -> np.ndarray:
    """Which part of the last period each account was there for; NaN below what the policy asks for."""
    late = (known.customers["since"] - period[0]) / YEAR
    share = 1.0 - np.maximum(late.to_numpy(dtype=float), 0.0)
    return np.where(share >= policy.least_known_share, share, np.nan)


def _change(books: Books, policy: ValuePolicy, periods: Periods, cases: Cases) -> tuple[np.ndarray, pd.DataFrame]:
    """Change of the margin against what the outcome is held against, a year's worth in CNY, and the year after."""
    ids, whole = pd.Index(cases.rows["customer_id"]), YEAR.days / periods.days
    classes = pd.Series(cases.context["class"], ids)

    def told(period: tuple[pd.Timestamp, pd.Timestamp]) -> pd.DataFrame:
        found = margins(books.bills, books.payments, books.costs, policy, *period, books.at, classes)
        return found.reindex(ids, fill_value=0.0) * whole

    after = told(periods.after)
    if periods.before == periods.last:
        return after["margin_cny"].to_numpy() - cases.context["last_margin_cny"], after
    return after["margin_cny"].to_numpy() - told(periods.before)["margin_cny"].to_numpy(), after


def _increases(lake: Lake, periods: Periods, ids: pd.Series) -> np.ndarray:
    """kVA asked for by applications for more capacity handed in within the outcome, put on a year; 0 without."""
    table = lake.read("application", as_of=periods.known_at)
    begin, end = periods.after
    asked = table[
        ((table["kind"] == "increase") & (table["submitted_at"] >= begin) & (table["submitted_at"] < end)).to_numpy(
            dtype=bool
        )
    ]
    kva = asked.groupby("customer_id")["requested_kva"].sum()
    return kva.reindex(pd.Index(ids), fill_value=0.0).to_numpy(dtype=float)
