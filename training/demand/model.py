"""The demand model as a whole: fit, forecast, save, load."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from features.errors import ModelError
from features.load.history import History
from features.load.issue import feature_names
from training.demand.booster import Booster
from training.demand.borrow import with_borrowed
from training.demand.calibration import Calibration
from training.demand.config import DemandConfig
from training.demand.effects import EventEffects
from training.demand.forecast import explain_at, forecast_at
from training.demand.linear import LinearStage
from training.demand.rows import Rows, collect_rows, row_weights

__all__ = ["DemandModel", "fit_linear", "rows_until", "with_other_leads"]

_FEWEST_ROWS = 100
_FEWEST_HELD_OUT = 500


@dataclass(frozen=True)
class DemandModel:
    """A fitted model. `trained_until` is the end of the data it has seen; nothing later entered it."""

    config: DemandConfig
    step_minutes: int
    stage: LinearStage
    booster: Booster
    calibration: Calibration
    calibrated_days: int
    trained_until: pd.Timestamp
    weather_variables: tuple[str, ...]
    effects: EventEffects

    @classmethod
    def fit(cls, history: History, config: DemandConfig) -> "DemandModel":
        """Fit on everything known at `history.as_of`.

        The last stretch is first forecast by a model that has not seen it, for the calibration; then both stages
        are fitted again on all data. Raises ModelError when there is too little data for any training row.
        """
        loads = history.loads
        if not np.isfinite(loads.values).any():
            raise ModelError("no known load to train on")
        end = loads.end
        begin = _calibration_start(loads.start, end, config)
        calibration, days = Calibration.none(len(loads.ids), len(config.levels)), 0
        if begin is not None:
            early = _fit_stages(history, config, begin)
            calibration, days = _calibrate(history, early, config, begin, end)
        stage, booster = _fit_stages(history, config, end)
        known, effects = history.weather.variables, EventEffects.fit(history, stage)
        return cls(config, loads.step_minutes, stage, booster, calibration, days, end, known, effects)

    forecast = forecast_at
    explain = explain_at

    def save(self, folder: Path) -> None:
        """Write LightGBM text models, one array file and a JSON manifest; nothing is pickled."""
        from training.demand.artifact import save_model

        save_model(self, folder)

    @classmethod
    def load(cls, folder: Path) -> "DemandModel":
        """Read what `save` wrote; ModelError when a part is missing, damaged, or of another format."""
        from training.demand.artifact import load_model

        return load_model(folder)


def _calibration_start(start: pd.Timestamp, end: pd.Timestamp, config: DemandConfig) -> pd.Timestamp | None:
    """Where the held-out stretch begins; None when the history is under seven weeks."""
    span = end - start
    if span < pd.Timedelta(days=49):
        return None
    held = min(pd.Timedelta(days=config.calibration.days), span * config.calibration.share)
    return (end - held).floor("h")


def _fit_stages(history: History, config: DemandConfig, end: pd.Timestamp) -> tuple[LinearStage, Booster]:
    stage = fit_linear(history, config, end)
    budget = rows_until(end, history.loads.start, history.loads.end, config.booster.max_rows)
    rows = collect_rows(history, stage, config, history.loads.start, end, budget)
    if len(rows.target_kw) < _FEWEST_ROWS:
        raise ModelError(
            f"the demand model needs at least {_FEWEST_ROWS} training rows, the loads from {history.loads.start} to "
            f"{end} give {len(rows.target_kw)}: a few weeks of readings are the least"
        )
    names = feature_names(history.weather.variables)
    booster = Booster.fit(rows, row_weights(rows, history), config.levels, names, config.booster, config.seed)
    return stage, booster


def rows_until(end: pd.Timestamp, first: pd.Timestamp, last: pd.Timestamp, most: int) -> int:
    """How many rows a fit up to `end` may have: as dense as `most` over the whole history from `first` to `last`."""
    share = (end - first) / (last - first)
    return round(most * share)


def fit_linear(history: History, config: DemandConfig, end: pd.Timestamp) -> LinearStage:
    """The linear stage on loads before `end`; weather only up to there, too."""
    weather = history.weather.actual()["temperature_c"].until(end) if history.weather.observed else None
    named = history.nodes.get("weather_station_id")
    given = {} if named is None else {str(k): str(v) for k, v in named.dropna().items()}
    loads = history.loads.until(end)
    return with_borrowed(LinearStage.fit(loads, weather, history.calendar, config.linear, given), loads)


def _calibrate(
    history: History, early: tuple[LinearStage, Booster], config: DemandConfig, begin: pd.Timestamp, end: pd.Timestamp
) -> tuple[Calibration, int]:
    """From forecasts of the stretch [begin, end) by stages that have not seen it; no correction where it is thin."""
    nodes = len(history.versions.ids)
    held, raw = _held_out(history, early, config, begin, end)
    if len(held.target_kw) < _FEWEST_HELD_OUT:
        return Calibration.none(nodes, len(config.levels)), 0
    found = Calibration.fit(
        held.target_kw,
        raw,
        held.node,
        held.lead_hours,
        held.issue,
        nodes,
        config.levels,
        config.calibration.shrink_days,
    )
    return found, (end - begin).days


def _held_out(
    history: History, early: tuple[LinearStage, Booster], config: DemandConfig, begin: pd.Timestamp, end: pd.Timestamp
) -> tuple[Rows, np.ndarray]:
    """Rows of [begin, end) under the weather that came true, and their raw quantiles, sorted.

    What forecasts of the weather are off is put on top when a forecast is made; see weather_error.
    """
    history = replace(history, weather=replace(history.weather, forecasts=()))
    budget = min(config.booster.max_rows, config.calibration.max_issues * len(history.versions.ids) * 48)
    rows = collect_rows(history, early[0], with_other_leads(config), begin, end, budget)
    if not len(rows.target_kw):
        return rows, np.empty((0, len(config.levels)))
    raw = early[1].predict_kw(rows.features, rows.scale_kw, rows.linear_kw, config.booster.threads)
    return rows, np.sort(raw, axis=1)


def with_other_leads(config: DemandConfig) -> DemandConfig:
    """The same settings, under which other leads are sampled than the training's."""
    return config.model_copy(update={"seed": config.seed + 1})
