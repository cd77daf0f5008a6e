"""Eight decide at the same time, on SQLite and on a real PostgreSQL server: caps and room hold, ids are unique."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
from sqlalchemy import Engine

from features.workspace import Workspace
from serving.ledger import Ledger
from serving.pushes.deciding import decide_on
from serving.pushes.outcomes import take_outcome
from serving.pushes.publish import publish_on
from serving.pushes.store import PushStore
from serving.refusals import RefusalError
from serving.state import open_state
from tests.serving.decisions.pushes.worlds import NOW, World, grid, world
from tests.serving.ledger.builders import recounted
from tests.serving.pushes.offered import every_push, held, material, stand

DECIDERS = 8


def at_once(state_url: str, work: Callable[[Engine, int], Any]) -> list[Any]:
    """What each of eight found that began together, each with a connection of its own."""
    together, found, failed = threading.Barrier(DECIDERS), {}, []

    def run(rank: int) -> None:
        engine = open_state(state_url)
        together.wait()
        try:
            found[rank] = work(engine, rank)
        except Exception as error:  # noqa: BLE001
            failed.append(error)
        finally:
            engine.dispose()

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(DECIDERS)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert failed == []
    return [found[rank] for rank in range(DECIDERS)]


def crowded() -> World:
    """Sixty accounts of forty persons, hold-outs, and room for some of what they would take."""
    persons = np.array([f"C{at - at % 3 // 2:04d}" for at in range(60)], dtype=object)
    made = world(60, area_id=["A1", "A2", "A3"] * 20, app_active_days_90d=[9.0, 0.0] * 30)
    made = made.but(people=type(made.people)(**(vars(made.people) | {"persons": persons})))
    return made.with_policy(universal_holdout=0.1, campaign_holdout=0.1, explore=0.2, total_contacts=2)


def assert_kept(engine: Engine, total: int = 2) -> None:
    """No person above the caps, no node above its room, books that add up."""
    pushes = every_push(engine)
    by_channel = Counter((one.person_id, one.channel) for one in pushes)
    assert max(by_channel.values()) == 1
    assert max(Counter(one.person_id for one in pushes).values()) <= total
    standing = Counter((one.customer_id, one.service) for one in pushes)
    assert max(standing.values()) == 1
    assert all(found == counted for found, counted in recounted(engine).values())
    left = Ledger(engine).room().left_va()
    assert min(float(one.min()) for one in left.values()) >= 0
    store = PushStore(engine)
    rooms = {one.push_id: {told.room for told in store.outcomes(one.push_id)} for one in pushes if one.answer}
    amounts = [one.adds_va if "held" in rooms.get(one.push_id, ()) else one.held_va for one in pushes if one.sent]
    assert held(engine)["S"] == tuple(np.sum(amounts, axis=0))


def test_eight_publish_the_same_and_one_of_them_does_it(state_url: str, engine: Engine, workspace: Workspace) -> None:
    stand(engine, grid(12))
    made = at_once(state_url, lambda mine, _: publish_on(workspace, mine, material(crowded())))
    assert sorted(one.fresh for one in made) == [False] * 7 + [True]
    assert len({one.run.run_id for one in made}) == 1
    assert [made[0].folder] == list((workspace.root / "pushes").iterdir())
    decided = crowded().but(grid=grid(12)).decide(made[0].run.run_id)
    assert [one.push_id for one in every_push(engine)] == decided.contacts["push_id"].tolist()
    assert_kept(engine)


def test_eight_decide_differently_and_caps_and_room_hold(state_url: str, engine: Engine, workspace: Workspace) -> None:
    stand(engine, grid(12))
    at_once(state_url, lambda mine, rank: publish_on(workspace, mine, material(crowded(), f"snapshot {rank}")))
    assert len(list((workspace.root / "pushes").iterdir())) == DECIDERS
    assert_kept(engine)
    left = Ledger(engine).room().left_va()
    before = every_push(engine)
    # One who comes after them all finds nothing more to do.
    publish_on(workspace, engine, material(crowded(), "another"))
    assert every_push(engine) == before
    assert {node: tuple(va) for node, va in Ledger(engine).room().left_va().items()} == {
        node: tuple(va) for node, va in left.items()
    }


def test_eight_ask_and_answer_and_publish_beside_each_other(
    state_url: str, engine: Engine, workspace: Workspace
) -> None:
    stand(engine, grid(12))
    publish_on(workspace, engine, material(crowded(), "before"))
    first = [one for one in every_push(engine) if one.sent]
    at = NOW + timedelta(hours=1)

    def work(mine: Engine, rank: int) -> None:
        if rank % 2:
            for number, one in enumerate(first):
                take_outcome(mine, f"answer {number}", one.push_id, "accepted", at, at, f"crm {rank}")
        else:
            asked = {"customers": [f"C{rank:04d}"], "services": None}
            decide_on(mine, material(crowded()), asked, True, f"key {rank % 4}")
            publish_on(workspace, mine, material(crowded(), f"snapshot {rank}"))

    # Those that decide under one key ask for different customers: the second is told so.
    told = at_once_or_told(state_url, work)
    assert set(told) <= {None, "KeyReusedError"}
    assert told.count("KeyReusedError") == 2
    assert_kept(engine)
    with_answer = [one for one in every_push(engine) if one.answer == "accepted"]
    assert {one.push_id for one in with_answer} == {one.push_id for one in first}


def at_once_or_told(state_url: str, work: Callable[[Engine, int], Any]) -> list[str | None]:
    """As `at_once`; the name of what each was refused by."""

    def guarded(engine: Engine, rank: int) -> str | None:
        try:
            work(engine, rank)
        except RefusalError as error:
            return type(error).__name__
        return None

    return at_once(state_url, guarded)
