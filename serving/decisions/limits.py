"""What each node may carry: areas by transformers, feeders by conductor and duty to neighbours, substations firm."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from serving.decisions.seasons import LINE_COLUMNS, RATING_COLUMNS, SEASONS

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

    - area: u · Σ of its transformers' ratings, or of the node's own rating where none is listed. Where a transformer
      has a rating of a season's own, the least over the seasons of that season's rating plus what the node draws less
      in it than at the peak of its year, as for feeders; so, too, for substations;
    - feeder: the smaller of u · thermal and thermal − transfer obligation. The obligation is the largest load a
      neighbour could hand over through one tie: its limit, or the neighbour's peak (`peak_kva`) where that is less.
      Both are reckoned by season: `shares` [node, season] are what a node reaches of its year's peak in each (1 where
      not given), `line_rating` season → what lines carry of their thermal limit then, where they have none of that
      season's own. The limit is told for the peak
      of the year: what the season leaves, plus what the feeder itself draws less in it. `limit_season` is the season
      that binds where one does more than another;
    - substation: u · (ΣS − largest S + transferable). Transferable is what ties can move from its feeders to feeders
      of other substations. Where only one rating is known and no transformer, there is no N-1 to reckon: u · rating.
    """
    rating = _ratings(transformers)
    seasons = _Seasons(peak_kva, shares)
    by_policy = np.array([(line_rating or {}).get(name, 1.0) for name in SEASONS])
    thermal = _head_limits(line_segments, by_policy)
    obligation = _obligations(ties, seasons)
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
            carried = np.fmin(own * by_policy, thermal.get(node_id, np.nan))
            limit, reason, season = seasons.feeder(node_id, carried, share, obligation.get(node_id))
        elif kind == "substation":
            firm = _firm(rating.get(node_id), own, transferable.get(node_id, 0.0))
            (limit, season), reason = seasons.rated(node_id, share * firm), "SUBSTATION_FIRM"
        else:
            listed = rating.get(node_id)
            whole = np.full(len(SEASONS), own) if listed is None else listed.sum(axis=0)
            (limit, season), reason = seasons.rated(node_id, share * whole), "AREA_THERMAL"
        rows.append((limit, limit * float(node["power_factor"]), reason, season, bool(assumed[row])))
    columns = ["limit_kva", "limit_kw", "limit_reason", "limit_season", "rating_assumed"]
    return pd.DataFrame(rows, index=nodes.index, columns=columns)


class _Seasons:
    """Peaks and ratings by season; without shares every season is the year's peak."""

    def __init__(self, peak_kva: Mapping[str, float], shares: pd.DataFrame | None) -> None:
        self._peak = peak_kva
        self._share = {} if shares is None else dict(zip(shares.index.astype(str), shares.to_numpy(), strict=True))
        self.none = np.zeros(len(SEASONS))

    def taken(self, neighbour: str, limit_kva: float) -> np.ndarray:
        """What a neighbour may hand over through a tie, kVA [season]; the tie's limit where its load is not known."""
        load = self._peak.get(neighbour, np.nan)
        if not np.isfinite(load):
            return np.full(len(SEASONS), limit_kva)
        return np.minimum(limit_kva, max(load, 0.0) * self._of(neighbour))

    def feeder(
        self, node_id: str, carried: np.ndarray, share: float, duty_kva: np.ndarray | None
    ) -> tuple[float, str, str | None]:
        """Limit of a feeder that may carry `carried` kVA [season], in terms of the peak of its year, why, and the
        season that binds."""
        less = self._less(node_id)
        by_use = share * carried + less
        by_duty = np.maximum(carried - (self.none if duty_kva is None else duty_kva), 0.0) + less
        least, reason = (by_duty, "FEEDER_N1") if by_duty.min() < by_use.min() else (by_use, "FEEDER_THERMAL")
        told = reason == "FEEDER_N1" or np.ptp(carried) > 0
        binds = SEASONS[int(least.argmin())] if told and np.ptp(least) > 0 else None
        return float(least.min()), reason, binds

    def rated(self, node_id: str, kva: np.ndarray) -> tuple[float, str | None]:
        """What a node with this limit in each season, kVA [season], may carry at the peak of its year, and the season
        that binds; one limit for all seasons is that of the year."""
        if not np.ptp(kva) > 0:
            return float(kva.min()), None
        least = kva + self._less(node_id)
        return float(least.min()), SEASONS[int(least.argmin())] if np.ptp(least) > 0 else None

    def _less(self, node: str) -> np.ndarray:
        """What a node draws less in each season than at the peak of its year, kVA [season]; 0 where not known."""
        load = self._peak.get(node, np.nan)
        less: np.ndarray = (1 - self._of(node)) * (max(load, 0.0) if np.isfinite(load) else 0.0)
        return less

    def _of(self, node: str) -> np.ndarray:
        found: np.ndarray = self._share.get(node, np.ones(len(SEASONS)))
        return found


def _firm(ratings_kva: np.ndarray | None, own_kva: float, transferable_kva: float) -> np.ndarray:
    """What remains with the largest transformer out, kVA [season]; each season loses the one that is largest in it."""
    if ratings_kva is None:
        return np.full(len(SEASONS), own_kva)
    firm: np.ndarray = ratings_kva.sum(axis=0) - ratings_kva.max(axis=0) + transferable_kva
    return firm


def _ratings(transformers: pd.DataFrame) -> dict[str, np.ndarray]:
    """Ratings of each node's transformers, kVA [transformer, season]; the nameplate where a season has none."""
    if transformers.empty:
        return {}
    table = _by_season(transformers, "rating_kva", RATING_COLUMNS, np.ones(len(SEASONS)))
    grouped = table.groupby(transformers["node_id"].astype(str).to_numpy())
    return {str(node): part.to_numpy() for node, part in grouped}


def _by_season(frame: pd.DataFrame, usual: str, own: Mapping[str, str], share: np.ndarray) -> pd.DataFrame:
    """What each row may carry in each season, kVA [row, season]: what it says of the season in the columns `own`, else
    its `usual` times `share` [season]."""
    table = pd.DataFrame({name: frame[usual].astype(float) * part for name, part in zip(SEASONS, share, strict=True)})
    for season, column in own.items():
        table[season] = frame[column].astype(float).fillna(table[season])
    return table


def _head_limits(segments: pd.DataFrame, by_policy: np.ndarray) -> dict[str, np.ndarray]:
    """Thermal limit where each feeder begins, kVA [season]: segments that no other segment of the feeder leads to."""
    limits: dict[str, np.ndarray] = {}
    if segments.empty:
        return limits
    carried = _by_season(segments, "thermal_limit_kva", LINE_COLUMNS, by_policy)
    for feeder, part in segments.groupby(segments["feeder_id"].astype(str)):
        heads = part.loc[~part["from_id"].isin(set(part["to_id"]))]
        if len(heads):
            limits[str(feeder)] = carried.loc[heads.index].to_numpy().sum(axis=0)
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
