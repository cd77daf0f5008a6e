"""One rule after the other: what each refusal takes, in which order they are told, and what an offer looks like."""

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

import numpy as np
import pandas as pd
import pytest

from serving.decisions.pushes import CONTACT_COLUMNS, REFUSALS, Moment, People, Scores
from serving.decisions.pushes.policy import QuietHours
from serving.decisions.selection import Wide
from tests.serving.decisions.pushes.worlds import CONSENTS, NOW, World, former, grid, policy, service, world

LOCAL = NOW + timedelta(hours=8)
PERSON = np.array(["P", "P"], dtype=object)
WORD, GROW, OWN, EASE = (service(code) for code in ("word", "grow", "own", "ease"))
HALL_WORD = service("card", cost_cny={"hall": 0.1})


def told(of: World) -> list[str]:
    """The reasons of a world, customer by customer, service by service."""
    return list(of.reasons().values())


def people(n: int = 1, **changed: Any) -> People:
    usual = world(n).people
    return replace(usual, **changed)


def only(*pairs: tuple[str, str]) -> People:
    return people(consents=dict.fromkeys(pairs, np.array([True])))


@pytest.mark.parametrize(
    ("code", "made"),
    [
        ("SENT", world(1, [GROW])),
        ("NOT_ELIGIBLE", world(1, [GROW], x=2)),
        ("NOT_ELIGIBLE", world(1, [GROW], customer_class="industrial")),
        ("NOT_ELIGIBLE", world(1, [GROW], customer_class=None, t=1)),
        ("ELIGIBILITY_UNKNOWN", world(1, [GROW], x=np.nan)),
        ("ELIGIBILITY_UNKNOWN", world(1, [GROW], t=-1)),
        ("ELIGIBILITY_UNKNOWN", world(1, [GROW], customer_class=None)),
        ("ELIGIBILITY_UNKNOWN", world(1, [OWN], own_kw=np.full((1, 6), np.nan))),
        ("ELIGIBILITY_UNKNOWN", world(1, [EASE], own_kw=np.full((1, 6), np.nan))),
        ("SENT", world(1, [GROW], own_kw=np.full((1, 6), np.nan))),
        ("PORTRAIT_STALE", world(1, moment=Moment(NOW, LOCAL, NOW - timedelta(days=14, seconds=1)), services=[WORD])),
        ("SENT", world(1, moment=Moment(NOW, LOCAL, NOW - timedelta(days=14)), services=[WORD])),
        ("STANDING_OFFER", world(1, [WORD], former=former({"days": 29}))),
        ("NO_CONSENT", world(1, [GROW], people=only(("service", "app"), ("service", "hall")))),
        ("NO_CONSENT", world(1, [WORD], people=only(("service", "hall")))),
        ("PROFILING_FORBIDDEN", world(1, [WORD], people=people(forbids_profiling=np.array([True])))),
        ("DO_NOT_CONTACT", world(1, [WORD], people=people(do_not_contact=np.array([True])))),
        ("QUIET_HOURS", world(1, [WORD], policy=policy(quiet={"app": QuietHours(begins=9, ends=11)}))),
        ("SENT", world(1, [WORD], policy=policy(quiet={"hall": QuietHours(begins=9, ends=11)}))),
        ("CAPACITY_STALE", world(1, [GROW], grid=grid(stale="too old"))),
        ("SENT", world(1, [WORD], grid=grid(stale="too old"))),
        ("CAPACITY_UNKNOWN", world(1, [GROW], area_id=None)),
        ("CAPACITY_UNKNOWN", world(1, [GROW], area_id="A9")),
        ("SENT", world(1, [WORD], area_id=None)),
        ("CAPACITY_UNKNOWN", world(1, [GROW], grid=grid(F1=[1, 1, np.nan, 1, 1, 1]))),
        ("SENT", world(1, [GROW], grid=grid(F1=[np.nan, np.nan, 99, 99, 99, 99]))),
        ("NO_CAPACITY", world(1, [GROW], grid=grid(S=[0, 99, 99, 99, 3.157, 99]))),
        ("SENT", world(1, [GROW], grid=grid(S=[0, -5, 99, 99, 3.158, -5]))),
        ("LOW_SCORE", world(1, [WORD], policy=policy(least_score_cny=0.8))),
        ("CAPPED_CHANNEL", world(1, [WORD], former=former({"days": 6.99, "service": "gone"}))),
        ("SENT", world(1, [WORD], former=former({"days": 7, "service": "gone"}))),
        ("SENT", world(1, [WORD], former=former({"service": "gone", "channel": "hall"}))),
        ("CAPPED_TOTAL", world(1, [WORD], former=former(*[{"days": d, "service": "gone"} for d in (9, 19, 29)]))),
        ("SENT", world(1, [WORD], former=former(*[{"days": d, "service": "gone"} for d in (9, 19, 30)]))),
        ("NO_CHANNEL", world(1, [HALL_WORD], hall_id=None)),
        ("NO_CHANNEL", world(1, [GROW], people=only(("marketing", "app")), app_active_days_90d=0)),
        ("NO_CHANNEL", world(1, [GROW], people=only(("marketing", "app")), app_active_days_90d=np.nan)),
    ],
)
def test_one_reason(code: str, made: World) -> None:
    assert told(made) == [code]


