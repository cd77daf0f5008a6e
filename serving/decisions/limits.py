"""What each node may carry: areas by transformers, feeders by conductor and duty to neighbours, substations firm."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from serving.decisions.seasons import SEASONS

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
    shares: pd.DataFrame | None = None,
    line_rating: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Limit of each node, indexed by node_id: limit_kva (NaN where unknown), limit_kw, limit_reason, limit_season,
    rating_assumed.

    `nodes` is indexed by node_id; the other frames hold rows valid at one moment. With u the allowed utilisation:

    - area: u · Σ of its transformers' ratings, or of the node's own rating where none is listed;
    - feeder: the smaller of u · thermal and thermal − transfer obligation. The obligation is the largest load a
      neighbour could hand over through one tie: its limit, or the neighbour's peak (`peak_kva`) where that is less.
      Both are reckoned by season: `shares` [node, season] are what a node reaches of its year's peak in each (1 where
      not given), `line_rating` season → what lines carry of their thermal limit then. The limit is told for the peak
      of the year: what the season leaves, plus what the feeder itself draws less in it. `limit_season` is the season
      that binds where one does more than another;
    - substation: u · (ΣS − largest S + transferable). Transferable is what ties can move from its feeders to feeders
      of other substations. Where only one rating is known and no transformer, there is no N-1 to reckon: u · rating.
    """
    rating = _ratings(transformers)
    thermal = _head_limits(line_segments)
    seasons = _Seasons(peak_kva, shares, line_rating)
    obligation = _obligations(ties, seasons)
    transferable = _transferable(ties, nodes["parent_id"])
    rows = []
    owns = nodes["rating_kva"].astype("float64").to_numpy(na_value=np.nan)
    assumed = nodes["rating_assumed"].fillna(False).astype(bool).to_numpy()
    for row, (node_id, node) in enumerate(zip(nodes.index.astype(str), nodes.to_dict("records"), strict=True)):
        own = float(owns[row])
        share = float(node["allowed_utilisation"])
        kind, season = node["kind"], None
        if kind == "feeder":
            # fmin ignores the one that is unknown, if only one is.
            carried = float(np.fmin(own, thermal.get(node_id, np.nan)))
            limit, reason, season = seasons.feeder(node_id, carried, share, obligation.get(node_id))
        elif kind == "substation":
            limit, reason = share * _firm(rating.get(node_id), own, transferable.get(node_id, 0.0)), "SUBSTATION_FIRM"
        else:
            listed = rating.get(node_id)
            limit, reason = share * (float(sum(listed)) if listed else own), "AREA_THERMAL"
        rows.append((limit, limit * float(node["power_factor"]), reason, season, bool(assumed[row])))
    columns = ["limit_kva", "limit_kw", "limit_reason", "limit_season", "rating_assumed"]
    return pd.DataFrame(rows, index=nodes.index, columns=columns)


class _Seasons:
    """Peaks and ratings by season; without shares every season is the year's peak."""

    def __init__(
        self, peak_kva: Mapping[str, float], shares: pd.DataFrame | None, line_rating: Mapping[str, float] | None
    ) -> None:
        self._peak = peak_kva
        self._share = {} if shares is None else dict(zip(shares.index.astype(str), shares.to_numpy(), strict=True))
        self._rating = np.array([(line_rating or {}).get(name, 1.0) for name in SEASONS])
        self.none = np.zeros(len(SEASONS))

    def taken(self, neighbour: str, limit_kva: float) -> np.ndarray:
        """What a neighbour may hand over through a tie, kVA [season]; the tie's limit where its load is not known."""
        load = self._peak.get(neighbour, np.nan)
        if not np.isfinite(load):
            return np.full(len(SEASONS), limit_kva)
        return np.minimum(limit_kva, max(load, 0.0) * self._of(neighbour))

    def feeder(
        self, node_id: str, thermal_kva: float, share: float, duty_kva: np.ndarray | None
    ) -> tuple[float, str, str | None]:
        """Limit of a feeder in terms of the peak of its year, why, and the season that binds."""
        load = self._peak.get(node_id, np.nan)
        less = (1 - self._of(node_id)) * (max(load, 0.0) if np.isfinite(load) else 0.0)
        carried = thermal_kva * self._rating
        by_use = share * carried + less
        by_duty = np.maximum(carried - (self.none if duty_kva is None else duty_kva), 0.0) + less
        least, reason = (by_duty, "FEEDER_N1") if by_duty.min() < by_use.min() else (by_use, "FEEDER_THERMAL")
        told = reason == "FEEDER_N1" or np.ptp(self._rating) > 0
        binds = SEASONS[int(least.argmin())] if told and np.ptp(least) > 0 else None
        return float(least.min()), reason, binds

    def _of(self, node: str) -> np.ndarray:
        found: np.ndarray = self._share.get(node, np.ones(len(SEASONS)))
        return found


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


def _obligations(ties: pd.DataFrame, seasons: _Seasons) -> dict[str, np.ndarray]:
    """Of each feeder the largest load one of its neighbours could hand over, kVA [season]."""
    duty: dict[str, np.ndarray] = {}
    for a, b, limit in _pairs(ties):
        for one, other in ((a, b), (b, a)):
            duty[one] = np.maximum(duty.get(one, seasons.none), seasons.taken(other, limit))
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
