"""LinDistFlow with bounds on what it leaves out: how much load can be added before voltage is too low.

Source of the equations: Baran and Wu, "Optimal capacitor placement on radial distribution systems", IEEE Transactions
on Power Delivery 4(1), 1989. With P, Q the flow at the receiving end of a segment and v voltages in per unit,
v_j² = v_i² − 2(rP + xQ) − (r² + x²)(P² + Q²)/v_j². The linear form drops the last term and the losses within P and Q,
and so promises too much. Here both are kept, as bounds: load and losses grow together, so losses at more load than
there is room for give too little room, and losses at too little load too much.
"""

from dataclasses import dataclass

import numpy as np

from serving.decisions.voltage.line import Line

__all__ = ["Loads", "Room", "screen_room", "voltage_linear"]

_ROUNDS = 3


@dataclass(frozen=True)
class Loads:
    """What a line carries and what may be added to it.

    `p_kw` and `q_kvar` [point, hour] are what is there. Each of the additions puts `add_kw` and `add_kvar`
    [addition, point] on the line for every kVA of it.
    """

    p_kw: np.ndarray
    q_kvar: np.ndarray
    add_kw: np.ndarray
    add_kvar: np.ndarray


@dataclass(frozen=True)
class Room:
    """Bounds of what may be added, kVA [addition, hour], none below zero: `low` certainly fits, beyond `high`
    certainly something is too low. `point` [addition, hour] is where voltage is then lowest. Infinite where an
    addition meets no impedance."""

    low: np.ndarray
    high: np.ndarray
    point: np.ndarray


def voltage_linear(line: Line, p_kw: np.ndarray, q_kvar: np.ndarray, source_pu: float) -> np.ndarray:
    """Voltage of every point without losses (LinDistFlow), per unit, [point, …] as the loads; zero where below it."""
    flow_p, flow_q = _through(line, p_kw), _through(line, q_kvar)
    shape = (-1,) + (1,) * (p_kw.ndim - 1)
    drop = 2 * (line.r.reshape(shape) * flow_p + line.x.reshape(shape) * flow_q)
    return np.sqrt(np.clip(source_pu**2 - _along(line, drop), 0.0, None))


def screen_room(line: Line, loads: Loads, source_pu: float, low_pu: float) -> Room:
    """Bounds of the load that may be added at each hour before a point of the line falls below `low_pu`.

    In any state in which no voltage is below the limit, currents are at most what the limit gives; in any state at
    all, voltages are at most those without losses. Three rounds bring the bounds within about a percent.
    """
    linear = source_pu**2 - _along(line, _drop(line, _through(line, loads.p_kw), _through(line, loads.q_kvar)))
    per_kva = _along(line, _drop(line, _through(line, loads.add_kw.T), _through(line, loads.add_kvar.T)))
    margin = (linear - low_pu**2)[:, None, :]
    high, _ = _fits(margin, per_kva)
    floor = np.full((len(line.points), *high.shape), low_pu**2)
    low = np.zeros_like(high)
    for _ in range(_ROUNDS):
        extra = _left_out(line, loads, high, floor)
        low = np.maximum(low, _fits(margin - extra, per_kva)[0])
        floor = np.maximum(floor, linear[:, None, :] - per_kva[:, :, None] * _finite(high) - extra)
        ceiling = np.maximum(linear[:, None, :] - per_kva[:, :, None] * _finite(low), low_pu**2)
        high = np.minimum(high, _fits(margin - _left_out(line, loads, low, ceiling), per_kva)[0])
    _, point = _fits(margin - _left_out(line, loads, low, floor), per_kva)
    # A hair apart by rounding only, where nothing is left out.
    return Room(np.minimum(low, high), high, point)


def _fits(margin: np.ndarray, per_kva: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """kVA [addition, hour] that use up the least margin, and the point where; none where a margin is used up already.

    `margin` [point, addition or 1, hour], `per_kva` [point, addition], both of squared voltage.
    """
    slope = np.where(per_kva > 0, per_kva, np.nan)[:, :, None]
    room = np.where(np.isnan(slope), np.where(margin < 0, 0.0, np.inf), np.clip(margin, 0.0, None) / slope)
    # Where several have none left, the one that lacks most is where voltage is lowest.
    point = np.where(
        (margin < 0).any(axis=0), np.argmin(np.broadcast_to(margin, room.shape), axis=0), np.argmin(room, axis=0)
    )
    return room.min(axis=0), point


def _left_out(line: Line, loads: Loads, added: np.ndarray, v2: np.ndarray) -> np.ndarray:
    """What the linear drop of squared voltage lacks with `added` kVA [addition, hour], [point, addition, hour].

    `v2` are the squared voltages that currents are reckoned with. Segments are taken from the far ends inwards, so
    that each carries the losses of all that follow.
    """
    kva = _finite(added)
    p = loads.p_kw[:, None, :] + loads.add_kw.T[:, :, None] * kva
    q = loads.q_kvar[:, None, :] + loads.add_kvar.T[:, :, None] * kva
    lost_p, lost_q = np.zeros_like(p), np.zeros_like(q)
    more = np.empty_like(p)
    for i in range(len(line.points) - 1, -1, -1):
        current = ((p[i] + lost_p[i]) ** 2 + (q[i] + lost_q[i]) ** 2) / v2[i]
        r, x = line.r[i], line.x[i]
        more[i] = 2 * (r * lost_p[i] + x * lost_q[i]) + (r * r + x * x) * current
        j = line.above[i]
        if j >= 0:
            p[j] += p[i]
            q[j] += q[i]
            lost_p[j] += lost_p[i] + r * current
            lost_q[j] += lost_q[i] + x * current
    return _along(line, more)


def _finite(kva: np.ndarray) -> np.ndarray:
    """Without infinities: where no impedance is met no load is lost on it either."""
    return np.where(np.isfinite(kva), kva, 0.0)


def _drop(line: Line, p: np.ndarray, q: np.ndarray) -> np.ndarray:
    return 2 * (line.r[:, None] * p + line.x[:, None] * q)


def _through(line: Line, at_points: np.ndarray) -> np.ndarray:
    """What passes each segment: the sum over all points it feeds."""
    return np.tensordot(line.feeds, at_points, axes=1)


def _along(line: Line, at_segments: np.ndarray) -> np.ndarray:
    """What adds up on the way to each point."""
    return np.tensordot(line.feeds.T, at_segments, axes=1)
