"""The steps of one forecast: features, quantiles, calibration, weather scenarios, siblings; explained where asked."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from features.load.groups import EVENTS, GROUPS, LEVEL, WEATHER
from features.load.history import History
from features.load.issue import IssueInputs, build_features, scale_of, special_targets
from features.load.mix import mix_at
from features.load.weather import WeatherWindow
from training.demand.assembly import Assembler, Issue
from training.demand.borrow import SHORT_DAYS, extend, known_days
from training.demand.cold import Siblings, find_siblings
from training.demand.effects import EventScenario
from training.demand.explain import Explainer, absorb
from training.demand.quantiles import median_of, mixture
from training.demand.scenarios import weather_scenarios
from training.demand.weather_error import TemperatureError, forecast_age_hours, widened

if TYPE_CHECKING:
    from training.demand.model import DemandModel

__all__ = ["NO_SIBLING", "Figures", "Run"]

NO_SIBLING = "NO_SIBLING"
_LEAST_CHANGE = 1e-3


@dataclass(frozen=True)
class Figures:
    """Quantiles `kw` [N, H, levels] and, where the forecast is explained, the contributions `parts` [N, H, G] to
    their median. NaN where there is no figure, and in `parts` of nodes that are not explained."""

    kw: np.ndarray
    parts: np.ndarray | None = None

    def of(self, rows: list[int]) -> "Figures":
        """The figures of some nodes; −1 is a node without any."""
        known = np.array(rows) >= 0

        def picked(values: np.ndarray) -> np.ndarray:
            found: np.ndarray = values[rows]
            found[~known] = np.nan
            return found

        return Figures(picked(self.kw), None if self.parts is None else picked(self.parts))


@dataclass(frozen=True)
class _Cold:
    """A node without usable history: who speaks for it, if anyone, and the reason told."""

    siblings: Siblings | None
    reason: str


class Run:
    """One issue time for the nodes `wanted`, which are explained where `explain` says so."""

    def __init__(
        self,
        model: "DemandModel",
        history: History,
        issue: Issue,
        wanted: list[str],
        *,
        actual: bool,
        explain: bool,
        events: EventScenario,
    ) -> None:
        self._model, self._history, self._issue = model, history, issue
        self._ids = list(history.versions.ids)
        self._place = {node: row for row, node in enumerate(self._ids)}
        self._levels = model.config.levels
        self._wanted, self._explain, self._events = wanted, explain, events
        then = history.until(issue.at)
        self._known, self._weather = then.loads, then.weather
        stage = extend(model.stage, self._known, history.calendar)
        self._assembler = Assembler(history, stage, actual_weather=actual, variables=model.weather_variables)
        self._explainer = Explainer(model.booster, model.weather_variables, model.config.booster.threads)

    def times(self) -> pd.DatetimeIndex:
        """Start of each target."""
        step = self._history.versions.step_minutes
        return pd.DatetimeIndex(self._issue.at + pd.to_timedelta(self._issue.offsets * step, unit="min"))

    def leads(self) -> np.ndarray:
        """Hours from the issue to each target's start."""
        return self._issue.offsets * self._history.versions.step_minutes / 60

    def figures(self) -> tuple[Figures, np.ndarray]:
        """Figures and reasons [W, H] of the wanted nodes, in their order."""
        window = self._assembler.weather(self._issue)
        inputs = self._assembler.inputs_under(self._issue, window)
        level = scale_of(inputs.past_kw, inputs.steps_per_day, inputs.shifted)
        cold = self._cold(level)
        told = self._told(cold)
        unknown = self._unknown(window, inputs)
        found = self._quantiles(inputs, window, told, ~unknown)
        if window is not None:
            found = self._with_weather_error(found, inputs, window, unknown)
            if unknown.any():
                self._mix_scenarios(found, window, told, unknown)
        reasons = self._reasons(inputs, unknown)
        rows = [self._place.get(node, -1) for node in self._wanted]
        asked, why = found.of(rows), reasons[rows]
        for row, node in enumerate(self._wanted):
            if node in cold:
                why[row, :] = cold[node].reason
                self._speak(asked, row, found, cold[node].siblings)
        return self._under_events(asked, why)

    def _under_events(self, asked: Figures, why: np.ndarray) -> tuple[Figures, np.ndarray]:
        """The figures under the events of the scenario: a factor on all quantiles, told where it does anything."""
        nodes = self._history.nodes.reindex(self._wanted)
        factor = self._model.effects.factors(self._history.events, self._events, nodes, self.times(), self._issue.at)
        changed = np.abs(factor - 1.0) > _LEAST_CHANGE
        if not changed.any():
            return asked, why
        why = np.where(changed, [[_join(one, "EVENT") for one in row] for row in why], why)
        parts = asked.parts
        if parts is not None:
            parts = parts.copy()
            parts[..., GROUPS.index(EVENTS)] += median_of(asked.kw, self._levels) * (factor - 1.0)
        return Figures(asked.kw * factor[..., None], parts), why

    def _unknown(self, window: WeatherWindow | None, inputs: IssueInputs) -> np.ndarray:
        if window is None:
            return np.zeros(len(inputs.offsets), dtype=bool)
        first = window.values["temperature_c"].shape[1] - int(inputs.offsets.max()) - 1
        return ~window.known[first + inputs.offsets]

    def _cold(self, level_kw: np.ndarray) -> dict[str, _Cold]:
        """The wanted nodes that have no level of their own now."""
        found: dict[str, _Cold] = {}
        nodes = self._history.nodes
        rows = {node: self._place.get(node) for node in self._wanted}
        cold = [node for node, row in rows.items() if row is None or not np.isfinite(level_kw[row])]
        mix = mix_at(self._history.customers, nodes, self._issue.at) if cold else None
        for node in cold:
            row = rows[node]
            old = None if row is None else self._last_level(row)
            siblings = find_siblings(level_kw, self._ids, nodes, node, old, mix)
            reason = NO_SIBLING if siblings is None else "NO_HISTORY" if old is None else "STALE_LOAD"
            found[node] = _Cold(siblings, reason)
        return found

    def _last_level(self, row: int) -> float | None:
        known = np.abs(self._known.values[row])
        known = known[np.isfinite(known)]
        return float(known[-672:].mean()) if len(known) else None

    def _told(self, cold: dict[str, _Cold]) -> np.ndarray:
        """Rows whose contributions are needed: of wanted nodes, and of those who speak for them."""
        if not self._explain:
            return np.empty(0, dtype=int)
        warm = {self._place[node] for node in self._wanted if node not in cold}
        speaking = {int(row) for one in cold.values() if one.siblings is not None for row in one.siblings.rows}
        return np.array(sorted(warm | speaking), dtype=int)

    def _quantiles(
        self, inputs: IssueInputs, window: WeatherWindow | None, told: np.ndarray, columns: np.ndarray
    ) -> Figures:
        """Figures of the nodes with readings; contributions of the rows `told` at the targets `columns` [H]."""
        features, scale = build_features(inputs)
        nodes, targets, width = features.shape
        out = np.full((nodes, targets, len(self._levels)), np.nan)
        warm = np.flatnonzero(np.isfinite(scale))
        if len(warm):
            place = {node: row for row, node in enumerate(self._model.stage.node_ids)}
            number = np.array([place.get(self._ids[row], -1) for row in warm])
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
        if not self._explain:
            return Figures(out)
        parts = np.full((nodes, targets, len(GROUPS)), np.nan)
        if len(told) and columns.any():
            at = np.ix_(told, np.flatnonzero(columns))
            linear = self._assembler.linear_parts(self._issue, window, told) * inputs.recentring[told, None, None]
            raw_parts = self._explainer.parts(
                features[at], scale[told], linear[:, columns], special_targets(inputs)[columns]
            )
            parts[at] = absorb(raw_parts, median_of(out[at], self._levels), LEVEL)
        return Figures(out, parts)

    def _with_weather_error(
        self, found: Figures, inputs: IssueInputs, window: WeatherWindow, unknown: np.ndarray
    ) -> Figures:
        """The figures, spread by what forecasts of temperature have been off until now; scenarios are spread enough."""
        age = forecast_age_hours(self._weather.forecasts, self.times())
        age[unknown] = np.nan
        if np.isnan(age).all():
            return found
        error = TemperatureError.measured(self._weather.forecasts, self._weather.observed["temperature_c"].grid())
        degree = self._assembler.degree_kw(self._issue, window, np.arange(len(self._ids)))
        spread = np.nan_to_num(degree * inputs.recentring[:, None]) * error.at(age)
        return Figures(widened(found.kw, spread, self._levels), found.parts)

    def _mix_scenarios(self, found: Figures, window: WeatherWindow, told: np.ndarray, unknown: np.ndarray) -> None:
        """Fill in the targets that no weather forecast reaches, under the weather of past years."""
        observed = self._weather.actual()
        kw, parts = [], []
        for one in weather_scenarios(window, observed, self._issue.at):
            member = self._quantiles(self._assembler.inputs_under(self._issue, one), one, told, unknown)
            kw.append(member.kw[:, unknown])
            if member.parts is not None:
                parts.append(member.parts[:, unknown])
        mixed = mixture(np.stack(kw), self._levels)
        found.kw[:, unknown] = mixed
        if found.parts is not None:
            found.parts[:, unknown] = absorb(_known_mean(np.stack(parts)), median_of(mixed, self._levels), WEATHER)

    def _reasons(self, inputs: IssueInputs, unknown: np.ndarray) -> np.ndarray:
        young = known_days(self._known) < SHORT_DAYS
        reasons = np.full((len(self._ids), len(inputs.offsets)), "", dtype=object)
        for row in range(len(self._ids)):
            flags = (("SHORT_HISTORY", young[row]), ("LEVEL_SHIFT", inputs.shifted[row]))
            reasons[row, :] = "+".join(code for code, holds in flags if holds)
        reasons[:, unknown] = [[_join(one, "NO_WEATHER_FORECAST") for one in row] for row in reasons[:, unknown]]
        return reasons

    def _speak(self, asked: Figures, row: int, found: Figures, siblings: Siblings | None) -> None:
        """Fill in one cold node by what its siblings say; what is particular to their mixture counts as level."""
        if siblings is None:
            return
        asked.kw[row] = mixture(siblings.speak(found.kw), self._levels)
        if asked.parts is not None and found.parts is not None:
            said = _known_mean(siblings.speak(found.parts))
            asked.parts[row] = absorb(said, median_of(asked.kw[row], self._levels), LEVEL)


def _known_mean(values: np.ndarray) -> np.ndarray:
    """Mean over the first axis of what is known; NaN where nothing is."""
    known = np.isfinite(values)
    count = known.sum(axis=0)
    return np.where(count > 0, np.where(known, values, 0.0).sum(axis=0) / np.maximum(count, 1), np.nan)


def _join(first: str, second: str) -> str:
    return f"{first}+{second}" if first else second
