"""What limits a place as it stands, and what stands in the way of every exchange where none helps."""

import numpy as np

from serving.decisions.transfer.exchange import neighbours
from serving.decisions.transfer.flow import Excess, Solver, excess_of
from serving.decisions.transfer.network import SwitchedNetwork, owners
from serving.decisions.transfer.policy import TransferPolicy
from serving.decisions.transfer.result import NEIGHBOUR_FULL, NO_GAIN, NO_TIE, THERMAL, VOLTAGE
from serving.decisions.transfer.room import HOLDS, Addition, under

__all__ = ["binding_of", "least_gain", "why_none"]

HEAD, STATION = "HEAD", "STATION"


def binding_of(network: SwitchedNetwork, excess: Excess, case: int = 0) -> tuple[str, str]:
    """The kind of limit that is broken most in a case, and the point, branch, feeder or station where."""
    by_kind = {
        VOLTAGE: (excess.voltage[case], network.points[excess.point[case]]),
        THERMAL: (excess.branch[case], network.branches[excess.of_branch[case]]),
        HEAD: (excess.head[case], network.feeders[excess.source[case]]),
    }
    if network.stations:
        by_kind[STATION] = (excess.station[case], network.stations[excess.of_station[case]])
    kind = max(by_kind, key=lambda one: by_kind[one][0])
    return kind, by_kind[kind][1]


def least_gain(policy: TransferPolicy) -> float:
    """The least gain that is a gain, kVA: what policy wants, and more than room is found to."""
    return max(policy.least_gain_kva, 2 * policy.tolerance_kva)


def why_none(
    solver: Solver, network: SwitchedNetwork, addition: Addition, before: float, own: int, policy: TransferPolicy
) -> str:
    """The reason why no exchange makes room on the feeder `own`, a number of a source.

    Each exchange is asked to carry the least gain that policy wants. Of those that ease the feeder itself the one is
    looked at that comes nearest to it, and what it breaks.
    """
    closed = _of_feeder(network, neighbours(network, network.closed), own)
    if not len(closed):
        return NO_TIE
    cases = np.concatenate([network.closed[None, :].astype(bool), closed])
    kva = np.full(len(cases), before + least_gain(policy))
    flow, excess = under(solver, network, cases, addition, kva, policy)
    mine = np.arange(len(network.sources)) == own
    of_own = excess_of(network, flow, cases, addition.points, policy, mine).worst
    # Where there is no solution voltage has collapsed; on which feeder is not known.
    eased = 1 + np.flatnonzero((of_own[1:] < of_own[0] - HOLDS) | ~flow.solved[1:])
    if not len(eased):
        return NO_GAIN
    nearest = int(eased[excess.worst[eased].argmin()])
    return _told(network, binding_of(network, excess), binding_of(network, excess, nearest), own)


def _told(network: SwitchedNetwork, was: tuple[str, str], found: tuple[str, str], own: int) -> str:
    """The reason, from what binds as it stands and what the exchange would break."""
    kind, at = found
    if kind in (HEAD, STATION) and at not in (network.feeders[own], network.station(own)):
        return NEIGHBOUR_FULL
    return NO_GAIN if found == was or kind in (HEAD, STATION) else kind


def _of_feeder(network: SwitchedNetwork, closed: np.ndarray, own: int) -> np.ndarray:
    """The switchings in which one of the branches that change has an end on the feeder."""
    on = owners(network, network.closed[None, :])[0] == own
    of = on[network.start] | on[network.end]
    found: np.ndarray = closed[((closed != network.closed) & of).any(axis=1)]
    return found
