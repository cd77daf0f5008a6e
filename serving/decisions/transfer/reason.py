"""What limits a place as it stands, and what stands in the way of every exchange where none helps."""

import numpy as np

from serving.decisions.transfer.exchange import neighbours
from serving.decisions.transfer.flow import Excess, Solver
from serving.decisions.transfer.network import SwitchedNetwork, owners
from serving.decisions.transfer.policy import TransferPolicy
from serving.decisions.transfer.result import NEIGHBOUR_FULL, NO_GAIN, NO_TIE, THERMAL, VOLTAGE
from serving.decisions.transfer.room import Addition, under

__all__ = ["binding_of", "why_none"]

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


def why_none(
    solver: Solver, network: SwitchedNetwork, addition: Addition, before: float, feeder: str, policy: TransferPolicy
) -> str:
    """The reason why no exchange makes room: of those that change the feeder, the one that comes nearest to carrying
    the least gain asked for is looked at, and what it would break."""
    closed = _of_feeder(network, neighbours(network, network.closed), feeder)
    if not len(closed):
        return NO_TIE
    kva = np.full(len(closed) + 1, before + max(policy.least_gain_kva, 2 * policy.tolerance_kva))
    cases = np.concatenate([network.closed[None, :].astype(bool), closed])
    _, excess = under(solver, network, cases, addition, kva, policy)
    nearest = 1 + int(excess.worst[1:].argmin())
    was, found = binding_of(network, excess), binding_of(network, excess, nearest)
    # The same limit at the same place still binds.
    if found == was or excess.worst[nearest] <= 0:
        return NO_GAIN
    if found[0] in (HEAD, STATION):
        own = (feeder, *(network.stations[network.station_of[network.feeders.index(feeder)]],) * bool(network.stations))
        return NO_GAIN if found[1] in own else NEIGHBOUR_FULL
    return found[0]


def _of_feeder(network: SwitchedNetwork, closed: np.ndarray, feeder: str) -> np.ndarray:
    """The switchings in which one of the branches that change has an end on the feeder."""
    on = owners(network, network.closed[None, :])[0] == network.feeders.index(feeder)
    of = on[network.start] | on[network.end]
    found: np.ndarray = closed[((closed != network.closed) & of).any(axis=1)]
    return found
