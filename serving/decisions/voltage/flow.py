"""AC power flow of a line, in batches: it confirms by bisection what the screening bounds."""

from typing import TYPE_CHECKING, Any

import numpy as np

from serving.decisions.voltage.line import Line
from serving.decisions.voltage.screen import Loads, Room

if TYPE_CHECKING:
    from power_grid_model import PowerGridModel

__all__ = ["confirm_room", "power_flow"]

_STIFF_VA = 1e14  # short-circuit power of the bus: the set point is held there
_NO_OHM = 1e-7  # a closed switch; the solver needs some impedance
_STEPS = 40


def power_flow(line: Line, p_kw: np.ndarray, q_kvar: np.ndarray, source_pu: float) -> tuple[np.ndarray, np.ndarray]:
    """Voltage per unit [point, case] and losses kW [case] of a balanced AC power flow with constant-power loads.

    `p_kw` and `q_kvar` are [point, case]. A case that has no solution is below every limit: its voltages are zero,
    its losses infinite.
    """
    model, load_ids = _model(line, source_pu)
    found = _solve(model, load_ids, p_kw, q_kvar, {"node": ["u_pu"], "source": ["p"]})
    solved = found["solved"]
    voltage = np.where(solved[:, None], found["node"]["u_pu"][:, 1:], 0.0).T
    losses = np.where(solved, found["source"]["p"][:, 0] / 1e3 - p_kw.sum(axis=0), np.inf)
    return voltage, losses


def confirm_room(
    line: Line, loads: Loads, room: Room, asked: np.ndarray, source_pu: float, low_pu: float, tolerance_kva: float
) -> np.ndarray:
    """kVA [addition, hour] that fit by AC power flow, found by bisection between the bounds of `room`.

    Only where `asked` [addition, hour] is true; elsewhere the lower bound stands. What is returned was itself found
    to fit, and is at most `tolerance_kva` (or a thousandth, where that is more) below what no longer does.
    """
    result = room.low.copy()
    added, hour = np.nonzero(asked & np.isfinite(room.high))
    if not len(added):
        return result
    model, load_ids = _model(line, source_pu)

    def fits(kva: np.ndarray, of: np.ndarray) -> np.ndarray:
        p = loads.p_kw[:, hour[of]] + loads.add_kw[added[of]].T * kva
        q = loads.q_kvar[:, hour[of]] + loads.add_kvar[added[of]].T * kva
        found = _solve(model, load_ids, p, q, {"node": ["u_pu"]})
        return found["solved"] & (found["node"]["u_pu"][:, 1:].min(axis=1) >= low_pu)

    every = np.arange(len(added))
    low, high = room.low[added, hour], room.high[added, hour]
    # The bounds hold for the equations; where the solver's last digits differ, bisection starts from nothing.
    low = np.where(fits(low, every), low, 0.0)
    high = np.where(fits(high, every), high * 1.01 + tolerance_kva, high)
    for _ in range(_STEPS):
        still = np.flatnonzero(high - low > np.maximum(tolerance_kva, 1e-3 * high))
        if not len(still):
            break
        middle = (low[still] + high[still]) / 2
        good = fits(middle, still)
        low[still], high[still] = np.where(good, middle, low[still]), np.where(good, high[still], middle)
    result[added, hour] = low
    return result


def _model(line: Line, source_pu: float) -> tuple["PowerGridModel", np.ndarray]:
    """The line as the solver knows it: points and head as nodes 0 … N, the head first; and the ids of its loads."""
    from power_grid_model import LoadGenType, PowerGridModel, initialize_array

    count = len(line.points)
    volts, ohm = 1000 * line.nominal_kv, 1000 * line.nominal_kv**2
    node = initialize_array("input", "node", count + 1)
    node["id"], node["u_rated"] = np.arange(count + 1), volts
    wire = initialize_array("input", "line", count)
    wire["id"] = np.arange(count) + count + 1
    wire["from_node"], wire["to_node"] = line.above + 1, np.arange(count) + 1
    wire["from_status"] = wire["to_status"] = 1
    wire["r1"], wire["x1"] = np.maximum(line.r * ohm, _NO_OHM), line.x * ohm
    wire["c1"] = wire["tan1"] = 0.0
    load = initialize_array("input", "sym_load", count)
    load["id"], load["node"], load["status"] = np.arange(count) + 2 * count + 1, np.arange(count) + 1, 1
    load["type"] = LoadGenType.const_power
    load["p_specified"] = load["q_specified"] = 0.0
    source = initialize_array("input", "source", 1)
    source["id"], source["node"], source["status"] = 3 * count + 1, 0, 1
    source["u_ref"], source["sk"] = source_pu, _STIFF_VA
    return PowerGridModel({"node": node, "line": wire, "sym_load": load, "source": source}), load["id"].copy()


def _solve(
    model: "PowerGridModel", load_ids: np.ndarray, p_kw: np.ndarray, q_kvar: np.ndarray, wanted: dict[str, Any]
) -> dict[str, Any]:
    """Results by component for every case, and `solved`, false for a case without a solution."""
    from power_grid_model import initialize_array

    cases = p_kw.shape[1]
    update = initialize_array("update", "sym_load", (cases, len(load_ids)))
    update["id"] = load_ids
    update["p_specified"], update["q_specified"] = p_kw.T * 1e3, q_kvar.T * 1e3
    found: dict[str, Any] = model.calculate_power_flow(
        update_data={"sym_load": update}, output_component_types=wanted, continue_on_batch_error=True
    )
    solved = np.ones(cases, dtype=bool)
    if model.batch_error is not None:
        solved[model.batch_error.failed_scenarios] = False
    return {**found, "solved": solved}
