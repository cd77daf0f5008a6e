"""Nobody in the territory is anybody; consent can be taken back; whoever pays by the application was there."""

import numpy as np
import pandas as pd
import pytest

from features.demo import Territory
from features.demo.names import street_name

SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def card_check(number: str) -> str:
    """The check digit that an identity card with these first 17 digits would have (ISO 7064, MOD 11-2)."""
    rest = 0
    for digit in number[:17]:
        rest = (rest + int(digit)) * 2 % 11
    value = (12 - rest) % 11
    return "X" if value == 10 else str(value)


def licence_check(number: str) -> str:
    """The check sign that a social credit code with these first 17 signs would have (GB 32100)."""
    total = sum(SIGNS.index(sign) * 3**place for place, sign in enumerate(number[:17]))
    return SIGNS[-total % 31]


def test_the_checks_are_those_of_the_standards() -> None:
    # The examples that GB 11643 and GB 32100 give themselves.
    assert card_check("11010519491231002X") == "X"
    assert licence_check("91350100M000100Y43") == "3"


def test_no_number_can_be_anybodys(town: Territory) -> None:
    people = town.frame("identity")
    assert people["phone"].str.fullmatch(r"154\d{8}").all()
    cards = people.loc[people["document_kind"] == "identity_card", "document_id"].dropna()
    licences = people.loc[people["document_kind"] == "business_licence", "document_id"]
    assert cards.str.fullmatch(r"\d{17}[\dX]").all()
    assert not any(number[17] == card_check(number) for number in cards)
    assert licences.str.len().eq(18).all()
    assert not any(number[17] == licence_check(number) for number in licences)


def test_every_account_is_somebodys_and_some_were_taken_over(town: Territory) -> None:
    now = town.as_of("identity", town.end)
    assert sorted(now["customer_id"]) == sorted(town.customers.customer_ids)
    versions = town.frame("identity")
    successors = versions[versions["valid_from"].gt(versions.groupby("customer_id")["valid_from"].transform("min"))]
    assert 0.01 < len(successors) / len(now) < 0.08
    streets = {street_name(feeder) for feeder in range(6)}
    assert now["address"].map(lambda text: any(street in text for street in streets)).all()
    first = town.as_of("identity", successors["valid_from"].iloc[0] - pd.Timedelta(hours=1)).set_index("customer_id")
    taken = successors.iloc[0]
    assert first.loc[taken["customer_id"], "phone"] != taken["phone"]
    assert first.loc[taken["customer_id"], "address"] == taken["address"]


def test_consent_can_be_taken_back_and_most_was_never_asked(town: Territory) -> None:
    key = ["customer_id", "purpose", "channel"]
    versions = town.frame("consent").astype({"customer_id": "str"})
    ended = versions.dropna(subset="valid_to")
    assert len(ended) > 10
    assert ended["granted"].all()
    now = town.as_of("consent", town.end).astype({"customer_id": "str"}).set_index(key)
    assert now.index.is_unique
    assert not now.loc[pd.MultiIndex.from_frame(ended[key]), "granted"].any()
    before = ended.iloc[0]
    then = town.as_of("consent", before["valid_to"] - pd.Timedelta(hours=1)).astype({"customer_id": "str"})
    assert then.set_index(key).loc[tuple(before[key]), "granted"]
    asked = now.groupby(["purpose", "channel"]).size() / len(town.customers.customer_ids)
    assert (asked["marketing"] < 0.9).all()
    assert now["granted"].groupby("purpose").mean()["service"] > now["granted"].groupby("purpose").mean()["marketing"]


def test_whoever_pays_by_the_application_was_there_that_day(town: Territory) -> None:
    activity = town.frame("app_activity").astype({"customer_id": "str", "action": "str"})
    payments = town.frame("payment").astype({"customer_id": "str", "channel": "str"})
    by_app = payments[(payments["channel"] == "app") & (payments["paid_at"] < town.end - pd.Timedelta(days=1))]
    midnight = by_app["paid_at"].dt.tz_convert("Asia/Shanghai").dt.normalize().dt.tz_convert("UTC")
    paid = set(zip(by_app["customer_id"], midnight, strict=True))
    did = activity[activity["action"] == "payment"]
    assert set(zip(did["customer_id"], did["start_utc"], strict=True)) == paid
    assert did["count"].sum() == len(by_app)
    logins = activity[activity["action"] == "login"]
    days = activity[["customer_id", "start_utc"]].drop_duplicates()
    assert len(logins) == len(days)


def test_less_than_half_use_the_application_and_not_every_day(town: Territory) -> None:
    activity = town.frame("app_activity")
    customers = len(town.customers.customer_ids)
    assert 0.25 < activity["customer_id"].nunique() / customers < 0.55
    assert len(activity) < 100 * customers
    assert (activity["end_utc"] - activity["start_utc"] == pd.Timedelta(days=1)).all()


def test_work_orders_by_the_application_come_from_its_users(town: Territory) -> None:
    orders = town.frame("work_order").drop_duplicates("work_order_id")
    online = orders[(orders["channel"] == "app") & (orders["opened_at"] < town.end - pd.Timedelta(days=1))]
    activity = town.frame("app_activity").astype({"customer_id": "str"})
    there = set(zip(activity["customer_id"], activity["start_utc"], strict=True))
    midnight = online["opened_at"].dt.tz_convert("Asia/Shanghai").dt.normalize().dt.tz_convert("UTC")
    assert len(online) > 20
    assert set(zip(online["customer_id"], midnight, strict=True)) <= there


def test_who_is_asked_by_the_application_uses_it(town: Territory) -> None:
    answers = town.frame("satisfaction")
    by_app = answers[answers["channel"] == "app"]
    since = dict(zip(town.customers.customer_ids, town.dealings.habits.app_since, strict=True))
    day = (by_app["answered_at"] - town.days.utc(town.customers.first_day)) / pd.Timedelta(days=1)
    assert len(by_app) > 5
    assert (by_app["customer_id"].map(since) <= day).all()


@pytest.mark.parametrize("table", ["work_order", "satisfaction", "consent", "payment"])
def test_no_other_table_says_who_somebody_is(town: Territory, table: str) -> None:
    people = town.frame("identity")
    personal = set(people["phone"]) | set(people["document_id"].dropna())
    frame = town.frame(table)
    texts = frame.select_dtypes(["object", "string", "category"])
    values = set(np.concatenate([texts[column].dropna().astype(str).unique() for column in texts]))
    assert not personal & values
