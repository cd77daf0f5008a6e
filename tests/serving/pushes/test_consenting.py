"""Consent that ends after an offer was made ends the offer with the next run, sent and held out alike."""

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine

from features.workspace import Workspace
from serving.decisions.pushes.records import People
from serving.ledger import Ledger
from serving.pushes.deciding import decide_on
from serving.pushes.material import some_of
from serving.pushes.publish import publish_on
from serving.pushes.records import Push
from serving.pushes.store import PushStore
from tests.serving.decisions.pushes.worlds import NOW, World, world
from tests.serving.ledger.builders import recounted
from tests.serving.pushes.offered import every_push, later, material, stand

DAY = timedelta(days=1)
MANY = 24


def made(held_out: float = 0.5) -> World:
    return world(MANY, app_active_days_90d=[9.0, 0.0] * (MANY // 2)).with_policy(universal_holdout=held_out)


def without(
    some: World, who: Collection[int], things: Collection[tuple[str, str]] = (), profiling: bool = False
) -> Any:
    """People of whom some no longer allow some things, or forbid profiling."""
    those = np.isin(np.arange(MANY), sorted(who))
    consents = {thing: mask & ~(those & (thing in things)) for thing, mask in some.people.consents.items()}
    return People(some.people.persons, those & profiling, some.people.do_not_contact, consents)


def by_id(engine: Engine) -> dict[str, Push]:
    return {one.push_id: one for one in every_push(engine)}


def test_what_is_no_longer_allowed_is_withdrawn_and_nothing_else(engine: Engine, workspace: Workspace) -> None:
    stand(engine)
    some = made()
    publish_on(workspace, engine, material(some))
    before = by_id(engine)
    people = without(some, range(0, MANY, 3), [("marketing", "app"), ("marketing", "hall")])
    publish_on(workspace, engine, replace(later(material(some), 1), people=people))
    purpose = {one.code: one.purpose for one in some.catalogue.services}
    gone = {
        key for key, one in before.items() if int(one.customer_id[1:]) % 3 == 0 and purpose[one.service] == "marketing"
    }
    assert {before[one].sent for one in gone} == {True, False}
    after, store = by_id(engine), PushStore(engine)
    assert {key for key in before if after[key].answer == "withdrawn"} == gone
    assert all(after[key] == before[key] for key in set(before) - gone)
    for key in gone:
        (told,) = store.outcomes(key)
        assert told.why == f"consent to marketing by {before[key].channel} ended"
        assert (told.at, told.room) == (NOW + DAY, "freed" if before[key].reservation_id else "none")
    assert any(before[key].reservation_id for key in gone)
    assert not {one.ref for one in Ledger(engine).find(states=("held",), kind="offer")} & gone
    assert all(found == counted for found, counted in recounted(engine).values())
    new = [one for key, one in after.items() if key not in before and int(one.customer_id[1:]) % 3 == 0]
    assert {purpose[one.service] for one in new} <= {"service"}


def test_who_forbids_profiling_since_has_everything_withdrawn(engine: Engine, workspace: Workspace) -> None:
    stand(engine)
    some = made()
    publish_on(workspace, engine, material(some))
    before = by_id(engine)
    publish_on(workspace, engine, replace(later(material(some), 1), people=without(some, [0, 1, 2], profiling=True)))
    after, store = by_id(engine), PushStore(engine)
    gone = {key for key, one in before.items() if one.customer_id in ("C0000", "C0001", "C0002")}
    assert gone
    assert {key for key in before if after[key].answer == "withdrawn"} == gone
    assert {store.outcomes(key)[0].why for key in gone} == {"profiling is forbidden since"}


@pytest.mark.parametrize("commit", [True, False])
def test_deciding_for_some_withdraws_theirs_alone_and_asking_nothing(
    engine: Engine, workspace: Workspace, commit: bool
) -> None:
    stand(engine)
    some = made(0.0)
    publish_on(workspace, engine, material(some))
    before = by_id(engine)
    asked = later(material(some), 1)
    people = without(some, range(MANY), profiling=True)
    few = np.arange(2)
    part = {name: getattr(people, name)[few] for name in ("persons", "forbids_profiling", "do_not_contact")}
    consents = {thing: mask[few] for thing, mask in people.consents.items()}
    asked = replace(
        asked, wide=some_of(asked.wide, few), people=People(**part, consents=consents), own_kw=some.own_kw[few]
    )
    decide_on(engine, asked, {"customers": ["C0000", "C0001"], "services": None}, commit, "k" if commit else None)
    gone = {one.customer_id for key, one in by_id(engine).items() if key in before and one.answer == "withdrawn"}
    assert gone == ({"C0000", "C0001"} if commit else set())
