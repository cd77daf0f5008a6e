"""Some customers decided at once: asked only, or done under a key and told again under it."""

from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import Engine

from features.workspace import Workspace
from serving.decisions.pushes.codes import CODES
from serving.ledger import Ledger
from serving.pushes.deciding import DecidedNow, decide_now, decide_on
from serving.pushes.publish import publish_on
from serving.pushes.store import PushStore
from serving.refusals import BadFieldError, KeyReusedError
from tests.serving.decisions.pushes.worlds import NOW, grid, world
from tests.serving.pushes.offered import every_push, held, later, material, stand

ASKED = {"customers": ["C0000", "C0001"], "services": None}


def codes(told: DecidedNow) -> dict[tuple[str, str], str]:
    ids, services = told.wide.customer_ids, told.decided.services
    return {(c, s): CODES[told.decided.reasons[i, j]] for i, c in enumerate(ids) for j, s in enumerate(services)}


def test_a_question_changes_nothing_and_tells_what_would_be_done(engine: Engine) -> None:
    stand(engine, grid(3.5))
    asked = decide_on(engine, material(world(2)), ASKED)
    assert (asked.committed, asked.repeated, every_push(engine)) == (False, False, [])
    assert not any(held(engine)["S"])
    done = decide_on(engine, material(world(2)), ASKED, True, "k")
    assert codes(done) == codes(asked)
    assert [one.push_id for one in every_push(engine)] == done.decided.contacts["push_id"].tolist()
    assert any(held(engine)["S"])
    assert done.run == PushStore(engine).run(done.run.run_id)


def test_the_same_key_is_told_the_same_whatever_happened_since(engine: Engine) -> None:
    stand(engine, grid(3.5, A1=[0.5] * 6))
    first = decide_on(engine, material(world(2, area_id=["A1", "A2"])), ASKED, True, "k")
    assert "NO_CAPACITY" in codes(first).values()
    assert set(first.decided.nodes) == {"A1"}
    before = every_push(engine), held(engine)
    again = decide_on(engine, later(material(world(2), "newer"), 40), ASKED, True, "k")
    assert (again.repeated, again.committed, again.run) == (True, True, first.run)
    assert (every_push(engine), held(engine)) == before
    assert codes(again) == codes(first)
    for name in ("reasons", "binds", "block"):
        mine, theirs = getattr(again.decided, name), getattr(first.decided, name)
        assert (mine.dtype, mine.tolist()) == (theirs.dtype, theirs.tolist())
    assert again.decided.nodes == first.decided.nodes
    assert again.decided.contacts["push_id"].tolist() == first.decided.contacts["push_id"].tolist()
    assert again.wide.texts["area_id"].listed(np.arange(2)) == ["A1", "A2"]
    with pytest.raises(KeyReusedError):
        decide_on(engine, material(world(2)), ASKED | {"services": ["word"]}, True, "k")


def test_what_was_published_before_counts(engine: Engine, workspace: Workspace) -> None:
    stand(engine)
    publish_on(workspace, engine, material(world(2)))
    done = decide_on(engine, later(material(world(2)), 1), ASKED, True, "k")
    assert set(codes(done).values()) <= {"STANDING_OFFER", "CAPPED_CHANNEL"}
    assert done.decided.contacts.empty


def test_some_services_alone_are_decided(engine: Engine) -> None:
    stand(engine)
    some = replace(material(world(2)), services=("word",))
    done = decide_on(engine, some, ASKED | {"services": ["word"]}, True, "k")
    assert codes(done) == {("C0000", "word"): "SENT", ("C0001", "word"): "SENT"}
    whole = decide_on(engine, material(world(2)), ASKED)
    assert done.run.catalogue_hash == whole.run.catalogue_hash
    assert not Ledger(engine).find()


def test_an_offer_needs_a_key(engine: Engine, workspace: Workspace) -> None:
    with pytest.raises(BadFieldError, match="key"):
        decide_now(workspace, engine, NOW, ["C0000"], commit=True)
