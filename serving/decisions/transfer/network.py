"""A network of feeders with switches: what is fed from where when some branches are closed and the others open."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from features.errors import DataError

__all__ = ["SwitchedNetwork", "exchanges", "is_radial", "owners", "require_radial"]


@dataclass(frozen=True)
class SwitchedNetwork:
    """Points with loads, branches between them, and the points where feeders begin (sources).

    `p_kw` and `q_kvar` [point] are loads; `sources` int [source] are points, named by `feeders`, each of which may
    carry `head_kva` [source] (infinite: no limit). `start` and `end` int [branch] are points; `r_ohm`, `x_ohm`,
    `limit_kva` (infinite: none), `switchable` and `closed` (as it stands now) [branch] belong to `branches`. Where
    `stations` are named, `station_of` int [source] says from which each feeder comes, and `station_kva` [station] is
    what all feeders of it that are here may draw together.
    """

    points: tuple[str, ...]
    p_kw: np.ndarray
    q_kvar: np.ndarray
    feeders: tuple[str, ...]
    sources: np.ndarray
    head_kva: np.ndarray
    branches: tuple[str, ...]
    start: np.ndarray
    end: np.ndarray
    r_ohm: np.ndarray
    x_ohm: np.ndarray
    limit_kva: np.ndarray
    switchable: np.ndarray
    closed: np.ndarray
    nominal_kv: float
    stations: tuple[str, ...] = ()
    station_of: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    station_kva: np.ndarray = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        _of_length("point", len(self.points), {"p_kw": self.p_kw, "q_kvar": self.q_kvar}, self.points)
        of_sources = {"sources": self.sources, "head_kva": self.head_kva}
        _of_length("source", len(self.feeders), of_sources, self.feeders, infinite=("head_kva",))
        if self.stations:
            _of_length("source", len(self.feeders), {"station_of": self.station_of}, self.feeders)
        _of_length("station", len(self.stations), {"station_kva": self.station_kva}, self.stations, ("station_kva",))
        names = ("start", "end", "r_ohm", "x_ohm", "limit_kva", "switchable", "closed")
        of_branches = {name: getattr(self, name) for name in names}
        _of_length("branch", len(self.branches), of_branches, self.branches, infinite=("limit_kva",))
        for kind, ids in (("point", self.points), ("branch", self.branches), ("feeder", self.feeders)):
            twice = sorted({one for one in ids if ids.count(one) > 1}) if len(set(ids)) < len(ids) else []
            if twice:
                raise DataError("network", kind, "the same name stands more than once", len(twice), twice[0])
        loose = np.flatnonzero(self.start == self.end)
        if len(loose):
            raise DataError("network", "branch", "both ends are one point", len(loose), self.branches[loose[0]])

    def point(self, name: str) -> int:
        """The number of a point; ValueError where there is none of that name."""
        return self.points.index(name)

    def station(self, source: int) -> str | None:
        """The station a source belongs to; None where no station is named."""
        return self.stations[int(self.station_of[source])] if self.stations else None

    def with_load(self, p_kw: np.ndarray, q_kvar: np.ndarray) -> "SwitchedNetwork":
        """The same network under other loads, [point]."""
        return replace(self, p_kw=p_kw, q_kvar=q_kvar)

    def switched(self, closed: np.ndarray) -> "SwitchedNetwork":
        """The same network as it stands after switching, `closed` [branch]."""
        return replace(self, closed=closed)


def owners(network: SwitchedNetwork, closed: np.ndarray) -> np.ndarray:
    """Which source feeds each point, int [case, point], for branches `closed` [case, branch].

    -1 where nothing does, -2 where two do. Says nothing of loops.
    """
    cases, points = len(closed), len(network.points)
    case, branch = np.nonzero(closed)
    edges = (case * points + network.start[branch], case * points + network.end[branch])
    graph = coo_array((np.ones(len(case), dtype=np.int8), edges), shape=(cases * points, cases * points))
    count, part = connected_components(graph, directed=False)
    heads = part.reshape(cases, points)[:, network.sources]
    fed = np.full(count, -1)
    twice = np.zeros(count, dtype=np.int64)
    for source in range(len(network.sources)):
        fed[heads[:, source]] = source
        twice[heads[:, source]] += 1
    fed[twice > 1] = -2
    found: np.ndarray = fed[part].reshape(cases, points)
    return found


def is_radial(network: SwitchedNetwork, closed: np.ndarray) -> np.ndarray:
    """Bool [case]: every point is fed by exactly one source in exactly one way (a spanning forest, one source a tree).

    A forest that spans N points with S trees has N − S branches, and no other set of so few branches reaches all.
    """
    enough = closed.sum(axis=1) == len(network.points) - len(network.sources)
    radial: np.ndarray = enough & (owners(network, closed) >= 0).all(axis=1)
    return radial


def require_radial(network: SwitchedNetwork) -> None:
    """Raise DataError, naming the first point, unless the network as it stands feeds each point in exactly one way."""
    fed = owners(network, network.closed[None, :])[0]
    for told, bad in (("is fed by no source", fed == -1), ("is fed by more than one source", fed == -2)):
        if bad.any():
            raise DataError("network", "point", told, int(bad.sum()), network.points[int(bad.argmax())])
    if not is_radial(network, network.closed[None, :])[0]:
        count = int(network.closed.sum()) - (len(network.points) - len(network.sources))
        raise DataError("network", "branch", "closed branches make a loop", count, _in_loop(network))


def exchanges(network: SwitchedNetwork, closed: np.ndarray) -> Iterator[tuple[int, int]]:
    """All pairs (branch to close, branch to open) that leave a radial network radial, in order of the branches.

    A branch that closes makes one loop, or one way between two sources; opening any other branch of it makes the
    network radial again (Civanlar, Grainger, Yin and Lee, IEEE Transactions on Power Delivery 3(3), 1988).
    """
    above, depth = _rooted(network, closed)
    for tie in np.flatnonzero(~closed & network.switchable):
        for branch in sorted(_way(network, above, depth, int(tie))):
            if network.switchable[branch]:
                yield int(tie), branch


def _rooted(network: SwitchedNetwork, closed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The closed branch that feeds each point (-1 at sources), and how many branches it is from its source."""
    near: list[list[tuple[int, int]]] = [[] for _ in network.points]
    for branch in np.flatnonzero(closed).tolist():
        start, end = int(network.start[branch]), int(network.end[branch])
        near[start].append((branch, end))
        near[end].append((branch, start))
    above, depth = np.full(len(network.points), -1), np.full(len(network.points), -1)
    waiting = network.sources.tolist()
    depth[waiting] = 0
    while waiting:
        point = waiting.pop()
        for branch, other in near[point]:
            if depth[other] < 0:
                above[other], depth[other] = branch, depth[point] + 1
                waiting.append(other)
    return above, depth


