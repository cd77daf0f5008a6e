"""A forecast at one issue time: features, quantiles, calibration, fallbacks, and the reason beside every row."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from features.errors import NotFoundError
from features.load.history import History
from features.load.issue import IssueInputs, build_features
from features.load.weather import WeatherWindow
from training.demand.assembly import Assembler, Issue
from training.demand.borrow import SHORT_DAYS, extend, known_days
from training.demand.cold import from_siblings
from training.demand.quantiles import at_levels, level_name, mixture
from training.demand.scenarios import weather_scenarios

if TYPE_CHECKING:
    from training.demand.model import DemandModel

__all__ = ["REASONS", "forecast_at"]

REASONS = {
    "NO_WEATHER_FORECAST": "no weather forecast covers the hour: weather of past years was used as scenarios",
    "SHORT_HISTORY": f"under {SHORT_DAYS} days of load are known: siblings' response to weather and calendar was used",
    "STALE_LOAD": "no load of the last four weeks: siblings' shape at the last known level",
    "NO_HISTORY": "no load is known: siblings' load per rating was used",
    "LEVEL_SHIFT": "the load jumped within the last days: the forecast was re-centred",
    "NO_SIBLING": "no load is known and no other node can speak for it: no figure is given",
}


def forecast_at(
    model: "DemandModel",
    history: History,
    issued_at: pd.Timestamp,
    *,
    horizon_hours: int | None = None,
    first_lead_hours: int = 0,
    node_ids: list[str] | None = None,
    quantiles: tuple[float, ...] | None = None,
    actual_weather: bool = False,
) -> pd.DataFrame:
    """Quantiles of the load of every interval from `first_lead_hours` to `horizon_hours` after `issued_at`.

    Columns: node_id, start_utc, lead_hours, one column a level (`q05` … `q95`, kW, never crossing), reason (codes of
    REASONS joined by `+`, empty when nothing was amiss). Only what was available at `issued_at` is used, unless
    `actual_weather` lets observed weather stand in for a missing weather forecast. Raises NotFoundError for a node
    that has neither a reading nor a ledger row.
    """
    wanted = _wanted(history, node_ids)
    seen = set(history.versions.ids)
    # Siblings speak for nodes without history, so those need everyone.
    everyone = len(wanted) >= len(seen) or any(node not in seen for node in wanted)
    part = history if everyone else history.with_nodes(wanted)
    run = _Run(model, part, issued_at, horizon_hours or model.config.horizon_hours, first_lead_hours, actual_weather)
    values, reasons = run.warm()
    values, reasons, order = run.with_cold(values, reasons, wanted)
    place = {node: row for row, node in enumerate(order)}
    rows = [place[node] for node in wanted]
    levels = quantiles or model.config.levels
    return _frame(
        run.times(), run.leads(), wanted, at_levels(values[rows], model.config.levels, levels), reasons[rows], levels
    )


class _Run:
    """One issue time; `warm` must be called before `with_cold`."""

    def __init__(
        self, model: "DemandModel", history: History, at: pd.Timestamp, last: int, first: int, actual: bool
    ) -> None:
        per_hour = 60 // history.versions.step_minutes
        self._model, self._history, self._at, self._actual = model, history, at, actual
        self._issue = Issue(at, np.arange(first * per_hour, last * per_hour))
        self._known = history.until(at).loads
        self._level = np.full(len(history.versions.ids), np.nan)

    def times(self) -> pd.DatetimeIndex:
        step = self._history.versions.step_minutes
        return pd.DatetimeIndex(self._at + pd.to_timedelta(self._issue.offsets * step, unit="min"))

    def leads(self) -> np.ndarray:
        return self._issue.offsets * self._history.versions.step_minutes / 60

    def warm(self) -> tuple[np.ndarray, np.ndarray]:
        """Quantiles [N, H, levels] and reasons [N, H] of the nodes with readings; NaN where they have no level."""
        stage = extend(self._model.stage, self._known)
        assembler = Assembler(
            self._history, stage, actual_weather=self._actual, variables=self._model.weather_variables
        )
        window = assembler.weather(self._issue)
        inputs = assembler.inputs_under(self._issue, window)
        values, self._level = self._quantiles(inputs)
        unknown = self._unknown(window, inputs)
        if unknown.any() and window is not None:
            observed = self._history.until(self._at).weather.actual()
            members = [
                self._quantiles(assembler.inputs_under(self._issue, one))[0][:, unknown]
                for one in weather_scenarios(window, observed, self._at)
            ]
            values[:, unknown] = mixture(np.stack(members), self._model.config.levels)
        return values, self._reasons(inputs, unknown)

    def _unknown(self, window: WeatherWindow | None, inputs: IssueInputs) -> np.ndarray:
        if window is None:
            return np.zeros(len(inputs.offsets), dtype=bool)
        first = window.values["temperature_c"].shape[1] - int(inputs.offsets.max()) - 1
        return ~window.known[first + inputs.offsets]

    def _quantiles(self, inputs: IssueInputs) -> tuple[np.ndarray, np.ndarray]:
        features, scale = build_features(inputs)
        nodes, targets, width = features.shape
        levels = self._model.config.levels
        out = np.full((nodes, targets, len(levels)), np.nan)
        warm = np.flatnonzero(np.isfinite(scale))
        if len(warm):
            place = {node: row for row, node in enumerate(self._model.stage.node_ids)}
            number = np.array([place.get(self._history.versions.ids[row], -1) for row in warm])
            raw = self._model.booster.predict_kw(
                features[warm].reshape(-1, width),
                np.repeat(scale[warm], targets),
                inputs.future_linear_kw[warm].reshape(-1),
                self._model.config.booster.threads,
            )
            done = self._model.calibration.apply(
                np.sort(raw, axis=1), np.repeat(number, targets), np.tile(self.leads(), len(warm))
            )
            out[warm] = done.reshape(len(warm), targets, -1)
        return out, scale

    def _reasons(self, inputs: IssueInputs, unknown: np.ndarray) -> np.ndarray:
        young = known_days(self._known) < SHORT_DAYS
        place = {node: row for row, node in enumerate(self._known.ids)}
        reasons = np.full((len(inputs.past_kw), len(inputs.offsets)), "", dtype=object)
        for row, node in enumerate(self._history.versions.ids):
            short = node not in place or young[place[node]]
            codes = [code for code, holds in (("SHORT_HISTORY", short), ("LEVEL_SHIFT", inputs.shifted[row])) if holds]
            reasons[row, :] = "+".join(codes)
        reasons[:, unknown] = [[_join(one, "NO_WEATHER_FORECAST") for one in row] for row in reasons[:, unknown]]
        return reasons

    def with_cold(
        self, values: np.ndarray, reasons: np.ndarray, wanted: list[str]
    ) -> tuple[np.ndarray, np.ndarray, list[str]]:
        """Rows for stale nodes are filled and rows for nodes without any reading are added."""
        ids = list(self._history.versions.ids)
        place = {node: row for row, node in enumerate(self._known.ids)}
        extra = [node for node in wanted if node not in set(ids)]
        values = np.concatenate([values, np.full((len(extra), *values.shape[1:]), np.nan)])
        reasons = np.concatenate([reasons, np.full((len(extra), reasons.shape[1]), "", dtype=object)])
        warm_level = self._level.copy()
        for row, node in enumerate([*ids, *extra]):
            if row < len(ids) and np.isfinite(warm_level[row]):
                continue
            old = self._last_level(place.get(node))
            found = from_siblings(
                values[: len(ids)], warm_level, ids, self._history.nodes, node, old, self._model.config.levels
            )
            reasons[row, :] = "NO_SIBLING" if found is None else "NO_HISTORY" if old is None else "STALE_LOAD"
            if found is not None:
                values[row] = found
        return values, reasons, [*ids, *extra]

    def _last_level(self, row: int | None) -> float | None:
        if row is None:
            return None
        known = np.abs(self._known.values[row])
        known = known[np.isfinite(known)]
        return float(known[-672:].mean()) if len(known) else None


def _join(first: str, second: str) -> str:
    return f"{first}+{second}" if first else second


def _wanted(history: History, node_ids: list[str] | None) -> list[str]:
    known = dict.fromkeys([*history.versions.ids, *history.nodes.index])
    if node_ids is None:
        return list(known)
    unknown = [node for node in node_ids if node not in known]
    if unknown:
        raise NotFoundError(f"node {unknown[0]} is unknown ({len(unknown)} unknown in all)")
    return list(dict.fromkeys(node_ids))


def _frame(
    times: pd.DatetimeIndex,
    leads: np.ndarray,
    wanted: list[str],
    values: np.ndarray,
    reasons: np.ndarray,
    levels: tuple[float, ...],
) -> pd.DataFrame:
    steps = len(times)
    flat = np.sort(values.reshape(-1, len(levels)), axis=1)
    columns = {
        "node_id": np.repeat(np.array(wanted, dtype=object), steps),
        "start_utc": np.tile(times.to_numpy(), len(wanted)),
        "lead_hours": np.tile(leads, len(wanted)),
        **{level_name(level): flat[:, place] for place, level in enumerate(levels)},
        "reason": reasons.reshape(-1),
    }
    frame = pd.DataFrame(columns)
    frame["start_utc"] = (
        pd.DatetimeIndex(frame["start_utc"]).tz_localize("UTC")
        if frame["start_utc"].dt.tz is None
        else frame["start_utc"]
    )
    return frame
