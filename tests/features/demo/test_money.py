"""Bills agree with meters and tariffs to the cent, and every cent billed is paid or open."""

from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pandas as pd
import pytest

from features.demo import Territory

CENT = Decimal("0.01")
PERIODS = ("sharp", "peak", "flat", "valley")


def prices_at(territory: Territory, moment: pd.Timestamp) -> pd.DataFrame:
    return territory.as_of("tariff", moment)


def reckoned(bill: dict, rows: list[dict]) -> Decimal:
    """Cost of the energy of a bill by the plain rules of its tariff: each hour its price, each step its own."""
    kwh = Decimal(str(bill["kwh"]))
    price = {(row["period"], row["tier"]): Decimal(str(row["energy_price_cny_per_kwh"])) for row in rows}
    if ("all", 1) not in price:
        cost = sum(Decimal(str(bill[f"{period}_kwh"])) * price[(period, 1)] for period, _ in price)
    elif len(price) == 1 or bill["kind"] == "correction":
        cost = kwh * price[("all", 1)]
    else:
        edges = sorted(Decimal(str(row["tier_from_kwh"])) for row in rows)
        tops = [*edges[1:], Decimal("Infinity")]
        parts = [max(min(kwh, top) - edge, Decimal(0)) for edge, top in zip(edges, tops, strict=True)]
        cost = sum((part * price[("all", tier + 1)] for tier, part in enumerate(parts)), Decimal(0))
    return Decimal(cost).quantize(CENT, ROUND_HALF_UP)


def test_amounts_agree_with_the_tariff_to_the_cent(town: Territory) -> None:
    bills = town.frame("bill").astype({"tariff_id": "str", "kind": "str"})
    moments = bills["start_utc"].where(bills["kind"] == "regular", bills["issued_at"].dt.floor("h"))
    checked = 0
    for moment, group in bills.groupby(moments):
        rows_of: dict[str, list[dict]] = {}
        for row in prices_at(town, moment).to_dict("records"):
            rows_of.setdefault(row["tariff_id"], []).append(row)
        for bill in group.to_dict("records"):
            rows = rows_of[bill["tariff_id"]]
            assert Decimal(str(bill["energy_amount_cny"])).quantize(CENT) == reckoned(bill, rows)
            checked += 1
    assert checked == len(bills) > 15_000
    assert {"T-JM-JT", "T-JM-FG", "T-GS-DY", "T-GS-LB"} <= set(bills["tariff_id"])


def test_capacity_is_billed_at_its_price_and_parts_make_up_the_amount(town: Territory) -> None:
    bills = town.frame("bill").astype({"tariff_id": "str", "kind": "str"})
    parts = bills[["energy_amount_cny", "demand_amount_cny", "adjustment_amount_cny"]].fillna(0).sum(axis=1)
    np.testing.assert_allclose(bills["amount_cny"], parts, rtol=0, atol=1e-6)
    two_part = bills[(bills["tariff_id"] == "T-GS-LB") & (bills["kind"] == "regular")]
    kva = town.frame("customer").drop_duplicates("customer_id").set_index("customer_id")["contract_kva"]
    np.testing.assert_array_equal(two_part["capacity_kva"], two_part["customer_id"].astype(str).map(kva))
    np.testing.assert_array_equal(two_part["demand_amount_cny"], 32 * two_part["capacity_kva"])
    assert bills.loc[bills["tariff_id"] != "T-GS-LB", "demand_amount_cny"].isna().all()


def test_energy_by_hours_adds_up_and_is_there_where_the_tariff_has_hours(town: Territory) -> None:
    bills = town.frame("bill")
    split = bills[[f"{period}_kwh" for period in PERIODS]]
    timed = split.notna().any(axis=1)
    np.testing.assert_allclose(split[timed].sum(axis=1), bills["kwh"][timed], rtol=0, atol=1e-6)
    tariffs = town.frame("tariff")
    with_hours = set(tariffs.loc[tariffs["local_hours"].notna(), "tariff_id"])
    assert set(bills["tariff_id"][timed].astype(str)) == with_hours & set(bills["tariff_id"].astype(str))


