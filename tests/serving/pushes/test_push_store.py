"""Offers read back, by where and how they stand; and wishes, the newest of each account."""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Engine

from features.errors import NotFoundError
from features.workspace import Workspace
from serving.decisions.pushes.codes import SENT
from serving.decisions.pushes.records import FORMER_COLUMNS
from serving.pushes.outcomes import take_outcome
from serving.pushes.publish import publish_on
from serving.pushes.records import PushRun
from serving.pushes.rows import contacts_in, former_in, insert_run, shadow_in
from serving.pushes.store import PushQuery, PushStore
from serving.pushes.wishes import take_wish
from serving.refusals import BadFieldError
from tests.serving.decisions.pushes.worlds import NOW, world
from tests.serving.pushes.offered import every_push, material, stand

DAY = timedelta(days=1)


def former(store: PushStore, now: datetime, days: int) -> pd.DataFrame:
    with store.engine.connect() as connection:
        return former_in(connection, now, days)


def shadow_va(store: PushStore, now: datetime) -> dict[str, np.ndarray]:
    with store.engine.connect() as connection:
        return shadow_in(connection, now)


@pytest.fixture
def store(engine: Engine, workspace: Workspace) -> PushStore:
    """Offers to thirty customers of two halls, with hold-outs."""
    stand(engine)
    some = world(30, hall_id=["H1", "H2", "H2"] * 10, app_active_days_90d=[9.0, 0.0] * 15)
    publish_on(workspace, engine, material(some.with_policy(universal_holdout=0.1, campaign_holdout=0.2)))
    return PushStore(engine)


def test_a_run_is_kept_as_it_was(engine: Engine) -> None:
    run = PushRun(
        "r", "decide", "H1", NOW, "me", "s", None, None, "c", "p", "f", ({"name": "value"},), 3, 2, 1, None, "k"
    )
    with engine.begin() as connection:
        insert_run(connection, run)
    store = PushStore(engine)
    assert store.run("r") == run
    assert (store.runs(None), store.runs()) == ([run], [])
    with pytest.raises(NotFoundError, match="ghost"):
        store.run("ghost")


def test_contacts_are_read_back_as_they_were_decided(store: PushStore) -> None:
    (run,) = store.runs()
    some = world(30, hall_id=["H1", "H2", "H2"] * 10, app_active_days_90d=[9.0, 0.0] * 15)
    decided = some.with_policy(universal_holdout=0.1, campaign_holdout=0.2).decide(run.run_id)
    with store.engine.connect() as connection:
        found = contacts_in(connection, run.run_id)
    assert found.to_dict("list").keys() == decided.contacts.to_dict("list").keys()
    for name in found:
        mine, theirs = found[name].tolist(), decided.contacts[name].tolist()
        assert all(a == b or (a != a and b != b) for a, b in zip(mine, theirs, strict=True)), name


@pytest.mark.parametrize(
    "asked",
    [{"halls": ["H2"]}, {"service": "grow"}, {"campaign": "own_1"}, {"channel": "hall"}, {"customer_id": "C0003"}],
)
def test_offers_are_found_by_what_they_are(store: PushStore, asked: dict[str, object]) -> None:
    def fits(one: object) -> bool:
        return all(
            getattr(one, name.removesuffix("s") + "_id" if name == "halls" else name)
            in (value if name == "halls" else [value])
            for name, value in asked.items()
        )

    everything = every_push(store.engine)
    for held_out in (False, True):
        wanted = [one for one in everything if fits(one) and (held_out or one.sent)]
        query = PushQuery(held_out=held_out, **asked)
        assert store.find(query, NOW, None) == wanted
        assert store.count(query, NOW) == len(wanted)
        assert store.find(query, NOW, 2, 1) == wanted[1:3]


