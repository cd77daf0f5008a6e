"""One fit as of one day, and the scenarios it gives: the part that rolling origins repeat."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from training.peak.blocks import BLOCKS
from training.peak.config import PeakConfig
from training.peak.connections import ConnectionPolicy, Pending, diversified, energised, in_transit
from training.peak.design import calendar_features, weather_features
from training.peak.inputs import PeakInputs
from training.peak.plan import Plan, connects, draw_plan
from training.peak.point import fit_points, node_scale
from training.peak.simulate import NodeState, Residuals, hindcast, node_maxima, settle_residuals
from training.peak.steps import LevelStep, find_steps, rebased
from training.peak.uptake import UptakePolicy, uptake_load

__all__ = ["Core", "Maxima", "fit_core", "past_features", "pending_load"]

_SEASON_CYCLE = 365
_RECENT_HALF_LIVES = 5
_LEAST_LEVEL = 0.1


@dataclass(frozen=True)
class Maxima:
    """Highest load within each horizon before the year's shocks, kW [node, horizon, scenario, block].

    `base_kw` is without the connections in transit, `load_kw` with them; layers of uptake are in both. Nodes too poor
    in data are NaN.
    """

    horizons: tuple[int, ...]
    base_kw: np.ndarray
    load_kw: np.ndarray
    plan: Plan


@dataclass(frozen=True)
class Core:
    """The fitted state of all nodes as of the end of `inputs`.

    `level` [node] is the factor of recent load, `anchor` [node] the log factor of past peaks; `steps` tells what of
    the past, `connected_kw`, was raised to the level of today.
    """

    inputs: PeakInputs
    usable: np.ndarray
    beta: np.ndarray
    level: np.ndarray
    residuals: Residuals
    station: np.ndarray
    scale_kw: np.ndarray
    connected_kw: np.ndarray
    anchor: np.ndarray
    steps: tuple[LevelStep, ...]

    def maxima(
        self,
        horizons: Sequence[int],
        scenarios: int,
        config: PeakConfig,
        policy: ConnectionPolicy,
        uptake: UptakePolicy | None = None,
    ) -> Maxima:
        """Scenarios of every usable node over the days after the origin; all nodes share one plan."""
        inputs, horizon, count = self.inputs, max(horizons), len(self.inputs.days)
        plan = _plan(count, horizon, scenarios, config)
        origin = inputs.days[-1] + pd.Timedelta(days=1)
        ahead_days = pd.date_range(origin, periods=horizon, freq="D")
        ahead_x = calendar_features(ahead_days, inputs.calendar, origin, config.harmonics)
        weather_x = weather_features(inputs.weather)
        pending = in_transit(inputs.applications, inputs.as_of, policy)
        below = _below(inputs)
        base = np.full((len(inputs.nodes), len(horizons), scenarios, BLOCKS), np.nan)
        load = base.copy()
        for row in np.flatnonzero(self.usable).tolist():
            state = self.state(row, ahead_x, weather_x)
            lift = np.exp(self.anchor[row]) * self.level[row]
            under = below[str(inputs.nodes.index[row])]
            layers = None if uptake is None else self._layers(row, under, plan, uptake, config)
            extra = pending_load(pending.at(under), ahead_days, scenarios, config.seed, policy)
            # What is added is in kW as it is; only the model's own load was found to differ at its peak.
            base[row] = lift * node_maxima(state, plan, None if layers is None else layers / lift, horizons)
            whole = extra if layers is None or extra is None else extra + layers
            load[row] = base[row] if extra is None else lift * node_maxima(state, plan, whole / lift, horizons)
        return Maxima(tuple(horizons), base, load, plan)

    def _layers(
        self, row: int, under: set[str], plan: Plan, uptake: UptakePolicy, config: PeakConfig
    ) -> np.ndarray | None:
        """Load of the layers of uptake at one node, in the weather of each scenario."""
        kind = dict(zip(self.inputs.nodes.index.astype(str), self.inputs.nodes["kind"], strict=True))
        areas = sorted(node for node in under if kind[node] == "area")
        station = self.station[row]
        temperature = self.inputs.weather[station, plan.weather_day, :, 0] if station >= 0 else None
        age = np.arange(plan.weather_day.shape[1]) + 1.0
        return uptake_load(uptake, areas, temperature, age, len(plan.weather_day), config.seed)

    def state(self, row: int, ahead_x: np.ndarray, weather_x: np.ndarray) -> NodeState:
        """One node over the days of `ahead_x`, in kW."""
        scale = self.scale_kw[row]
        return NodeState(
            scale * (ahead_x @ self.beta[row, :, : ahead_x.shape[1]].T),
            scale * self._weather_part(row, weather_x),
            scale * self.residuals.value[row],
            scale * self.residuals.cut[row],
            scale * self.residuals.excess[row],
        )

    def fitted(self, row: int, calendar_x: np.ndarray, weather_x: np.ndarray) -> np.ndarray:
        """What the point model says of the past of one node, on the weather that came, kW [day, block]."""
        calendar_part = calendar_x @ self.beta[row, :, : calendar_x.shape[1]].T
        return self.scale_kw[row] * (calendar_part + self._weather_part(row, weather_x))

    def _weather_part(self, row: int, weather_x: np.ndarray) -> np.ndarray:
        if self.station[row] < 0:
            return np.zeros((weather_x.shape[1], BLOCKS))
        beta = self.beta[row, :, -weather_x.shape[-1] :]
        return np.einsum("dbp,bp->db", weather_x[self.station[row]], beta)


def fit_core(inputs: PeakInputs, config: PeakConfig, policy: ConnectionPolicy, anchored: bool = True) -> Core:
    """Fit all nodes on the days of `inputs`; a node with less than the configured history is not usable.

    Without `anchored` the correction by past peaks is left out, for those who need no peaks.
    """
    count = len(inputs.days)
    grown = replace(inputs, peak_kw=_as_connected_now(inputs, policy))
    steps = find_steps(grown, config.steps)
    connected = rebased(grown, steps).peak_kw
    known = np.isfinite(connected).all(axis=2).sum(axis=1)
    scale = node_scale(connected)
    target = connected / scale[:, None, None]
    calendar_x, weather_x = past_features(inputs, config)
    station = _stations(inputs, target, calendar_x, weather_x, config)
    age = np.arange(count)[::-1]
    weight = 0.5 ** (age / config.half_life_days)
    groups = inputs.nodes["kind"].to_numpy()
    fit = fit_points(target, calendar_x, weather_x, station, weight, groups, config.ridge, config.trend_ridge)
    residuals = settle_residuals(fit.residual, config.tail_quantile)
    usable, plain = known >= config.min_history_days, np.ones(len(known))
    core = Core(inputs, usable, fit.beta, plain, residuals, station, scale, connected, np.zeros(len(known)), steps)
    if not anchored:
        return core
    anchor = _anchors(core, calendar_x, weather_x, config)
    return replace(core, anchor=anchor, level=_levels(core, calendar_x, weather_x, config))


def _anchors(core: Core, calendar_x: np.ndarray, weather_x: np.ndarray, config: PeakConfig) -> np.ndarray:
    """Log factor of each node by which its past years' peaks differed from the model's hindcast of them.

    A regression is fitted to all days; how a node behaves at its very peak is only seen there. The mean over years
    is drawn towards none, since each year's peak is as uncertain as the next one's.
    """
    count = len(core.inputs.days)
    plan = _plan(count, min(count, _SEASON_CYCLE), config.calibration_scenarios, config)
    anchor = np.zeros(len(core.usable))
    for row in np.flatnonzero(core.usable).tolist():
        state = core.state(row, calendar_x[:1], weather_x)
        ratio = hindcast(core.fitted(row, calendar_x, weather_x), core.connected_kw[row], state, plan)
        weight = np.where(np.isfinite(ratio), 0.5 ** (np.arange(len(ratio)) * 365 / config.anchor_half_life_days), 0.0)
        anchor[row] = np.nansum(weight * np.nan_to_num(ratio)) / (weight.sum() + config.anchor_lean)
    return anchor


def _plan(count: int, horizon: int, scenarios: int, config: PeakConfig) -> Plan:
    return draw_plan(
        count,
        horizon,
        scenarios,
        config.residual_block_days,
        config.season_days,
        config.weather_shift_days,
        config.seed,
    )


def pending_load(
    pending: Pending, days: pd.DatetimeIndex, scenarios: int, seed: int, policy: ConnectionPolicy
) -> np.ndarray | None:
    """What connections in transit add, kW [scenario, day, block]; None where there are none."""
    if not pending.ids:
        return None
    drawn = np.stack([connects(one, scenarios, policy.connect_probability, seed) for one in pending.ids])
    begun = days.to_numpy()[None, :] >= pending.first_day.to_numpy()[:, None]
    total = np.zeros((scenarios, len(days), BLOCKS))
    square = np.zeros_like(total)
    for k in range(len(pending.ids)):
        active = (drawn[k][:, None] & begun[k])[:, :, None]
        total += active * pending.block_kw[k]
        square += active * pending.block_kw[k] ** 2
    return diversified(total, square, policy.diversity_floor)


def past_features(inputs: PeakInputs, config: PeakConfig) -> tuple[np.ndarray, np.ndarray]:
    """Calendar [day, column] and weather [station, day, block, column] features of the past."""
    origin = inputs.days[-1] + pd.Timedelta(days=1)
    return calendar_features(inputs.days, inputs.calendar, origin, config.harmonics), weather_features(inputs.weather)


def _as_connected_now(inputs: PeakInputs, policy: ConnectionPolicy) -> np.ndarray:
    """Loads as they would have been with today's connections, so that a step is neither missed nor taken for growth."""
    began = energised(inputs.applications, inputs.as_of, policy)
    if not began.ids:
        return inputs.peak_kw
    below = _below(inputs)
    day = inputs.days.to_numpy()
    peak = inputs.peak_kw.copy()
    for row, node in enumerate(inputs.nodes.index):
        mine = began.at(below[str(node)])
        if not mine.ids:
            continue
        since = (day[None, :] - mine.first_day.to_numpy()[:, None]) / np.timedelta64(1, "D")
        missing = 1 - np.clip((since + 1) / policy.ramp_days, 0, 1)
        total = np.einsum("ad,ab->db", missing, mine.block_kw)
        square = np.einsum("ad,ab->db", missing**2, mine.block_kw**2)
        peak[row] += diversified(total, square, policy.diversity_floor)
    return peak


