"""What customers turn to the utility with hangs together with what went wrong, and inspections find what is there."""

import re

import numpy as np
import pandas as pd
import pytest

from features.demo import Territory
from features.demo.names import estate_name, street_name


@pytest.fixture(scope="module")
def orders(town: Territory) -> pd.DataFrame:
    """The last version of every work order, with its topic of the planted truth."""
    last = town.frame("work_order").drop_duplicates("work_order_id", keep="last")
    return last.merge(town.truth["topic"], on="work_order_id").astype({"topic": "str"})


def test_about_one_contact_per_customer_and_year(town: Territory, orders: pd.DataFrame) -> None:
    assert 0.7 < len(orders) / (900 * 2) < 1.4
    # Some turn up again and again, a third never does.
    by_customer = orders["customer_id"].value_counts()
    assert by_customer.max() >= 10
    assert 0.15 < 1 - len(by_customer) / 900 < 0.5
    assert 0.02 < orders["customer_id"].isna().mean() < 0.12


def test_texts_are_many_and_name_places_but_no_person_and_no_number(town: Territory, orders: pd.DataFrame) -> None:
    places = {estate_name(area) for area in range(30)} | {street_name(feeder) for feeder in range(6)}
    named = orders["text"].map(lambda text: any(place in text for place in places))
    assert 0.4 < named.mean() < 0.9
    assert not orders["text"].str.contains(r"[0-9A-Za-z{}]").any()
    assert orders["text"].nunique() > 0.6 * len(orders)
    people = set(town.frame("identity")["name"])
    words = orders["text"].map(lambda text: set(re.split("[，。：]", text)))
    assert not people & set().union(*words)


def test_a_work_order_is_open_until_it_is_known_to_be_closed(town: Territory) -> None:
    versions = town.frame("work_order")
    first, closed = versions[versions["closed_at"].isna()], versions[versions["closed_at"].notna()]
    assert first["work_order_id"].is_unique
    assert set(closed["work_order_id"]) < set(first["work_order_id"])
    assert (closed["available_at"] == closed["closed_at"]).all()
    assert (closed["closed_at"] > closed["opened_at"]).all()
    now = town.as_of("work_order", town.end)
    assert 0 < now["closed_at"].isna().sum() < 100
    assert 0.05 < (now["closed_at"] > now["due_at"]).mean() < 0.3


def test_who_turns_up_again_does_so_within_a_week_about_the_same(orders: pd.DataFrame) -> None:
    again = orders.dropna(subset="repeats_id").merge(
        orders, left_on="repeats_id", right_on="work_order_id", suffixes=("", "_first")
    )
    assert len(again) == orders["repeats_id"].notna().sum() > 50
    wait = again["opened_at"] - again["opened_at_first"]
    assert wait.min() > pd.Timedelta(0)
    assert wait.max() <= pd.Timedelta(days=7)
    assert (again["customer_id"] == again["customer_id_first"]).all()
    assert (again["topic"] == again["topic_first"]).all()


def test_the_hall_of_the_area_deals_with_it(town: Territory, orders: pd.DataFrame) -> None:
    area_of = town.frame("customer").drop_duplicates("customer_id").set_index("customer_id")["area_id"]
    mine = orders.dropna(subset="customer_id")
    owner = town.as_of("node", town.end).set_index("node_id")["hall_id"]
    moved = {town.area_ids[area] for area, _, _ in town.network.moves}
    area = mine["customer_id"].map(area_of)
    settled = ~area.isin(moved)
    assert (mine["hall_id"][settled] == area[settled].map(owner)).all()
    about = mine["node_id"].notna()
    assert (mine["node_id"][about] == area[about]).all()


def test_low_voltage_is_complained_of_where_voltage_was_low(town: Territory, orders: pd.DataFrame) -> None:
    faults, low = town.truth["voltage_fault"], orders[orders["topic"] == "low_voltage"]
    assert len(faults) >= 1
    for fault in faults.itertuples():
        there = low[low["node_id"] == fault.area_id]
        during = (there["opened_at"] >= fault.start_utc) & (there["opened_at"] <= fault.end_utc)
        assert during.sum() >= 1


def test_outages_are_reported_more_often_on_days_of_overload(town: Territory, orders: pd.DataFrame) -> None:
    first = town.days.utc(town.customers.first_day)
    overload = town.truth["overload"]
    overload = overload[overload["start_utc"] >= first]
    days = {
        (row.area_id, day)
        for row in overload.itertuples()
        for day in pd.date_range(local(row.start_utc).normalize(), local(row.end_utc - pd.Timedelta(seconds=1)))
    }
    outages = orders[(orders["topic"] == "outage") & orders["repeats_id"].isna()].dropna(subset="node_id")
    places = zip(outages["node_id"], outages["opened_at"].map(local).map(pd.Timestamp.normalize), strict=True)
    hit = sum(place in days for place in places)
    usual = (len(outages) - hit) / (len(town.area_ids) * 2 * 365)
    assert len(days) >= 3
    assert hit / len(days) > 5 * usual


def local(moment: pd.Timestamp) -> pd.Timestamp:
    return moment.tz_convert("Asia/Shanghai").tz_localize(None)


