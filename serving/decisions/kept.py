"""Was what was told kept? Released capacity against the peaks that came, perfect foresight and the rule of thumb."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from serving.decisions.pools import bound_by_path, round_down, supply_paths

__all__ = ["COUNTS", "VERDICTS", "at_equal_coverage", "judge", "judged_table", "released_at"]

VERDICTS = ("KEPT", "VIOLATED", "OVER", "UNKNOWN", "UNANSWERED")
"""KEPT: the peak that came and what was released stay within every limit on the path. VIOLATED: something was released
and they do not, be it that the limit was passed without it. OVER: nothing was released, and a limit was passed anyway.
UNKNOWN: a peak on the path is not known. UNANSWERED: nothing was told, for want of data."""
COUNTS = ("kept", "violated", "over", "unknown", "unanswered")
_HAIR_KVA = 1e-6


def judge(
    answer: pd.DataFrame, nodes: pd.DataFrame, realised_kw: pd.Series, last_kw: pd.Series, round_kva: float
) -> pd.DataFrame:
    """One answer (as `capacity_answer` gives it) judged by the peaks that came, one row a node, in its order.

    `nodes` is indexed by node_id, as known when the answer was given; `realised_kw` and `last_kw` (node_id → kW) are
    the highest loads of the horizon after it and of the year before it. Limits are those that were told.

    Columns beside the answer's own: limit_kva; kept_kva, what room was kept for at the node (κ · P50), NaN where it was
    not answered; realised_kva; last_kva; slack_kva, the least of limit − peak on the path, NaN where one is unknown;
    foresight_kva and thumb_kva, what would have been released knowing that peak, and taking last year's for it;
    used_kva, what all areas below could use at once within the pools; verdict, one of VERDICTS; excess_kva, by how much
    more was released than there was.
    """
    rows = answer.set_index("node_id")[["kind", "open_kva", "own_kva", "reason", "confidence", "rating_assumed"]].copy()
    power_factor = nodes["power_factor"].astype(float).reindex(rows.index)
    given = answer.set_index("node_id")
    rows["binding_node_id"] = given["binding_node_id"]
    rows["limit_kva"] = given["limit_kw"] / power_factor
    rows["kept_kva"] = (_kept_kw(given) / power_factor).where(given["own_kva"].notna())
    rows["realised_kva"] = realised_kw.reindex(rows.index) / power_factor
    rows["last_kva"] = last_kw.reindex(rows.index) / power_factor
    paths = supply_paths({str(node): above for node, above in nodes["parent_id"].items()})
    rows["slack_kva"] = _along(rows["limit_kva"] - rows["realised_kva"], paths)
    rows["foresight_kva"] = round_down(rows["slack_kva"].to_numpy(), round_kva)
    rows["thumb_kva"] = round_down(_along(rows["limit_kva"] - rows["last_kva"], paths).to_numpy(), round_kva)
    rows["used_kva"] = _used(rows, nodes["parent_id"])
    rows["verdict"] = _verdicts(rows["open_kva"], rows["slack_kva"])
    rows["excess_kva"] = (rows["open_kva"] - rows["slack_kva"]).where(rows["verdict"] == "VIOLATED")
    return rows.rename_axis("node_id").reset_index()


def _kept_kw(given: pd.DataFrame) -> pd.Series:
    """As the answer reserves it: a factor cannot raise what is not positive, there the distance to the P95 is added."""
    p50 = given["peak_p50_kw"]
    spare = (given["peak_p95_kw"] - p50).where(p50 <= 0, 0.0)
    return (given["kappa"] * p50 + spare).clip(lower=0.0)


def _along(headroom: pd.Series, paths: Mapping[str, tuple[str, ...]]) -> pd.Series:
    own = {str(node): float(value) for node, value in headroom.items()}
    return pd.Series([bound_by_path(own, paths[str(node)])[0] for node in headroom.index], index=headroom.index)


def _verdicts(released: pd.Series, slack: pd.Series) -> np.ndarray:
    told, known = released.notna(), slack.notna()
    conditions = [~told, ~known, (released > 0) & (released > slack + _HAIR_KVA), slack < -_HAIR_KVA]
    return np.select(conditions, ["UNANSWERED", "UNKNOWN", "VIOLATED", "OVER"], "KEPT")


def _used(rows: pd.DataFrame, parents: pd.Series) -> pd.Series:
    """What everything below a node can use at once: its own figure, at most the sum of those directly below."""
    told = rows["open_kva"].fillna(0.0)
    used = told.copy()
    for kind in ("feeder", "substation"):
        above = parents.reindex(rows.index)
        below = used.groupby(above).sum()
        mine = rows.index[(rows["kind"] == kind) & rows.index.isin(below.index)]
        used.loc[mine] = np.minimum(told.loc[mine], below.loc[mine])
    return used


def judged_table(rows: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Judged rows summed up by group, indexed by `by`.

    Columns: nodes (rows); one count a verdict; scored (kept, violated and over); coverage, kept over scored;
    violated_share, violated over those told that something is open; released_kva, foresight_kva and thumb_kva, sums
    over scored rows (of areas a measure of the offer only: they share what is open above them); thumb_coverage, the
    coverage of the rule of thumb; used_kept, of feeders and substations, the share whose own limit holds when all areas
    below use what they were told, within the pools.
    """
    table = rows[list(by)].copy()
    table["nodes"] = 1
    for name in COUNTS:
        table[name] = rows["verdict"] == name.upper()
    scored = table[["kept", "violated", "over"]].any(axis=1)
    table["scored"] = scored
    table["offered"] = scored & (rows["open_kva"] > 0)
    for name in ("open_kva", "foresight_kva", "thumb_kva"):
        table[name] = rows[name].where(scored)
    table["thumb_kept"] = scored & (rows["thumb_kva"].fillna(0.0) <= rows["slack_kva"] + _HAIR_KVA)
    table["pools"] = scored & (rows["kind"] != "area")
    within = rows["used_kva"] <= rows["limit_kva"] - rows["realised_kva"] + _HAIR_KVA
    table["used_kept"] = table["pools"] & within
    found = table.groupby(list(by), sort=True).sum().rename(columns={"open_kva": "released_kva"})
    worth = found["scored"].where(found["scored"] > 0)
    found["coverage"] = found["kept"] / worth
    found["violated_share"] = found["violated"] / found["offered"].where(found["offered"] > 0)
    found["thumb_coverage"] = found.pop("thumb_kept") / worth
    pools = found.pop("pools")
    found["used_kept"] = found["used_kept"] / pools.where(pools > 0)
    return found


