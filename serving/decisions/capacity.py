"""Open capacity (可开放容量): the load that may still be promised at a node without breaking a limit there or above."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.load.history import History
from serving.decisions.limits import node_limits, valid_at
from serving.decisions.policy import CapacityPolicy
from serving.decisions.pools import bound_by_path, round_down, supply_paths
from serving.decisions.quality import grade, poor_notes, step_notes
from serving.decisions.seasons import season_shares
from serving.decisions.voltage import VoltageRoom, voltage_room
from training.peak.blocks import BLOCKS
from training.peak.kappa import Kappa
from training.peak.model import PeakModel
from training.peak.peaks import Peaks
from training.peak.uptake import UptakePolicy
from training.standing import BEYOND_FIRM, FIRM, FIRM_DAYS, SCENARIO

__all__ = ["COLUMNS", "capacity_answer", "open_capacity"]

_BLOCK_COLUMNS = tuple(f"block_kva_{block}" for block in range(BLOCKS))
COLUMNS = (
    "node_id",
    "name",
    "kind",
    "hall_id",
    "open_kva",
    *_BLOCK_COLUMNS,
    "pool_kva",
    "own_kva",
    "peak_p50_kw",
    "peak_p90_kw",
    "peak_p95_kw",
    "pending_kw",
    "limit_kw",
    "limit_season",
    "voltage_kva",
    "voltage_node_id",
    "voltage_at",
    "binding_level",
    "binding_node_id",
    "reason",
    "confidence",
    "standing",
    "standing_reason",
    "rating_assumed",
    "kappa",
    "kappa_source",
    "note",
    "valid_until",
)
"""Columns of the answer, in order."""


def capacity_answer(
    history: History,
    tables: Mapping[str, pd.DataFrame],
    model: PeakModel,
    policy: CapacityPolicy,
    now: pd.Timestamp,
    uptake: UptakePolicy | None = None,
) -> pd.DataFrame:
    """Open capacity of every node of `history`, one row each, sorted by node_id; columns as `COLUMNS`.

    `tables` holds transformer, line_segment, tie and application rows as known at `now` (an absent or empty table is
    one the utility does not have). `uptake` adds layers of new technology to the peaks. The same inputs give the same
    figures.
    """
    nodes = history.nodes.sort_index()
    applications = tables.get("application")
    peaks = model.peaks(history, policy.horizon_days, applications, uptake).with_sums(nodes["parent_id"])
    kappas = {str(kind): model.kappa(str(kind), policy.horizon_days) for kind in nodes["kind"].unique()}
    transformers, segments, ties = (_table(tables, name, now) for name in ("transformer", "line_segment", "tie"))
    reserved = _reserved_kva(peaks.frame(), nodes, kappas)
    likely, shares = _by_node(reserved.max(axis=1)), season_shares(history)
    limits = node_limits(nodes, transformers, segments, ties, likely, shares, policy.line_rating)
    headroom = reserved.rsub(limits["limit_kva"], axis=0)
    voltage = voltage_room(nodes, segments, reserved.to_numpy(), headroom.to_numpy(), history, policy)
    return open_capacity(nodes, limits, peaks, kappas, policy, now, voltage)


def open_capacity(
    nodes: pd.DataFrame,
    limits: pd.DataFrame,
    peaks: Peaks,
    kappas: Mapping[str, Kappa],
    policy: CapacityPolicy,
    now: pd.Timestamp,
    voltage: VoltageRoom | None = None,
) -> pd.DataFrame:
    """The answer from limits and peaks (both in the order of `nodes`, indexed by node_id) and factors by level.

    own_kva is the headroom of the node itself, limit − κ · P50 or what `voltage` leaves, whichever is less; open_kva
    the least of it and of all above (firm: the least of the six blocks); block_kva_0..5 the same by four-hour block of
    the local day; pool_kva, of feeders and substations, what all below may share; voltage_kva what voltage leaves,
    voltage_node_id the point that is then lowest and voltage_at (UTC) the hour of the past that decides it. All rounded
    down, none below zero. What cannot be known is NaN with the reason DATA_POOR and a note in words; elsewhere the note
    tells of a level step. standing says whether the figures are firm or, for a horizon beyond FIRM_DAYS, a scenario;
    standing_reason why, else None.
    """
    figures = peaks.frame()
    reserved = _reserved_kva(figures, nodes, kappas)
    headroom = reserved.rsub(limits["limit_kva"], axis=0)
    notes = poor_notes(figures, limits, policy, now)
    room = VoltageRoom.unknown() if voltage is None else voltage
    held = _held_by_voltage(headroom, room)
    headroom.loc[notes != ""] = np.nan
    paths = supply_paths({str(node): above for node, above in nodes["parent_id"].items()})
    least = _by_node(headroom.min(axis=1, skipna=False))
    bound = [_bind(node, paths[node], headroom, least, notes) for node in nodes.index]
    grades = grade(figures, limits, {kind: one.years for kind, one in kappas.items()}, policy)
    base = _headroom_without_pending(figures, nodes, limits, kappas)
    rows = [_row(one, nodes, limits, paths, grades, base, held, policy) for one in bound]
    table = pd.DataFrame(rows, index=nodes.index)
    table["note"] = table["note"].where(table["note"] != "", step_notes(figures))
    table["own_kva"] = round_down(headroom.min(axis=1, skipna=False).to_numpy(), policy.round_kva)
    table["pool_kva"] = table["open_kva"].where(nodes["kind"] != "area")
    table["limit_kw"], table["limit_season"] = limits["limit_kw"], limits["limit_season"]
    table["voltage_kva"] = round_down(_firm(room).reindex(nodes.index).to_numpy(dtype=float), policy.round_kva)
    table["voltage_node_id"] = room.point.reindex(nodes.index).where(table["voltage_kva"].notna(), None)
    table["voltage_at"] = room.at.reindex(nodes.index).where(table["voltage_kva"].notna())
    beyond = policy.horizon_days > FIRM_DAYS
    table["standing"], table["standing_reason"] = (SCENARIO, BEYOND_FIRM) if beyond else (FIRM, None)
    table["valid_until"] = now + pd.Timedelta(days=policy.valid_days)
    table = table.join(_context(nodes, figures, kappas))
    return table.rename_axis("node_id").reset_index().sort_values("node_id")[list(COLUMNS)].reset_index(drop=True)


def _context(nodes: pd.DataFrame, figures: pd.DataFrame, kappas: Mapping[str, Kappa]) -> pd.DataFrame:
    """What stands beside the decision: who the node is, its peaks, and the factor with its source."""
    result = nodes[["name", "kind", "hall_id"]].copy()
    for name in ("peak_p50_kw", "peak_p90_kw", "peak_p95_kw"):
        result[name] = figures[name]
    result["pending_kw"] = figures["peak_p50_kw"] - figures["base_p50_kw"]
    result["kappa"] = [kappas[str(kind)].value for kind in nodes["kind"]]
    result["kappa_source"] = [kappas[str(kind)].source for kind in nodes["kind"]]
    return result


@dataclass(frozen=True)
class _Bound:
    """What binds a node: block and firm headroom (kVA) over its path, where, and the note of what is not known."""

    node_id: str
    blocks: np.ndarray
    firm: float
    binding: str
    note: str


def _table(tables: Mapping[str, pd.DataFrame], name: str, now: pd.Timestamp) -> pd.DataFrame:
    from features.contracts import CONTRACTS
    from features.frames import empty_frame

    return valid_at(tables[name] if name in tables else empty_frame(CONTRACTS[name]), now)


def _reserved_kva(figures: pd.DataFrame, nodes: pd.DataFrame, kappas: Mapping[str, Kappa]) -> pd.DataFrame:
    """Load to be kept room for, kVA by block. Export makes no room: it is not there when the sun is not."""
    kappa = np.array([kappas[str(kind)].value for kind in nodes["kind"]])
    power_factor = nodes["power_factor"].astype(float).to_numpy()
    blocks = figures[[f"block_p50_kw_{block}" for block in range(BLOCKS)]].to_numpy()
    # A factor cannot raise what is not positive: there the scenarios' own P95 speaks.
    whole = figures["peak_p50_kw"].to_numpy()[:, None]
    spare = np.where(whole > 0, 0.0, figures["peak_p95_kw"].to_numpy()[:, None] - whole)
    kept = np.where(np.isfinite(blocks), np.clip(kappa[:, None] * blocks + spare, 0.0, None), np.nan)
    return pd.DataFrame(kept / power_factor[:, None], index=nodes.index, columns=list(_BLOCK_COLUMNS))


def _headroom_without_pending(
    figures: pd.DataFrame, nodes: pd.DataFrame, limits: pd.DataFrame, kappas: Mapping[str, Kappa]
) -> pd.Series:
    kappa = np.array([kappas[str(kind)].value for kind in nodes["kind"]])
    kept = np.clip(kappa * figures["base_p50_kw"].to_numpy(), 0.0, None) / nodes["power_factor"].astype(float)
    return limits["limit_kva"] - kept


def _firm(voltage: VoltageRoom) -> pd.Series:
    """The least of all blocks, kVA by area; NaN where voltage sets no limit."""
    least = voltage.kva.min(axis=1)
    return least.where(np.isfinite(least))


def _held_by_voltage(headroom: pd.DataFrame, voltage: VoltageRoom) -> frozenset[str]:
    """Lower `headroom` in place to what voltage leaves; the nodes whose firm figure that decides."""
    areas = headroom.index.intersection(voltage.kva.index)
    before = headroom.loc[areas].to_numpy()
    after = np.minimum(before, voltage.kva.loc[areas].to_numpy(dtype=float))
    headroom.loc[areas] = after
    return frozenset(areas[after.min(axis=1) < before.min(axis=1)])


def _by_node(values: pd.Series) -> dict[str, float]:
    return {str(node): float(value) for node, value in values.items()}


def _bind(
    node: str, path: tuple[str, ...], headroom: pd.DataFrame, least: Mapping[str, float], notes: pd.Series
) -> _Bound:
    firm, binding = bound_by_path(least, path)
    if np.isfinite(firm):
        return _Bound(node, headroom.loc[list(path)].to_numpy().min(axis=0), firm, binding, "")
    note = notes.get(binding, "not a known node")
    return _Bound(node, np.full(BLOCKS, np.nan), firm, binding, note if binding == node else f"{binding}: {note}")


def _row(
    bound: _Bound,
    nodes: pd.DataFrame,
    limits: pd.DataFrame,
    paths: Mapping[str, tuple[str, ...]],
    grades: pd.Series,
    base: pd.Series,
    held: frozenset[str],
    policy: CapacityPolicy,
) -> dict[str, object]:
    known = [node for node in paths[bound.node_id] if node in nodes.index]
    row: dict[str, object] = {
        "open_kva": float(round_down(np.array([bound.firm]), policy.round_kva)[0]),
        "binding_level": nodes["kind"].get(bound.binding),
        "binding_node_id": bound.binding,
        "rating_assumed": bool(limits.loc[known, "rating_assumed"].any()),
        "note": bound.note,
    }
    row |= dict(zip(_BLOCK_COLUMNS, round_down(bound.blocks, policy.round_kva).tolist(), strict=True))
    if not np.isfinite(bound.firm):
        return row | {"reason": "DATA_POOR", "confidence": "LOW"}
    if bound.binding in held:
        reason = "VOLTAGE_LOW"
    elif bound.firm < policy.round_kva <= base[bound.binding]:
        # Promises alone stand in the way: without those in transit there would be something to give.
        reason = "PENDING"
    else:
        reason = str(limits.loc[bound.binding, "limit_reason"])
    worst = min(grades.loc[known], key=("LOW", "MEDIUM", "HIGH").index)
    return row | {"reason": reason, "confidence": worst}
