"""Scores of a demand model on days it never saw, and the frames from which a report draws them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd

from features.load.grid import Grid
from features.load.history import History
from training.metrics import coverage, rcrps

__all__ = ["LEVELS", "Evaluation", "Forecaster", "evaluate", "score"]

LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
_COLUMNS = tuple(f"q{round(100 * level):02d}" for level in LEVELS)
_BEFORE_DAYS = 5


class Forecaster(Protocol):
    """What is asked of a model to be scored."""

    def forecast(self, history: History, issued_at: pd.Timestamp, horizon_hours: int) -> pd.DataFrame: ...


@dataclass(frozen=True)
class Evaluation:
    """Held-out scores and what they were made from.

    `metrics` are plain numbers; `fans` holds one forecast over the whole held-out stretch, issued at its start
    (node_id, start_utc, load_kw, q05 … q95); `before` the load of the days before it; `shares` the share of actuals
    at or below each level, by kind of node, of the day-ahead forecasts.
    """

    metrics: dict[str, float]
    fans: pd.DataFrame
    before: pd.DataFrame
    shares: pd.DataFrame
    days: int

    def save(self, folder: Path) -> None:
        """Write the frames to `folder` as Parquet."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("fans", "before", "shares"):
            getattr(self, name).to_parquet(folder / f"{name}.parquet", index=False)


def evaluate(
    model: Forecaster,
    history: History,
    cut: pd.Timestamp,
    days: int,
    step: Callable[[], None] = lambda: None,
) -> Evaluation:
    """Forecast the `days` after `cut` with what was known at each issue, against what `history` knows now.

    Day-ahead figures come from one issue per day at the hour of `cut`; the fan is one issue at `cut` for all of them.
    `step` is called after each issue.
    """
    truth = history.loads
    daily = []
    for day in range(days):
        daily.append(_scored(model, history, truth, cut + pd.Timedelta(days=day), 24))
        step()
    ahead = pd.concat(daily, ignore_index=True)
    fans = _scored(model, history, truth, cut, 24 * days)
    step()
    kinds = history.nodes["kind"].astype(str)
    metrics = score(ahead) | {f"{name}_{days}d": value for name, value in score(fans).items() if name != "nodes"}
    for kind in sorted(set(kinds)):
        part = ahead[ahead["node_id"].isin(kinds.index[kinds == kind])]
        metrics[f"rcrps_{kind}"], metrics[f"coverage_{kind}"] = (score(part)[name] for name in ("rcrps", "coverage"))
    known = {name: value for name, value in metrics.items() if np.isfinite(value)}
    compact = fans.astype(dict.fromkeys([*_COLUMNS, "load_kw"], "float32"))
    return Evaluation(known, compact, _before(truth, cut), _shares(ahead, kinds), days)


def score(frame: pd.DataFrame) -> dict[str, float]:
    """rCRPS (mean over nodes), coverage of P5 to P95 (mean and lowest over nodes), and how many nodes were scored."""
    losses, covers = [], []
    for _, part in frame.groupby("node_id", sort=False):
        actual = part["load_kw"].to_numpy(dtype=float)
        quantiles = part[list(_COLUMNS)].to_numpy(dtype=float)
        known = np.isfinite(actual) & np.isfinite(quantiles).all(axis=1)
        losses.append(rcrps(actual[known], quantiles[known], LEVELS))
        covers.append(coverage(actual[known], quantiles[known, 0], quantiles[known, -1]))
    scored = np.isfinite(covers)
    if not scored.any():
        return {"rcrps": np.nan, "coverage": np.nan, "coverage_worst": np.nan, "nodes": 0.0}
    return {
        "rcrps": float(np.nanmean(losses)) if np.isfinite(losses).any() else np.nan,
        "coverage": float(np.nanmean(covers)),
        "coverage_worst": float(np.nanmin(covers)),
        "nodes": float(scored.sum()),
    }


def _scored(
    model: Forecaster, history: History, truth: Grid, issued_at: pd.Timestamp, horizon_hours: int
) -> pd.DataFrame:
    frame = model.forecast(history, issued_at, horizon_hours=horizon_hours)
    frame = frame[["node_id", "start_utc", *_COLUMNS]].copy()
    frame.insert(2, "load_kw", _looked_up(truth, frame["node_id"].astype(str).tolist(), frame["start_utc"]))
    return frame


def _looked_up(truth: Grid, node_ids: Sequence[str], starts: pd.Series) -> np.ndarray:
    """Load at (node, start), kW; NaN where the grid has none."""
    place = {one: row for row, one in enumerate(truth.ids)}
    rows = np.array([place.get(one, -1) for one in node_ids])
    step = pd.Timedelta(minutes=truth.step_minutes)
    columns = ((pd.DatetimeIndex(starts) - truth.start) // step).to_numpy()
    inside = (rows >= 0) & (columns >= 0) & (columns < truth.values.shape[1])
    return np.where(inside, truth.values[np.where(inside, rows, 0), np.where(inside, columns, 0)], np.nan)


def _before(truth: Grid, cut: pd.Timestamp) -> pd.DataFrame:
    """Load of the few days before `cut`, long, kW."""
    stop = max(truth.column(cut), 0)
    first = max(truth.column(cut - pd.Timedelta(days=_BEFORE_DAYS)), 0)
    part = truth.values[:, first:stop].astype(np.float32)
    times = truth.times[first:stop]
    return pd.DataFrame(
        {
            "node_id": np.repeat(np.array(truth.ids, dtype=object), part.shape[1]).astype(str),
            "start_utc": times[np.tile(np.arange(len(times)), len(truth.ids))],
            "load_kw": part.ravel(),
        }
    )


def _shares(frame: pd.DataFrame, kinds: pd.Series) -> pd.DataFrame:
    known = frame[np.isfinite(frame["load_kw"]) & np.isfinite(frame["q50"])]
    kind = known["node_id"].map(kinds).fillna("unknown")
    rows = []
    for name, part in known.groupby(kind, sort=True):
        for level, column in zip(LEVELS, _COLUMNS, strict=True):
            rows.append({"kind": str(name), "level": level, "below": float((part["load_kw"] <= part[column]).mean())})
    return pd.DataFrame(rows, columns=["kind", "level", "below"])