def test_bills_say_what_was_read_and_fill_what_was_missed(town: Territory) -> None:
    read = town.frame("consumption").astype({"meter_id": "str"})
    read = read.merge(town.frame("meter")[["meter_id", "customer_id"]], on="meter_id")
    month = read["start_utc"].dt.tz_convert("Asia/Shanghai").dt.strftime("%Y-%m")
    sums = read.groupby(["customer_id", month])["kwh"].agg(["sum", "size", "max"])
    bills = town.frame("bill").astype({"customer_id": "str", "kind": "str"})
    bills = bills[bills["kind"] == "regular"]
    bills["month"] = bills["start_utc"].dt.tz_convert("Asia/Shanghai").dt.strftime("%Y-%m")
    both = bills.merge(sums, left_on=["customer_id", "month"], right_index=True)
    days = (both["end_utc"] - both["start_utc"]) / pd.Timedelta(days=1)
    whole = both["size"] == days
    assert 0.8 < whole.mean() < 0.99
    np.testing.assert_allclose(both["kwh"][whole], both["sum"][whole], rtol=0, atol=0.0051)
    extra = (both["kwh"] - both["sum"])[~whole]
    assert (extra >= -0.0051).all()
    # What a missed day is filled with is near a usual day.
    filled = extra.sum() / (days - both["size"])[~whole].sum()
    assert filled == pytest.approx((both["sum"] / both["size"])[~whole].mean(), rel=0.2)


def test_a_bill_for_every_month_soon_after_it_ends(town: Territory) -> None:
    bills = town.frame("bill").astype({"customer_id": "str", "kind": "str"})
    bills = bills[bills["kind"] == "regular"]
    assert not bills.duplicated(["customer_id", "start_utc"]).any()
    wait = bills["issued_at"] - bills["end_utc"]
    assert wait.min() >= pd.Timedelta(days=2)
    assert wait.max() <= pd.Timedelta(days=7)
    assert (bills["due_at"] > bills["issued_at"] + pd.Timedelta(days=14)).all()
    for _, mine in bills.groupby("customer_id"):
        assert (mine["start_utc"].iloc[1:].to_numpy() == mine["end_utc"].iloc[:-1].to_numpy()).all()


def test_prices_change_once_and_hold_for_every_hour(town: Territory) -> None:
    tariffs = town.frame("tariff")
    change = tariffs["valid_from"].max()
    assert town.start < change < town.end
    before, after = (prices_at(town, moment) for moment in (change - pd.Timedelta(hours=1), change))
    for catalogue in (before, after):
        assert not catalogue.duplicated(["tariff_id", "period", "tier"]).any()
        for _, rows in catalogue[catalogue["local_hours"].notna()].groupby("tariff_id"):
            hours = [span.split("-") for text in rows["local_hours"] for span in text.split(",")]
            covered = sorted(hour for begin, end in hours for hour in range(int(begin[:2]), int(end[:2])))
            assert covered == list(range(24))
    key = ["tariff_id", "period", "tier"]
    both = before.merge(after, on=key, suffixes=("", "_new"))
    changed = both[both["energy_price_cny_per_kwh"] != both["energy_price_cny_per_kwh_new"]]
    assert len(both) == len(before) == len(after)
    assert set(changed["category"]) == {"residential_tou", "single_part", "two_part", "ev_charging"}
    assert (tariffs.loc[tariffs["valid_from"] == change, "available_at"] < change).all()


def test_no_payment_comes_before_its_bill(town: Territory) -> None:
    bills = town.frame("bill")[["bill_id", "customer_id", "issued_at"]].astype({"customer_id": "str"})
    payments = town.frame("payment").astype({"bill_id": "str", "customer_id": "str"})
    paid = payments.dropna(subset="bill_id").merge(bills, on="bill_id", suffixes=("", "_billed"))
    assert len(paid) == payments["bill_id"].notna().sum()
    assert (paid["paid_at"] > paid["issued_at"]).all()
    assert (paid["customer_id"] == paid["customer_id_billed"]).all()


