"""What each node may carry: areas by transformers, feeders by conductor and duty to neighbours, substations firm."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

__all__ = ["node_limits", "valid_at"]


def valid_at(frame: pd.DataFrame, now: pd.Timestamp) -> pd.DataFrame:
    """The rows that hold at `now`; of several versions of one key the latest one known by then."""
    if frame.empty:
        return frame
    rows = frame.loc[(frame["available_at"] <= now) & (frame["valid_from"] <= now)]
    rows = rows.loc[rows["valid_to"].isna() | (rows["valid_to"] > now)]
    key = next(name for name in ("transformer_id", "segment_id", "tie_id", "node_id") if name in rows.columns)
    return rows.sort_values([key, "valid_from", "available_at"], kind="stable").drop_duplicates(key, keep="last")


def node_limits(
    nodes: pd.DataFrame,
    transformers: pd.DataFrame,
    line_segments: pd.DataFrame,
    ties: pd.DataFrame,
    peak_kva: Mapping[str, float],
) -> pd.DataFrame:
    """Limit of each node, indexed by node_id: limit_kva (NaN where unknown), limit_kw, limit_reason, rating_assumed.

    `nodes` is indexed by node_id; the other frames hold rows valid at one moment. With u the allowed utilisation:

    - area: u · Σ of its transformers' ratings, or of the node's own rating where none is listed;
    - feeder: the smaller of u · thermal and thermal − transfer obligation. The obligation is the largest load a
      neighbour could hand over through one tie: its limit, or the neighbour's peak (`peak_kva`) where that is less;
    - substation: u · (ΣS − largest S + transferable). Transferable is what ties can move from its feeders to feeders
      of other substations. Where only one rating is known and no transformer, there is no N-1 to reckon: u · rating.
    """
    rating = _ratings(transformers)
    thermal = _head_limits(line_segments)
    obligation = _obligations(ties, peak_kva)
    transferable = _transferable(ties, nodes["parent_id"])
    rows = []
    owns = nodes["rating_kva"].astype("float64").to_numpy(na_value=np.nan)
    assumed = nodes["rating_assumed"].fillna(False).astype(bool).to_numpy()
    for row, (node_id, node) in enumerate(zip(nodes.index.astype(str), nodes.to_dict("records"), strict=True)):
        own = float(owns[row])
        share = float(node["allowed_utilisation"])
        kind = node["kind"]
        if kind == "feeder":
            # fmin ignores the one that is unknown, if only one is.
            carried = float(np.fmin(own, thermal.get(node_id, np.nan)))
            limit, reason = _feeder(carried, share, obligation.get(node_id, 0.0))
        elif kind == "substation":
            limit, reason = share * _firm(rating.get(node_id), own, transferable.get(node_id, 0.0)), "SUBSTATION_FIRM"
        else:
            listed = rating.get(node_id)
            limit, reason = share * (float(sum(listed)) if listed else own), "AREA_THERMAL"
        rows.append((limit, limit * float(node["power_factor"]), reason, bool(assumed[row])))
    return pd.DataFrame(rows, index=nodes.index, columns=["limit_kva", "limit_kw", "limit_reason", "rating_assumed"])


def _feeder(thermal_kva: float, share: float, obligation_kva: float) -> tuple[float, str]:
    by_use, by_duty = share * thermal_kva, max(thermal_kva - obligation_kva, 0.0)
    return (by_duty, "FEEDER_N1") if by_duty < by_use else (by_use, "FEEDER_THERMAL")


def _firm(ratings: list[float] | None, own: float, transferable: float) -> float:
    if not ratings:
        return own
    return sum(ratings) - max(ratings) + transferable


def _ratings(transformers: pd.DataFrame) -> dict[str, list[float]]:
    if transformers.empty:
        return {}
    grouped = transformers.groupby(transformers["node_id"].astype(str))["rating_kva"]
    return {node: [float(one) for one in ratings] for node, ratings in grouped}


def _head_limits(segments: pd.DataFrame) -> dict[str, float]:
    """Thermal limit where each feeder begins, kVA: segments that no other segment of the feeder leads to."""
    limits: dict[str, float] = {}
    if segments.empty:
        return limits
    for feeder, part in segments.groupby(segments["feeder_id"].astype(str)):
        heads = part.loc[~part["from_id"].isin(set(part["to_id"]))]
        if len(heads):
            limits[str(feeder)] = float(heads["thermal_limit_kva"].sum())
    return limits


def _obligations(ties: pd.DataFrame, peak_kva: Mapping[str, float]) -> dict[str, float]:
    duty: dict[str, float] = {}
    for a, b, limit in _pairs(ties):
        for one, other in ((a, b), (b, a)):
            load = peak_kva.get(other, np.nan)
            taken = min(limit, max(load, 0.0)) if np.isfinite(load) else limit
            duty[one] = max(duty.get(one, 0.0), taken)
    return duty


def _transferable(ties: pd.DataFrame, parents: pd.Series) -> dict[str, float]:
    total: dict[str, float] = {}
    for a, b, limit in _pairs(ties):
        above = (parents.get(a), parents.get(b))
        if all(isinstance(one, str) for one in above) and above[0] != above[1]:
            for one in above:
                total[str(one)] = total.get(str(one), 0.0) + limit
    return total


def _pairs(ties: pd.DataFrame) -> list[tuple[str, str, float]]:
    columns = (ties["feeder_a_id"], ties["feeder_b_id"], ties["transfer_limit_kva"])
    return [(str(a), str(b), float(limit)) for a, b, limit in zip(*columns, strict=True)]
