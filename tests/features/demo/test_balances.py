"""Energy adds up at every level, and what meters hide is listed in the planted truth."""

import numpy as np
import pandas as pd
import pytest

from features.demo import Territory


def test_an_area_is_its_customers_other_connections_and_losses(small_territory: Territory) -> None:
    balance = small_territory.truth["area_balance"]
    parts = balance["customers_kwh"] + balance["other_kwh"] + balance["losses_kwh"]
    np.testing.assert_allclose(parts, balance["load_kwh"], rtol=0, atol=1e-6)
    assert (balance["losses_kwh"] > 0).all()
    named = balance["customers_kwh"].sum() / balance["load_kwh"].sum()
    assert 0.01 < named < 0.9


def test_customers_kwh_of_the_balance_are_those_of_the_customers(small_territory: Territory) -> None:
    customers = small_territory.customers
    table = small_territory.truth["area_balance"].groupby("area_id")["customers_kwh"].sum()
    for index, area_id in enumerate(small_territory.area_ids):
        mine = customers.kwh[customers.area == index].sum()
        assert table[area_id] == pytest.approx(mine, abs=1e-6)


def test_readings_and_what_they_hide_make_up_true_use(small_territory: Territory) -> None:
    read = small_territory.frame("consumption").astype({"meter_id": "str"})[["meter_id", "start_utc", "kwh"]]
    hidden = small_territory.truth["unread_use"]
    # A day that the gap table names stands there with its true use, whatever was read.
    key = ["meter_id", "start_utc"]
    honest = read.merge(hidden[key], on=key, how="left", indicator=True)
    honest = honest[honest["_merge"] == "left_only"]
    total = honest["kwh"].sum() + hidden["true_kwh"].sum()
    last_day_unread = small_territory.customers.kwh[:, -1].sum()
    assert total == pytest.approx(small_territory.customers.kwh.sum() - last_day_unread, rel=2e-3)
    assert len(hidden) > 0


def test_a_feeder_is_its_areas_and_line_losses_and_a_substation_its_feeders(small_territory: Territory) -> None:
    network, load = small_territory.network, small_territory.true_kw
    S, F = len(network.substation_ids), len(network.feeder_ids)
    areas, feeders = load[S + F :], load[S : S + F]
    for f in range(F):
        below = areas[network.feeder_of_area == f].sum(axis=0)
        loss = feeders[f] - below
        np.testing.assert_allclose(loss, network.line_loss[f] * below**2, rtol=1e-6, atol=1e-6)
        assert 0 < loss.sum() < 0.05 * below.sum()
    np.testing.assert_allclose(load[:S].sum(axis=0), feeders.sum(axis=0), rtol=1e-12)


def test_thieves_use_more_than_their_meters_show_and_their_area_does_not_change(small_territory: Territory) -> None:
    theft = small_territory.truth["theft"]
    assert len(theft) >= 1
    assert (theft["hidden_kwh"] > 0).all()
    use = small_territory.frame("consumption")
    for row in theft.itertuples():
        mine = use[(use["meter_id"] == row.meter_id) & (use["start_utc"] >= row.start_utc)]
        customer = small_territory.customers.customer_ids.index(row.customer_id)
        first = small_territory.customers.first_day
        begin = (pd.Timestamp(row.start_utc) - small_territory.days.utc(first)).days
        assert mine["kwh"].sum() < small_territory.customers.kwh[customer, begin:].sum()
