"""Turns of customers' use: planted where they are said to be, and nowhere else."""

import numpy as np
import pandas as pd
import pytest

from features.demo import DemoConfig, Territory, TurnsConfig, simulate

LIVELY = DemoConfig(substations=1, feeders=2, areas=8, customers=500, years=3, customer_years=3, weather_stations=1)
STILL = TurnsConfig(grow_share=0, electrify_share=0, leave_share=0, grow_before_applying_share=0)


@pytest.fixture(scope="module")
def lively() -> Territory:
    return simulate(LIVELY)


@pytest.fixture(scope="module")
def still() -> Territory:
    return simulate(LIVELY.model_copy(update={"turns": STILL}))


def places(territory: Territory, kind: str) -> pd.DataFrame:
    """Row of the customer, and span day, of the turns of one kind."""
    turns = [turn for turn in territory.customers.turns if turn.kind == kind]
    return pd.DataFrame([(turn.customer, turn.start, turn.factor, turn.closed) for turn in turns], columns=list("csfe"))


def test_what_flows_and_who_is_there_stay_as_they_are_without_turns(lively: Territory, still: Territory) -> None:
    np.testing.assert_array_equal(lively.true_kw, still.true_kw)
    for name in ("node", "transformer", "application", "weather_observed", "meter", "node_load"):
        pd.testing.assert_frame_equal(lively.frame(name), still.frame(name))
    assert still.truth["growth"].empty
    assert len(still.frame("customer")) == 500


def test_areas_balance_all_the_same(lively: Territory) -> None:
    table = lively.truth["area_balance"]
    parts = table["customers_kwh"] + table["other_kwh"] + table["losses_kwh"]
    np.testing.assert_allclose(table["load_kwh"], parts, rtol=1e-6, atol=1e-3)


def test_about_as_many_turn_as_the_settings_say(lively: Territory) -> None:
    kinds = lively.truth["growth"]["kind"].value_counts()
    assert 0.6 * 60 < kinds["grow"] < 1.6 * 60
    assert 0.5 * 36 < kinds["electrify"] < 1.6 * 36
    assert 0.4 * 22 < kinds["leave"] < 1.7 * 22


def test_growth_comes_to_its_factor_within_about_a_year(lively: Territory, still: Territory) -> None:
    grown = places(lively, "grow").drop_duplicates("c", keep=False)
    grown = grown[(grown["s"] > 100) & (grown["s"] < 500)]
    ratio = [
        lively.customers.kwh[c, s + 480 :].mean() / still.customers.kwh[c, s + 480 :].mean()
        for c, s in zip(grown["c"], grown["s"], strict=True)
    ]
    # The class's energy has a bound, and all its customers give way alike.
    assert np.median(ratio / grown["f"]) == pytest.approx(1.0, abs=0.12)


def test_those_who_leave_use_nothing_are_not_read_and_are_no_customers_any_more(lively: Territory) -> None:
    customer, gone = lively.frame("customer"), places(lively, "leave")
    gone = gone[gone["e"] < lively.customers.kwh.shape[1]]
    assert len(gone)
    ends = customer[customer["valid_to"].notna()]
    assert len(ends) == len(gone)
    assert (ends["available_at"] == ends["valid_to"]).all()
    now = lively.as_of("customer", lively.end)
    assert len(now) == 500 - len(gone)
    for c, end in zip(gone["c"], gone["e"], strict=True):
        assert (lively.customers.kwh[c, end:] == 0).all()
        assert np.isnan(lively.metering.kwh[c, end:]).all()
        bills = lively.frame("bill").astype({"customer_id": "str"})
        mine = bills[bills["customer_id"] == lively.customers.customer_ids[c]]
        day = lively.days.utc(lively.customers.first_day + end)
        assert mine["end_utc"].max() <= day
        if end < lively.customers.kwh.shape[1] - 8:
            assert mine["end_utc"].max() == day


def test_most_of_those_who_ask_for_more_grew_before(lively: Territory) -> None:
    asked = lively.frame("application")
    asked = asked[(asked["kind"] == "increase") & asked["customer_id"].notna()].drop_duplicates("application_id")
    asked = asked[asked["submitted_at"] > lively.days.utc(lively.customers.first_day)]
    growth = lively.truth["growth"].query("kind == 'grow'").groupby("customer_id")["start_utc"].min()
    begun = asked["customer_id"].map(growth)
    assert len(asked) >= 3
    assert (begun < asked["submitted_at"]).mean() >= 0.6


def test_some_speak_of_more_capacity_before_they_grow(lively: Territory, still: Territory) -> None:
    def told(territory: Territory) -> int:
        return int((territory.truth["topic"]["topic"] == "capacity").sum())

    assert told(lively) > told(still)