def _way(network: SwitchedNetwork, above: np.ndarray, depth: np.ndarray, tie: int) -> list[int]:
    """The closed branches between both ends of a tie, over their common point or each to its own source."""
    one, other = int(network.start[tie]), int(network.end[tie])
    found: list[int] = []
    while one != other:
        if depth[one] < depth[other]:
            one, other = other, one
        if depth[one] == 0:
            break
        branch = int(above[one])
        found.append(branch)
        one = int(network.start[branch] + network.end[branch]) - one
    return found


def _in_loop(network: SwitchedNetwork) -> str:
    """The first closed branch that joins two points which are joined without it."""
    group = list(range(len(network.points)))

    def top(point: int) -> int:
        while group[point] != point:
            point = group[point]
        return point

    for branch in np.flatnonzero(network.closed).tolist():
        one, other = top(int(network.start[branch])), top(int(network.end[branch]))
        if one == other:
            return network.branches[branch]
        group[one] = other
    return ""


def _of_length(
    kind: str, count: int, arrays: dict[str, np.ndarray], ids: tuple[str, ...], infinite: tuple[str, ...] = ()
) -> None:
    for name, values in arrays.items():
        if values.shape != (count,):
            raise DataError("network", name, f"has shape {values.shape} for {count} of {kind}", 1, "the first")
        bad = np.isnan(values) if name in infinite else ~np.isfinite(values)
        if name in ("r_ohm", "x_ohm", "limit_kva", "head_kva", "station_kva"):
            bad = bad | (values < 0)
        if bad.any():
            told = "is not a number that can stand there"
            raise DataError("network", name, told, int(bad.sum()), ids[int(bad.argmax())])
