"""Who wants to be left alone is sent nothing any more, whatever was offered or is being decided meanwhile."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import Engine

from features.workspace import Workspace
from serving.decisions.pushes.codes import CODES
from serving.ledger import Ledger
from serving.pushes.deciding import decide_on
from serving.pushes.outcomes import take_outcome
from serving.pushes.publish import publish_on
from serving.pushes.store import PushQuery, PushStore
from serving.pushes.wishes import take_wish
from serving.refusals import NotHeldError
from tests.serving.decisions.pushes.worlds import NOW, World, world
from tests.serving.ledger.builders import recounted
from tests.serving.pushes.offered import every_push, material, stand

DAY = timedelta(days=1)
ASKED = {"customers": ["all"], "services": None}


def two_accounts() -> World:
    """Six accounts, of whom the first two are one person's."""
    some = world(6)
    persons = np.array(["C0000", "C0000", "C0002", "C0003", "C0004", "C0005"], dtype=object)
    return some.but(people=replace(some.people, persons=persons))


@pytest.mark.parametrize("held_out", [0.0, 0.5])
def test_what_is_open_to_him_is_withdrawn(engine: Engine, workspace: Workspace, held_out: float) -> None:
    stand(engine)
    publish_on(workspace, engine, material(two_accounts().with_policy(universal_holdout=held_out)))
    before, store = every_push(engine), PushStore(engine)
    mine = [one for one in before if one.person_id == "C0000"]
    assert mine
    made, freed = take_wish(engine, "C0001", ["C0000", "C0001"], True, NOW + DAY, "desk", "said so")
    assert freed == any(one.sent and max(one.held_va) > 0 for one in mine)
    after = {one.push_id: one for one in every_push(engine)}
    assert {(after[one.push_id].answer, after[one.push_id].answered_at) for one in mine} == {("withdrawn", NOW + DAY)}
    others = [one for one in before if one not in mine]
    assert [after[one.push_id] for one in others] == others
    assert "C0000" not in {one.person_id for one in store.find(PushQuery(held_out=True), NOW + DAY, None)}
    (outcome,) = store.outcomes(mine[0].push_id)
    assert (outcome.kind, outcome.made_by, outcome.why) == ("withdrawn", "desk", "asked to be left alone")
    held = {one.ref for one in Ledger(engine).find(states=("held",), kind="offer")}
    assert not held & {one.push_id for one in mine}
    assert all(found == counted for found, counted in recounted(engine).values())
    with pytest.raises(NotHeldError):
        take_outcome(engine, "late", mine[0].push_id, "accepted", NOW + DAY, NOW + DAY, "crm")
    lifted, again = take_wish(engine, "C0000", ["C0000", "C0001"], False, NOW + 2 * DAY, "desk")
    assert (made.wish, lifted.wish, again) == (True, False, False)


def test_what_was_answered_stays_as_it_is(engine: Engine, workspace: Workspace) -> None:
    stand(engine)
    publish_on(workspace, engine, material(world(1)))
    for at, one in enumerate(every_push(engine)):
        take_outcome(engine, f"{at}", one.push_id, "accepted", NOW + DAY, NOW + DAY, "crm")
    told = every_push(engine)
    assert take_wish(engine, "C0000", ["C0000"], True, NOW + DAY, "desk")[1] is False
    assert every_push(engine) == told


def test_a_wish_that_comes_while_it_is_decided_holds(engine: Engine, workspace: Workspace) -> None:
    stand(engine)
    read = material(two_accounts().with_policy(universal_holdout=0, campaign_holdout=0))
    take_wish(engine, "C0005", ["C0005"], True, NOW, "desk")
    known = replace(read, heard=PushStore(engine).newest_wishes()[-1].wish_id)
    assert "C0005" in set(decide_on(engine, known, ASKED).decided.contacts["person_id"])
    take_wish(engine, "C0001", ["C0000", "C0001"], True, NOW, "desk")
    take_wish(engine, "C0004", ["C0004"], False, NOW, "desk")
    told = decide_on(engine, read, ASKED, True, "k").decided
    codes = {CODES[one] for one in told.reasons[[0, 1, 5]].ravel()}
    assert "DO_NOT_CONTACT" in codes
    assert not codes & {"SENT", "OUTRANKED", "HELD_OUT_UNIVERSAL", "HELD_OUT_CAMPAIGN", "QUIET_HOURS"}
    assert set(told.contacts["person_id"]) == {"C0002", "C0003", "C0004"}
    publish_on(workspace, engine, read)
    assert not {"C0000", "C0005"} & {one.person_id for one in every_push(engine)}
