"""Published networks with switches, every radial switching of one, and a power flow that owes nothing to the product's.

33 buses: Baran and Wu, "Network reconfiguration in distribution systems for loss reduction and load balancing", IEEE
Transactions on Power Delivery 4(2), 1989, with its five ties. 16 buses, three feeders: Civanlar, Grainger, Yin and
Lee, ibid. 3(3), 1988 (per unit of 100 MVA and 23 kV; capacitors are part of its kvar).
"""

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from serving.decisions.transfer import SwitchedNetwork, is_radial

__all__ = ["every_switching", "radial_by_hand", "sixteen", "sweep", "thirty_three"]

_TESTS = Path(__file__).parents[1] / "tests" / "serving" / "decisions"
_CHUNK = 20_000


def thirty_three() -> SwitchedNetwork:
    """One feeder of 33 buses with five open ties; no thermal limit is published."""
    lines = pd.read_csv(_TESTS / "voltage" / "baran_wu_33.csv")
    ties = pd.read_csv(_TESTS / "voltage" / "baran_wu_33_ties.csv")
    both = pd.concat([lines.assign(closed=1), ties.assign(closed=0, p_kw=0.0, q_kvar=0.0)], ignore_index=True)
    return _network(both, 33, ("1",), 12.66)


def sixteen() -> SwitchedNetwork:
    """Three feeders, from buses 1, 2 and 3, with three open ties; no thermal limit is published."""
    table = pd.read_csv(_TESTS / "transfer" / "civanlar_16.csv")
    ohm = 23.0**2 / 100
    return _network(table.assign(r_ohm=table["r_pu"] * ohm, x_ohm=table["x_pu"] * ohm), 16, ("1", "2", "3"), 23.0)


def _network(table: pd.DataFrame, buses: int, heads: tuple[str, ...], kv: float) -> SwitchedNetwork:
    load = table.loc[table["closed"] == 1].groupby("to_bus")[["p_kw", "q_kvar"]].sum()
    load = load.reindex(range(1, buses + 1), fill_value=0.0).astype(float)
    count = len(table)
    return SwitchedNetwork(
        points=tuple(str(bus) for bus in range(1, buses + 1)),
        p_kw=load["p_kw"].to_numpy(),
        q_kvar=load["q_kvar"].to_numpy(),
        feeders=tuple(f"feeder {head}" for head in heads),
        sources=np.array([int(head) - 1 for head in heads]),
        head_kva=np.full(len(heads), np.inf),
        branches=tuple(str(number) for number in range(1, count + 1)),
        start=table["from_bus"].to_numpy() - 1,
        end=table["to_bus"].to_numpy() - 1,
        r_ohm=table["r_ohm"].to_numpy(dtype=float),
        x_ohm=table["x_ohm"].to_numpy(dtype=float),
        limit_kva=np.full(count, np.inf),
        switchable=np.ones(count, dtype=bool),
        closed=table["closed"].to_numpy() == 1,
        nominal_kv=kv,
    )


def every_switching(network: SwitchedNetwork) -> np.ndarray:
    """Bool [case, branch]: all radial switchings there are, by trying every set of as many open branches."""
    count = len(network.branches) - (len(network.points) - len(network.sources))
    sets = np.array(list(combinations(range(len(network.branches)), count)))
    found = []
    for first in range(0, len(sets), _CHUNK):
        part = sets[first : first + _CHUNK]
        closed = np.ones((len(part), len(network.branches)), dtype=bool)
        closed[np.arange(len(part))[:, None], part] = False
        found.append(closed[is_radial(network, closed)])
    return np.concatenate(found)


def radial_by_hand(network: SwitchedNetwork, closed: np.ndarray) -> bool:
    """Whether each point is reached from the sources exactly once, by walking."""
    order, _ = _walk(network, closed)
    return len(order) == len(set(order)) == len(network.points)


def sweep(
    network: SwitchedNetwork, closed: np.ndarray, p_kw: np.ndarray, q_kvar: np.ndarray, source_pu: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Voltage per unit [point], what branches carry at the fuller end [branch] and what sources give [source], kVA, and
    losses, kW, by backward and forward sweeps (Shirmohammadi and others, IEEE Transactions on Power Systems 3(2),
    1988). No solution: voltages are zero, losses infinite."""
    order, above = _walk(network, closed)
    base = 1000 * network.nominal_kv**2  # ohm · kVA, so that impedance is per unit of 1 kVA
    z = (network.r_ohm + 1j * network.x_ohm) / base
    load = p_kw + 1j * q_kvar
    v = np.full(len(network.points), complex(source_pu))
    for _ in range(500):
        into = np.conj(load / v)
        for point in reversed(order):
            if above[point][0] >= 0:
                into[above[point][1]] += into[point]
        fresh = v.copy()
        for point in order:
            branch, upper = above[point]
            if branch >= 0:
                fresh[point] = fresh[upper] - z[branch] * into[point]
        moved = np.abs(fresh - v).max()
        v = fresh
        if not np.isfinite(moved) or np.abs(v).min() < 0.3:
            break
        if moved < 1e-12:
            return _told(network, order, above, v, into, z)
    dead = np.zeros(len(network.points))
    return dead, np.zeros(len(network.branches)), np.zeros(len(network.sources)), float("inf")


def _told(
    network: SwitchedNetwork,
    order: list[int],
    above: dict[int, tuple[int, int]],
    v: np.ndarray,
    into: np.ndarray,
    z: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    carried, losses = np.zeros(len(network.branches)), 0.0
    for point in order:
        branch, upper = above[point]
        if branch >= 0:
            carried[branch] = abs(into[point]) * max(abs(v[point]), abs(v[upper]))
            losses += z[branch].real * abs(into[point]) ** 2
    heads = np.abs(v[network.sources] * into[network.sources])
    return np.abs(v), carried, heads, losses


def _walk(network: SwitchedNetwork, closed: np.ndarray) -> tuple[list[int], dict[int, tuple[int, int]]]:
    """Points from the sources outwards, as often as they are reached (twice at most), and each one's branch and point
    above it; (-1, -1) at sources."""
    near: dict[int, list[tuple[int, int]]] = {}
    for branch in np.flatnonzero(closed).tolist():
        a, b = int(network.start[branch]), int(network.end[branch])
        near.setdefault(a, []).append((branch, b))
        near.setdefault(b, []).append((branch, a))
    above = {int(one): (-1, -1) for one in network.sources}
    order = list(above)
    for point in order:
        for branch, other in near.get(point, []):
            if branch == above[point][0]:
                continue
            order.append(other)
            if other in above:
                return order, above
            above[other] = (branch, point)
    return order, above
