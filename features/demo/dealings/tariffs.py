"""The catalogue of prices: what each tariff asks by step and part of the day, and what it asked before it changed."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.demo.dealings.ground import Ground, instants

__all__ = ["TARIFFS", "Price", "Tariff", "change_day", "choose_tariffs", "prices_of", "tariff_frame"]

_ANNOUNCED_DAYS_AHEAD = 20


@dataclass(frozen=True)
class Price:
    """One row of the catalogue: ten-thousandths of a yuan per kWh, so that bills can be reckoned in whole numbers."""

    period: str
    price: int
    tier: int = 1
    tier_from_kwh: int | None = None
    local_hours: str | None = None


@dataclass(frozen=True)
class Tariff:
    """A tariff: its prices, and yuan per kVA and month where capacity is priced."""

    tariff_id: str
    name: str
    category: str
    prices: tuple[Price, ...]
    capacity_cny_per_kva_month: int | None = None

    @property
    def tiered(self) -> bool:
        """Whether the price rises by steps of use within a month."""
        return self.prices[0].tier_from_kwh is not None

    @property
    def hours(self) -> dict[str, list[int]]:
        """Hours of the local day by period; empty where one price holds all day."""
        return {one.period: _hours(one.local_hours) for one in self.prices if one.local_hours}


def _hours(text: str) -> list[int]:
    spans = [part.split("-") for part in text.split(",")]
    return [hour for begin, end in spans for hour in range(int(begin[:2]), int(end[:2]))]


_THREE_PERIODS = {"peak": "08:00-11:00,17:00-22:00", "flat": "11:00-17:00,22:00-24:00", "valley": "00:00-08:00"}
_FOUR_PERIODS = {
    "sharp": "14:00-15:00,20:00-21:00",
    "peak": "08:00-11:00,17:00-20:00,21:00-22:00",
    "flat": "11:00-14:00,15:00-17:00,22:00-24:00",
    "valley": "00:00-08:00",
}


def _by_hours(hours: dict[str, str], **prices: int) -> tuple[Price, ...]:
    return tuple(Price(period, price, local_hours=hours[period]) for period, price in prices.items())


TARIFFS = (
    Tariff(
        "T-JM-JT",
        "居民生活阶梯电价",
        "residential",
        (Price("all", 5283, 1, 0), Price("all", 5783, 2, 230), Price("all", 8283, 3, 400)),
    ),
    Tariff(
        "T-JM-FG",
        "居民生活峰谷电价",
        "residential_tou",
        _by_hours({"peak": "08:00-21:00", "valley": "00:00-08:00,21:00-24:00"}, peak=5583, valley=3583),
    ),
    Tariff(
        "T-GS-DY",
        "一般工商业单一制分时电价",
        "single_part",
        _by_hours(_THREE_PERIODS, peak=11145, flat=6664, valley=2848),
    ),
    Tariff("T-GS-YB", "一般工商业单一制电价", "single_part", (Price("all", 6890),)),
    Tariff(
        "T-GS-LB",
        "工商业两部制分时电价",
        "two_part",
        _by_hours(_FOUR_PERIODS, sharp=13172, peak=10976, flat=6382, valley=2715),
        32,
    ),
    Tariff("T-NY-SC", "农业生产电价", "agricultural", (Price("all", 5090),)),
    Tariff(
        "T-CD-FS",
        "电动汽车充换电分时电价",
        "ev_charging",
        _by_hours(_THREE_PERIODS, peak=10224, flat=6146, valley=2669),
    ),
)
_NEW_PRICES: dict[str, dict[str, int]] = {
    "T-JM-FG": {"peak": 200, "valley": -300},
    "T-GS-DY": {"peak": 420, "flat": 60, "valley": -210},
    "T-GS-YB": {"all": 85},
    "T-GS-LB": {"sharp": 530, "peak": 410, "flat": 55, "valley": -190},
    "T-CD-FS": {"peak": 380, "flat": 40, "valley": -220},
}
"""What the one change of the span adds to each price; steps of use and farming are left as they are."""


def change_day(ground: Ground) -> int:
    """The span day of the change of prices: the first day of the seventh month before the last one begins."""
    return int(ground.months[max(len(ground.months) - 8, 0)])


def prices_of(tariff: Tariff, changed: bool) -> dict[str, int]:
    """Price by period (of the first step), in ten-thousandths of a yuan, before or after the change."""
    new = _NEW_PRICES.get(tariff.tariff_id, {}) if changed else {}
    return {one.period: one.price + new.get(one.period, 0) for one in reversed(tariff.prices)}


def choose_tariffs(ground: Ground, rng: np.random.Generator) -> np.ndarray:
    """Index into `TARIFFS` of every customer's tariff, by class, size and what people chose."""
    number = {tariff.tariff_id: index for index, tariff in enumerate(TARIFFS)}
    classes, capacity = ground.customers.customer_class, ground.customers.contract_kva
    draw = rng.random(ground.count)
    chosen = np.full(ground.count, number["T-GS-DY"])
    chosen[classes == "residential"] = number["T-JM-JT"]
    chosen[(classes == "residential") & (draw < 0.18)] = number["T-JM-FG"]
    chosen[np.isin(classes, ("commercial", "public")) & (draw < 0.35)] = number["T-GS-YB"]
    chosen[(classes == "industrial") & (capacity >= 50)] = number["T-GS-LB"]
    chosen[classes == "agricultural"] = number["T-NY-SC"]
    chosen[classes == "ev_charging"] = number["T-CD-FS"]
    return chosen


def tariff_frame(ground: Ground) -> pd.DataFrame:
    """The contract's rows. Where a price changed there are three, as in the other ledgers: the first as known at
    first, the same closed once the change was announced, and its successor.
    """
    start, change = ground.days.start_utc, ground.utc(np.array([change_day(ground)]))[0]
    announced = max(change - pd.Timedelta(days=_ANNOUNCED_DAYS_AHEAD), start)
    rows = []
    for tariff in TARIFFS:
        for one in tariff.prices:
            new = _NEW_PRICES.get(tariff.tariff_id, {}).get(one.period, 0)
            if not new or change <= start:
                rows.append(_row(tariff, one, one.price + new, start, None, start))
                continue
            rows.append(_row(tariff, one, one.price, start, None, start))
            rows.append(_row(tariff, one, one.price, start, change, announced))
            rows.append(_row(tariff, one, one.price + new, change, None, announced))
    return instants(pd.DataFrame(rows), "valid_from", "valid_to", "available_at")


def _row(
    tariff: Tariff, one: Price, price: int, since: pd.Timestamp, until: pd.Timestamp | None, known: pd.Timestamp
) -> dict[str, object]:
    return {
        "tariff_id": tariff.tariff_id,
        "name": tariff.name,
        "category": tariff.category,
        "period": one.period,
        "tier": one.tier,
        "tier_from_kwh": np.nan if one.tier_from_kwh is None else float(one.tier_from_kwh),
        "tier_months": 1 if tariff.tiered else None,
        "local_hours": one.local_hours,
        "energy_price_cny_per_kwh": price / 10_000,
        "demand_price_cny_per_kw_month": np.nan,
        "capacity_price_cny_per_kva_month": tariff.capacity_cny_per_kva_month or np.nan,
        "valid_from": since,
        "valid_to": until,
        "available_at": known,
    }