def at_equal_coverage(rows: pd.DataFrame) -> dict[str, float]:
    """What κ · P50 and last year's peak release at the node itself, when both hold equally often.

    held: share of peaks within κ · P50; released_kva: what that leaves below the limits; thumb_factor: by how much last
    year's peak must be raised to hold as often, chosen with the outcome in hand, which favours it; thumb_released_kva;
    released_ratio. NaN where no factor does.
    """
    good = rows[rows[["realised_kva", "limit_kva"]].notna().all(axis=1)]
    realised, limit, kept = (good[name].to_numpy(dtype=float) for name in ("realised_kva", "limit_kva", "kept_kva"))
    if not len(good) or not np.isfinite(kept).any():
        return dict.fromkeys(("held", "released_kva", "thumb_factor", "thumb_released_kva", "released_ratio"), np.nan)
    held = float(np.mean(np.where(np.isfinite(kept), realised <= kept, realised <= limit)))
    released = float(np.nansum(np.clip(limit - kept, 0.0, None)))
    thumb, factor = released_at(good["last_kva"].to_numpy(dtype=float), realised, limit, held)
    feasible = np.isfinite(factor)
    return {
        "held": held,
        "released_kva": released,
        "thumb_factor": factor if feasible else np.nan,
        "thumb_released_kva": thumb if feasible else np.nan,
        "released_ratio": released / thumb if feasible and thumb > 0 else np.nan,
    }


def released_at(estimate: np.ndarray, realised: np.ndarray, limit: np.ndarray, coverage: float) -> tuple[float, float]:
    """kVA that `estimate` × factor would release, the factor chosen so that it covers just `coverage` afterwards.

    All arrays [node], kVA. An unknown estimate releases nothing, and covers where the node stayed within its limit.
    The factor is infinite where no factor covers so much.
    """
    known = np.isfinite(estimate) & (estimate > 0)
    ratio = np.where(realised <= limit, 0.0, np.inf)
    ratio[known] = realised[known] / estimate[known]
    factor = float(np.quantile(ratio, coverage, method="higher"))
    if not np.isfinite(factor):
        return 0.0, factor
    released = np.clip(np.where(known, limit - factor * estimate, 0.0), 0.0, None)
    return float(released.sum()), factor
