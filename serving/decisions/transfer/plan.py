"""Transfer plans: which ties to close and which branches to open so that more load fits at a constrained place.

From the network as it stands every exchange is tried, then exchanges on top of the best of those, as deep as policy
says (a beam search); each is judged by the room it leaves, found with power flow. What is offered was found again by a
power flow of the network as built: it holds with the room used up, and breaks a limit with a little more.
"""

import logging
from dataclasses import dataclass, fields

import numpy as np

from serving.decisions.transfer.exchange import neighbours, steps_to
from serving.decisions.transfer.flow import Excess, Solver, excess_of, flow_as_built, touched_feeders
from serving.decisions.transfer.network import SwitchedNetwork, owners, require_radial
from serving.decisions.transfer.policy import TransferPolicy
from serving.decisions.transfer.reason import binding_of, least_gain, why_none
from serving.decisions.transfer.result import Moved, Plan, Step, Transfers
from serving.decisions.transfer.room import HOLDS, Addition, addition_of, largest_room, under

__all__ = ["confirmed", "transfer_plan"]

_log = logging.getLogger("headroom.transfers")
_SLACK = 1e-6  # share of a limit by which two methods of solving may differ


@dataclass(frozen=True)
class _Found:
    """Switchings [case, branch] with the room each leaves (kVA; minus infinity where it gains too little, or another
    feeder's limit would be broken as it is), the worst broken limit with the least gain wanted, and losses (kW) of the
    load as it is (not reckoned where there is no room)."""

    closed: np.ndarray
    room: np.ndarray
    worst: np.ndarray
    losses: np.ndarray

    def order(self) -> np.ndarray:
        """Cases from the most room to the least; of equal ones from the least broken limit."""
        return np.lexsort((self.losses, np.clip(np.round(self.worst, 9), 0.0, None), -self.room))

    def with_more(self, other: "_Found") -> "_Found":
        pairs = ((getattr(self, one.name), getattr(other, one.name)) for one in fields(_Found))
        return _Found(*(np.concatenate(pair) for pair in pairs))


@dataclass(frozen=True)
class _Asked:
    """What is looked for: more of `addition` than `before` kVA fit as it stands, on a feeder `own` (number of a
    source)."""

    solver: Solver
    network: SwitchedNetwork
    addition: Addition
    own: int
    before: float
    policy: TransferPolicy


def transfer_plan(network: SwitchedNetwork, at: str, policy: TransferPolicy) -> Transfers:
    """Plans that make room at the point or for the feeder `at`, most gain first; or why there is none.

    Room of a feeder is by how much its customers may grow together (`addition_of`). Raises DataError unless the
    network is radial as it stands, ValueError where it has nothing called `at`.
    """
    require_radial(network)
    addition = addition_of(network, at, policy.power_factor)
    solver, as_is = Solver(network, policy.source_pu), network.closed[None, :].astype(bool)
    of = at if at in network.feeders else _feeder_of(network, at)
    own = network.feeders.index(of)
    room = largest_room(solver, network, as_is, addition, policy)
    before = float(room[0])
    found = _searched(_Asked(solver, network, addition, own, before, policy))
    plans: list[Plan] = []
    for case in _chosen(network, found, before, policy):
        plan = _plan(network, found.closed[case], addition, before, float(found.room[case]), policy)
        if plan is None:
            _log.warning("a transfer for %s is left out: a second power flow does not confirm it", at)
        else:
            plans.append(plan)
        if len(plans) == policy.plans:
            break
    _, now = under(solver, network, as_is, addition, room + policy.tolerance_kva, policy)
    reason = None if plans else why_none(solver, network, addition, before, own, policy)
    return Transfers(at, of, before, *binding_of(network, now), tuple(plans), reason)


