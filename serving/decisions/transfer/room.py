"""The largest extra load at a node or on a feeder that breaks no limit, for many switchings at once."""

from dataclasses import dataclass

import numpy as np

from serving.decisions.transfer.flow import Excess, Flow, Solver, excess_of
from serving.decisions.transfer.network import SwitchedNetwork, owners
from serving.decisions.transfer.policy import TransferPolicy

__all__ = ["HOLDS", "Addition", "addition_of", "largest_room", "under"]

HOLDS = 1e-9
"""A limit broken by no more than this share of it is kept: the solver's last digits."""
_FIRST_KVA = 64.0


@dataclass(frozen=True)
class Addition:
    """One kVA of extra load, `kw` and `kvar` [point], and the load that is there, `there_kw` and `there_kvar` [point].

    Less than nothing is a share of what is there; there is no less than all of it, `least_kva`.
    """

    kw: np.ndarray
    kvar: np.ndarray
    there_kw: np.ndarray
    there_kvar: np.ndarray

    @property
    def points(self) -> np.ndarray:
        """Bool [point]: where some of it falls."""
        found: np.ndarray = (self.kw != 0) | (self.kvar != 0)
        return found

    @property
    def least_kva(self) -> float:
        """All that is there, kVA; not above zero."""
        return -float(np.hypot(self.there_kw.sum(), self.there_kvar.sum()))

    def of(self, kva: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """kW and kvar [..., point] of so many kVA [...]."""
        more, less = np.maximum(kva, 0.0)[..., None], np.minimum(kva, 0.0)[..., None]
        share = less / -self.least_kva if self.least_kva < 0 else np.zeros_like(less)
        return more * self.kw + share * self.there_kw, more * self.kvar + share * self.there_kvar


def addition_of(network: SwitchedNetwork, name: str, power_factor: float) -> Addition:
    """Extra load at the point of that name; of a feeder's, over all points it feeds as it stands now.

    There it falls in proportion to their load (evenly where none has any), and stays with them when they are switched
    to another feeder: what it asks is how much its customers may grow. ValueError where there is no such name.
    """
    drawn, share = np.clip(network.p_kw, 0.0, None), np.zeros(len(network.points))
    if name in network.feeders:
        fed = owners(network, network.closed[None, :])[0] == network.feeders.index(name)
        share[fed] = drawn[fed] if drawn[fed].any() else 1.0
        share /= share.sum()
    else:
        share[network.point(name)] = 1.0
    there = (share > 0) & (drawn > 0)
    return Addition(
        share * power_factor,
        share * np.sqrt(1 - power_factor**2),
        np.where(there, network.p_kw, 0.0),
        np.where(there, network.q_kvar, 0.0),
    )


def under(
    solver: Solver,
    network: SwitchedNetwork,
    closed: np.ndarray,
    addition: Addition,
    kva: np.ndarray,
    policy: TransferPolicy,
) -> tuple[Flow, Excess]:
    """Flow and broken limits of the cases `closed` [case, branch] with `kva` [case] of the addition."""
    kw, kvar = addition.of(kva)
    flow = solver.flow(closed, network.p_kw + kw, network.q_kvar + kvar)
    return flow, excess_of(network, flow, closed, addition.points, policy)


def largest_room(
    solver: Solver, network: SwitchedNetwork, closed: np.ndarray, addition: Addition, policy: TransferPolicy
) -> np.ndarray:
    """kVA [case] of the addition that fit with branches `closed` [case, branch], by bisection with power flow.

    What is returned was itself found to fit, and is at most the policy's tolerance below what does not. Where limits
    are broken as it is, it is below zero: what would have to go from there; the addition's least where not even that
    would do. Limits are voltage at every point, the thermal limit of every branch, what every feeder and every station
    may give, on the feeders the switching or the addition touches.
    """

    def fits(kva: np.ndarray, of: np.ndarray) -> np.ndarray:
        found: np.ndarray = under(solver, network, closed[of], addition, kva, policy)[1].worst <= HOLDS
        return found

    every = np.arange(len(closed))
    good = fits(np.zeros(len(closed)), every)
    low, high = np.where(good, 0.0, addition.least_kva), np.where(good, np.inf, 0.0)
    some = every[~good]
    high[some[~fits(low[some], some)]] = addition.least_kva
    still, tried = every[good], min(_FIRST_KVA, policy.most_kva)
    while len(still):
        good = fits(np.full(len(still), tried), still)
        low[still[good]], high[still[~good]] = tried, tried
        still = still[good]
        if tried >= policy.most_kva:
            high[still] = tried
            break
        tried = min(2 * tried, policy.most_kva)
    while True:
        still = np.flatnonzero(high - low > policy.tolerance_kva)
        if not len(still):
            return low
        middle = (low[still] + high[still]) / 2
        good = fits(middle, still)
        low[still], high[still] = np.where(good, middle, low[still]), np.where(good, high[still], middle)
