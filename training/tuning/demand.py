"""The demand model's objective: what a configuration would have scored after each rolling origin."""

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.errors import ModelError
from features.load.history import History
from features.load.issue import feature_names
from training.demand import DemandConfig
from training.demand.booster import Booster
from training.demand.calibration import Calibration
from training.demand.config import LinearConfig
from training.demand.model import fit_linear, with_other_leads
from training.demand.rows import Rows, collect_rows, row_weights
from training.metrics import rcrps
from training.tuning.settings import DemandTuning

__all__ = ["DemandObjective", "cross_calibrated"]

_FEWEST_ROWS = 100
_FEWEST_DAYS = 42


@dataclass(frozen=True)
class _Prepared:
    """What a fold needs before boosting, which no setting of the booster changes: rows to learn from, their weights,
    and rows to be scored on."""

    rows: Rows
    weight: np.ndarray
    scored: Rows


class DemandObjective:
    """rCRPS after each of `folds` rolling origins, mean over nodes, on quantiles calibrated on the other blocks.

    The last stretch before `until` is cut into equal folds. The stages of a fold are fitted on what was available at
    its origin, and forecast the issues from there to the fold's end; nothing after `until` is looked at. All trials
    share leads, issues and seeds, so that they differ by their settings alone.
    """

    def __init__(self, history: History, base: DemandConfig, until: pd.Timestamp, settings: DemandTuning) -> None:
        self._history = history.until(until)
        self._base, self._settings = base, settings
        self._edges = fold_edges(self._history, until, settings)
        self._prepared: OrderedDict[tuple[int, LinearConfig, int], _Prepared] = OrderedDict()

    @property
    def folds(self) -> int:
        """How many folds there are."""
        return len(self._edges) - 1

    @property
    def finalists(self) -> int:
        """None are needed where a trial has as many rows as the final model."""
        return self._settings.finalists if self._base.booster.max_rows > self._settings.max_rows else 0

    def score(self, config: DemandConfig, fold: int, full: bool = False) -> float:
        """Mean over nodes of the rCRPS of one fold (see training.metrics.rcrps); lower is better."""
        config = config.model_copy(update={"levels": self._settings.levels})
        ready = self._prepare(config, fold, config.booster.max_rows if full else self._settings.max_rows)
        names = feature_names(self._history.weather.variables)
        booster = Booster.fit(ready.rows, ready.weight, config.levels, names, config.booster, config.seed)
        held = ready.scored
        raw = booster.predict_kw(held.features, held.scale_kw, held.linear_kw, config.booster.threads)
        nodes = len(self._history.versions.ids)
        found = cross_calibrated(held, np.sort(raw, axis=1), nodes, config, self._settings.block_issues)
        scores = [
            rcrps(held.target_kw[held.node == node], found[held.node == node], config.levels)
            for node in np.unique(held.node)
        ]
        return float(np.nanmean(scores))

    def _prepare(self, config: DemandConfig, fold: int, rows: int) -> _Prepared:
        key = (fold, config.linear, rows)
        if key not in self._prepared:
            self._prepared[key] = self._collect(config, fold, rows)
            if len(self._prepared) > self._settings.kept_preparations:
                self._prepared.popitem(last=False)
        self._prepared.move_to_end(key)
        return self._prepared[key]

    def _collect(self, config: DemandConfig, fold: int, budget: int) -> _Prepared:
        origin, end = self._edges[fold], self._edges[fold + 1]
        past, whole = self._history.until(origin), self._history.until(end)
        # Readings come late: what is known at the origin ends before it.
        stage = fit_linear(past, config, past.loads.end)
        rows = collect_rows(past, stage, config, past.loads.start, past.loads.end, budget)
        last = min(end, whole.loads.end)
        scored = collect_rows(whole, stage, with_other_leads(config), origin, last, self._settings.max_scored_rows)
        for name, one in (("training", rows), ("scored", scored)):
            if len(one.target_kw) < _FEWEST_ROWS:
                raise ModelError(
                    f"the fold from {origin} to {end} has {len(one.target_kw)} {name} rows, too few to tune on: "
                    "take fewer folds or a longer history"
                )
        return _Prepared(rows, row_weights(rows, past), scored)


def fold_edges(history: History, until: pd.Timestamp, settings: DemandTuning) -> list[pd.Timestamp]:
    """Origins of the folds and the end of the last, oldest first; ModelError when the history is too short."""
    end = min(history.loads.end, until)
    span = end - history.loads.start
    if span < pd.Timedelta(days=_FEWEST_DAYS):
        days = span / pd.Timedelta(days=1)
        raise ModelError(f"tuning needs at least {_FEWEST_DAYS} days of load before {until}, there are {days:.0f}")
    stretch = min(pd.Timedelta(days=settings.validation_days), span * settings.share)
    begin = end - stretch
    return [(begin + stretch * fold / settings.folds).floor("h") for fold in range(settings.folds)] + [end]


def cross_calibrated(held: Rows, raw_kw: np.ndarray, nodes: int, config: DemandConfig, block_issues: int) -> np.ndarray:
    """Quantiles [n, levels], each block of issues corrected by what the blocks of the other parity missed.

    So a configuration is judged as it will be used, calibrated, and never on what it was calibrated on.
    """
    odd = (held.issue // block_issues) % 2 == 1
    out = raw_kw.copy()
    for mine in (odd, ~odd):
        other = ~mine
        if not (mine.any() and other.any()):
            continue
        correction = Calibration.fit(
            held.target_kw[other],
            raw_kw[other],
            held.node[other],
            held.lead_hours[other],
            held.issue[other],
            nodes,
            config.levels,
            config.calibration.shrink_days,
        )
        out[mine] = correction.apply(raw_kw[mine], held.node[mine], held.lead_hours[mine])
    return out