def confirmed(
    network: SwitchedNetwork, closed: np.ndarray, addition: Addition, kva: float, policy: TransferPolicy
) -> bool:
    """Whether a power flow of the network as built keeps every limit with `kva` of the addition, and breaks one above.

    Above is twice the tolerance more; where the search ended at the policy's most there is nothing above to ask.
    """
    over = kva + 2 * policy.tolerance_kva
    holds = _as_built(network, closed, addition, kva, policy).worst[0] <= _SLACK
    breaks = over >= policy.most_kva or _as_built(network, closed, addition, over, policy).worst[0] > -_SLACK
    return bool(holds and breaks)


def _as_built(
    network: SwitchedNetwork, closed: np.ndarray, addition: Addition, kva: float, policy: TransferPolicy
) -> Excess:
    flow = flow_as_built(_loaded(network, addition, kva).switched(closed), policy.source_pu)
    return excess_of(network, flow, closed[None, :], addition.points, policy)


def _loaded(network: SwitchedNetwork, addition: Addition, kva: float) -> SwitchedNetwork:
    kw, kvar = addition.of(np.array(kva))
    return network.with_load(network.p_kw + kw, network.q_kvar + kvar)


def _searched(asked: _Asked) -> _Found:
    """All switchings that were tried."""
    front = asked.network.closed[None, :].astype(bool)
    seen = {front[0].tobytes()}
    every: _Found | None = None
    for _ in range(asked.policy.switchings):
        fresh = []
        for one in front:
            for case in neighbours(asked.network, one):
                if case.tobytes() not in seen:
                    seen.add(case.tobytes())
                    fresh.append(case)
        tried = _judged(asked, np.array(fresh, dtype=bool).reshape(-1, len(asked.network.branches)))
        every = tried if every is None else every.with_more(tried)
        if not fresh:
            break
        front = tried.closed[_front(asked.network, tried, asked.policy.width)]
    assert every is not None
    return every


def _front(network: SwitchedNetwork, tried: _Found, width: int) -> np.ndarray:
    """The cases to follow further: the best of each set of ties closed first, then the next best."""
    order = tried.order()
    _, rank = _rank_within(_ties(network, tried.closed[order]))
    found: np.ndarray = order[np.argsort(rank, kind="stable")][:width]
    return found


def _judged(asked: _Asked, closed: np.ndarray) -> _Found:
    """Room of each case that leaves enough more; a feeder beyond its limit may be eased in part, but not at the cost of
    another."""
    if not len(closed):
        return _Found(closed, np.zeros(0), np.zeros(0), np.zeros(0))
    solver, network, addition, policy = asked.solver, asked.network, asked.addition, asked.policy
    wanted = np.full(len(closed), asked.before + least_gain(policy))
    worst = under(solver, network, closed, addition, wanted, policy)[1].worst
    good = np.flatnonzero(worst <= HOLDS)
    flow, _ = under(solver, network, closed[good], addition, np.zeros(len(good)), policy)
    but_own = np.arange(len(network.sources)) != asked.own
    others = excess_of(network, flow, closed[good], addition.points, policy, but_own).worst
    good, losses = good[others <= HOLDS], flow.losses_kw[others <= HOLDS]
    found = _Found(closed, np.full(len(closed), -np.inf), worst, np.full(len(closed), np.inf))
    found.room[good], found.losses[good] = largest_room(solver, network, closed[good], addition, policy), losses
    return found


def _chosen(network: SwitchedNetwork, found: _Found, before: float, policy: TransferPolicy) -> list[int]:
    """The best case of each set of ties closed, most room first; none whose ties in part would do as well.

    Of the cases within the tolerance of a set's best the one of least losses.
    """
    ties = _ties(network, found.closed)
    least = least_gain(policy)
    best: dict[frozenset[int], int] = {}
    for case in found.order().tolist():
        key = frozenset(np.flatnonzero(ties[case]).tolist())
        first = best.setdefault(key, case)
        if found.room[case] >= found.room[first] - policy.tolerance_kva and found.losses[case] < found.losses[first]:
            best[key] = case
    kept = []
    for key, case in best.items():
        parts = [found.room[other] for smaller, other in best.items() if smaller < key]
        if found.room[case] >= max([before, *parts]) + least:
            kept.append((-round(float(found.room[case] / policy.tolerance_kva)), len(key), found.losses[case], case))
    return [case for *_, case in sorted(kept)]


