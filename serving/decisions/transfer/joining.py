"""Several feeders side by side, with the ties between them, as one switched network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from serving.decisions.transfer.network import SwitchedNetwork
from serving.decisions.voltage import Line

__all__ = ["Limits", "Part", "joined"]


@dataclass(frozen=True)
class Limits:
    """What may be carried: `feeder_kva` by feeder at its head, `beyond_kva` by substation what its feeders together may
    draw beyond the loads given (absent: no limit), `line_share` of each segment's thermal limit."""

    feeder_kva: Mapping[str, float]
    beyond_kva: Mapping[str, float]
    line_share: float = 1.0


@dataclass(frozen=True)
class Part:
    """One feeder: the station it comes from ("": not known), its line, the segments in the order of the line's points,
    and its loads, kVA by node; its own stands at its head, and so does what its line does not reach."""

    feeder: str
    station: str
    line: Line
    segments: pd.DataFrame
    load_kva: Mapping[str, float]


@dataclass(frozen=True)
class _Wire:
    name: str
    start: int
    end: int
    r_ohm: float
    x_ohm: float
    limit_kva: float
    closed: bool


_Places = Mapping[tuple[str, str], int]
"""(feeder, point) → its number; (feeder, "") is where the feeder begins."""


def joined(
    parts: Sequence[Part], ties: pd.DataFrame, power_factor: pd.Series, limits: Limits
) -> tuple[SwitchedNetwork, list[str]]:
    """The network of `parts`, all of one voltage, and in words which ties are left out of it and why.

    `ties` are rows that say between which points they stand; those of other feeders are passed over. A point keeps
    its name; where several feeders have one of that name, the feeder's stands before it.
    """
    names, places = _named(parts)
    wires = [wire for part in parts for wire in _segments(part, places, limits.line_share)]
    more, notes = _ties(ties, places, {part.feeder for part in parts})
    wires += more
    p, q = _loads(parts, places, power_factor, len(names))
    stations = sorted({part.station for part in parts})
    network = SwitchedNetwork(
        points=names,
        p_kw=p,
        q_kvar=q,
        feeders=tuple(part.feeder for part in parts),
        sources=np.array([places[part.feeder, ""] for part in parts]),
        head_kva=np.array([limits.feeder_kva[part.feeder] for part in parts], dtype=float),
        branches=tuple(wire.name for wire in wires),
        start=np.array([wire.start for wire in wires]),
        end=np.array([wire.end for wire in wires]),
        r_ohm=np.array([wire.r_ohm for wire in wires]),
        x_ohm=np.array([wire.x_ohm for wire in wires]),
        limit_kva=np.array([wire.limit_kva for wire in wires]),
        switchable=np.ones(len(wires), dtype=bool),
        closed=np.array([wire.closed for wire in wires]),
        nominal_kv=parts[0].line.nominal_kv,
        stations=tuple(stations),
        station_of=np.array([stations.index(part.station) for part in parts]),
        station_kva=np.array([_station_kva(one, parts, limits) for one in stations]),
    )
    return network, notes


def _named(parts: Sequence[Part]) -> tuple[tuple[str, ...], _Places]:
    owned = [(part.feeder, point) for part in parts for point in part.line.points]
    counts = pd.Series([point for _, point in owned] + [part.feeder for part in parts], dtype=object).value_counts()
    names = [part.feeder for part in parts]
    names += [point if counts[point] == 1 else f"{feeder}/{point}" for feeder, point in owned]
    keys = [*((part.feeder, "") for part in parts), *owned]
    return tuple(names), {key: number for number, key in enumerate(keys)}


def _segments(part: Part, places: _Places, share: float) -> list[_Wire]:
    ends = [places[part.feeder, point] for point in part.line.points]
    columns = ("segment_id", "r_ohm", "x_ohm", "thermal_limit_kva")
    found = []
    for i, (name, r, x, limit) in enumerate(zip(*(part.segments[one] for one in columns), strict=True)):
        above = int(part.line.above[i])
        start = places[part.feeder, ""] if above < 0 else ends[above]
        most = float(limit) * share if np.isfinite(limit) else np.inf
        found.append(_Wire(str(name), start, ends[i], float(r), float(x), most, closed=True))
    return found


def _ties(ties: pd.DataFrame, places: _Places, feeders: set[str]) -> tuple[list[_Wire], list[str]]:
    """Ties between points that are there; without impedance a tie is a switch alone."""
    columns = ("tie_id", "feeder_a_id", "feeder_b_id", "from_id", "to_id", "transfer_limit_kva", "r_ohm", "x_ohm")
    wires, notes = [], []
    for name, a, b, start, end, limit, r, x in zip(*(ties[one] for one in columns), strict=True):
        if a not in feeders or b not in feeders:
            continue
        ends = [(str(feeder), str(point)) for feeder, point in ((a, start), (b, end))]
        missing = [f"{point} is not on the line of {feeder}" for feeder, point in ends if (feeder, point) not in places]
        if missing or places[ends[0]] == places[ends[1]]:
            notes.append(f"tie {name} is left out: {missing[0] if missing else 'both its ends are one point'}")
            continue
        ohm = [float(one) if np.isfinite(one) else 0.0 for one in (r, x)]
        between = (places[ends[0]], places[ends[1]])
        wires.append(_Wire(str(name), *between, ohm[0], ohm[1], float(limit), closed=False))
    return wires, notes


def _loads(
    parts: Sequence[Part], places: _Places, power_factor: pd.Series, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """kW and kvar [point]."""
    p, q = np.zeros(count), np.zeros(count)
    for part in parts:
        for node, kva in part.load_kva.items():
            at = places.get((part.feeder, node), places[part.feeder, ""])
            p[at] += kva * power_factor[node]
            q[at] += kva * np.sqrt(1 - power_factor[node] ** 2)
    return p, q


def _station_kva(station: str, parts: Sequence[Part], limits: Limits) -> float:
    """What the feeders of a station that are here may draw together: their loads, and what is left beyond these."""
    drawn = sum(sum(part.load_kva.values()) for part in parts if part.station == station)
    return max(drawn + limits.beyond_kva.get(station, np.inf), 0.0)
