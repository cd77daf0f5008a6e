"""Networks drawn by a seed: a few feeders with loads and limits, and open ties within and between them."""

import numpy as np
import pytest

from serving.decisions.transfer import SwitchedNetwork


def drawn(seed: int, sources: int = 2, points: int = 10, ties: int = 3) -> SwitchedNetwork:
    """Limits are up to three times what is carried, some heads are beyond theirs."""
    rng = np.random.default_rng(seed)
    above = [-1] * sources + [int(rng.integers(0, i)) for i in range(sources, points)]
    start, end = above[sources:], list(range(sources, points))
    p = np.where(np.arange(points) < sources, 0.0, rng.uniform(50, 400, points))
    through = p.copy()
    for point in range(points - 1, sources - 1, -1):
        through[above[point]] += through[point]
    taken = {frozenset(pair) for pair in zip(start, end, strict=True)}
    while len(start) < points - sources + ties:
        pair = rng.choice(points, 2, replace=False).tolist()
        if frozenset(pair) not in taken:
            taken.add(frozenset(pair))
            start.append(pair[0])
            end.append(pair[1])
    count = len(start)
    km = rng.uniform(0.3, 2.0, count)
    limit = np.append(through[sources:] * rng.uniform(1.0, 3.0, count - ties) + 200, rng.uniform(300, 2000, ties))
    return SwitchedNetwork(
        points=tuple(f"P{i}" for i in range(points)),
        p_kw=p,
        q_kvar=p * rng.uniform(0.2, 0.5, points),
        feeders=tuple(f"F{i}" for i in range(sources)),
        sources=np.arange(sources),
        head_kva=through[:sources] * rng.uniform(0.75, 2.0, sources) + 20,
        branches=tuple(f"B{i}" for i in range(count)),
        start=np.array(start),
        end=np.array(end),
        r_ohm=0.27 * km,
        x_ohm=0.35 * km,
        limit_kva=limit,
        switchable=np.ones(count, dtype=bool),
        closed=np.arange(count) < count - ties,
        nominal_kv=10.0,
    )


@pytest.fixture(scope="session")
def drawn_network():
    return drawn
