"""What a model of theft looks at: customers' last days against their own past and against like customers."""

import numpy as np
import pandas as pd
from pydantic import Field

from features.settings import Settings
from training.anomaly.terms.levels import level_terms, year_terms
from training.anomaly.terms.onset import onset_terms
from training.anomaly.terms.pattern import lag_terms, turned_terms, week_terms
from training.anomaly.terms.repeats import repeat_terms, spread_terms
from training.anomaly.terms.steps import step_terms
from training.anomaly.terms.view import View, expected, like, scaled

__all__ = ["WindowConfig", "filled", "view_of", "window_terms"]


class WindowConfig(Settings):
    """How far back the terms look."""

    window_days: int = Field(180, ge=60, description="last days within which a theft may have begun")
    history_days: int = Field(630, ge=150, description="days looked at; more than the window by 90 at least")
    nearest: int = Field(20, ge=1, description="like customers that a course is expected by")
    references: int = Field(3000, ge=50, description="like customers are looked for among so many, evenly drawn")
    chunk: int = Field(5000, ge=100, description="customers whose terms are made at once")
    turned: bool = Field(True, description="look for stretches read backwards: half of the time it takes")


def filled(kwh: np.ndarray) -> np.ndarray:
    """Readings [n × days] with unknown ones as a week before, else as the last known; before the first known one, as
    that. A value never depends on a later day but where nothing was known before."""
    out = np.array(kwh, dtype=float)
    for day in range(7, out.shape[1]):
        gone = np.isnan(out[:, day])
        if gone.any():
            out[gone, day] = out[gone, day - 7]
    return pd.DataFrame(out).ffill(axis=1).bfill(axis=1).fillna(0.0).to_numpy()


def view_of(kwh: np.ndarray, observed: np.ndarray, config: WindowConfig, same: np.ndarray | None = None) -> View:
    """`kwh` [n × days] beside what everybody's meters showed, `observed` [N × days]; both end on the same day.

    Nothing may be unknown (`filled`). `same` [n] is the place of each customer in `observed`; -1: it is not there.
    """
    days, window = min(config.history_days, kwh.shape[1]), config.window_days
    same = np.arange(len(kwh)) if same is None else same
    observed, same = _references(observed, same, config.references)
    (share, logs), (_, others) = scaled(kwh[:, -days:], window), scaled(observed[:, -days:], window)
    alike = like(logs, others, window, config.nearest, same)
    common = np.median(others - np.median(others[:, :-window], axis=1, keepdims=True), axis=0)
    course = expected(logs, alike, common, window)
    return View(kwh[:, -days:], share, logs, alike, course, common, window)


def window_terms(
    kwh: np.ndarray, observed: np.ndarray, config: WindowConfig, same: np.ndarray | None = None
) -> pd.DataFrame:
    """Terms [n × terms], float32, of the last day of the readings; arguments as for `view_of`."""
    same = np.arange(len(kwh)) if same is None else same
    cuts = range(0, max(len(kwh), 1), config.chunk)
    return pd.concat(
        [_terms(kwh[at : at + config.chunk], observed, config, same[at : at + config.chunk]) for at in cuts],
        ignore_index=True,
    )


def _terms(kwh: np.ndarray, observed: np.ndarray, config: WindowConfig, same: np.ndarray) -> pd.DataFrame:
    view = view_of(kwh, observed, config, same)
    all_share, _ = scaled(observed[:, -config.history_days :], config.window_days)
    terms = level_terms(view) | step_terms(view) | lag_terms(view) | week_terms(view) | repeat_terms(view)
    terms |= spread_terms(view) | year_terms(view, all_share) | onset_terms(view)
    if config.turned:
        terms |= turned_terms(view)
    return pd.DataFrame(terms).astype(np.float32)


def _references(observed: np.ndarray, same: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Some of everybody's readings, evenly drawn, and the places in them."""
    if len(observed) <= most:
        return observed, same
    kept = np.unique(np.linspace(0, len(observed) - 1, most).astype(int))
    place = np.full(len(observed), -1)
    place[kept] = np.arange(len(kept))
    return observed[kept], np.where(same >= 0, place[same], -1)