def test_what_is_paid_and_what_is_open_is_what_was_billed(town: Territory) -> None:
    bills = town.frame("bill").astype({"customer_id": "str"}).set_index("bill_id")
    payments = town.frame("payment").astype({"bill_id": "str", "customer_id": "str"})
    habit = town.truth["habit"].set_index("customer_id")["punctuality"]
    owed = town.truth["open_bill"].set_index("bill_id")["open_cny"].reindex(bills.index).fillna(0)
    paid = payments.groupby("bill_id")["amount_cny"].sum().reindex(bills.index).fillna(0)
    ahead = bills["customer_id"].map(habit) == "ahead"
    np.testing.assert_allclose((paid + owed)[~ahead], bills["amount_cny"][~ahead], rtol=0, atol=1e-6)
    # Whoever pays ahead has always more credit than he was billed for.
    topped_up = payments[payments["bill_id"].isna()].groupby("customer_id")["amount_cny"].sum()
    billed = bills[ahead & (bills["amount_cny"] > 0)].groupby("customer_id")["amount_cny"].sum()
    assert len(billed) > 20
    credit = topped_up.reindex(billed.index).fillna(0) - billed
    assert credit.min() >= -1e-6
    assert credit.max() < 1000


def test_most_pay_in_time_and_a_few_owe_for_long(town: Territory) -> None:
    bills = town.frame("bill").astype({"customer_id": "str"})
    payments = town.frame("payment").astype({"bill_id": "str"}).merge(bills[["bill_id", "due_at"]], on="bill_id")
    late = payments["paid_at"] >= payments["due_at"]
    assert 0.04 < late.mean() < 0.15
    assert not late[payments["autopay"]].any()
    owed = town.truth["open_bill"].merge(bills[["bill_id", "due_at"]], on="bill_id")
    owed = owed[owed["open_cny"] > 0]
    assert 0.015 < owed[owed["due_at"] < town.end - pd.Timedelta(days=60)]["customer_id"].nunique() / 900 < 0.06
    habit = town.truth["habit"].set_index("customer_id")["punctuality"]
    old = owed[owed["due_at"] < town.end - pd.Timedelta(days=150)]
    assert (old["customer_id"].map(habit) == "stopped").mean() > 0.9
    assert payments.groupby("bill_id").size().max() == 2


def test_customers_keep_to_their_way_of_paying(town: Territory) -> None:
    payments = town.frame("payment").astype({"customer_id": "str", "channel": "str"})
    share = payments.groupby("customer_id")["channel"].agg(lambda ways: ways.value_counts(normalize=True).iloc[0])
    assert share.mean() > 0.9
    assert set(payments["channel"]) >= {"app", "wallet", "bank", "hall"}


def test_serving_costs_what_was_done(town: Territory) -> None:
    costs = town.frame("cost_to_serve").astype({"customer_id": "str", "activity": "str", "basis": "str"})
    orders = town.frame("work_order").drop_duplicates("work_order_id").dropna(subset="customer_id")
    price = {"hotline": 9.5, "hall": 16.0, "website": 2.6, "app": 1.8}
    first, last = costs["start_utc"].min(), costs["end_utc"].max()
    inside = orders[(orders["opened_at"] >= first) & (orders["opened_at"] < last)]
    booked = costs[costs["activity"] == "contact"]
    assert booked["cost_cny"].sum() == pytest.approx(inside["channel"].map(price).sum())
    assert set(booked["basis"]) == {"booked"}
    assert set(costs.loc[costs["activity"].isin(["metering", "billing"]), "basis"]) == {"allocated"}
    # The last quarter's books are not closed at the end.
    assert last == town.end.tz_convert("Asia/Shanghai") - pd.DateOffset(months=3)
