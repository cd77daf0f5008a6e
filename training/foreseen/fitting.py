"""Fitting the map from forecasts by day to the worst runs that came: centre, nodes' offsets, what is left.

Everything is in units of the forecast's own spread. Recent issues weigh more, for how far a forecast that stands out
must be drawn back differs between seasons; and so do days on which a node's load is high, for on those limits are
crossed: learnt from all days alike, two of three demo territories had hot days foreseen too often, by .1 to .18.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import lsq_linear

from training.foreseen.config import ForeseenConfig
from training.foreseen.scores import fitted_quantiles

__all__ = ["distances", "fit_maps", "offsets_of"]

_MOST_DISTANCE = 6.0
"""References further from the forecast than so many of its standard deviations draw no harder."""
_WIDE, _WIDEST = 0.1, 0.25
"""Spreads relative to the usual load: a width of 1 is .1 of it, and no width is above 2.5."""
_MOST_PULL = 0.9


def distances(rows: pd.DataFrame) -> np.ndarray:
    """How far [n, 3] the references lie above the forecast, in spreads: recent, usual, and usual times the relative
    width of the forecast; 0 where there is no reference.

    The wider a forecast, the more of what stands out is the error of the weather's own forecast.
    """
    level, spread = _floats(rows, "level_kw"), _floats(rows, "spread_kw")
    usual_kw = _floats(rows, "usual_kw")
    recent, usual = (
        np.nan_to_num(np.clip((one - level) / spread, -_MOST_DISTANCE, _MOST_DISTANCE))
        for one in (_floats(rows, "recent_kw"), usual_kw)
    )
    width = np.minimum(spread / np.maximum(np.abs(usual_kw), 1e-9), _WIDEST) / _WIDE
    return np.stack([recent, usual, usual * np.nan_to_num(width)], axis=1)


def offsets_of(rows: pd.DataFrame, offsets: Mapping[str, float]) -> np.ndarray:
    """The own offset [n] of each row's node, 0 for one that is not known."""
    return rows["node_id"].astype(str).map(offsets).fillna(0.0).to_numpy(dtype=float)


def fit_maps(
    rows_of: Mapping[int, pd.DataFrame], config: ForeseenConfig
) -> tuple[dict[int, dict[str, Any]], dict[str, float]]:
    """The fields of the map of each lead, and every node's offset. `rows_of` lead: rows of collect_cases, all known."""
    newest = max(rows["issued_at"].max() for rows in rows_of.values())
    leads, left = {}, {}
    for lead, rows in rows_of.items():
        weight = _weights(rows, newest, config)
        score = (_floats(rows, "run_kw") - _floats(rows, "level_kw")) / _floats(rows, "spread_kw")
        offset, pulls = _slopes(score, distances(rows), weight, rows["issued_at"].nunique(), config)
        left[lead] = rows[["node_id", "node_kind", "issued_at"]].assign(
            left=score - offset - distances(rows) @ pulls, weight=weight
        )
        leads[lead] = {
            "lead_days": lead,
            "offset": offset,
            "pulls": tuple(float(one) for one in pulls),
            "issues": int(rows["issued_at"].nunique()),
            "cases": len(rows),
        }
    offsets = _node_offsets(pd.concat(left.values()), config)
    for lead, rows in left.items():
        leads[lead]["residuals"] = _residuals(rows.assign(left=rows["left"] - offsets_of(rows, offsets)), config)
    return leads, offsets


def _weights(rows: pd.DataFrame, newest: pd.Timestamp, config: ForeseenConfig) -> np.ndarray:
    """What each row counts [n]: by its age, and by whether its forecast is high for its node."""
    age = np.asarray((newest - pd.DatetimeIndex(rows["issued_at"])) / pd.Timedelta(days=1), dtype=float)
    node = rows["node_id"].astype(str)
    level = pd.Series(_floats(rows, "level_kw"), index=rows.index)
    high = level >= node.map(level.groupby(node).quantile(config.high_share))
    weight: np.ndarray = np.exp2(-age / config.half_life_days) * np.where(high, 1.0, config.ordinary_weight)
    return weight


def _slopes(
    score: np.ndarray, distance: np.ndarray, weight: np.ndarray, issues: int, config: ForeseenConfig
) -> tuple[float, np.ndarray]:
    """Offset and pulls [3] by weighted least squares; no pull is below 0 and all together stay below 1, so that a
    higher forecast never lowers a probability."""
    design = np.column_stack([np.ones(len(score)), distance]) * np.sqrt(weight)[:, None]
    # Rows of one issue share its weather: what draws the slopes to 0 weighs as issues do, not as rows.
    ridge = np.sqrt(config.ridge_issues * weight.sum() / issues) * np.eye(4)[1:]
    most = np.array([np.inf, _MOST_PULL, _MOST_PULL, _MOST_PULL * _WIDE / _WIDEST])
    target = np.append(score * np.sqrt(weight), np.zeros(3))
    pulls = lsq_linear(np.vstack([design, ridge]), target, (np.append(-np.inf, np.zeros(3)), most)).x[1:]
    together = float(pulls @ np.array([1.0, 1.0, _WIDEST / _WIDE]))
    pulls = pulls * min(1.0, _MOST_PULL / max(together, 1e-9))
    return float(np.average(score - distance @ pulls, weights=weight)), pulls


def _node_offsets(left: pd.DataFrame, config: ForeseenConfig) -> dict[str, float]:
    """A node's weighted mean of what is left, over all leads, drawn to 0 where few days tell of it."""
    node = left["node_id"].astype(str)
    total = (left["left"] * left["weight"]).groupby(node).sum()
    weight = left["weight"].groupby(node).sum()
    issues = left.groupby([node, "issued_at"])["weight"].first().groupby("node_id").sum()
    days = issues * config.every_days
    offsets = (total / weight * days / (days + config.node_days)).sort_index()
    return {str(name): round(float(value), 4) for name, value in offsets.items()}


def _residuals(left: pd.DataFrame, config: ForeseenConfig) -> dict[str, tuple[float, ...]]:
    """Quantiles of what is left; a kind's own are drawn to those of all nodes."""
    values, weight = _floats(left, "left"), _floats(left, "weight")
    kinds = left["node_kind"].astype(str).to_numpy()
    pooled = fitted_quantiles(values, weight)
    found = {"": _plain(pooled)}
    for kind in sorted(set(kinds)):
        own = kinds == kind
        share = own.sum() / (own.sum() + config.shrink_cases)
        found[kind] = _plain(share * fitted_quantiles(values[own], weight[own]) + (1 - share) * pooled)
    return found


def _floats(rows: pd.DataFrame, name: str) -> np.ndarray:
    return rows[name].to_numpy(dtype=float)


def _plain(values: np.ndarray) -> tuple[float, ...]:
    return tuple(float(one) for one in values)
