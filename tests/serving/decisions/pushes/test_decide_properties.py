"""What holds of every decision: nobody is sent what he must not be, room is never promised twice, lots move nothing."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.decisions.pushes import ADDS_VA, CODES, CONTACTS, HELD_VA, SENT, Decided, settle, weigh
from tests.serving.decisions.pushes.random_worlds import random_world
from tests.serving.decisions.pushes.worlds import NOW, World, reasons_of, texts

worlds = st.builds(random_world, st.integers(0, 2**32 - 1), st.integers(1, 40))
many = settings(max_examples=25, deadline=None)


def contacts(decided: Decided) -> list[tuple[str, str]]:
    return list(zip(decided.contacts["customer_id"], decided.contacts["service"], strict=True))


def place(world: World, customer: str) -> int:
    found = world.wide.place(customer)
    assert found is not None
    return found


@many
@given(worlds)
def test_nobody_is_sent_what_he_must_not_be(world: World) -> None:
    frame, people = world.decide().contacts, world.people
    silent = set(people.persons[people.do_not_contact])
    for one in frame.to_dict("records"):
        at = place(world, one["customer_id"])
        service = world.catalogue.service(one["service"])
        assert service is not None
        assert not people.forbids_profiling[at]
        assert people.persons[at] not in silent
        assert people.consents[service.purpose, one["channel"]][at]
        quiet = dict(world.policy.quiet).get(one["channel"])
        assert quiet is None or not quiet.silent(world.moment.local.hour)
        assert one["channel"] != "app" or world.wide.numbers["app_active_days_90d"][at] >= 1
        assert one["score_cny"] > world.policy.least_score_cny or isinstance(one["relief_node_id"], str)
        adds = any(one[name] > 0 for name in ADDS_VA)
        assert not (adds and world.capacity_rule and world.grid.stale)
        assert world.within is None or world.within[at]


@many
@given(worlds)
def test_caps_hold_over_former_contacts_and_the_run(world: World) -> None:
    policy = world.policy
    taken = world.decide().contacts
    both = pd.concat([one[["person_id", "channel", "decided_at"]] for one in (world.former, taken)], ignore_index=True)
    for person in set(taken["person_id"]):
        his = both[(both["person_id"] == person) & (both["decided_at"] > NOW - pd.Timedelta(days=policy.total_days))]
        assert len(his) <= policy.total_contacts
        # The books may hold more than the caps by a channel of which nothing is taken now.
        by = set(taken.loc[taken["person_id"] == person, "channel"])
        soon = his[(his["decided_at"] > NOW - pd.Timedelta(days=policy.per_channel_days)) & his["channel"].isin(by)]
        assert soon["channel"].value_counts().max() <= policy.per_channel_contacts
    assert all(n <= policy.hall_contacts for n in taken.loc[taken["channel"] == "hall", "hall_id"].value_counts())
    assert all(n <= policy.relief_contacts for n in taken["relief_node_id"].value_counts())
    standing = world.former[world.former["expires_at"] > NOW]
    assert not set(contacts(world.decide())) & set(zip(standing["customer_id"], standing["service"], strict=True))


@many
@given(worlds)
def test_whom_the_lot_leaves_out_moves_nobody_else(world: World) -> None:
    nobody = world.with_policy(universal_holdout=0.0, campaign_holdout=0.0).decide()
    half = world.with_policy(universal_holdout=0.5, campaign_holdout=0.5).decide()
    assert contacts(nobody) == contacts(half)
    assert set(nobody.contacts["reason"]) <= {SENT}
    sent = CODES.index(SENT)
    # Of everything else the reasons are the same, too.
    assert (np.minimum(nobody.reasons, sent - 2) == np.minimum(half.reasons, sent - 2)).all()
    same = [name for name in nobody.contacts.columns if name != "reason"]
    pd.testing.assert_frame_equal(nobody.contacts[same], half.contacts[same])


@many
@given(worlds)
def test_every_offer_finds_room_for_all_of_it_after_those_before(world: World) -> None:
    grid = world.grid
    rest = {node: np.array(va, dtype=float) for node, va in grid.left_va.items()}
    for begins, va in [*((one.node_id, one.va) for one in grid.waiting), *grid.shadow_va.items()]:
        for node in set(grid.paths.get(begins, (begins,))) & set(rest):
            rest[node] = rest[node] - np.array(va)
    begun = {node: va.copy() for node, va in rest.items()}
    for one in world.but(capacity_rule=True).decide().contacts.to_dict("records"):
        adds, holds = (np.array([one[name] for name in names]) for names in (ADDS_VA, HELD_VA))
        assert (holds == np.ceil(adds * one["propensity"] - 1e-6)).all()
        assert (holds <= adds).all()
        if not adds.any():
            continue
        for node in grid.paths[one["area_id"]]:
            assert (rest[node][adds > 0] >= adds[adds > 0]).all()
            rest[node] = rest[node] - holds
    for node, va in rest.items():
        taken = begun[node] - va
        assert (taken[taken > 0] <= begun[node][taken > 0]).all()


@many
@given(worlds)
def test_deciding_again_is_the_same_to_the_letter(world: World) -> None:
    first, again = world.decide(), world.decide()
    pd.testing.assert_frame_equal(first.contacts, again.contacts)
    for name in ("reasons", "binds", "block"):
        assert (getattr(first, name) == getattr(again, name)).all()
    other = world.decide("R2").contacts
    assert contacts(first) == contacts(again) == list(zip(other["customer_id"], other["service"], strict=True))
    ids = [*first.contacts["push_id"], *other["push_id"]]
    assert len(ids) == len(set(ids))
    assert all(len(one) == 20 for one in ids)


@many
@given(worlds)
def test_contacts_and_reasons_say_the_same(world: World) -> None:
    decided = world.decide()
    told = {pair: reason for pair, reason in reasons_of(world, decided).items() if reason in CONTACTS}
    assert told == dict(zip(contacts(decided), decided.contacts["reason"], strict=True))
    refused = np.isin(decided.reasons, [CODES.index(one) for one in ("NO_CAPACITY", "CAPACITY_UNKNOWN")])
    assert (decided.binds[~refused] == -1).all()
    assert (decided.block[~refused] == -1).all()
    full = decided.reasons == CODES.index("NO_CAPACITY")
    assert (decided.binds[full] >= 0).all()
    assert (decided.block[full] >= 0).all()


@many
@given(worlds, st.integers(0, 100))
def test_who_is_alone_in_want_of_nothing_others_have_is_told_the_same_alone(world: World, pick: int) -> None:
    roomy = random_world(pick, len(world.wide)).grid
    left = {node: np.full(6, 1e9) for node in roomy.left_va}
    alone = world.but(grid=type(roomy)(left, roomy.paths, roomy.kinds), within=None)
    alone = alone.with_policy(hall_contacts=10_000, explore=0.0)
    one = np.zeros(len(world.wide), dtype=bool)
    person = alone.people.persons[pick % len(one)]
    one[alone.people.persons == person] = True
    whole, part = reasons_of(alone, alone.decide()), reasons_of(alone, alone.but(within=one).decide())
    assert part == {pair: reason for pair, reason in whole.items() if pair in part}
    assert {customer for customer, _ in part} == set(alone.wide.customer_ids[one])


@many
@given(worlds)
def test_who_shares_neither_node_nor_hall_nor_person_moves_nobody(world: World) -> None:
    areas = world.wide.texts["area_id"].listed(np.arange(len(world.wide)))
    near = np.array([area in ("A1", "A2") for area in areas])
    halls = texts(["H1" if one else "H2" for one in near])
    wide = replace(world.wide, texts={**world.wide.texts, "hall_id": halls})
    people = replace(world.people, persons=world.wide.customer_ids)
    grid = replace(world.grid, left_va={**world.grid.left_va, "S": np.full(6, 1e9)})
    whole = world.but(wide=wide, people=people, grid=grid, within=None).with_policy(explore=0.0)
    part = whole.but(within=near).decide()
    assert reasons_of(whole, part).items() <= reasons_of(whole, whole.decide()).items()
    there = set(world.wide.customer_ids[near])
    assert contacts(part) == [pair for pair in contacts(whole.decide()) if pair[0] in there]


@many
@given(worlds)
def test_what_is_weighed_before_serves_any_books(world: World) -> None:
    parts = dict(vars(world))
    rest = {name: parts.pop(name) for name in ("former", "grid", "capacity_rule")}
    weighed = weigh(**parts)
    settle("R0", weighed, world.former, random_world(1, 3).grid)
    pd.testing.assert_frame_equal(settle("R1", weighed, **rest).contacts, world.decide().contacts)


@pytest.mark.parametrize("seed", range(3))
def test_the_worlds_are_worth_deciding(seed: int) -> None:
    told = Counter(random_world(seed, 300, within=None, capacity_rule=True).reasons().values())
    assert len(told) >= 8
