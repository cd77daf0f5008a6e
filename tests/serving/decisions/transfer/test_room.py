"""Room at a place: what is told fits and a little more does not; wider limits never leave less."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.switching import every_switching, sweep
from serving.decisions.transfer import Solver, SwitchedNetwork, TransferPolicy, addition_of, largest_room

POLICY = TransferPolicy(low_pu=0.93)


def room(network: SwitchedNetwork, at: str, policy: TransferPolicy = POLICY) -> float:
    addition = addition_of(network, at, policy.power_factor)
    solver = Solver(network, policy.source_pu)
    return float(largest_room(solver, network, network.closed[None, :], addition, policy)[0])


def holds(network: SwitchedNetwork, at: str, kva: float) -> bool:
    """Every limit of every feeder, by sweeps of our own."""
    addition = addition_of(network, at, POLICY.power_factor)
    kw, kvar = addition.of(np.array(kva))
    p, q = network.p_kw + kw, network.q_kvar + kvar
    voltage, carried, heads, _ = sweep(network, network.closed, p, q, POLICY.source_pu)
    fits = (carried <= network.limit_kva * (1 + 1e-6)).all() and (heads <= network.head_kva * (1 + 1e-6)).all()
    return bool(fits and voltage.min() >= POLICY.low_pu - 1e-6)


def test_what_is_told_fits_and_a_little_more_does_not(drawn_network) -> None:
    told = []
    for seed in range(8):
        network = drawn_network(seed, sources=1)
        for at in ("P5", "P9", "F0"):
            found = room(network, at)
            assert found == addition_of(network, at, 0.95).least_kva or holds(network, at, found)
            assert not holds(network, at, found + 2)
            told.append(found)
    assert min(told) < 0 < max(told)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), wider=st.floats(1, 2), which=st.integers(0, 8))
def test_wider_limits_never_leave_less(drawn_network, seed: int, wider: float, which: int) -> None:
    network = drawn_network(seed)
    at = network.points[9]
    found = room(network, at)
    limit = network.limit_kva.copy()
    limit[which] *= wider
    assert room(replace(network, limit_kva=limit), at) >= found - POLICY.tolerance_kva
    assert room(replace(network, head_kva=network.head_kva * wider), at) >= found - POLICY.tolerance_kva
    low = POLICY.model_copy(update={"low_pu": POLICY.low_pu / wider})
    assert room(network, at, low) >= found - POLICY.tolerance_kva
    assert room(network.with_load(network.p_kw * wider, network.q_kvar * wider), at) <= found + POLICY.tolerance_kva


def test_many_switchings_at_once_are_each_by_itself(drawn_network) -> None:
    network = drawn_network(7)
    every = every_switching(network)[:40]
    solver, addition = Solver(network, 1.0), addition_of(network, "P6", 0.95)
    together = largest_room(solver, network, every, addition, POLICY)
    alone = [largest_room(solver, network, one[None, :], addition, POLICY)[0] for one in every]
    np.testing.assert_allclose(together, alone, atol=POLICY.tolerance_kva)


def test_a_feeder_grows_in_proportion_where_its_customers_are(drawn_network) -> None:
    network = drawn_network(3)
    addition = addition_of(network, "F1", 0.9)
    fed = network.p_kw * (addition.kw > 0)
    np.testing.assert_allclose(addition.kw, 0.9 * fed / fed.sum())
    assert np.hypot(addition.kw.sum(), addition.kvar.sum()) == pytest.approx(1.0)
    assert addition.least_kva == pytest.approx(-np.hypot(fed.sum(), network.q_kvar[fed > 0].sum()))
    kw, kvar = addition.of(np.array([0.0, addition.least_kva]))
    assert not kw[0].any()
    np.testing.assert_allclose(network.p_kw + kw[1], network.p_kw - fed)
    np.testing.assert_allclose((network.q_kvar + kvar[1])[fed > 0], 0, atol=1e-9)
    idle = addition_of(network.with_load(0 * network.p_kw, 0 * network.p_kw), "F1", 0.9)
    assert len(set(idle.kw[idle.kw > 0])) == 1
    with pytest.raises(ValueError, match="not in tuple"):
        addition_of(network, "nowhere", 0.9)


def test_what_an_untouched_feeder_breaks_does_not_count(drawn_network) -> None:
    network = replace(drawn_network(3), head_kva=np.full(2, 5000.0))
    of = [i for i in range(10) if addition_of(network, "F0", 0.95).kw[i] > 0]
    free = room(network, network.points[of[-1]])
    other = np.array([np.inf, 1.0])
    assert free > 0
    assert room(replace(network, head_kva=np.minimum(network.head_kva, other)), network.points[of[-1]]) == free


def test_no_more_is_looked_for_than_policy_says(drawn_network) -> None:
    wide = replace(drawn_network(0), head_kva=np.full(2, np.inf), limit_kva=np.full(11, np.inf), r_ohm=np.zeros(11))
    policy = POLICY.model_copy(update={"most_kva": 300.0})
    assert room(replace(wide, x_ohm=np.zeros(11)), "P5", policy) == 300.0


def test_the_feeders_of_a_station_share_what_it_may_give(drawn_network) -> None:
    network = drawn_network(3)
    at = network.points[9]
    drawn = float(np.hypot(network.p_kw.sum(), network.q_kvar.sum()))
    shared = {"stations": ("S",), "station_of": np.zeros(2, dtype=int)}
    free = replace(network, limit_kva=network.limit_kva * 10, head_kva=network.head_kva * 10)
    found = room(replace(free, station_kva=np.array([drawn + 200]), **shared), at)
    assert 100 < found < 215
    assert room(replace(free, station_kva=np.array([np.inf]), **shared), at) == room(free, at) > 215