def test_what_is_mended_one_by_one_is_told_one_by_one() -> None:
    """A customer with everything wrong; each thing that is put right lets the next one be seen."""
    at_fault = world(
        1,
        [GROW],
        x=0,
        moment=Moment(NOW, LOCAL, NOW - timedelta(days=99)),
        former=former({"service": "grow"}, *[{"service": "gone", "days": d} for d in (2, 3, 4)]),
        people=replace(only(("service", "app")), forbids_profiling=np.array([True]), do_not_contact=np.array([True])),
        policy=policy(quiet={"app": QuietHours(begins=9, ends=11)}, least_score_cny=99),
        grid=grid(kva=0, stale="too old", F1=np.nan),
    )
    seen = told(at_fault)
    customers = replace(at_fault.wide, numbers=at_fault.wide.numbers | {"x": np.array([np.nan])})
    for mended in (
        {"wide": customers},
        {"wide": world().wide},
        {"moment": Moment(NOW, LOCAL, NOW)},
        {"former": at_fault.former.iloc[1:]},
        {"people": replace(at_fault.people, consents=dict.fromkeys(CONSENTS, np.array([True])))},
        {"people": people(do_not_contact=np.array([True]))},
        {"people": people()},
        {"policy": policy(least_score_cny=99)},
        {"grid": grid(kva=0, F1=np.nan)},
        {"grid": grid(kva=0)},
        {"grid": grid()},
        {"policy": policy()},
        {"former": at_fault.former.iloc[1:].assign(channel="hall")},
        {"former": former()},
    ):
        at_fault = at_fault.but(**mended)
        seen += told(at_fault)
    of_the_run = ("RELIEF_ENOUGH", "OUTRANKED", "HALL_FULL", "NO_CHANNEL")
    assert seen == [*(one for one in REFUSALS if one not in of_the_run), "SENT"]


def test_who_asks_for_silence_is_left_alone_on_all_his_accounts() -> None:
    made = world(2, [WORD], people=people(2, persons=PERSON, do_not_contact=np.array([True, False])))
    assert told(made) == ["DO_NOT_CONTACT"] * 2


@pytest.mark.parametrize(
    ("changed", "channel", "cost"),
    [
        ({}, "app", 0.5),
        ({"app_active_days_90d": 0}, "hall", 3.0),
        ({"app_active_days_90d": np.nan}, "hall", 3.0),
        ({"people": only(("marketing", "hall"))}, "hall", 3.0),
        ({"services": [service("grow", cost_cny={"hall": 3})]}, "hall", 3.0),
        ({"people": only(("marketing", "app"))}, "app", 0.5),
    ],
)
def test_the_app_where_he_is_active_or_else_a_card(changed: dict[str, Any], channel: str, cost: float) -> None:
    found = world(**{"services": [GROW], **changed}).decide().contacts
    assert found["channel"].tolist() == [channel]
    assert found["cost_cny"].tolist() == [cost]


@pytest.mark.parametrize(("hour", "silent"), [(19, False), (20, True), (23, True), (0, True), (8, True), (9, False)])
def test_quiet_hours_go_over_midnight(hour: int, silent: bool) -> None:
    rests = policy(quiet={"app": QuietHours(begins=20, ends=9)})
    made = world(1, [GROW], policy=rests, moment=Moment(NOW, LOCAL.replace(hour=hour), NOW))
    assert told(made) == ["QUIET_HOURS" if silent else "SENT"]
    # It does not move to the counter for that.
    assert len(made.decide().contacts) == (not silent)


@pytest.mark.parametrize(
    ("changed", "chance"),
    [
        ({"x": 3}, 0.2),
        ({"x": 3, "u": 1}, 0.4),
        ({"x": 3, "u": -1}, 0.2),
        ({"x": 4}, 0.3),
        ({"x": 4, "u": 1}, 0.5),
    ],
)
def test_only_what_is_known_to_hold_makes_acceptance_likelier(changed: dict[str, Any], chance: float) -> None:
    found = world(1, [GROW], **changed).decide().contacts.iloc[0]
    assert found["propensity"] == pytest.approx(chance)
    assert found["score_cny"] == pytest.approx(chance * 10 - 0.5)
    assert np.isnan(found["uplift"])


def test_value_of_a_column_that_is_not_known_is_none() -> None:
    made = world(2, [OWN], v=[np.nan, 100.0])
    assert told(made) == ["LOW_SCORE", "SENT"]
    assert made.decide().contacts["value_cny"].tolist() == [10.0]


