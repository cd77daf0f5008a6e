"""What comes of offers: once, in an order that can be, and the room follows."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from features.errors import NotFoundError
from features.workspace import Workspace
from serving.decisions.pushes.records import Grid
from serving.ledger import Ask, Ledger
from serving.pushes.outcomes import take_outcome
from serving.pushes.publish import publish_on
from serving.pushes.records import Push
from serving.pushes.store import PushStore
from serving.refusals import BadFieldError, KeyReusedError, NotHeldError
from tests.serving.decisions.pushes.worlds import NOW, grid, service, world
from tests.serving.ledger.builders import recounted
from tests.serving.pushes.offered import every_push, held, later, material, stand

DAY = timedelta(days=1)


def an_offer(workspace: Workspace, engine: Engine, of: Grid | None = None, code: str = "grow", **policy: float) -> Push:
    """The only offer that is made."""
    stand(engine, of)
    one = world(1, [service(code, flexible=None)]).with_policy(**policy)
    publish_on(workspace, engine, material(one))
    (made,) = every_push(engine)
    return made


def told(engine: Engine, offer: Push, kinds: Sequence[str], days: float = 1) -> list[str]:
    """What each of `kinds` does to the room, one after the other."""
    at = NOW + days * DAY
    return [
        take_outcome(engine, f"{n} {one}", offer.push_id, one, at, at, "crm")[0].room for n, one in enumerate(kinds)
    ]


def at_s(engine: Engine) -> tuple[int, ...]:
    assert all(found == counted for found, counted in recounted(engine).values())
    return held(engine)["S"]


def test_accepted_is_held_whole_and_for_good(engine: Engine, workspace: Workspace) -> None:
    offer = an_offer(workspace, engine)
    assert at_s(engine) == offer.held_va
    outcome, new = take_outcome(engine, "k", offer.push_id, "accepted", NOW + DAY, NOW + 2 * DAY, "crm", why="by app")
    assert (outcome.room, new, outcome.at, outcome.recorded_at) == ("held", True, NOW + DAY, NOW + 2 * DAY)
    assert at_s(engine) == offer.adds_va
    store = PushStore(engine)
    after = store.get(offer.push_id)
    assert (after.answer, after.answered_at, after.state(NOW + 99 * DAY)) == ("accepted", NOW + DAY, "accepted")
    (promise,) = Ledger(engine).find(kind="offer")
    assert (promise.state, promise.ref, promise.reservation_id) == ("confirmed", offer.push_id, after.reservation_id)
    Ledger(engine).expire(NOW + 400 * DAY)
    assert at_s(engine) == offer.adds_va
    assert store.outcomes(offer.push_id) == [outcome]


def test_the_same_answer_again_changes_nothing(engine: Engine, workspace: Workspace) -> None:
    offer = an_offer(workspace, engine)
    first = take_outcome(engine, "k", offer.push_id, "accepted", NOW + DAY, NOW + DAY, "crm", value_cny=12.5)
    again = take_outcome(engine, "k", offer.push_id, "accepted", NOW + DAY, NOW + 5 * DAY, "other", value_cny=12.5)
    assert again == (first[0], False)
    assert at_s(engine) == offer.adds_va
    for changed in (("declined", 12.5), ("accepted", 13.0)):
        with pytest.raises(KeyReusedError):
            take_outcome(engine, "k", offer.push_id, changed[0], NOW + DAY, NOW, "crm", value_cny=changed[1])


@pytest.mark.parametrize("kind", ["declined", "no_answer", "withdrawn"])
def test_who_does_not_want_it_frees_what_was_held(engine: Engine, workspace: Workspace, kind: str) -> None:
    offer = an_offer(workspace, engine)
    assert told(engine, offer, [kind]) == ["freed"]
    assert at_s(engine) == (0,) * 6


@pytest.mark.parametrize(
    ("kinds", "rooms", "whole"),
    [
        (["accepted", "withdrawn"], ["held", "freed"], False),
        (["declined", "accepted"], ["freed", "held"], True),
        (["accepted", "accepted"], ["held", "held"], True),
        (["fulfilled", "accepted", "fulfilled"], ["held"] * 3, True),
        (["no_answer", "declined"], ["freed", "none"], False),
    ],
)
def test_answers_may_change(
    engine: Engine, workspace: Workspace, kinds: list[str], rooms: list[str], whole: bool
) -> None:
    offer = an_offer(workspace, engine)
    assert told(engine, offer, kinds) == rooms
    assert at_s(engine) == (offer.adds_va if whole else (0,) * 6)
    answer = "fulfilled" if "fulfilled" in kinds else kinds[-1]
    assert PushStore(engine).get(offer.push_id).answer == answer


@pytest.mark.parametrize("kinds", [["withdrawn", "accepted"], ["accepted", "declined"], ["fulfilled", "no_answer"]])
def test_what_cannot_come_of_it_any_more_is_refused(engine: Engine, workspace: Workspace, kinds: list[str]) -> None:
    offer = an_offer(workspace, engine)
    with pytest.raises(NotHeldError, match=f"{kinds[0]}: it can no more be {kinds[1]}"):
        told(engine, offer, kinds)
    assert len(PushStore(engine).outcomes(offer.push_id)) == 1


def test_an_acceptance_without_room_keeps_what_was_held(engine: Engine, workspace: Workspace) -> None:
    offer = an_offer(workspace, engine, grid(3.5))
    Ledger(engine).reserve([Ask("allocation", "Y1", ("A1", "F1", "S"), (0, 0, 0, 0, 2000, 0))], NOW, "desk")
    before = at_s(engine)
    assert told(engine, offer, ["accepted"]) == ["no_room"]
    assert at_s(engine) == before
    assert PushStore(engine).get(offer.push_id).answer == "accepted"
    Ledger(engine).cancel(Ledger(engine).find(kind="allocation")[0].reservation_id, NOW, "desk")
    at = NOW + 2 * DAY
    assert take_outcome(engine, "again", offer.push_id, "accepted", at, at, "crm")[0].room == "held"
    assert at_s(engine) == offer.adds_va


def test_a_late_acceptance_takes_what_room_there_is(engine: Engine, workspace: Workspace) -> None:
    offer = an_offer(workspace, engine)
    assert told(engine, offer, ["accepted"], days=90) == ["held"]
    assert at_s(engine) == offer.adds_va


def test_a_load_that_the_figures_have_is_held_no_more_whatever_is_told_later(
    engine: Engine, workspace: Workspace
) -> None:
    offer = an_offer(workspace, engine)
    assert told(engine, offer, ["accepted", "fulfilled"]) == ["held", "held"]
    stand(engine, base_id="of before", known_at=NOW)
    assert at_s(engine) == offer.adds_va
    stand(engine, base_id="of after", known_at=NOW + 5 * DAY, now=NOW + 5 * DAY)
    assert at_s(engine) == (0,) * 6
    measured = take_outcome(engine, "m", offer.push_id, "fulfilled", NOW + 9 * DAY, NOW + 9 * DAY, "meters", 1.5)
    assert measured[0].room == "none"
    assert at_s(engine) == (0,) * 6


def test_what_adds_no_load_and_who_is_held_out_hold_nothing(engine: Engine, workspace: Workspace) -> None:
    offer = an_offer(workspace, engine, code="word")
    assert told(engine, offer, ["accepted", "fulfilled"]) == ["none", "none"]
    assert at_s(engine) == (0,) * 6


def test_what_a_hold_out_does_is_written_down(engine: Engine, workspace: Workspace) -> None:
    salt = next(
        f"s{n}"
        for n in range(99)
        if world().with_policy(universal_holdout=0.5, salt=f"s{n}").decide().contacts["reason"].iat[0] != "SENT"
    )
    stand(engine)
    one = world(1, [service("grow", flexible=None)]).with_policy(universal_holdout=0.5, salt=salt)
    publish_on(workspace, engine, material(one))
    (offer,) = every_push(engine)
    assert not offer.sent
    assert told(engine, offer, ["fulfilled"]) == ["none"]
    assert at_s(engine) == (0,) * 6


def test_what_is_wrong_is_named(engine: Engine, workspace: Workspace) -> None:
    offer = an_offer(workspace, engine)
    with pytest.raises(NotFoundError, match="ghost"):
        take_outcome(engine, "k", "ghost", "accepted", NOW, NOW, "crm")
    with pytest.raises(BadFieldError, match="outcome"):
        take_outcome(engine, "k", offer.push_id, "maybe", NOW, NOW, "crm")
    with pytest.raises(BadFieldError, match="at: "):
        take_outcome(engine, "k", offer.push_id, "accepted", NOW - DAY, NOW, "crm")


def test_who_answered_is_not_asked_again_at_once(engine: Engine, workspace: Workspace) -> None:
    offer = an_offer(workspace, engine, code="word", per_channel_days=1, total_contacts=99)
    one = world(1, [service("word")]).with_policy(per_channel_days=1, total_contacts=99)

    def again(days: float) -> int:
        return publish_on(workspace, engine, later(material(one), days)).run.sent

    told(engine, offer, ["declined"])
    assert [again(29), again(30)] == [0, 1]
    newest = every_push(engine)[-1]
    take_outcome(engine, "yes", newest.push_id, "accepted", NOW + 31 * DAY, NOW + 31 * DAY, "crm")
    assert [again(90), again(30 + 364), again(30 + 365)] == [0, 0, 1]
    newest = every_push(engine)[-1]
    take_outcome(engine, "no", newest.push_id, "withdrawn", NOW + 396 * DAY, NOW + 396 * DAY, "crm")
    assert again(397) == 1
