"""Transfers of a workspace: which ties to switch so that more load fits at a feeder or an area, from what is published.

The load is what room is kept for: κ times the P50 of the peak, of every area; those of a feeder are lowered together to
what is kept for the feeder, where that is less, since areas do not all peak at once. Where it is more, the rest stands
at the feeder's head. Limits are those that are published.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.configs import config_path
from features.errors import NotFoundError
from features.lake import Lake
from features.settings import load_settings
from features.workspace import Workspace
from serving.decisions.policy import CapacityPolicy
from serving.decisions.transfer import Limits, TransferPolicy, tied_network, tied_plan
from serving.publish import read_publication

__all__ = ["kept_kva", "load_transfer_policy", "transfers"]

_DIGITS = {"kva": 1, "kw": 2, "pu": 4, "share": 3}


def load_transfer_policy(path: Path | None = None) -> TransferPolicy:
    """The policy of transfers of `path`, or the one in force (`configs/policy/transfers.yaml`)."""
    return load_settings(TransferPolicy, path or config_path("policy/transfers.yaml"))


def transfers(
    workspace: Workspace,
    place_id: str,
    now: pd.Timestamp | None = None,
    policy: TransferPolicy | None = None,
    publication_id: str | None = None,
) -> dict[str, Any]:
    """Plans that make room at a feeder or an area, as plain values: the fields of `Transfers`, `notes` in words, and
    what it stands on.

    Lines and ties are those valid at `now` (default: the moment of the publication, the latest where none is named).
    Raises NotFoundError for an unknown place or without a publication, and DataError where line, load or limit of the
    feeder are not known.
    """
    from serving.capacity import load_policy

    published = read_publication(workspace, publication_id)
    at = published.provenance.now if now is None else now
    lake, rules = Lake(workspace.lake), policy or load_transfer_policy()
    nodes = lake.valid("node", at=at, as_of=at).set_index("node_id")
    feeder = _feeder_of(place_id, nodes)
    figures = published.capacity().set_index("node_id")
    limits, notes = _limits(figures, nodes, load_policy())
    loads = kept_kva(figures, nodes)
    segments, ties = (lake.valid(name, at=at, as_of=at) for name in ("line_segment", "tie"))
    tied = tied_network(feeder, nodes, segments, ties, loads, limits, rules)
    found = asdict(tied_plan(tied, feeder, place_id, rules))
    known = set(tied.network.stations)
    return {
        **_plain(found),
        "publication_id": published.id,
        "issued_at": at.isoformat(),
        "feeders": list(tied.network.feeders),
        "notes": [*tied.notes, *(text for station, text in notes.items() if station in known)],
    }


def kept_kva(figures: pd.DataFrame, nodes: pd.DataFrame) -> dict[str, float]:
    """What room is kept for, kVA: by area its part of it, by feeder what its areas leave unexplained.

    `figures` are published rows, `nodes` the nodes valid then, both indexed by node_id. An area whose peak is not
    known has NaN; so has a feeder's area that was not published.
    """
    known = figures.reindex(nodes.index)
    kept = known["kappa"].astype(float) * known["peak_p50_kw"].astype(float).clip(lower=0.0)
    kept = kept / nodes["power_factor"].astype(float)
    found: dict[str, float] = {}
    for feeder in nodes.index[nodes["kind"] == "feeder"].astype(str):
        of_areas = kept[(nodes["parent_id"] == feeder).fillna(False)]
        whole, parts = float(kept[feeder]), float(of_areas.sum())
        share = whole / parts if np.isfinite(whole) and 0 < whole < parts else 1.0
        found |= {str(area): float(kva) * share for area, kva in of_areas.items()}
        found[feeder] = max(whole - parts, 0.0) if np.isfinite(whole) else 0.0
    return found


def _limits(figures: pd.DataFrame, nodes: pd.DataFrame, rules: CapacityPolicy) -> tuple[Limits, dict[str, str]]:
    """Published limits of feeders, what substations have left, and by substation whose is not known, in words."""
    known = figures.reindex(nodes.index)
    factor = nodes["power_factor"].astype(float)
    limit = known["limit_kw"].astype(float) / factor
    left = limit - known["kappa"].astype(float) * known["peak_p50_kw"].astype(float).clip(lower=0.0) / factor
    kinds = nodes["kind"]
    feeders = {str(node): float(limit[node]) for node in nodes.index[kinds == "feeder"]}
    stations = {str(node): float(left[node]) for node in nodes.index[kinds == "substation"]}
    unknown = {
        one: f"what {one} may still give is not known, and not watched" for one, kva in stations.items() if kva != kva
    }
    beyond = {one: kva for one, kva in stations.items() if one not in unknown}
    return Limits(feeders, beyond, min(rules.line_rating.values(), default=1.0)), unknown


def _feeder_of(place_id: str, nodes: pd.DataFrame) -> str:
    kind = nodes["kind"].get(place_id)
    if kind == "feeder":
        return place_id
    above = nodes["parent_id"].get(place_id)
    if kind != "area" or not isinstance(above, str):
        raise NotFoundError(f"there is no feeder or area {place_id}")
    return above


def _plain(value: Any, name: str = "") -> Any:
    """Figures rounded by the unit their name ends with."""
    if isinstance(value, dict):
        return {key: _plain(one, key) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one, name) for one in value]
    digits = _DIGITS.get(name.rpartition("_")[2])
    return round(value, digits) if isinstance(value, float) and digits is not None else value
