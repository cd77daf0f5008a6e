"""Plans: as good as any switching of as many exchanges, their figures found again, no neighbour beyond its limits."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.switching import every_switching, sweep, thirty_three
from features.configs import config_path
from features.settings import load_settings
from serving.capacity import load_policy
from serving.decisions.transfer import (
    Plan,
    Solver,
    SwitchedNetwork,
    TransferPolicy,
    addition_of,
    excess_of,
    is_radial,
    largest_room,
    owners,
    transfer_plan,
)

POLICY = TransferPolicy(low_pu=0.93)


def switched(network: SwitchedNetwork, plan: Plan) -> np.ndarray:
    closed = network.closed.copy()
    for step in plan.steps:
        tie, branch = network.branches.index(step.close), network.branches.index(step.open)
        assert closed[branch]
        assert not closed[tie]
        closed[tie], closed[branch] = True, False
    return closed


def broken(network: SwitchedNetwork, closed: np.ndarray, p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """By source, the worst broken limit of its feeder, by sweeps of our own."""
    voltage, carried, heads, _ = sweep(network, closed, p, q, POLICY.source_pu)
    fed = owners(network, closed[None, :])[0]
    worst = heads / network.head_kva - 1
    for source in range(len(worst)):
        mine = fed == source
        branches = mine[network.start] & closed
        low = (POLICY.low_pu - voltage[mine].min()) / POLICY.low_pu
        full = (carried[branches] / network.limit_kva[branches] - 1).max(initial=-1)
        worst[source] = max(worst[source], low, full)
    return worst


def test_shipped_policy_is_the_default_and_keeps_the_limits_of_open_capacity() -> None:
    shipped, capacity = load_settings(TransferPolicy, config_path("policy/transfers.yaml")), load_policy()
    assert shipped == TransferPolicy()
    for name in ("source_pu", "low_pu", "nominal_kv"):
        assert getattr(shipped, name) == getattr(capacity, name)


@pytest.mark.parametrize("sources", [1, 2, 3])
def test_every_figure_of_a_plan_is_found_again(drawn_network, sources: int) -> None:
    plans = 0
    for seed in range(20, 28):
        network = drawn_network(seed, sources=sources)
        for at in ("P7", "F0"):
            told = transfer_plan(network, at, POLICY)
            plans += len(told.plans)
            for plan in told.plans:
                assert plan.gain_kva == plan.after_kva - told.before_kva >= POLICY.least_gain_kva
                _found_again(network, at, network.feeders.index(told.feeder), plan)
    assert plans


def _found_again(network: SwitchedNetwork, at: str, own: int, plan: Plan) -> None:
    closed, addition = switched(network, plan), addition_of(network, at, POLICY.power_factor)
    assert is_radial(network, closed[None, :])[0]
    changed = _touched(network, closed, addition.points)
    kw, kvar = addition.of(plan.after_kva + np.array([0.0, 2.0]))
    full, more = (broken(network, closed, network.p_kw + kw[i], network.q_kvar + kvar[i])[changed] for i in (0, 1))
    assert full.max() <= 1e-5
    assert more.max() > 0
    # Under the load as it is no other feeder is beyond a limit for it.
    was, now = (broken(network, one, network.p_kw, network.q_kvar) for one in (network.closed, closed))
    others = np.arange(len(now)) != own
    assert (now[others & changed] <= 1e-5).all()
    assert (now[~changed] == was[~changed]).all()
    assert plan.keeps_limits == (plan.after_kva >= 0)
    losses = [sweep(network, one, network.p_kw, network.q_kvar, 1.0)[3] for one in (network.closed, closed)]
    assert [plan.losses_before_kw, plan.losses_after_kw] == pytest.approx(losses, rel=1e-3, abs=0.01)
    before, after = owners(network, np.array([network.closed, closed]))
    assert {one.point for one in plan.moved} == {network.points[i] for i in np.flatnonzero(before != after)}
    assert plan.fullest_share <= 1 + 1e-5


def _touched(network: SwitchedNetwork, closed: np.ndarray, added: np.ndarray) -> np.ndarray:
    fed, before = owners(network, np.array([closed, network.closed]))
    found = np.zeros(len(network.sources), dtype=bool)
    for branch in np.flatnonzero(closed != network.closed):
        for end in (network.start[branch], network.end[branch]):
            found[[fed[end], before[end]]] = True
    found[fed[added]] = True
    return found


@pytest.mark.parametrize("sources", [1, 2])
def test_no_switching_of_as_many_exchanges_leaves_more(drawn_network, sources: int) -> None:
    policy = POLICY.model_copy(update={"width": 100})
    for seed in range(8):
        network = drawn_network(seed, sources=sources)
        told = transfer_plan(network, "P8", policy)
        best = max([told.before_kva, *(plan.after_kva for plan in told.plans)])
        every = every_switching(network)
        every = every[(every & ~network.closed).sum(axis=1) <= policy.switchings]
        solver, addition = Solver(network, 1.0), addition_of(network, "P8", policy.power_factor)
        flow = solver.flow(every, network.p_kw, network.q_kvar)
        others = np.arange(sources) != network.feeders.index(told.feeder)
        allowed = excess_of(network, flow, every, addition.points, policy, others).worst <= 1e-9
        most = largest_room(solver, network, every[allowed], addition, policy).max(initial=told.before_kva)
        # A gain below the least that is offered is no plan.
        assert best >= most - policy.least_gain_kva - policy.tolerance_kva
        assert best <= most + policy.tolerance_kva


def test_plans_of_the_published_feeder_are_ranked_and_the_same_again() -> None:
    policy = TransferPolicy(low_pu=0.9)
    told = transfer_plan(thirty_three(), "18", policy)
    assert (told.before_kva, told.binding, told.binding_at, told.reason) == (134.0, "VOLTAGE", "18", None)
    assert [(step.close, step.open) for step in told.plans[0].steps] == [("35", "11")]
    assert told.plans[0].gain_kva == 448.0
    gains = [plan.gain_kva for plan in told.plans]
    assert gains == sorted(gains, reverse=True)
    assert len(gains) == policy.plans
    assert told == transfer_plan(thirty_three(), "18", policy)


def two_feeders(**changes: object) -> SwitchedNetwork:
    """F0: P0 - P2 - P4, F1: P1 - P3 - P5, 300 kW at each but the heads, and a tie between P4 and P5; short lines."""
    network = SwitchedNetwork(
        points=tuple(f"P{i}" for i in range(6)),
        p_kw=np.array([0.0, 0.0, 300.0, 300.0, 300.0, 300.0]),
        q_kvar=np.zeros(6),
        feeders=("F0", "F1"),
        sources=np.array([0, 1]),
        head_kva=np.array([620.0, 1500.0]),
        branches=("L02", "L13", "L24", "L35", "T45"),
        start=np.array([0, 1, 2, 3, 4]),
        end=np.array([2, 3, 4, 5, 5]),
        r_ohm=np.full(5, 0.1),
        x_ohm=np.full(5, 0.1),
        limit_kva=np.array([2000.0, 2000.0, 2000.0, 2000.0, 500.0]),
        switchable=np.ones(5, dtype=bool),
        closed=np.array([True, True, True, True, False]),
        nominal_kv=10.0,
    )
    return replace(network, **changes)


def test_a_transfer_makes_room_for_what_it_takes_away() -> None:
    told = transfer_plan(two_feeders(), "P2", POLICY)
    assert told.before_kva == pytest.approx(20, abs=2)
    assert (told.binding, told.binding_at, told.feeder) == ("HEAD", "F0", "F0")
    (plan,) = told.plans
    assert plan.gain_kva == pytest.approx(300, rel=0.1)
    assert [(one.point, one.from_feeder, one.to_feeder, one.load_kva) for one in plan.moved] == [
        ("P4", "F0", "F1", 300.0)
    ]
    assert plan.moved_kva == 300.0
    assert plan.fullest == "F0"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"switchable": np.array([True, True, True, True, False])}, "NO_TIE"),
        ({"head_kva": np.array([620.0, 700.0])}, "NEIGHBOUR_FULL"),
        ({"limit_kva": np.array([2000.0, 2000.0, 2000.0, 2000.0, 200.0])}, "THERMAL"),
        ({"r_ohm": np.array([0.1, 0.1, 0.1, 0.1, 90.0])}, "VOLTAGE"),
        ({"limit_kva": np.array([600.0, 600.0, 2000.0, 2000.0, 0.0]), "head_kva": np.full(2, np.inf)}, "THERMAL"),
        ({"stations": ("S",), "station_of": np.zeros(2, dtype=int), "station_kva": np.array([1202.0])}, "NO_GAIN"),
        ({"stations": ("S", "T"), "station_of": np.arange(2), "station_kva": np.array([9e9, 700.0])}, "NEIGHBOUR_FULL"),
    ],
)
def test_the_reason_why_none_helps(changes: dict[str, object], reason: str) -> None:
    told = transfer_plan(two_feeders(**changes), "P2", POLICY)
    assert (told.plans, told.reason) == ((), reason)


def test_a_feeder_beyond_its_limit_is_eased_in_part_and_said_so() -> None:
    told = transfer_plan(two_feeders(head_kva=np.array([280.0, 1500.0])), "F0", POLICY)
    assert told.before_kva == pytest.approx(-324, abs=5)
    (plan,) = told.plans
    assert not plan.keeps_limits
    assert plan.after_kva == pytest.approx(-40, abs=5)
    # Not where the neighbour would be beyond its own for it.
    full = transfer_plan(two_feeders(head_kva=np.array([280.0, 800.0])), "F0", POLICY)
    assert (full.plans, full.reason) == ((), "NEIGHBOUR_FULL")
