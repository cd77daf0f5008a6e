"""Promises on SQLite and on a real PostgreSQL server: all or nothing, never beyond a limit, sums as recounted."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import NotFoundError
from serving.ledger import BLOCKS, Ledger
from serving.refusals import KeyReusedError, NoRoomError, NotHeldError, NotReadyError, RefusalError
from serving.state import open_state
from tests.serving.ledger.builders import ABOVE, NOW, a_base, a_promise, an_ask, beyond, path_of, recounted
from tests.serving.ledger.conftest import quick_folder

DAY = timedelta(days=1)


def left(ledger: Ledger, node: str) -> list[float]:
    return [float(one) / 1000 for one in ledger.room().left_va()[node]]


def assert_sums(ledger: Ledger) -> None:
    for node, (held, counted) in recounted(ledger.engine).items():
        assert held == counted, node


def test_a_promise_holds_at_the_area_and_at_all_above_it(ledger: Ledger) -> None:
    (made,) = ledger.reserve([an_ask("A1", 40)], NOW, "desk")
    assert (made.state, made.kva, made.made_by) == ("held", 40, "desk")
    assert {node: left(ledger, node)[0] for node in ("A1", "F1", "S1", "A2")} == {
        "A1": 60,
        "F1": 110,
        "S1": 260,
        "A2": 80,
    }
    assert_sums(ledger)


def test_what_does_not_fit_is_refused_with_node_and_block_and_nothing_is_held(ledger: Ledger) -> None:
    ledger.reserve([an_ask("A1", 90)], NOW, "desk")
    night = [70, 10, 10, 10, 10, 10]
    with pytest.raises(NoRoomError, match="F1 has 60 kVA left in block 0 of the day, 70 are asked"):
        ledger.reserve([an_ask("A3", 5, "Y2"), an_ask("A2", night, "Y3")], NOW, "desk")
    assert left(ledger, "A3")[0] == 200
    assert [one.ref for one in ledger.find()] == ["Y1"]
    assert [one.ref for one in ledger.find(kind=("offer", "allocation"))] == ["Y1"]
    assert ledger.find(kind=("offer", "application")) == []
    assert_sums(ledger)


def test_a_block_that_has_room_takes_what_others_have_not(ledger: Ledger) -> None:
    ledger.reserve([an_ask("A1", [100, 0, 0, 0, 0, 0])], NOW, "desk")
    ledger.reserve([an_ask("A1", [0, 100, 0, 0, 0, 0], "Y2")], NOW, "desk")
    assert left(ledger, "A1") == [0, 0, 100, 100, 100, 100]


def test_a_node_of_which_nothing_is_known_promises_nothing(ledger: Ledger) -> None:
    with pytest.raises(NoRoomError, match="not known"):
        ledger.reserve([an_ask("A4", 1)], NOW, "desk")
    assert left(ledger, "S1")[0] == 300


def test_the_same_key_is_the_same_promise(ledger: Ledger) -> None:
    (first,) = ledger.reserve([an_ask(key="k1")], NOW, "desk")
    (again,) = ledger.reserve([an_ask(key="k1")], NOW + DAY, "desk")
    assert again == first
    assert left(ledger, "A1")[0] == 90
    with pytest.raises(KeyReusedError):
        ledger.reserve([an_ask(kva=11, key="k1")], NOW, "desk")


def test_a_promise_runs_out_at_its_time_and_frees_what_it_held(ledger: Ledger) -> None:
    (made,) = ledger.reserve([an_ask(expires_at=NOW + DAY)], NOW, "desk")
    assert ledger.expire(NOW + DAY - timedelta(seconds=1)) == []
    assert [one.reservation_id for one in ledger.expire(NOW + DAY)] == [made.reservation_id]
    assert left(ledger, "S1")[0] == 300
    with pytest.raises(NotHeldError, match="expired"):
        ledger.confirm(made.reservation_id, NOW + DAY, "desk")


def test_a_promise_that_ran_out_makes_room_without_anybody_sweeping(ledger: Ledger) -> None:
    ledger.reserve([an_ask(kva=100, expires_at=NOW + DAY)], NOW, "desk")
    ledger.reserve([an_ask(kva=100, ref="Y2")], NOW + 2 * DAY, "desk")
    assert [one.ref for one in ledger.find()] == ["Y2"]


def test_confirmed_is_for_good_and_cancelled_is_free(ledger: Ledger) -> None:
    (made,) = ledger.reserve([an_ask(expires_at=NOW + DAY)], NOW, "desk")
    assert ledger.confirm(made.reservation_id, NOW, "boss", "signed").why == "signed"
    assert ledger.expire(NOW + 10 * DAY) == []
    assert ledger.confirm(made.reservation_id, NOW + DAY, "other").changed_by == "boss"
    ended = ledger.cancel(made.reservation_id, NOW + DAY, "desk")
    assert (ended.state, ledger.cancel(made.reservation_id, NOW + DAY, "desk").state) == ("cancelled", "cancelled")
    assert left(ledger, "A1")[0] == 100
    assert_sums(ledger)


def test_what_nobody_promised_is_named(ledger: Ledger) -> None:
    with pytest.raises(NotFoundError, match="ghost"):
        ledger.cancel("ghost", NOW, "desk")


def test_without_a_base_nothing_is_promised(state_url: str) -> None:
    engine = open_state(state_url)
    with pytest.raises(NotReadyError):
        Ledger(engine).room()
    with pytest.raises(NoRoomError, match="not in the publication"):
        Ledger(engine).reserve([an_ask()], NOW, "desk")
    engine.dispose()


def test_a_new_base_keeps_what_is_promised_beyond_its_limits_and_promises_no_more(ledger: Ledger) -> None:
    ledger.reserve([an_ask("A1", 90)], NOW, "desk")
    ledger.rebase(a_base("second", a_base_kva(A1=50)), NOW + DAY)
    assert left(ledger, "A1")[0] == -40
    assert beyond(ledger.engine) == ["A1"]
    with pytest.raises(NoRoomError, match="A1 has 0 kVA left"):
        ledger.reserve([an_ask("A1", 1, "Y2")], NOW + DAY, "desk")


def a_base_kva(**changed: float | None) -> dict[str, float | None]:
    return {"S1": 300, "F1": 150, "F2": 200, "A1": 100, "A2": 80, "A3": 200, "A4": None} | changed


@pytest.mark.parametrize(
    ("stage", "state", "held"),
    [
        ("submitted", "held", 10),
        ("approved", "confirmed", 0),
        ("energised", "fulfilled", 0),
        ("rejected", "cancelled", 0),
    ],
)
def test_a_promise_follows_its_application(ledger: Ledger, stage: str, state: str, held: int) -> None:
    ledger.reserve([an_ask(ref="Y1")], NOW, "desk")
    ledger.rebase(a_base("second", promises=[a_promise("Y1", stage=stage)]), NOW + DAY)
    (found,) = ledger.find(states=("held", "confirmed", "fulfilled", "cancelled", "expired"), ref="Y1")
    assert found.state == state
    assert left(ledger, "A1")[0] == 100 - held
    assert_sums(ledger)


def test_an_approval_the_book_did_not_know_enters_it_once(ledger: Ledger) -> None:
    for number in range(2):
        ledger.rebase(a_base(f"base {number}", promises=[a_promise("Y7", "A2")]), NOW + DAY)
    (found,) = ledger.find(ref="Y7")
    assert (found.kind, found.state, found.counted_in) == ("application", "confirmed", "base 1")
    assert left(ledger, "A2")[0] == 80


def test_an_approval_that_is_gone_from_the_figures_is_held_here_again(ledger: Ledger) -> None:
    ledger.rebase(a_base("second", promises=[a_promise("Y7", "A2")]), NOW + DAY)
    ledger.rebase(a_base("third"), NOW + 2 * DAY)
    assert left(ledger, "A2")[0] == 70
    assert_sums(ledger)


def test_an_area_handed_to_another_feeder_takes_its_promises_along(ledger: Ledger) -> None:
    ledger.reserve([an_ask("A1", 40)], NOW, "desk")
    ledger.rebase(a_base("second", above=ABOVE | {"A1": "F2"}), NOW + DAY)
    assert (left(ledger, "F1")[0], left(ledger, "F2")[0]) == (150, 160)
    assert_sums(ledger)


@pytest.mark.parametrize("kva", [[0] * BLOCKS, [-1] + [5] * 5])
def test_an_ask_of_nothing_is_no_ask(kva: list[float]) -> None:
    with pytest.raises(ValueError, match="amounts"):
        an_ask(kva=kva)


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["reserve", "confirm", "cancel", "later", "rebase"]),
        st.integers(0, 11),
        st.sampled_from(["A1", "A2", "A3", "A4"]),
        st.lists(st.integers(0, 90), min_size=BLOCKS, max_size=BLOCKS),
    ),
    max_size=25,
)


@settings(max_examples=40, deadline=None)
@given(actions=ACTIONS)
def test_any_course_of_events_ends_as_a_plain_book_has_it(actions: list[tuple[str, int, str, list[int]]]) -> None:
    with quick_folder() as folder:
        as_a_plain_book(actions, f"sqlite:///{folder / 'state.db'}")


def as_a_plain_book(actions: list[tuple[str, int, str, list[int]]], url: str) -> None:
    engine = open_state(url)
    ledger, plain = Ledger(engine), Plain()
    ledger.rebase(a_base(), NOW)
    now, ids = NOW, []
    for what, number, area, kva in actions:
        if what == "later":
            now += number * DAY
            plain.run_out(now)
        elif what == "rebase":
            figures = a_base_kva(A1=kva[0], F1=kva[1] * 3)
            ledger.rebase(a_base(f"b{number}", figures), now)
            plain.run_out(now)
            plain.open = figures
        elif what == "reserve":
            plain.run_out(now)
            fits = max(kva) > 0 and plain.reserve(len(ids), area, kva, now + 5 * DAY)
            try:
                ids.append(
                    ledger.reserve([an_ask(area, kva, "Y", expires_at=now + 5 * DAY)], now, "x")[0].reservation_id
                )
                assert fits
            except (NoRoomError, ValueError):
                assert not fits
        elif number < len(ids):
            plain.run_out(now)
            try:
                getattr(ledger, what)(ids[number], now, "x")
                assert plain.change(number, what)
            except RefusalError:
                assert not plain.change(number, what)
    ledger.expire(now)
    for node, (held, counted) in recounted(engine).items():
        assert held == counted == [1000 * one for one in plain.held(node)], node
    engine.dispose()


class Plain:
    """The book as a list: everything is added up anew for every question."""

    def __init__(self) -> None:
        self.open: dict[str, float | None] = a_base_kva()
        self.made: dict[int, tuple[str, list[int], Any, str]] = {}

    def held(self, node: str) -> list[int]:
        rows = [kva for area, kva, _, state in self.made.values() if state in "hc" and node in path_of(area)]
        return [sum(column) for column in zip([0] * BLOCKS, *rows, strict=True)]

    def reserve(self, number: int, area: str, kva: list[int], until: Any) -> bool:
        for node in path_of(area):
            room = self.open[node]
            if any(one and (room is None or held + one > room) for held, one in zip(self.held(node), kva, strict=True)):
                return False
        self.made[number] = (area, kva, until, "h")
        return True

    def run_out(self, now: Any) -> None:
        self.made = {
            number: (area, kva, until, "e" if state == "h" and until <= now else state)
            for number, (area, kva, until, state) in self.made.items()
        }

    def change(self, number: int, what: str) -> bool:
        area, kva, until, state = self.made[number]
        if what == "confirm" and state in "hc":
            self.made[number] = (area, kva, until, "c")
            return True
        if what == "cancel" and state in "hcx":
            self.made[number] = (area, kva, until, "x")
            return True
        return False


def test_a_state_file_remembers_its_promises(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'state.db'}"
    engine = open_state(url)
    Ledger(engine).rebase(a_base(), NOW)
    (made,) = Ledger(engine).reserve([an_ask()], NOW, "desk")
    engine.dispose()
    again = open_state(url)
    assert Ledger(again).get(made.reservation_id) == made
    again.dispose()