def test_uplift_takes_the_place_of_propensity_where_it_is_known() -> None:
    made = world(3, [WORD], scores=Scores({"word": np.array([0.1, np.nan, -0.2])}))
    assert told(made) == ["SENT", "SENT", "LOW_SCORE"]
    found = made.decide().contacts.set_index("customer_id")
    assert found["score_cny"].to_dict() == pytest.approx({"C0000": 0.1 * 3 - 0.1, "C0001": 0.3 * 3 - 0.1})
    assert found["propensity"].tolist() == [0.3, 0.3]


def test_columns_and_tags_the_customers_come_without_are_unknown() -> None:
    bare = world().wide
    bare = Wide(bare.customer_ids, {"x": bare.numbers["x"]})
    assert told(world(wide=bare)) == [
        "ELIGIBILITY_UNKNOWN",
        "CAPACITY_UNKNOWN",
        "ELIGIBILITY_UNKNOWN",
        "ELIGIBILITY_UNKNOWN",
    ]


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ({"expires_at": NOW}, "SENT"),
        ({"service": "own"}, "SENT"),
        ({"answered_at": NOW - timedelta(hours=1)}, "STANDING_OFFER"),
    ],
)
def test_an_offer_stands_until_it_lapses_even_if_it_was_answered(rows: dict[str, Any], code: str) -> None:
    assert told(world(1, [WORD], former=former({"days": 8, **rows}))) == [code]


def test_former_contacts_count_for_the_person_whoever_holds_the_account_now() -> None:
    made = world(2, [WORD], people=people(2, persons=PERSON))
    other = {"customer_id": "C0001", "person_id": "C0001", "service": "gone", "reason": "HELD_OUT_UNIVERSAL"}
    assert told(made.but(former=former(other))) == ["CAPPED_CHANNEL"] * 2
    assert told(made.but(former=former({**other, "customer_id": "X", "person_id": "P"}))) == ["CAPPED_CHANNEL"] * 2
    assert told(made.but(former=former({**other, "customer_id": "X"}))) == ["SENT", "OUTRANKED"]


def test_the_better_offer_of_a_run_comes_first() -> None:
    dear = service("dear", value={"cny": 30})
    assert told(world(1, [WORD, dear])) == ["OUTRANKED", "SENT"]
    assert told(world(1, [WORD, dear]).with_policy(per_channel_contacts=2)) == ["SENT", "SENT"]
    assert told(world(1, [WORD, dear]).with_policy(per_channel_contacts=2, total_contacts=1)) == ["OUTRANKED", "SENT"]
    # By another channel it is another contact.
    assert told(world(1, [WORD, service("dear", cost_cny={"hall": 0.1})])) == ["SENT", "SENT"]


def test_of_equals_the_first_customer_comes_first_and_then_the_first_service() -> None:
    found = world(2, [WORD, HALL_WORD]).decide().contacts
    assert found["customer_id"].tolist() == ["C0000", "C0000", "C0001", "C0001"]
    assert found["service"].tolist() == ["word", "card", "word", "card"]


def test_a_hall_hands_out_so_many_cards_and_no_more() -> None:
    made = world(3, [HALL_WORD], policy=policy(hall_contacts=1), hall_id=["H1", "H1", "H2"])
    assert told(made) == ["SENT", "HALL_FULL", "SENT"]


def test_an_offer_says_what_when_and_to_whom() -> None:
    decided = world(1, [GROW], hall_id=None, area_id="A3").decide("R7")
    assert tuple(decided.contacts.columns) == CONTACT_COLUMNS
    one = decided.contacts.iloc[0]
    assert one["push_id"] == sha256(b"R7|C0000|grow").hexdigest()[:20]
    assert (one["customer_id"], one["person_id"], one["service"], one["campaign"]) == (
        "C0000",
        "C0000",
        "grow",
        "grow_1",
    )
    assert one["decided_at"] == pd.Timestamp(NOW)
    assert one["expires_at"] == pd.Timestamp(NOW) + pd.Timedelta(days=30)
    assert pd.isna(one["hall_id"])
    assert pd.isna(one["relief_node_id"])
    assert (one["area_id"], one["variant"], one["explored"]) == ("A3", "firm", False)


def test_nobody_at_all_and_nobody_asked() -> None:
    assert tuple(world(0).decide().contacts.columns) == CONTACT_COLUMNS
    decided = world(3, within=np.zeros(3, dtype=bool)).decide()
    assert (decided.reasons == -1).all()
    assert decided.contacts["decided_at"].dtype == world(1, [WORD]).decide().contacts["decided_at"].dtype


def test_explorers_have_their_order_drawn() -> None:
    dear = service("dear", value={"cny": 30})
    made = world(400, [WORD, dear])
    assert set(made.decide().contacts["service"]) == {"dear"}
    drawn = made.with_policy(explore=0.5).decide().contacts
    lots = drawn[drawn["explored"]]
    assert 0.4 < len(lots) / len(drawn) < 0.6
    assert 0.35 < (lots["service"] == "word").mean() < 0.65
    assert set(drawn.loc[~drawn["explored"], "service"]) == {"dear"}
