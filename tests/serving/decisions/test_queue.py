"""The queue's rules: in order, nobody overtakes on a node somebody waits for, and a plain book agrees."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.decisions.queue import CONSTRAINED, FITS, UNKNOWN, Finding, Left, Waiting, go_through

ABOVE = {"S1": None, "F1": "S1", "F2": "S1", "A1": "F1", "A2": "F1", "A3": "F2", "A4": "F2"}
KINDS = {"S": "substation", "F": "feeder", "A": "area"}
PATHS = {node: tuple(x for x in (node, up, ABOVE.get(up or "")) if x) for node, up in ABOVE.items()}
KVA = {"S1": 300.0, "F1": 150.0, "F2": 200.0, "A1": 100.0, "A2": 80.0, "A3": 200.0, "A4": 0.0}


def left(held: dict[str, float] | None = None, **kva: float | list[float]) -> Left:
    opened = {node: np.broadcast_to(1000.0 * np.array(kva.get(node, at)), 6).copy() for node, at in KVA.items()}
    rest = {node: va - 1000 * (held or {}).get(node, 0.0) for node, va in opened.items()}
    kinds = {node: KINDS[node[0]] for node in KVA}
    return Left(rest, opened, PATHS, kinds, {node: f"{kinds[node].upper()}_LIMIT" for node in KVA})


def asks(*those: tuple[str, float]) -> list[Waiting]:
    return [Waiting(f"Y{n}", node, (round(kva * 1000),) * 6) for n, (node, kva) in enumerate(those)]


def outcomes(found: list[Finding]) -> str:
    return "".join({FITS: "f", CONSTRAINED: "c", UNKNOWN: "?"}[one.outcome] for one in found)


def test_what_fits_says_how_much_would() -> None:
    (found,) = go_through(asks(("A1", 60)), left(), 5)
    assert found == Finding("Y0", FITS, None, None, None, None, 100.0, (100.0,) * 6)


def test_what_does_not_names_node_level_reason_block_and_the_most_that_would() -> None:
    (found,) = go_through(asks(("A1", 101)), left(A1=[100, 120, 93, 120, 120, 120]), 5)
    assert found == Finding("Y0", CONSTRAINED, "A1", "area", "AREA_LIMIT", 2, 90.0, (100.0, 120, 90, 120, 120, 120))


def test_upstream_binds_and_the_uppermost_of_equals_is_named() -> None:
    (found,) = go_through(asks(("A3", 190)), left(F2=150, A3=150, S1=150), 5)
    assert (found.binding_node_id, found.binding_level, found.fits_kva) == ("S1", "substation", 150)


def test_promises_alone_in_the_way_are_pending() -> None:
    (found,) = go_through(asks(("A1", 60)), left({"A1": 50, "F1": 50, "S1": 50}), 5)
    assert (found.reason, found.fits_kva) == ("PENDING", 50)


def test_only_the_hours_it_draws_matter() -> None:
    night = Waiting("Y", "A1", (90_000, 0, 0, 0, 0, 45_000))
    (found,) = go_through([night], left(A1=[80, 0, 0, 0, 0, 80]), 5)
    assert (found.outcome, found.block, found.fits_kva) == (CONSTRAINED, 0, 80)
    assert go_through([night], left(A1=[90, 0, 0, 0, 0, 80]), 5)[0].outcome == FITS


def test_who_is_first_takes_and_who_waits_keeps_the_node_that_binds_it() -> None:
    found = go_through(asks(("A1", 90), ("A1", 90), ("A1", 5), ("A2", 50), ("A3", 50)), left(), 5)
    # The second waits for A1, so the third does, too; A2 hangs on the same feeder, but nobody waits for that.
    assert outcomes(found) == "fccff"
    assert (found[2].reason, found[2].binding_node_id, found[2].fits_kva) == ("QUEUED", "A1", 0.0)
    assert outcomes(go_through(asks(("A1", 90), ("A1", 90), ("A1", 5)), left(), 5, overtaking=True)) == "fcf"


def test_one_that_waits_for_a_feeder_keeps_all_below_it() -> None:
    assert outcomes(go_through(asks(("A1", 90), ("A2", 70), ("A2", 5), ("A3", 5)), left(), 5)) == "fccf"


@pytest.mark.parametrize("node", ["A1", "F1"])
def test_what_is_not_known_is_neither_and_holds_nobody_up(node: str) -> None:
    found = go_through(asks(("A1", 90), ("A3", 5)), left(**{node: float("nan")}), 5)
    assert outcomes(found) == "?f"
    assert (found[0].reason, found[0].binding_node_id, found[0].fits_kva) == ("DATA_POOR", node, None)


def test_a_node_nobody_knows_is_said_so() -> None:
    (found,) = go_through([Waiting("Y", "A9", (1,) * 6)], left(), 5)
    assert (found.outcome, found.reason, found.binding_node_id) == (UNKNOWN, "UNKNOWN_NODE", "A9")


QUEUES = st.lists(
    st.tuples(
        st.sampled_from(["A1", "A2", "A3", "A4"]),
        st.integers(0, 2),
        st.lists(st.integers(0, 120), min_size=6, max_size=6),
    ),
    max_size=12,
)


@given(queue=QUEUES, overtaking=st.booleans(), feeder=st.integers(0, 250))
def test_a_plain_book_releases_the_same(queue: list[tuple[str, int, list[int]]], overtaking: bool, feeder: int) -> None:
    waiting = [Waiting(f"Y{n}", node, tuple(1000 * x for x in va)) for n, (node, _, va) in enumerate(queue) if max(va)]
    found = go_through(waiting, left(F1=feeder), 5, overtaking)
    assert [one.outcome == FITS for one in found] == plain(waiting, {**KVA, "F1": feeder}, overtaking)


def plain(waiting: list[Waiting], kva: dict[str, float], overtaking: bool) -> list[bool]:
    taken: list[Waiting] = []
    waited_for: list[str] = []
    released = []
    for one in waiting:
        short: dict[str, float] = {}
        for node in PATHS[one.node_id]:
            for block in range(6):
                if one.va[block]:
                    used = sum(other.va[block] for other in taken if node in PATHS[other.node_id])
                    spare = kva[node] * 1000 - used - one.va[block]
                    short[node] = min(short.get(node, spare), spare)
        fits = min(short.values()) >= 0
        may = overtaking or not any(node in waited_for for node in short)
        if fits and may:
            taken.append(one)
        elif not fits:
            least = min(short.values())
            waited_for.append(next(node for node in reversed(PATHS[one.node_id]) if short[node] == least))
        released.append(fits and may)
    return released


@given(queue=QUEUES)
def test_what_is_said_to_fit_does_and_five_more_would_not(queue: list[tuple[str, int, list[int]]]) -> None:
    for node, _, va in queue:
        if max(va) == 0:
            continue
        (found,) = go_through([Waiting("Y", node, tuple(1000 * x for x in va))], left(), 5)
        assert found.fits_kva is not None
        for kva, fits in ((found.fits_kva, True), (found.fits_kva + 5.001, False)):
            scaled = tuple(int(kva * 1000 * x / max(va)) for x in va)
            if kva and max(scaled):
                (again,) = go_through([Waiting("Y", node, scaled)], left(), 5)
                assert (again.outcome == FITS) == fits
