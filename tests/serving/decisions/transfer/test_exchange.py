"""Least losses: published optima, and every radial switching of small networks."""

import numpy as np
import pytest

from benchmarks.switching import every_switching, sixteen, sweep, thirty_three
from features.errors import DataError
from serving.decisions.transfer import (
    Solver,
    SwitchedNetwork,
    TransferPolicy,
    excess_of,
    flow_as_built,
    is_radial,
    reconfigure,
    steps_to,
)

POLICY = TransferPolicy(low_pu=0.9)


def judged(network: SwitchedNetwork, closed: np.ndarray, policy: TransferPolicy) -> tuple[np.ndarray, np.ndarray]:
    """Worst broken limit and losses, kW, of every case."""
    flow = Solver(network, policy.source_pu).flow(closed, network.p_kw, network.q_kvar)
    everywhere = np.ones(len(network.points), dtype=bool)
    return np.maximum(excess_of(network, flow, closed, everywhere, policy).worst, 0.0), flow.losses_kw


@pytest.mark.parametrize(
    ("make", "before", "after", "opened", "lowest"),
    [
        (thirty_three, 202.68, 139.55, ["7", "9", "14", "32", "37"], 0.9378),
        (sixteen, 511.4, 466.1, ["7", "8", "16"], 0.9716),
    ],
)
def test_published_optima(make, before: float, after: float, opened: list[str], lowest: float) -> None:
    network = make()
    closed = reconfigure(network, POLICY)
    assert [network.branches[one] for one in np.flatnonzero(~closed)] == opened
    assert flow_as_built(network, 1.0).losses_kw[0] == pytest.approx(before, abs=0.05)
    found = flow_as_built(network.switched(closed), 1.0)
    assert found.losses_kw[0] == pytest.approx(after, abs=0.05)
    assert found.voltage_pu.min() == pytest.approx(lowest, abs=1e-4)
    np.testing.assert_array_equal(closed, reconfigure(network, POLICY))
    again = reconfigure(network.switched(closed), POLICY)
    np.testing.assert_array_equal(closed, again)


@pytest.mark.parametrize("sources", [1, 2, 3])
def test_no_radial_switching_is_better(drawn_network, sources: int) -> None:
    for seed in range(12):
        network = drawn_network(seed, sources=sources)
        worst, losses = judged(network, every_switching(network), POLICY)
        found_worst, found_losses = judged(network, reconfigure(network, POLICY)[None, :], POLICY)
        least = worst.min() if worst.min() > 1e-6 else 0.0
        assert found_worst[0] <= least + 1e-5
        assert found_losses[0] <= losses[worst <= least + 1e-9].min() + 1e-5


def test_both_flows_agree_with_sweeps_of_our_own(drawn_network) -> None:
    for network in (thirty_three(), sixteen(), *(drawn_network(seed, sources=2) for seed in range(5))):
        closed = reconfigure(network, POLICY)
        one = Solver(network, 1.0).flow(closed[None, :], network.p_kw, network.q_kvar)
        other = flow_as_built(network.switched(closed), 1.0)
        voltage, carried, heads, losses = sweep(network, closed, network.p_kw, network.q_kvar, 1.0)
        for flow in (one, other):
            np.testing.assert_allclose(flow.voltage_pu[0], voltage, atol=1e-6)
            np.testing.assert_allclose(flow.carried_kva[0], carried, rtol=1e-4, atol=0.05)
            np.testing.assert_allclose(flow.head_kva[0], heads, rtol=1e-4, atol=0.05)
            assert flow.losses_kw[0] == pytest.approx(losses, rel=1e-3, abs=0.01)


def test_steps_stay_radial_and_arrive(drawn_network) -> None:
    rng = np.random.default_rng(3)
    for seed in range(10):
        network = drawn_network(seed)
        every = every_switching(network)
        target = every[rng.integers(len(every))]
        closed = network.closed.copy()
        steps = steps_to(network, target, POLICY)
        assert len(steps) == (target & ~network.closed).sum()
        for tie, branch in steps:
            closed[tie], closed[branch] = True, False
            assert is_radial(network, closed[None, :])[0]
        np.testing.assert_array_equal(closed, target)


def test_the_step_that_breaks_less_comes_first(drawn_network) -> None:
    better = 0
    for seed in range(15):
        network = drawn_network(seed, sources=2)
        every = every_switching(network)
        for target in every[(every & ~network.closed).sum(axis=1) == 2][::7]:
            steps = steps_to(network, target, POLICY)
            halfway = np.array([network.closed, network.closed])
            halfway[0, steps[0][0]], halfway[0, steps[0][1]] = True, False
            halfway[1, steps[1][0]], halfway[1, steps[1][1]] = True, False
            if is_radial(network, halfway).all():
                worst = judged(network, halfway, POLICY)[0]
                assert worst[0] <= worst[1] + 1e-5
                better += worst[0] < worst[1]
    assert better > 5


def test_a_network_without_ties_stays_and_one_that_is_not_radial_is_refused(drawn_network) -> None:
    alone = drawn_network(0, ties=0)
    np.testing.assert_array_equal(reconfigure(alone, POLICY), alone.closed)
    network = drawn_network(0)
    with pytest.raises(DataError, match="fed by"):
        reconfigure(network.switched(np.zeros(len(network.branches), dtype=bool)), POLICY)


def test_a_case_without_a_solution_breaks_limits_and_loses_without_end(drawn_network) -> None:
    network = drawn_network(0)
    flow = Solver(network, 1.0).flow(np.array([network.closed] * 2), network.p_kw * [[1], [1e5]], network.q_kvar)
    assert flow.solved.tolist() == [True, False]
    assert np.isinf(flow.losses_kw[1])
    everywhere = np.ones(len(network.points), dtype=bool)
    excess = excess_of(network, flow, np.array([network.closed] * 2), everywhere, POLICY)
    assert np.isinf(excess.worst[1])
    dead = flow_as_built(network.with_load(network.p_kw * 1e5, network.q_kvar), 1.0)
    assert np.isinf(dead.losses_kw[0])
    assert not dead.solved[0]
