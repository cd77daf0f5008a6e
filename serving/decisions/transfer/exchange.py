"""Branch exchange: the switching of least losses that keeps the limits, by local search with AC power flow.

Source of the method: Civanlar, Grainger, Yin and Lee, IEEE Transactions on Power Delivery 3(3), 1988; Baran and Wu,
"Network reconfiguration in distribution systems for loss reduction and load balancing", ibid. 4(2), 1989. They choose
by an estimate; here every exchange is solved, all of a round in one batch, and where none helps pairs of them are.
"""

import numpy as np

from serving.decisions.transfer.flow import Solver, excess_of
from serving.decisions.transfer.network import SwitchedNetwork, exchanges, require_radial
from serving.decisions.transfer.policy import TransferPolicy

__all__ = ["neighbours", "reconfigure", "steps_to"]

_LESS = 1e-6  # kW and shares of a limit: less than this is no improvement


def reconfigure(network: SwitchedNetwork, policy: TransferPolicy) -> np.ndarray:
    """`closed` [branch] of least losses found from the network as it stands: no exchange, nor a pair tried, is better.

    Limits go before losses: a switching that breaks them less is better, whatever it loses; so if the network breaks
    them what is returned may still do so. Equal inputs give equal switchings. Raises DataError unless it is radial.
    """
    require_radial(network)
    solver = Solver(network, policy.source_pu)
    current = network.closed.astype(bool)
    value = _value(solver, network, current[None, :], policy)[0]
    while True:
        singles = neighbours(network, current)
        if not len(singles):
            return current
        values = _value(solver, network, singles, policy)
        if not _better(values, value).any():
            singles = _pairs(network, singles[_order(values)], policy.most_cases)
            values = _value(solver, network, singles, policy)
        best = _order(values)[0]
        if not _better(values[best : best + 1], value)[0]:
            return current
        current, value = singles[best], values[best]


def neighbours(network: SwitchedNetwork, closed: np.ndarray) -> np.ndarray:
    """Bool [case, branch]: every switching one exchange away from `closed` [branch], all radial where that is."""
    return _exchanged(closed, np.array(list(exchanges(network, closed)), dtype=np.int64).reshape(-1, 2))


def steps_to(network: SwitchedNetwork, closed: np.ndarray, policy: TransferPolicy) -> tuple[tuple[int, int], ...]:
    """Exchanges (branch to close, branch to open) from the network as it stands to `closed`, radial after each.

    Each is, of those that lead there, the one after which limits are broken least, then losses are least. There is
    always one: a loop made by a branch of the target holds one that the target has open.
    """
    solver, current = Solver(network, policy.source_pu), network.closed.astype(bool)
    steps: list[tuple[int, int]] = []
    while (current != closed).any():
        pairs = [(tie, cut) for tie, cut in exchanges(network, current) if closed[tie] and not closed[cut]]
        cases = _exchanged(current, np.array(pairs))
        best = _order(_value(solver, network, cases, policy))[0]
        steps.append(pairs[best])
        current = cases[best]
    return tuple(steps)


def _exchanged(closed: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Bool [case, branch]: `closed` [branch] after each of `pairs` [case, (close, open)]."""
    cases = np.repeat(closed[None, :].astype(bool), len(pairs), axis=0)
    row = np.arange(len(pairs))
    cases[row, pairs[:, 0]], cases[row, pairs[:, 1]] = True, False
    return cases


def _pairs(network: SwitchedNetwork, singles: np.ndarray, most: int) -> np.ndarray:
    """Switchings two exchanges away, by way of the best first ones; no more than `most`."""
    found: list[np.ndarray] = []
    count = 0
    for one in singles:
        found.append(neighbours(network, one))
        count += len(found[-1])
        if count >= most:
            break
    return np.unique(np.concatenate(found), axis=0)[:most]


def _value(solver: Solver, network: SwitchedNetwork, closed: np.ndarray, policy: TransferPolicy) -> np.ndarray:
    """[case, 2]: by how much limits are broken (0 where they hold), and losses, kW."""
    everywhere = np.ones(len(network.points), dtype=bool)
    flow = solver.flow(closed, network.p_kw, network.q_kvar)
    worst = excess_of(network, flow, closed, everywhere, policy).worst
    return np.column_stack([np.where(worst > _LESS, worst, 0.0), flow.losses_kw])


def _better(values: np.ndarray, than: np.ndarray) -> np.ndarray:
    """Bool [case]: breaks limits less, or no more and loses less."""
    broken, losses = values.T
    found: np.ndarray = (broken < than[0] - _LESS) | ((broken <= than[0] + _LESS) & (losses < than[1] - _LESS))
    return found


def _order(values: np.ndarray) -> np.ndarray:
    """Cases from the best to the worst, equal ones as they stand."""
    return np.lexsort((values[:, 1], np.round(values[:, 0] / _LESS)))