def _levels(core: Core, calendar_x: np.ndarray, weather_x: np.ndarray, config: PeakConfig) -> np.ndarray:
    """Factor of each node by which its load of the last weeks differs from what the model says of them.

    The gap, in units of the node's scale, is taken as a share of load: whoever uses a tenth more in autumn uses a
    tenth more at the peak, and not as many kW more. Nodes that rest in those weeks are far below their scale, so that
    a small gap stays a small share. A gap that all nodes show is an error of the model in the weather of those weeks
    rather than theirs: it is left out, the less the fewer nodes show it.
    """
    age = np.arange(len(core.inputs.days))[::-1]
    recent = np.flatnonzero(age < _RECENT_HALF_LIVES * config.recent_half_life_days)
    weight = 0.5 ** (age[recent] / config.recent_half_life_days)[:, None]
    gaps = np.zeros(len(core.usable))
    rows = np.flatnonzero(core.usable)
    for row in rows.tolist():
        gap = core.connected_kw[row, recent] - core.fitted(row, calendar_x[recent], weather_x[:, recent])
        worth = np.where(np.isfinite(gap), weight, 0.0)
        gaps[row] = np.sum(worth * np.nan_to_num(gap)) / max(worth.sum(), BLOCKS) / core.scale_kw[row]
    if len(rows):
        gaps[rows] -= np.median(gaps[rows]) * len(rows) / (len(rows) + config.recent_common_nodes)
    return np.maximum(1 + config.recent_share * gaps, _LEAST_LEVEL)


