"""Outcomes of a year, on planted rows of use and a few rows of ledgers."""

import numpy as np
import pandas as pd
import pytest

from training.prospects import OutcomeConfig
from training.prospects.outcomes import asked_for_more, changes_of_use, ended, yearly_ratios

DAYS = pd.date_range("2023-01-01", periods=730)
CONFIG = OutcomeConfig()
AT = pd.Timestamp("2024-01-01", tz="UTC")
YEAR = pd.Timedelta(days=365)


def homes(count: int = 60) -> np.ndarray:
    """Two years of homes that only waver, with a summer and a winter in common."""
    rng = np.random.default_rng(1)
    season = 1 + 0.4 * np.cos(4 * np.pi * DAYS.day_of_year.to_numpy() / 365)
    return 8.0 * np.exp(0.15 * rng.standard_normal((count, 730))) * season * np.exp(rng.normal(0, 0.5, (count, 1)))


def found(kwh: np.ndarray, classes: str = "residential") -> dict[str, np.ndarray]:
    return changes_of_use(kwh, DAYS, np.full(len(kwh), classes), CONFIG)


def test_nothing_is_found_where_nothing_happened() -> None:
    assert not any(values.any() for values in found(homes()).values())


def test_what_all_do_is_no_growth_of_anyone() -> None:
    kwh = homes()
    kwh[:, 365:] *= 1.5
    assert not found(kwh)["grew"].any()


def test_slow_growth_is_growth_a_sudden_rise_an_appliance_and_a_rise_of_winters_heat() -> None:
    kwh = homes()
    kwh[0] *= np.interp(np.arange(730), [300, 700], [1.0, 2.0])
    kwh[1, 365 + 130 :] *= 1.8
    kwh[2] *= np.where((np.arange(730) > 365) & np.isin(DAYS.month, (11, 12, 1, 2, 3)), 1.9, 1.0)
    told = found(kwh)
    assert np.flatnonzero(told["grew"]).tolist() == [0]
    assert np.flatnonzero(told["electrified"]).tolist() == [1, 2]


def test_a_business_grows_and_does_not_electrify() -> None:
    kwh = homes()
    kwh[1, 365 + 130 :] *= 1.8
    told = found(kwh, "commercial")
    assert np.flatnonzero(told["grew"]).tolist() == [1]
    assert not told["electrified"].any()


def test_gone_is_gone_to_the_end_and_not_merely_unread_or_away() -> None:
    kwh = homes()
    kwh[0, 600:] = 0.0
    kwh[1, 600:700] = 0.0
    kwh[2, 600:] = np.nan
    assert np.flatnonzero(found(kwh)["gone"]).tolist() == [0]


def test_ratios_are_those_of_the_same_days_and_unknown_where_too_little_is() -> None:
    kwh = np.ones((3, 730))
    kwh[0, -28:] = 2.0
    kwh[1, 365:420] = np.nan
    ratio = yearly_ratios(kwh, np.array(["public"] * 3), CONFIG)
    assert ratio.shape == (3, 13)
    assert ratio[0].tolist() == [1.0] * 12 + [2.0]
    assert np.isnan(ratio[1]).tolist() == [True, True] + [False] * 11


def test_of_applications_only_increases_within_the_year_count() -> None:
    frame = pd.DataFrame(
        [("a", "increase", 10), ("b", "new", 10), ("c", "increase", -5), ("d", "increase", 400), (None, "increase", 5)],
        columns=["customer_id", "kind", "day"],
    )
    frame["submitted_at"] = AT + pd.to_timedelta(frame["day"], unit="D")
    assert asked_for_more(frame, pd.Index(list("abcd")), AT, AT + YEAR).tolist() == [True, False, False, False]


def test_a_new_period_of_an_account_is_no_end() -> None:
    later = AT + pd.Timedelta(days=50)
    rows = [("a", AT - YEAR, later), ("a", later, pd.NaT), ("b", AT - YEAR, later), ("c", AT - YEAR, AT + 2 * YEAR)]
    frame = pd.DataFrame(rows, columns=["customer_id", "valid_from", "valid_to"])
    assert ended(frame, pd.Index(list("abc")), AT, AT + YEAR).tolist() == [False, True, False]


@pytest.mark.parametrize("width", [730])
def test_unknown_rows_say_nothing(width: int) -> None:
    told = changes_of_use(np.full((4, width), np.nan), DAYS, np.full(4, "residential"), CONFIG)
    assert not any(values.any() for values in told.values())
