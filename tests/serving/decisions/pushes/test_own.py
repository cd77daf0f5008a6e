"""What customers draw by block: against the plain sum over hours, and the bounds it keeps to."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.configs import config_path
from features.contracts import CUSTOMER_CLASSES
from features.settings import load_settings
from serving.decisions.pushes.own import own_kw
from serving.decisions.selection import Texts, Wide
from training.peak import ConnectionPolicy

HIGH = 1.2
"""A high day over the mean one of its season."""
PROFILES = load_settings(ConnectionPolicy, config_path("policy/connections.yaml")).profile
PARTS = {"night_share": range(-2, 6), "morning_share": range(6, 10), "evening_share": range(18, 22)}


def customers(classes: list[str | None], **numbers: list[float]) -> Wide:
    return Wide(
        np.array([f"C{i:03}" for i in range(len(classes))]),
        {name: np.array(values, dtype=float) for name, values in numbers.items()},
        {"customer_class": Texts.of(pd.Series(classes, dtype="str"), CUSTOMER_CLASSES)},
    )


def one(name: str | None = "residential", **numbers: float) -> list[float]:
    found = own_kw(customers([name], **{key: [value] for key, value in numbers.items()}), PROFILES)
    assert found.shape == (1, 6)
    return [float(kw) for kw in found[0]]


def test_an_even_day_is_drawn_evenly() -> None:
    assert one(None, use_90d_kwh_day=24) == pytest.approx([HIGH] * 6)


def test_a_home_draws_most_in_the_evening_and_what_it_uses_in_all() -> None:
    found = one(use_365d_kwh=3650)
    assert 4 * sum(found) == pytest.approx(10 * HIGH)
    hours = PROFILES["residential"]
    assert found == pytest.approx([10 * HIGH * sum(hours[4 * b : 4 * b + 4]) / sum(hours) / 4 for b in range(6)])
    assert max(found) == found[4]


def test_the_season_in_which_most_is_used_counts() -> None:
    # A mild day uses 10, one in summer 20, one in winter 15: a year's mean is 13.75.
    found = one(None, use_365d_kwh=13.75 * 365, summer_ratio=2.0, winter_ratio=1.5)
    assert 4 * sum(found) == pytest.approx(20 * HIGH)


def test_whoever_has_grown_beyond_it_draws_what_he_uses_now() -> None:
    assert 4 * sum(one(None, use_365d_kwh=3650, use_90d_kwh_day=30)) == pytest.approx(30 * HIGH)


def test_without_any_use_nothing_is_known() -> None:
    assert all(math.isnan(kw) for kw in one(use_365d_kwh=math.nan, peak_kw=3.0))
    assert np.isnan(own_kw(customers(["public"]), PROFILES)).all()
    assert own_kw(customers([]), PROFILES).shape == (0, 6)


def test_the_hours_follow_the_shares_that_are_known() -> None:
    night = one(use_90d_kwh_day=24, night_share=1.0, morning_share=0.0, evening_share=0.0)
    assert night[2:5] == pytest.approx([0, 0, 0])
    assert 4 * sum(night) == pytest.approx(24 * HIGH)
    # Two known shares leave two unknown: nothing is bent.
    assert one(use_90d_kwh_day=24, night_share=1.0, morning_share=0.0) == one(use_90d_kwh_day=24)
    # Energy given back can make shares that are none together.
    odd = one(use_90d_kwh_day=24, night_share=0.9, morning_share=0.4, evening_share=0.2)
    assert odd == one(use_90d_kwh_day=24)


def oracle(name: str, row: dict[str, float]) -> list[float]:
    """The same, one hour after the other."""
    mild = row["use_365d_kwh"] / 365 * 4 / (2 + row["summer_ratio"] + row["winter_ratio"])
    day = HIGH * max(mild * max(row["summer_ratio"], row["winter_ratio"], 1), row["use_90d_kwh_day"])
    part_of = {hour % 24: part for part, hours in PARTS.items() for hour in hours}
    share = dict(row) | {"rest": 1 - sum(row[part] for part in PARTS)}
    hours = PROFILES[name]
    kw = []
    for hour in range(24):
        part = part_of.get(hour, "rest")
        same = sum(hours[other] for other in range(24) if part_of.get(other, "rest") == part)
        kw.append(day * share[part] * hours[hour] / same)
    most = min(row["peak_kw"], row["contract_kva"])
    return [min(sum(kw[4 * block : 4 * block + 4]) / 4, most) for block in range(6)]


@given(
    name=st.sampled_from(sorted(CUSTOMER_CLASSES)),
    use=st.floats(0, 1e5),
    recent=st.floats(0, 500),
    ratios=st.tuples(st.floats(0, 8), st.floats(0, 8)),
    cuts=st.lists(st.floats(0, 1), min_size=3, max_size=3).map(sorted),
    most=st.tuples(st.floats(0, 50), st.floats(0, 50)),
)
def test_as_hour_by_hour(
    name: str, use: float, recent: float, ratios: tuple[float, float], cuts: list[float], most: tuple[float, float]
) -> None:
    row = {
        "use_365d_kwh": use,
        "use_90d_kwh_day": recent,
        "summer_ratio": ratios[0],
        "winter_ratio": ratios[1],
        "night_share": cuts[0],
        "morning_share": cuts[1] - cuts[0],
        "evening_share": cuts[2] - cuts[1],
        "peak_kw": most[0],
        "contract_kva": most[1],
    }
    assert one(name, **row) == pytest.approx(oracle(name, row), rel=1e-6, abs=1e-6)


@given(st.floats(0.1, 100), st.floats(1, 10))
def test_who_uses_more_draws_no_less(use: float, times: float) -> None:
    less, more = (one("commercial", use_90d_kwh_day=kwh, contract_kva=20) for kwh in (use, use * times))
    assert all(a <= b + 1e-12 for a, b in zip(less, more, strict=True))
