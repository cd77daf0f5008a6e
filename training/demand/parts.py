"""The linear stage taken apart: what calendar, weather and events add to its level, in kW."""

import numpy as np
import pandas as pd

from features.load.groups import CALENDAR, EVENTS, GROUPS, LEVEL, WEATHER
from features.load.terms import ordinary_days, term_groups
from training.demand.linear import EXPONENTS, LinearStage

__all__ = ["linear_parts"]


def linear_parts(
    stage: LinearStage,
    rows: np.ndarray,
    local: pd.DatetimeIndex,
    days: pd.DataFrame,
    temperature: np.ndarray | None,
    steps_per_hour: int,
    recent: int,
) -> np.ndarray:
    """The linear stage of nodes `rows` over the intervals `local`, by GROUPS [n, T, G], kW; they add up to it.

    Calendar and weather count from where they stood on average over the first `recent` intervals, which end at the
    issue; events are what the calendar changes against a week without holidays. What is left, the stage as it stood
    lately, is the level. `days` are the calendar rows, `temperature` [S, PAD + T] has all stations.
    """
    groups = np.array(term_groups(stage.names))
    out = np.full((len(rows), len(local), len(GROUPS)), np.nan)
    found = stage.designs(rows, local, days, temperature, steps_per_hour)
    usual = stage.designs(rows, local, ordinary_days(days), temperature, steps_per_hour)
    for (mine, matrix), (_, ordinary) in zip(found, usual, strict=True):
        nodes = rows[mine]
        moves = {EVENTS: stage.on_terms(nodes, matrix - ordinary, local)}
        for group in (CALENDAR, WEATHER):
            moved = stage.on_terms(nodes, np.where(groups == group, ordinary, 0.0), local)
            moves[group] = moved - _known_mean(moved[:, :recent])
        out[mine] = _in_kw(stage, nodes, stage.on_terms(nodes, matrix, local), moves)
    return out


def _in_kw(stage: LinearStage, rows: np.ndarray, values: np.ndarray, moves: dict[str, np.ndarray]) -> np.ndarray:
    """Parts [n, T, G] of `values` [n, T], given how far each group moves them on the stage's own scale.

    Of a node modelled by its logarithm, the difference between exp(value) and exp(level) is shared out by the
    logarithmic mean, which leaves nothing over (LMDI; Ang, 2005). Where an exponent is cut off, every move is cut in
    the same proportion.
    """
    moved = np.add.reduce(list(moves.values()))
    base = values - moved
    top, bottom = np.clip(values, *EXPONENTS), np.clip(base, *EXPONENTS)
    cut = (top != values) | (bottom != base)
    kept = np.where(cut & (moved != 0), (top - bottom) / np.where(moved != 0, moved, 1.0), 1.0)
    span = top - bottom
    mean = np.exp(bottom) * np.where(span != 0, np.expm1(span) / np.where(span != 0, span, 1.0), 1.0)
    factor = np.where(stage.logged[rows, None], mean * kept, 1.0) * stage.unit_kw[rows, None]
    out = np.zeros((*values.shape, len(GROUPS)))
    for group, move in moves.items():
        out[..., GROUPS.index(group)] = move * factor
    out[..., GROUPS.index(LEVEL)] = stage.to_kw(rows, values) - out.sum(axis=-1)
    return out


def _known_mean(values: np.ndarray) -> np.ndarray:
    """Mean over the last axis of what is known, kept as an axis; 0 where nothing is."""
    known = np.isfinite(values)
    return np.where(known, values, 0.0).sum(axis=-1, keepdims=True) / np.maximum(known.sum(axis=-1, keepdims=True), 1)
