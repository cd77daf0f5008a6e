"""What is fed from where: the property of radial networks, against a walk, and what is wrong in words."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.switching import every_switching, radial_by_hand, thirty_three
from features.errors import DataError
from serving.decisions.transfer import SwitchedNetwork, exchanges, is_radial, neighbours, owners, require_radial


def test_a_set_of_branches_is_radial_where_a_walk_says_so(drawn_network) -> None:
    rng = np.random.default_rng(0)
    for seed in range(20):
        network = drawn_network(seed, sources=1 + seed % 3)
        closed = rng.random((200, len(network.branches))) < 0.75
        told = is_radial(network, closed)
        assert told.tolist() == [radial_by_hand(network, one) for one in closed]
    assert is_radial(network, network.closed[None, :]).all()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), sources=st.integers(1, 3), choices=st.lists(st.integers(0, 10**6), max_size=8))
def test_any_chain_of_exchanges_stays_radial(drawn_network, seed: int, sources: int, choices: list[int]) -> None:
    network = drawn_network(seed, sources=sources)
    closed = network.closed
    for choice in choices:
        cases = neighbours(network, closed)
        assert is_radial(network, cases).all()
        assert (cases.sum(axis=1) == network.closed.sum()).all()
        closed = cases[choice % len(cases)] if len(cases) else closed


def test_exchanges_reach_every_radial_switching(drawn_network) -> None:
    network = drawn_network(4)
    seen, front = {network.closed.tobytes()}, [network.closed]
    while front:
        fresh = [case for one in front for case in neighbours(network, one)]
        front = [case for case in {case.tobytes(): case for case in fresh}.values() if case.tobytes() not in seen]
        seen |= {case.tobytes() for case in front}
    assert seen == {case.tobytes() for case in every_switching(network)}


def test_the_published_feeder_has_the_number_of_trees_that_is_known() -> None:
    network = thirty_three()
    laplacian = np.zeros((33, 33))
    for a, b in zip(network.start, network.end, strict=True):
        laplacian[a, a] += 1
        laplacian[b, b] += 1
        laplacian[a, b] -= 1
        laplacian[b, a] -= 1
    # Kirchhoff's theorem.
    assert round(np.linalg.det(laplacian[1:, 1:])) == 50_751


def test_what_cannot_be_switched_is_left_alone(drawn_network) -> None:
    network = drawn_network(2)
    fixed = replace(network, switchable=np.arange(len(network.branches)) % 2 == 0)
    assert all(tie % 2 == 0 and branch % 2 == 0 for tie, branch in exchanges(fixed, fixed.closed))
    assert set(exchanges(fixed, fixed.closed)) < set(exchanges(network, network.closed))


def bad(network: SwitchedNetwork, **closed: bool) -> SwitchedNetwork:
    now = network.closed.copy()
    for name, value in closed.items():
        now[network.branches.index(name)] = value
    return network.switched(now)


def test_faults_are_told_in_words(drawn_network) -> None:
    network = drawn_network(1)
    require_radial(network)
    with pytest.raises(DataError, match="is fed by no source"):
        require_radial(bad(network, B2=False))
    fed = owners(network, network.closed[None, :])[0]
    across = fed[network.start] != fed[network.end]
    inside = ~across & ~network.closed
    with pytest.raises(DataError, match="fed by more than one source"):
        require_radial(bad(network, **{network.branches[int(np.flatnonzero(across)[0])]: True}))
    looped = next(drawn_network(seed) for seed in range(50) if _inner_tie(drawn_network(seed)))
    with pytest.raises(DataError, match=f"make a loop in 1 row.*{_inner_tie(looped)}"):
        require_radial(bad(looped, **{_inner_tie(looped): True}))
    assert inside.sum() + across.sum() == 3
    for values, told in (
        ({"p_kw": network.p_kw[1:]}, "shape"),
        ({"r_ohm": -network.r_ohm}, "not a number that can stand there"),
        ({"head_kva": network.head_kva * np.nan}, "not a number that can stand there"),
        ({"points": ("P0",) * 10}, "stands more than once"),
        ({"start": network.end}, "both ends are one point"),
    ):
        with pytest.raises(DataError, match=told):
            replace(network, **values)


def _inner_tie(network: SwitchedNetwork) -> str:
    """The first open tie within one feeder; "" where there is none."""
    fed = owners(network, network.closed[None, :])[0]
    inside = np.flatnonzero((fed[network.start] == fed[network.end]) & ~network.closed)
    return network.branches[int(inside[0])] if len(inside) else ""
