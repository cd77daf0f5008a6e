"""Offers held by the thousand: as if they were made one by one, each with all it needs free, holding its part."""

import math
import time
from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, delete

from serving.ledger import BLOCKS, Ask, Ledger, book
from serving.ledger.book import reserve_in
from serving.ledger.offers import hold_offers, in_use, take_up
from serving.ledger.tables import reservation, reservation_node
from serving.refusals import KeyReusedError, NoRoomError
from serving.state import open_state
from tests.serving.ledger.builders import NOW, a_base, an_ask, path_of, recounted
from tests.serving.ledger.conftest import quick_folder

DAY = timedelta(days=1)
Offer = tuple[str, list[int], float]
OFFERS = st.lists(
    st.tuples(
        st.sampled_from(["A1", "A2", "A3", "A4"]),
        st.lists(st.sampled_from([0, 0, 5, 20, 60]), min_size=BLOCKS, max_size=BLOCKS).filter(any),
        st.sampled_from([0.05, 0.3, 0.9]),
    ),
    max_size=12,
)


def an_offer(number: int, offer: Offer) -> tuple[Ask, tuple[int, ...]]:
    """What an offer holds, and what it needs."""
    area, kva, share = offer
    needs = tuple(1000 * one for one in kva)
    held = tuple(math.ceil(one * share) for one in needs)
    ask = Ask("offer", f"p{number}", path_of(area), held, "H1", NOW + 30 * DAY, key=f"offer:p{number}")
    return ask, needs


def one_by_one(connection: Connection, asks: Sequence[Ask], needs: Sequence[Sequence[int]]) -> None:
    """The plain way: the whole of it is held to see that it fits, given back, and the part is held."""
    for ask, need in zip(asks, needs, strict=True):
        point = connection.begin_nested()
        whole = Ask(ask.kind, ask.ref, ask.path, tuple(need), expires_at=ask.expires_at)
        try:
            reserve_in(connection, [whole], NOW, "desk")
        finally:
            point.rollback()
        reserve_in(connection, [ask], NOW, "desk")


def test_many_at_once_are_held_as_one_by_one() -> None:
    with quick_folder() as folder:
        engine = open_state(f"sqlite:///{folder / 'state.db'}")

        @settings(max_examples=60, deadline=None)
        @given(offers=OFFERS, before=st.integers(0, 90))
        def both_ways(offers: list[Offer], before: int) -> None:
            made = [an_offer(number, one) for number, one in enumerate(offers)]
            assert booked(engine, made, before, True) == booked(engine, made, before, False)

        both_ways()
        engine.dispose()


def booked(engine: Engine, made: list[tuple[Ask, tuple[int, ...]]], before: int, together: bool) -> object:
    """Whether all fitted, what is held, and by what, in an empty book."""
    with engine.begin() as connection:
        connection.execute(delete(reservation_node))
        connection.execute(delete(reservation))
    ledger, fits = Ledger(engine), True
    ledger.rebase(a_base(), NOW)
    if before:
        ledger.reserve([an_ask("A1", before)], NOW, "desk")
    try:
        with ledger.transaction(whole=True) as connection:
            way = hold_all if together else one_by_one
            way(connection, [one[0] for one in made], [one[1] for one in made])
    except NoRoomError:
        fits = False
    counted = recounted(engine)
    assert all(held == counted for held, counted in counted.values())
    return fits, counted, sorted((one.ref, one.va) for one in ledger.find(kind="offer"))


def hold_all(connection: Connection, asks: Sequence[Ask], needs: Sequence[Sequence[int]]) -> None:
    hold_offers(connection, asks, needs, NOW, "desk")


def held_at(ledger: Ledger, node: str) -> int:
    return recounted(ledger.engine)[node][0][0]


def test_the_same_offers_again_are_the_same_promises(ledger: Ledger) -> None:
    made = [an_offer(number, ("A1", [10] * BLOCKS, 0.3)) for number in range(3)]
    asks, needs = [one[0] for one in made], [one[1] for one in made]
    with ledger.transaction(whole=True) as connection:
        first = hold_offers(connection, asks[:2], needs[:2], NOW, "desk")
    with ledger.transaction(whole=True) as connection:
        again = hold_offers(connection, asks, needs, NOW + DAY, "desk")
    assert again[:2] == first
    assert len(set(again)) == 3
    assert held_at(ledger, "A1") == held_at(ledger, "S1") == 9000
    other, need = an_offer(0, ("A1", [10] * BLOCKS, 0.9))
    with pytest.raises(KeyReusedError), ledger.transaction(whole=True) as connection:
        hold_offers(connection, [other], [need], NOW, "desk")


