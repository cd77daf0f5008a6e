"""What voltage leaves open at every area of a territory: the worst hours of a year, screened, confirmed where it binds.

The loads along a feeder are those of one and the same hour of the last year, so that they belong together, each area's
raised to what room is kept for in that block of the day (applications in transit and κ are in it), and all together
lowered to what room is kept for at the feeder, where that is less: areas do not all peak at once.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.load.history import History
from serving.decisions.policy import CapacityPolicy
from serving.decisions.voltage.flow import confirm_room
from serving.decisions.voltage.line import Line, read_line
from serving.decisions.voltage.screen import Loads, screen_room, voltage_linear
from training.peak.blocks import BLOCK_HOURS, BLOCKS

__all__ = ["VoltageRoom", "voltage_room"]

_log = logging.getLogger("headroom.capacity")


@dataclass(frozen=True)
class VoltageRoom:
    """Per area that a line reaches: `kva` [area, block], infinite where voltage sets no limit; `point` the name of the
    point that is lowest, and `at` (UTC) the hour of the past whose loads they are, where its least block is decided."""

    kva: pd.DataFrame
    point: pd.Series
    at: pd.Series

    @classmethod
    def unknown(cls) -> "VoltageRoom":
        """Nothing is said of any node: there are no line segments."""
        return cls(pd.DataFrame(columns=range(BLOCKS), dtype=float), pd.Series(dtype=object), _instants({}))


@dataclass(frozen=True)
class _Year:
    """The last year of loads, kW [node, interval], the block of the local day of each interval, and its start."""

    row_of: Mapping[str, int]
    kw: np.ndarray
    block: np.ndarray
    start: pd.DatetimeIndex


def voltage_room(
    nodes: pd.DataFrame,
    segments: pd.DataFrame,
    reserved_kva: np.ndarray,
    headroom_kva: np.ndarray,
    history: History,
    policy: CapacityPolicy,
) -> VoltageRoom:
    """Room by voltage at every area that line segments reach.

    `reserved_kva` and `headroom_kva` are [node, block] in the order of `nodes` (indexed by node_id): the load that room
    is kept for, and what the node's own rating leaves; voltage is confirmed by power flow only where the screening
    leaves less than that. A feeder whose segments make no tree is left out, and the log says why.
    """
    if segments.empty:
        return VoltageRoom.unknown()
    year, place = _last_year(history), {str(node): row for row, node in enumerate(nodes.index)}
    kva: dict[str, np.ndarray] = {}
    point: dict[str, str] = {}
    at: dict[str, pd.Timestamp] = {}
    for feeder, part in segments.groupby(segments["feeder_id"].astype(str)):
        above = nodes["parent_id"].get(feeder)
        heads = frozenset({str(feeder), *([above] if isinstance(above, str) else [])})
        line, fault = read_line(str(feeder), heads, part, policy.nominal_kv)
        members = [] if line is None else [one for one in line.points if one in place]
        if line is None or not members:
            _log.warning("voltage of feeder %s is not computed: %s", feeder, fault or "no node stands on its line")
            continue
        rows = np.array([place[one] for one in members])
        kw = _carried(line, members, nodes, reserved_kva, year, place.get(str(feeder)))
        slope = _slope(nodes["power_factor"].astype(float).to_numpy()[rows])
        found, lowest, hour = _of_feeder(line, members, kw, slope, headroom_kva[rows], year.block, policy)
        kva |= dict(zip(members, found, strict=True))
        point |= {one: line.points[where] for one, where in zip(members, lowest, strict=True)}
        at |= {one: year.start[when] for one, when in zip(members, hour, strict=True)}
    table = pd.DataFrame.from_dict(kva, orient="index", columns=range(BLOCKS), dtype=float)
    return VoltageRoom(table, pd.Series(point, dtype=object), _instants(at))


def _instants(at: Mapping[str, pd.Timestamp]) -> pd.Series:
    return pd.Series(pd.DatetimeIndex(list(at.values()), tz="UTC"), index=list(at))


def _last_year(history: History) -> _Year:
    loads = history.loads
    first = max(loads.values.shape[1] - 365 * 1440 // loads.step_minutes, 0)
    start = loads.times[first:]
    block = history.calendar.local(start).hour.to_numpy() // BLOCK_HOURS
    return _Year({one: row for row, one in enumerate(loads.ids)}, loads.values[:, first:], block, start)


def _carried(
    line: Line,
    members: list[str],
    nodes: pd.DataFrame,
    reserved_kva: np.ndarray,
    year: _Year,
    feeder: int | None,
) -> np.ndarray:
    """Loads at the points of the line through the year, kW [point, interval]."""
    factor = nodes["power_factor"].astype(float).to_numpy()
    known = {str(node): reserved_kva[row] * factor[row] for row, node in enumerate(nodes.index)}
    kw = np.zeros((len(line.points), len(year.start)))
    for one in members:
        seen = year.kw[year.row_of[one]] if one in year.row_of else np.full(len(year.start), np.nan)
        kw[line.place(one)] = _raised(seen, known[one], year.block)
    if feeder is not None:
        whole = reserved_kva[feeder] * factor[feeder]
        for block in range(BLOCKS):
            mine = year.block == block
            most = kw[:, mine].sum(axis=0).max(initial=0.0)
            if np.isfinite(whole[block]) and 0 < whole[block] < most:
                kw[:, mine] *= whole[block] / most
    return kw


def _raised(seen_kw: np.ndarray, reserved_kw: np.ndarray, block: np.ndarray) -> np.ndarray:
    """A year of one area, kW [interval], whose highest load of each block is what room is kept for.

    Gaps are as high as the mean of their block, an area that was never measured as high as what is kept; export makes
    no room. Where nothing can be kept, for want of data, the year is taken as it was.
    """
    raised = np.clip(seen_kw, 0.0, None)
    for one in range(BLOCKS):
        mine = block == one
        known = raised[mine][np.isfinite(raised[mine])]
        kept = reserved_kw[one] if np.isfinite(reserved_kw[one]) else known.max(initial=0.0)
        if known.max(initial=0.0) > 0:
            filled = np.where(np.isfinite(raised[mine]), raised[mine], known.mean())
            raised[mine] = filled * kept / known.max()
        else:
            raised[mine] = kept
    return raised


def _slope(power_factor: np.ndarray) -> np.ndarray:
    """kvar per kW."""
    return np.tan(np.arccos(np.clip(power_factor, 0.1, 1.0)))


def _of_feeder(
    line: Line,
    members: list[str],
    kw: np.ndarray,
    slope: np.ndarray,
    headroom_kva: np.ndarray,
    block: np.ndarray,
    policy: CapacityPolicy,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """kVA [member, block]; and of each member's least block the lowest point and the interval, int [member]."""
    at = np.array([line.place(one) for one in members])
    kvar = np.zeros_like(kw)
    kvar[at] = kw[at] * slope[:, None]
    hours = _worst(voltage_linear(line, kw, kvar, policy.source_pu).min(axis=0), block, policy.voltage_hours)
    add_kw = np.zeros((len(at), len(line.points)))
    add_kw[np.arange(len(at)), at] = np.cos(np.arctan(slope))
    add_kvar = np.zeros_like(add_kw)
    add_kvar[np.arange(len(at)), at] = np.sin(np.arctan(slope))
    loads = Loads(kw[:, hours], kvar[:, hours], add_kw, add_kvar)
    room = screen_room(line, loads, policy.source_pu, policy.low_pu)
    asked = room.low < np.nan_to_num(headroom_kva[:, block[hours]], nan=np.inf)
    fits = confirm_room(line, loads, room, asked, policy.source_pu, policy.low_pu, policy.voltage_tolerance_kva)
    kva = np.full((len(at), BLOCKS), np.inf)
    for one in range(BLOCKS):
        if (block[hours] == one).any():
            kva[:, one] = fits[:, block[hours] == one].min(axis=1)
    least = fits.argmin(axis=1)
    return kva, room.point[np.arange(len(at)), least], hours[least]


def _worst(lowest_pu: np.ndarray, block: np.ndarray, each: int) -> np.ndarray:
    """The intervals of lowest voltage anywhere on the line, as many of every block."""
    found = []
    for one in range(BLOCKS):
        mine = np.flatnonzero(block == one)
        found.append(mine[np.argsort(lowest_pu[mine], kind="stable")[:each]])
    return np.concatenate(found)
