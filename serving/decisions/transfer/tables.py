"""From the utility's tables to the switched network of a feeder and all that are tied to it.

No table says where switches stand: a tie is one, and any segment on the way may be opened. Each feeder begins at a
point of its own, so that its head can be watched; those of one substation share its limit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from features.errors import DataError, NotFoundError
from serving.decisions.transfer.joining import Limits, Part, joined
from serving.decisions.transfer.network import SwitchedNetwork
from serving.decisions.transfer.plan import transfer_plan
from serving.decisions.transfer.policy import TransferPolicy
from serving.decisions.transfer.result import NO_TIE, NO_TIE_POINTS, Transfers
from serving.decisions.voltage import read_line

__all__ = ["Tied", "tied_network", "tied_plan"]


@dataclass(frozen=True)
class Tied:
    """The network of the feeders within reach, what was left out of it, in words, and the ties of the feeder itself of
    which no table says where they stand."""

    network: SwitchedNetwork
    notes: tuple[str, ...]
    ties_without_points: tuple[str, ...]


def tied_network(
    feeder_id: str,
    nodes: pd.DataFrame,
    segments: pd.DataFrame,
    ties: pd.DataFrame,
    load_kva: Mapping[str, float],
    limits: Limits,
    policy: TransferPolicy,
) -> Tied:
    """The switched network of `feeder_id` and the feeders up to the policy's reach of ties away.

    `nodes` is indexed by node_id; the frames hold rows valid at one moment. `load_kva` is the load of each area (at
    its power factor), and of a feeder what none of its areas explains, which stands at its head, as does an area that
    no line reaches. A neighbour whose line, loads or limit are not known takes no part. Raises NotFoundError for an
    unknown feeder, and DataError where one of these is not known of the feeder itself.
    """
    if feeder_id not in nodes.index or nodes.at[feeder_id, "kind"] != "feeder":
        raise NotFoundError(f"there is no feeder {feeder_id}")
    known = ties["from_id"].notna() & ties["to_id"].notna()
    of_feeder = (ties["feeder_a_id"] == feeder_id) | (ties["feeder_b_id"] == feeder_id)
    placed = ties.loc[known].sort_values("tie_id")
    parts: dict[str, Part] = {}
    refused: dict[str, str] = {}
    front = [feeder_id]
    for _ in range(policy.reach + 1):
        for one in front:
            part, fault = _part(one, nodes, segments, load_kva, limits, policy)
            if part is not None and (not parts or part.line.nominal_kv == parts[feeder_id].line.nominal_kv):
                parts[one] = part
            else:
                refused[one] = fault or "its voltage is another"
        if feeder_id in refused:
            raise DataError("line_segment", "feeder_id", refused[feeder_id], 1, feeder_id)
        front = [one for one in _next_to(parts, placed) if one not in refused]
    network, loose = joined([*parts.values()], placed, nodes["power_factor"].astype(float), limits)
    notes = [*(f"{one} takes no part: {fault}" for one, fault in refused.items()), *loose]
    return Tied(network, tuple(notes), tuple(ties.loc[~known & of_feeder, "tie_id"].astype(str)))


def _next_to(parts: Mapping[str, Part], ties: pd.DataFrame) -> list[str]:
    """Feeders that are tied to those taken and are not among them."""
    pairs = [*zip(ties["feeder_a_id"].astype(str), ties["feeder_b_id"].astype(str), strict=True)]
    return sorted({b if a in parts else a for a, b in pairs if (a in parts) != (b in parts)})


def _part(
    feeder: str,
    nodes: pd.DataFrame,
    segments: pd.DataFrame,
    load_kva: Mapping[str, float],
    limits: Limits,
    policy: TransferPolicy,
) -> tuple[Part | None, str]:
    """One feeder, or in words what is not known of it."""
    if feeder not in nodes.index:
        return None, "it is not a known node"
    above = nodes.at[feeder, "parent_id"]
    station = above if isinstance(above, str) else ""
    mine = segments.loc[segments["feeder_id"].astype(str) == feeder]
    line, fault = read_line(feeder, frozenset({feeder, station} - {""}), mine, policy.nominal_kv)
    if mine.empty or line is None:
        return None, fault if len(mine) else "it has no line segments"
    if np.isnan(limits.feeder_kva.get(feeder, np.nan)):
        return None, "what it may carry is not known"
    areas = nodes.index[(nodes["parent_id"] == feeder).fillna(False)].astype(str)
    loads = {area: float(load_kva.get(area, np.nan)) for area in areas}
    unknown = [area for area, load in loads.items() if not np.isfinite(load)]
    if unknown:
        return None, f"the load of {len(unknown)} of its areas is not known, the first {unknown[0]}"
    rows = mine.set_index(mine["to_id"].astype(str)).loc[list(line.points)]
    return Part(feeder, station, line, rows, loads | {feeder: float(load_kva.get(feeder, 0.0))}), ""


def tied_plan(tied: Tied, feeder_id: str, at: str, policy: TransferPolicy) -> Transfers:
    """`transfer_plan` for the feeder or for a node on its line; NotFoundError where no line reaches the node."""
    known = {*tied.network.points, *tied.network.feeders}
    name = at if at in known else f"{feeder_id}/{at}"
    if name not in known:
        raise NotFoundError(f"{at} stands on no line of {feeder_id}")
    found = replace(transfer_plan(tied.network, name, policy), at=at)
    if found.reason == NO_TIE and tied.ties_without_points:
        return replace(found, reason=NO_TIE_POINTS)
    return found
