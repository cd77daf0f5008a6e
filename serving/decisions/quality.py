"""What is known well enough to be answered, and how sure the answer is."""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from serving.decisions.policy import CapacityPolicy

__all__ = ["grade", "poor_notes", "step_notes"]

_YEAR = pd.Timedelta(days=365)


def poor_notes(figures: pd.DataFrame, limits: pd.DataFrame, policy: CapacityPolicy, now: pd.Timestamp) -> pd.Series:
    """Why a node cannot be answered, in words, indexed by node_id; empty where it can.

    `figures` has known_days, enough, recent_share, last_day, peak_p50_kw; `limits` has limit_kva.
    """
    columns = ["known_days", "enough", "recent_share", "last_day", "peak_p50_kw"]
    rows = figures[columns].to_dict("records")
    limit = limits["limit_kva"].to_numpy(dtype=float)
    notes = [_poor_note(one, known, policy, now) for one, known in zip(rows, limit, strict=True)]
    return pd.Series(notes, index=figures.index, dtype=object)


def _poor_note(one: Mapping[Hashable, Any], limit_kva: float, policy: CapacityPolicy, now: pd.Timestamp) -> str:
    days = int(one["known_days"])
    if days == 0:
        return "no load is known, nor of everything below"
    if not one["enough"]:
        return f"{days} days of load are known, too few for a year's peak"
    age = (now.tz_convert(None) - one["last_day"]).days - 1
    if age > policy.max_stale_days:
        return f"the last known load is {age} days old"
    if one["recent_share"] < policy.min_recent_share:
        return f"only {one['recent_share']:.0%} of the last year's days are known"
    if not np.isfinite(limit_kva):
        return "no rating is known"
    return "" if np.isfinite(one["peak_p50_kw"]) else "no peak could be forecast"


def step_notes(figures: pd.DataFrame) -> pd.Series:
    """Which nodes draw at another level than before, in words, indexed by node_id; empty where nothing stepped.

    `figures` has stepped_on (NaT without a step) and step_factor.
    """
    told = [
        f"load stepped to {factor:.3g} times its level on {day:%Y-%m-%d}; what came before was raised to it"
        if isinstance(day, pd.Timestamp) and not pd.isna(day)
        else ""
        for day, factor in zip(figures["stepped_on"], figures["step_factor"], strict=True)
    ]
    return pd.Series(told, index=figures.index, dtype=object)


def grade(
    figures: pd.DataFrame, limits: pd.DataFrame, evidence_years: Mapping[str, float], policy: CapacityPolicy
) -> pd.Series:
    """HIGH, MEDIUM or LOW of each node by itself, indexed by node_id.

    HIGH and MEDIUM ask for history, for few gaps in the last year, and for years of outcomes behind the factor; an
    assumed rating is LOW; a load summed from below instead of measured, or one that stepped to another level within
    the last year, is MEDIUM at best.
    """
    years = figures["kind"].map(lambda kind: evidence_years.get(str(kind), 0.0)).astype(float)

    def holds(days: int, share: float, evidence: float) -> pd.Series:
        return (figures["known_days"] >= days) & (figures["recent_share"] >= share) & (years >= evidence)

    high = holds(policy.high_history_days, policy.high_recent_share, policy.high_evidence_years)
    medium = holds(policy.medium_history_days, policy.medium_recent_share, policy.medium_evidence_years)
    assumed = limits["rating_assumed"].astype(bool)
    fresh = (figures["last_day"] - figures["stepped_on"]) < _YEAR
    level = np.where(medium & ~assumed, "MEDIUM", "LOW")
    level = np.where(high & ~assumed & ~fresh & ~figures["summed"].astype(bool), "HIGH", level)
    return pd.Series(level, index=figures.index, dtype=object)