def _stations(
    inputs: PeakInputs, target: np.ndarray, calendar_x: np.ndarray, weather_x: np.ndarray, config: PeakConfig
) -> np.ndarray:
    """Row of each node's weather station: its own where named, else the one that explains its load best; -1 without."""
    if not inputs.station_ids:
        return np.full(len(target), -1)
    place = {one: row for row, one in enumerate(inputs.station_ids)}
    named = [place.get(one, -1) if isinstance(one, str) else -1 for one in inputs.nodes["weather_station_id"]]
    station = np.array(named)
    open_ = np.flatnonzero(station < 0)
    if len(open_):
        weight = np.ones(len(calendar_x))
        errors = []
        for s in range(len(inputs.station_ids)):
            same = np.full(len(open_), s)
            groups = np.zeros(len(open_))
            part = target[open_, :, 3:5]
            fit = fit_points(part, calendar_x, weather_x[:, :, 3:5], same, weight, groups, config.ridge, 1.0)
            errors.append(np.nansum(fit.residual**2, axis=(1, 2)))
        station[open_] = np.argmin(np.stack(errors), axis=0)
    return station


def _below(inputs: PeakInputs) -> dict[str, set[str]]:
    """For each node, itself and all nodes below it."""
    below: dict[str, set[str]] = {str(node): set() for node in inputs.nodes.index}
    for node, path in inputs.paths().items():
        for above in path:
            below[above].add(node)
    return below
