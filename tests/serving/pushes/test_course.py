"""Any course of events: runs, answers, lapses, wishes, new figures. Nobody is sent what he must not be, and the books
hold exactly what stands."""

import shutil
import tempfile
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from features.workspace import Workspace
from serving.decisions.pushes.draws import left_out_of_all, left_out_of_campaign
from serving.decisions.pushes.records import Grid
from serving.decisions.queue import Waiting
from serving.ledger import Ledger
from serving.pushes.deciding import decide_on
from serving.pushes.material import Material, moment_of, some_of
from serving.pushes.outcomes import take_outcome
from serving.pushes.publish import publish_on
from serving.pushes.records import Push
from serving.pushes.store import PushQuery, PushStore
from serving.pushes.wishes import take_wish
from serving.refusals import NotHeldError
from serving.state import open_state
from tests.serving.decisions.pushes.worlds import NODES, NOW, grid, policy, wide, world
from tests.serving.ledger.builders import recounted
from tests.serving.pushes.offered import ZONE, a_base, every_push, held, material, queued, silent

N = 14
QUIET = {"app": {"begins": 20, "ends": 9}, "hall": {"begins": 18, "ends": 8}}
RULES = policy(
    universal_holdout=0.15, campaign_holdout=0.2, explore=0.3, quiet=QUIET, total_contacts=2, max_capacity_days=40
)
PEOPLE = [f"C{at - (at % 4 == 3):04d}" for at in range(N)]
"""Every fourth account is a further one of the person before."""

PERSONS = {f"C{at:04d}": person for at, person in enumerate(PEOPLE)}

CUSTOMERS = wide(
    N,
    area_id=[("A1", "A2", "A3", "A9", None)[at % 5] for at in range(N)],
    app_active_days_90d=[(9.0, 0.0)[at % 2] for at in range(N)],
    hall_id=[("H1", "H2")[at % 2] for at in range(N)],
)
KVA = st.sampled_from([40, 40, 40, 20, 9, 4, 0, -1, None])