def test_outages_are_a_matter_of_summer(orders: pd.DataFrame) -> None:
    month = orders.loc[orders["topic"] == "outage", "opened_at"].dt.tz_convert("Asia/Shanghai").dt.month
    assert month.isin([6, 7, 8]).sum() > 1.3 * month.isin([3, 4, 5]).sum()


def test_bills_are_asked_about_after_high_ones(town: Territory, orders: pd.DataFrame) -> None:
    bills = town.frame("bill").astype({"customer_id": "str"})
    bills["ratio"] = bills["amount_cny"] / bills.groupby("customer_id")["amount_cny"].transform("median")
    asked = orders[(orders["topic"] == "high_bill") & orders["customer_id"].notna()]
    pairs = asked.merge(bills[["customer_id", "issued_at", "ratio"]], on="customer_id")
    wait = pairs["opened_at"] - pairs["issued_at"]
    recent = pairs[(wait > pd.Timedelta(0)) & (wait < pd.Timedelta(days=12))]
    assert (recent["ratio"] > 1.6).mean() > 2 * (bills["ratio"] > 1.6).mean()


def test_bursts_stand_out_in_their_hall_and_days(town: Territory, orders: pd.DataFrame) -> None:
    bursts = town.truth["burst"]
    assert len(bursts) >= 3
    assert bursts["end_utc"].max() > town.end - pd.Timedelta(days=14)
    for burst in bursts.itertuples():
        mine = orders[(orders["topic"] == burst.topic) & (orders["hall_id"] == burst.hall_id)]
        inside = (mine["opened_at"] >= burst.start_utc) & (mine["opened_at"] < burst.end_utc)
        assert inside.sum() >= burst.rows >= 4
        elsewhere = orders[(orders["topic"] == burst.topic) & (orders["hall_id"] != burst.hall_id)]
        then = (elsewhere["opened_at"] >= burst.start_utc) & (elsewhere["opened_at"] < burst.end_utc)
        assert then.sum() < inside.sum()


def test_the_longer_it_took_the_less_content_people_are(town: Territory, orders: pd.DataFrame) -> None:
    answers = town.frame("satisfaction")
    about = answers.merge(orders, on="work_order_id", suffixes=("", "_order"))
    share = (about["closed_at"] - about["opened_at"]) / (about["due_at"] - about["opened_at"])
    assert about["score"][share > 1].mean() < about["score"][share < 0.5].mean() - 0.7
    assert (about["answered_at"] > about["closed_at"]).all()
    assert about["score"].nunique() == 5
    assert answers["work_order_id"].notna().sum() + answers["application_id"].notna().sum() == len(answers)
    assert answers["application_id"].notna().sum() > 0


def test_theft_that_is_found_is_theft_that_was_planted(town: Territory) -> None:
    inspections = town.frame("inspection")
    for outcome, table in (("theft", "theft"), ("meter_fault", "stale_meter")):
        truth = town.truth[table].astype({"customer_id": "str"})
        found = inspections[inspections["outcome"] == outcome].merge(truth, on="customer_id", suffixes=("", "_truth"))
        assert len(found) == (inspections["outcome"] == outcome).sum() >= 1
        assert (found["meter_id"] == found["meter_id_truth"].astype(str)).all()
        assert (found["inspected_at"] > found["start_utc"]).all()
        assert (found["inspected_at"] < found["end_utc"]).all()
        assert (found["fault_since"] >= found["start_utc"]).all()
        # Labels are partial: some is never found.
        assert found["customer_id"].nunique() < len(truth)


def test_what_was_hidden_is_charged_once_by_a_correction(town: Territory) -> None:
    inspections, bills = town.frame("inspection"), town.frame("bill").astype({"customer_id": "str", "kind": "str"})
    charged = inspections.dropna(subset="recovered_kwh")
    corrections = bills[bills["kind"] == "correction"]
    assert len(charged) >= 3
    assert set(charged["outcome"]) <= {"theft", "meter_fault"}
    both = charged.merge(corrections, left_on=["customer_id", "available_at"], right_on=["customer_id", "issued_at"])
    assert len(both) == len(charged)
    np.testing.assert_allclose(both["recovered_kwh"], both["kwh"], rtol=0, atol=1e-9)
    np.testing.assert_allclose(both["recovered_amount_cny"], both["amount_cny"], rtol=0, atol=1e-9)
    hidden = town.truth["theft"].astype({"customer_id": "str"}).set_index("customer_id")["hidden_kwh"]
    theft = charged[charged["outcome"] == "theft"].groupby("customer_id")["recovered_kwh"].sum()
    assert (theft <= hidden[theft.index] + 0.01).all()
    assert (corrections["customer_id"].isin(inspections["customer_id"])).all()


def test_most_visits_find_nothing_and_alarms_find_most(town: Territory) -> None:
    inspections = town.frame("inspection")
    assert set(inspections["kind"]) == {"periodic", "special", "alarm", "reported"}
    assert 0.6 < (inspections["outcome"] == "in_order").mean() < 0.95
    found = inspections["outcome"].isin(["theft", "meter_fault"]).groupby(inspections["kind"]).mean()
    assert found["alarm"] > 3 * found["periodic"]
    shut = inspections[inspections["outcome"] == "no_access"]
    assert len(shut) > 0
    assert shut[["fault_since", "recovered_kwh", "recovered_amount_cny"]].isna().all(axis=None)
