"""What limits a place as it stands, and what stands in the way of every exchange where none helps."""

import numpy as np

from serving.decisions.transfer.exchange import neighbours
from serving.decisions.transfer.flow import Excess, Solver
from serving.decisions.transfer.network import SwitchedNetwork, owners
from serving.decisions.transfer.policy import TransferPolicy
from serving.decisions.transfer.result import NEIGHBOUR_FULL, NO_GAIN, NO_TIE, THERMAL, VOLTAGE
from serving.decisions.transfer.room import Addition, under

__all__ = ["binding_of", "why_none"]

HEAD = "HEAD"


def binding_of(network: SwitchedNetwork, excess: Excess, case: int = 0) -> tuple[str, str]:
    """The kind of limit that is broken most in a case, and the point, branch or feeder where."""
    by_kind = {
        VOLTAGE: (excess.voltage[case], network.points[excess.point[case]]),
        THERMAL: (excess.branch[case], network.branches[excess.of_branch[case]]),
        HEAD: (excess.head[case], network.feeders[excess.source[case]]),
    }
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
    if found[0] == HEAD and found[1] != feeder:
        return NEIGHBOUR_FULL
    # The same limit at the same place, no less broken for the exchange.
    if found == was or found[0] == HEAD or excess.worst[nearest] <= 0:
        return NO_GAIN
    return found[0]


def _of_feeder(network: SwitchedNetwork, closed: np.ndarray, feeder: str) -> np.ndarray:
    """The switchings in which one of the branches that change has an end on the feeder."""
    on = owners(network, network.closed[None, :])[0] == network.feeders.index(feeder)
    of = on[network.start] | on[network.end]
    found: np.ndarray = closed[((closed != network.closed) & of).any(axis=1)]
    return found