def test_offers_are_found_by_how_they_stand(store: PushStore) -> None:
    sent = [one for one in every_push(store.engine) if one.sent]
    for number, kind in enumerate(("accepted", "declined", "no_answer", "withdrawn", "fulfilled")):
        take_outcome(store.engine, f"k{number}", sent[number].push_id, kind, NOW + DAY, NOW + DAY, "crm")
    for at in (NOW + 2 * DAY, NOW + 60 * DAY):
        for state in ("open", "lapsed", "accepted", "declined", "no_answer", "withdrawn", "fulfilled"):
            found = store.find(PushQuery(state=state), at, None)
            everything = store.find(PushQuery(state="all"), at, None)
            assert found == [one for one in everything if one.state(at) == state]
    with pytest.raises(BadFieldError, match="state"):
        store.find(PushQuery(state="gone"), NOW)


def test_former_contacts_are_those_of_late_and_those_that_stand(store: PushStore) -> None:
    sent = [one for one in every_push(store.engine) if one.sent]
    take_outcome(store.engine, "k", sent[0].push_id, "accepted", NOW + DAY, NOW + DAY, "crm")
    take_outcome(store.engine, "l", sent[1].push_id, "withdrawn", NOW + DAY, NOW + DAY, "crm")
    take_outcome(store.engine, "m", sent[2].push_id, "declined", NOW + DAY, NOW + DAY, "crm")
    recent = former(store, NOW + 5 * DAY, 30)
    assert list(recent.columns) == list(FORMER_COLUMNS)
    assert sorted(recent["push_id"]) == sorted(one.push_id for one in every_push(store.engine))
    by_id = recent.set_index("push_id")
    # Neither is to bring anything any more; who declined is not asked again meanwhile, all the same.
    assert set(by_id.index[by_id["answered_at"].notna()]) == {sent[1].push_id, sent[2].push_id}
    assert set(by_id.index[by_id["expires_at"] <= NOW + DAY]) == {sent[1].push_id}
    assert former(store, NOW + 40 * DAY, 30)["push_id"].tolist() == [sent[0].push_id]
    assert former(store, NOW + 366 * DAY, 30).empty
    assert str(former(store, NOW + 366 * DAY, 30)["decided_at"].dtype).endswith("UTC]")


def test_the_shadow_of_hold_outs_is_what_they_would_hold(store: PushStore) -> None:
    left_out = [one for one in every_push(store.engine) if one.reason != SENT]
    wanted = np.sum([one.held_va for one in left_out], axis=0)
    assert wanted.any()
    assert shadow_va(store, NOW)["A1"].tolist() == wanted.tolist()
    assert shadow_va(store, NOW + 30 * DAY) == {}


def test_the_newest_wish_of_each_account_is_told_the_latest_last(engine: Engine) -> None:
    store = PushStore(engine)
    assert store.newest_wishes() == []
    for days, (one, wish) in enumerate([("C2", True), ("C1", False), ("C3", False), ("C3", True)]):
        take_wish(engine, one, [one], wish, NOW + days * DAY, "desk", "asked at the counter")
    assert [(one.customer_id, one.wish) for one in store.newest_wishes()] == [("C2", True), ("C1", False), ("C3", True)]
    mine = [(one.customer_id, one.wish, one.why) for one in store.wishes(["C3", "C2"])]
    assert mine == [(one, wish, "asked at the counter") for one, wish in (("C3", True), ("C3", False), ("C2", True))]


def test_a_campaign_is_told_with_all_that_came_of_it(store: PushStore) -> None:
    offer = next(one for one in every_push(store.engine) if one.sent and one.campaign == "own_1")
    take_outcome(store.engine, "k", offer.push_id, "fulfilled", NOW + DAY, NOW + DAY, "crm", 1.5, 20.0)
    everything = [one.push_id for one in every_push(store.engine) if one.campaign == "own_1"]
    assert store.campaign("own_1")["push_id"].tolist() == everything
    assert store.campaign("own_1", until=NOW).empty
    (row,) = store.outcomes_of("own_1").to_dict("records")
    assert (row["push_id"], row["kind"], row["kw_freed"], row["value_cny"]) == (offer.push_id, "fulfilled", 1.5, 20.0)
