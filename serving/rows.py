"""Frames of figures as rows of plain values: what JSON can carry, with nothing lost and no NaN."""

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from features.load.groups import GROUPS
from training.demand.quantiles import MEDIAN

__all__ = ["NO_FIGURE", "capacity_rows", "forecast_rows", "instant", "plain"]

NO_FIGURE = "NO_FIGURE"
"""The reason of a row whose figures are missing where the model gives no reason of its own."""

_BLOCKS = [f"block_kva_{block}" for block in range(6)]
_PEAKS = ("peak_p50_kw", "peak_p90_kw", "peak_p95_kw")
_NUMBERS = ("open_kva", "own_kva", "pool_kva", *_PEAKS, "pending_kw", "limit_kw", "voltage_kva", "kappa")
_LIMIT = ("limit_season", "voltage_node_id", "voltage_at")
_BINDING = ("binding_level", "binding_node_id", "reason", "note", "confidence", "kappa_source")
_STANDING = ("standing", "standing_reason")
_TEXTS = ("name", "kind", "hall_id", *_LIMIT, *_BINDING, *_STANDING)


def plain(value: Any) -> Any:
    """None for anything missing; ISO text for an instant; a rounded float for a number (watts and VA are noise)."""
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, pd.Timestamp):
        return instant(value)
    if isinstance(value, float):
        return round(value, 4) if math.isfinite(value) else None
    return value


def instant(moment: pd.Timestamp) -> str:
    """An instant as ISO 8601 in UTC."""
    return moment.tz_convert("UTC").isoformat().replace("+00:00", "Z")


def capacity_rows(frame: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """node_id → its open capacity, from the table `serving.decisions.capacity` makes."""
    columns = {name: _listed(frame, name) for name in ("node_id", *_TEXTS, *_NUMBERS, "valid_until")}
    blocks = [_listed(frame, name) for name in _BLOCKS]
    assumed = [bool(value) for value in frame["rating_assumed"].fillna(False)]
    rows = {}
    for position, node_id in enumerate(columns["node_id"]):
        row = {name: values[position] for name, values in columns.items()}
        row["block_kva"] = [block[position] for block in blocks]
        row["rating_assumed"] = assumed[position]
        rows[node_id] = row
    return rows


def forecast_rows(frame: pd.DataFrame, quantiles: Sequence[float]) -> dict[str, list[dict[str, Any]]]:
    """node_id → its rows in order of time. The quantile columns (`q…`) stand in the order of the rising levels;
    reason codes of a row are joined by `+`. Rows of an explained forecast carry their median and its contributions.
    """
    names = [name for name in frame.columns if name.startswith("q")]
    levels = [f"{level:g}" for level in sorted(quantiles)]
    frame = frame.sort_values(["node_id", "start_utc"], kind="stable")
    starts = [instant(moment) for moment in frame["start_utc"]]
    leads = frame["lead_hours"].astype(float).round(4).tolist()
    values = [[plain(value) for value in frame[name].astype(float).tolist()] for name in names]
    reasons = [[code for code in str(text).split("+") if code] for text in frame["reason"].fillna("").tolist()]
    explained = _explained(frame) if MEDIAN in frame else None
    rows: dict[str, list[dict[str, Any]]] = {}
    for position, node_id in enumerate(frame["node_id"].astype(str)):
        load = {level: column[position] for level, column in zip(levels, values, strict=True)}
        row = {
            "start_utc": starts[position],
            "lead_hours": leads[position],
            "quantiles_kw": load,
            "reasons": reasons[position] or ([NO_FIGURE] if None in load.values() else []),
        }
        rows.setdefault(node_id, []).append(row if explained is None else row | explained[position])
    return rows


def _explained(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The median of each row and what it is made of, unrounded: the parts must add up to it."""
    medians = frame[MEDIAN].astype(float).tolist()
    parts = zip(*(frame[group].astype(float).tolist() for group in GROUPS), strict=True)
    nothing: dict[str, Any] = {"median_kw": None, "contributions_kw": None}
    return [
        {"median_kw": median, "contributions_kw": dict(zip(GROUPS, part, strict=True))}
        if math.isfinite(median)
        else nothing
        for median, part in zip(medians, parts, strict=True)
    ]


def _listed(frame: pd.DataFrame, name: str) -> list[Any]:
    # Publications are kept for good: an older one lacks what was not told then.
    if name not in frame:
        return [None] * len(frame)
    return [plain(value) for value in frame[name].astype(object).tolist()]