def test_what_needs_more_than_is_left_is_refused_with_all_others(ledger: Ledger) -> None:
    made = [an_offer(number, ("A1", [60] * BLOCKS, 0.9)) for number in range(2)]
    with (
        pytest.raises(NoRoomError, match="A1 has 100 kVA left in block 0 of the day, 114 are asked"),
        ledger.transaction(whole=True) as connection,
    ):
        hold_offers(connection, [one[0] for one in made], [one[1] for one in made], NOW, "desk")
    assert held_at(ledger, "A1") == 0
    assert not ledger.find()


def test_an_accepted_offer_is_held_whole_for_good_or_stays_as_it_was(ledger: Ledger) -> None:
    ask, needs = an_offer(0, ("A1", [60] * BLOCKS, 0.5))
    with ledger.transaction(whole=True) as connection:
        (first,) = hold_offers(connection, [ask], [needs], NOW, "desk")
    ledger.reserve([an_ask("A1", 60)], NOW, "desk")
    whole = Ask("offer", "p0", ask.path, needs, "H1", ask.expires_at)
    with ledger.transaction(whole=True) as connection:
        assert take_up(connection, ledger.get(first), whole, NOW, "desk") is None
    assert (ledger.get(first).state, held_at(ledger, "A1")) == ("held", 90_000)
    ledger.cancel(ledger.find(kind="allocation")[0].reservation_id, NOW, "desk")
    with ledger.transaction(whole=True) as connection:
        made = take_up(connection, ledger.get(first), whole, NOW, "desk")
    assert made is not None
    assert (made.state, made.expires_at, ledger.get(first).state) == ("confirmed", None, "cancelled")
    assert held_at(ledger, "A1") == held_at(ledger, "S1") == 60_000


def test_a_load_that_is_there_is_held_until_the_figures_have_it(ledger: Ledger) -> None:
    (made,) = ledger.reserve([an_ask("A1", 40, "p0", kind="offer", expires_at=None)], NOW, "desk")
    with ledger.transaction() as connection:
        in_use(connection, made.reservation_id, NOW + DAY, "desk")
    ledger.rebase(a_base("of before"), NOW + 2 * DAY)
    assert held_at(ledger, "A1") == 40_000
    later = a_base("of after")
    ledger.rebase(type(later)(**(vars(later) | {"known_at": NOW + 3 * DAY})), NOW + 4 * DAY)
    assert held_at(ledger, "A1") == 0
    assert ledger.get(made.reservation_id).state == "fulfilled"


@pytest.mark.parametrize("many", [0, 1000])
def test_a_run_that_lapses_frees_what_it_held_at_once_or_one_by_one(
    ledger: Ledger, many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(book, "_MANY", many)
    made = [an_offer(number, ("A1" if number % 2 else "A3", [1] * BLOCKS, 0.3)) for number in range(30)]
    with ledger.transaction(whole=True) as connection:
        ids = hold_offers(connection, [one[0] for one in made], [one[1] for one in made], NOW, "desk")
    (stays,) = ledger.reserve([an_ask("A1", 5, expires_at=NOW + 60 * DAY)], NOW, "desk")
    assert not ledger.expire(NOW + 29 * DAY)
    ended = ledger.expire(NOW + 30 * DAY)
    assert [one.reservation_id for one in ended] == sorted(ids)
    assert {(one.state, one.changed_by, one.changed_at) for one in ended} == {("expired", "clock", NOW + 30 * DAY)}
    assert [one.reservation_id for one in ledger.find()] == [stays.reservation_id]
    assert all(held == counted for held, counted in recounted(ledger.engine).values())
    assert held_at(ledger, "S1") == 5000


def test_thousands_are_held_and_lapse_in_a_moment() -> None:
    # The bar is about a second; ten times that is still not thousands of transactions.
    with quick_folder() as folder:
        ledger = Ledger(open_state(f"sqlite:///{folder / 'state.db'}"))
        ledger.rebase(a_base(open_kva=dict.fromkeys(("S1", "F1", "F2", "A1", "A2", "A3", "A4"), 1e6)), NOW)
        made = [an_offer(number, (f"A{1 + number % 4}", [3, 1, 0, 0, 2, 4], 0.05)) for number in range(5000)]
        began = time.perf_counter()
        with ledger.transaction(whole=True) as connection:
            hold_offers(connection, [one[0] for one in made], [one[1] for one in made], NOW, "desk")
        assert len(ledger.expire(NOW + 30 * DAY)) == 5000
        assert time.perf_counter() - began < 10
        ledger.engine.dispose()