class Course(RuleBasedStateMachine):
    """Offers of fourteen accounts on six nodes."""

    @initialize(kva=st.fixed_dictionaries(dict.fromkeys(NODES, KVA)))
    def begin(self, kva: dict[str, float | None]) -> None:
        memory = Path("/dev/shm")
        self.folder = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
        self.workspace, self.now, self.count = Workspace(self.folder), NOW, 0
        self.engine = open_state(f"sqlite:///{self.folder / 'state.db'}")
        self.store, self.ledger = PushStore(self.engine), Ledger(self.engine)
        queued(self.engine, [Waiting("Y1", "A2", (500,) * 6)])
        self.stood: list[Push] = []
        self.rebase(kva)
        self.publish(again=False, later=1)

    def teardown(self) -> None:
        if hasattr(self, "engine"):
            self.engine.dispose()
            shutil.rmtree(self.folder)

    @rule(kva=st.fixed_dictionaries(dict.fromkeys(NODES, KVA)))
    def rebase(self, kva: dict[str, float | None]) -> None:
        self.count += 1
        told = {node: float("nan") if one is None else one for node, one in kva.items()}
        self.ledger.rebase(a_base(grid(**told), f"b{self.count}", self.now), self.now)

    @rule(hours=st.sampled_from([24 * 8, 24, 12, 1, 24 * 31]))
    def lapse(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        self.ledger.expire(self.now)

    @rule(customer=st.integers(0, N - 1), wish=st.booleans())
    def wish(self, customer: int, wish: bool) -> None:
        mine = [one for one, person in PERSONS.items() if person == PEOPLE[customer]]
        take_wish(self.engine, f"C{customer:04d}", mine, wish, self.now, "desk")
        if wish:
            assert not {one.customer_id for one in self.open()} & set(mine)

    @rule(again=st.booleans(), later=st.sampled_from([8, 1, 0, 30]))
    def publish(self, again: bool, later: int) -> None:
        # At ten in the morning, when no channel rests, or at any hour.
        if later:
            self.now = (self.now + timedelta(days=later)).replace(hour=2)
        left, many = self.left(), len(every_push(self.engine))
        made = publish_on(self.workspace, self.engine, self.material())
        self.look_at(left, many)
        if again:
            told = publish_on(self.workspace, self.engine, self.material())
            assert (told.fresh, told.run) == (False, made.run)

    @rule(places=st.sets(st.integers(0, N - 1), min_size=1, max_size=4), commit=st.booleans())
    def decide(self, places: set[int], commit: bool) -> None:
        left, many = self.left(), len(every_push(self.engine))
        self.count += 1
        key = f"key {self.count}" if commit else None
        some, asked = (
            self.material(sorted(places)),
            {"customers": [f"C{one:04d}" for one in sorted(places)], "services": None},
        )
        first = decide_on(self.engine, some, asked, commit, key)
        if commit:
            self.look_at(left, many)
            again = decide_on(self.engine, some, asked, commit, key)
            assert (again.repeated, again.run) == (True, first.run)
            assert again.decided.reasons.tolist() == first.decided.reasons.tolist()
            assert again.decided.contacts["push_id"].tolist() == first.decided.contacts["push_id"].tolist()
        else:
            assert len(every_push(self.engine)) == many

    @precondition(lambda self: bool(every_push(self.engine)))
    @rule(data=st.data(), kind=st.sampled_from(["accepted", "declined", "no_answer", "withdrawn", "fulfilled"]))
    def answer(self, data: Any, kind: str) -> None:
        one = data.draw(st.sampled_from(every_push(self.engine)), label="offer")
        self.count += 1
        try:
            take_outcome(self.engine, f"k{self.count}", one.push_id, kind, self.now, self.now, "crm")
        except NotHeldError:
            assert one.answer in ("accepted", "withdrawn", "fulfilled")

    def material(self, places: list[int] | None = None) -> Material:
        """Everybody, or some, as they are now: figures of customers are of today, wishes of this moment."""
        left_alone = self.silent()
        mine = np.arange(N) if places is None else np.array(places)
        some = world(len(mine), policy=RULES)
        ids = CUSTOMERS.customer_ids[mine]
        people = replace(
            some.people,
            persons=np.array(PEOPLE, dtype=object)[mine],
            do_not_contact=np.array([one in left_alone for one in ids]),
        )
        made = material(
            some.but(wide=some_of(CUSTOMERS, mine), people=people, moment=moment_of(self.now, ZONE, self.now))
        )
        heard = max((one.wish_id for one in self.store.newest_wishes()), default=0)
        return replace(made, snapshot_id=f"{self.now:%Y%m%d%H}", heard=heard)

    def silent(self) -> set[str]:
        return silent(self.engine, PERSONS)

    def open(self) -> list[Push]:
        """What is open to anybody, hold-outs too."""
        return self.store.find(PushQuery(state="open", held_out=True), self.now, None)

    def left(self) -> Grid:
        """What is left before a run, without what has run out."""
        self.ledger.expire(self.now)
        room = self.ledger.room()
        return Grid(room.left_va(), room.paths)

    def look_at(self, left: Grid, many: int) -> None:
        """Of every offer that is new whether it may be."""
        left_alone = self.silent()
        everything = sorted(every_push(self.engine), key=lambda one: one.decided_at)
        before = {one.push_id for one in self.stood}
        new = [one for one in everything if one.push_id not in before]
        assert len(before) == many
        assert len({one.push_id for one in everything}) == len(everything)
        hour = moment_of(self.now, ZONE, self.now).local.hour
        known = self.now - self.ledger.room().known_at <= timedelta(days=RULES.max_capacity_days)
        for one in new:
            assert one.customer_id not in left_alone
            assert not RULES.quiet[one.channel].silent(hour)
            assert self.left_out(one) != one.sent
            if max(one.adds_va) > 0:
                needs = np.array(one.adds_va)
                for node in left.paths[str(one.area_id)]:
                    assert (left.left_va[node][needs > 0] >= needs[needs > 0]).all()
                assert known
        self.stood = everything
        self.caps(everything)

    def left_out(self, one: Push) -> bool:
        whom = np.array([one.person_id], dtype=object)
        return bool(left_out_of_all(RULES, whom)[0] or left_out_of_campaign(RULES, one.campaign, whom)[0])

    def caps(self, everything: list[Push]) -> None:
        """Sends and would-be sends alike."""
        late = [one for one in everything if one.decided_at > self.now - timedelta(days=RULES.total_days)]
        assert max(Counter(one.person_id for one in late).values(), default=0) <= RULES.total_contacts
        week = [one for one in late if one.decided_at > self.now - timedelta(days=RULES.per_channel_days)]
        assert max(Counter((one.person_id, one.channel) for one in week).values(), default=0) <= 1

    @invariant()
    def what_is_held_is_what_stands(self) -> None:
        if not hasattr(self, "engine"):
            return
        self.ledger.expire(self.now)
        assert all(found == counted for found, counted in recounted(self.engine).values())
        open_now = self.store.find(PushQuery(state="open"), self.now, None)
        whole = {one.ref: one.va for one in self.ledger.find(states=("confirmed",), kind="offer")}
        parts = [one.held_va for one in open_now if one.push_id not in whole]
        kept = {one.ref: one.va for one in self.ledger.find(states=("held",), kind="offer")}
        waits = [
            kept[one.push_id]
            for one in self.store.find(PushQuery(state="all"), self.now, None)
            if one.answer and one.push_id in kept
        ]
        assert held(self.engine)["S"] == tuple(np.sum([(0,) * 6, *parts, *waits, *whole.values()], axis=0))
        for push_id, va in whole.items():
            offer = self.store.get(push_id)
            assert offer.answer in ("accepted", "fulfilled")
            assert va == offer.adds_va

    @invariant()
    def what_waits_for_room_was_accepted(self) -> None:
        if hasattr(self, "engine"):
            kept = {one.ref for one in self.ledger.find(states=("held",), kind="offer")}
            answers = {self.store.get(one).answer for one in kept}
            assert answers <= {None, "accepted", "fulfilled"}


def _of(examples: int) -> settings:
    return settings(
        max_examples=examples, stateful_step_count=18, deadline=None, suppress_health_check=list(HealthCheck)
    )


class TestCourse(Course.TestCase):
    settings = _of(4)


@pytest.mark.slow
class TestLongCourse(Course.TestCase):
    settings = _of(80)