def _plan(
    network: SwitchedNetwork,
    closed: np.ndarray,
    addition: Addition,
    before: float,
    after: float,
    policy: TransferPolicy,
) -> Plan | None:
    """The plan with its figures from power flows of the network as built; None where these do not confirm it."""
    if not confirmed(network, closed, addition, after, policy):
        return None
    was = flow_as_built(network, policy.source_pu)
    now = flow_as_built(network.switched(closed), policy.source_pu)
    full = flow_as_built(_loaded(network, addition, after).switched(closed), policy.source_pu)
    mine, points, branches = _part_of(network, closed, addition)
    carried = [_share(full.carried_kva[0], network.limit_kva), _share(full.head_kva[0], network.head_kva)]
    shares = np.concatenate([carried[0] * branches, carried[1] * mine])
    fullest = int(shares.argmax())
    moved = _moved(network, closed)
    return Plan(
        steps=tuple(
            Step(network.branches[tie], network.branches[cut]) for tie, cut in steps_to(network, closed, policy)
        ),
        before_kva=before,
        after_kva=after,
        gain_kva=after - before,
        keeps_limits=after >= 0,
        losses_before_kw=float(was.losses_kw[0]),
        losses_after_kw=float(now.losses_kw[0]),
        lowest_before_pu=float(was.voltage_pu[0, points].min()),
        lowest_after_pu=float(now.voltage_pu[0, points].min()),
        lowest_at_room_pu=float(full.voltage_pu[0, points].min()),
        fullest=(*network.branches, *network.feeders)[fullest] if shares[fullest] > 0 else None,
        fullest_share=float(shares[fullest]),
        moved=moved,
        moved_kva=float(sum(one.load_kva for one in moved)),
    )


def _part_of(
    network: SwitchedNetwork, closed: np.ndarray, addition: Addition
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The feeders a plan touches, their points and their branches; bool [source], [point], [branch]."""
    mine = touched_feeders(network, closed[None, :], owners(network, closed[None, :]), addition.points)[0]
    points = mine[owners(network, closed[None, :])[0]]
    return mine, points, points[network.start] & closed


def _moved(network: SwitchedNetwork, closed: np.ndarray) -> tuple[Moved, ...]:
    was, now = owners(network, np.array([network.closed, closed]))
    load = np.hypot(network.p_kw, network.q_kvar)
    return tuple(
        Moved(network.points[i], network.feeders[was[i]], network.feeders[now[i]], float(load[i]))
        for i in np.flatnonzero(was != now).tolist()
    )


def _ties(network: SwitchedNetwork, closed: np.ndarray) -> np.ndarray:
    """Bool [case, branch]: closed, and open as it stands."""
    found: np.ndarray = closed & ~network.closed.astype(bool)
    return found


def _rank_within(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The group of each row of `keys` and how many rows of its group stand before it."""
    _, group = np.unique(keys, axis=0, return_inverse=True)
    group = group.reshape(-1)
    rank, count = np.zeros(len(group), dtype=np.int64), np.zeros(group.max(initial=-1) + 1, dtype=np.int64)
    for row, one in enumerate(group.tolist()):
        rank[row] = count[one]
        count[one] += 1
    return group, rank


def _share(carried: np.ndarray, limit: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.where(limit > 0, carried / np.where(limit > 0, limit, 1.0), 0.0)
    return found


def _feeder_of(network: SwitchedNetwork, point: str) -> str:
    return network.feeders[owners(network, network.closed[None, :])[0, network.point(point)]]
