"""Level shifts: what a node draws beside what calendar and weather let expect, the last days against the weeks before.

The linear stage knows weekdays, season, trend and weather of every node. The daily log ratio of load to that stage is
a level; its rolling median over the weeks before is the base. What all nodes share is taken out first, and a shift of
a node above is judged without what its shifted nodes below brought into it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.load.history import History
from features.load.terms import PAD_HOURS
from features.load.weather import WeatherReplay
from training.demand.borrow import extend
from training.demand.linear import LinearStage
from training.watch.days import DayGrid, ordinary_days, utc_of
from training.watch.findings import ALARM, WATCH, Finding
from training.watch.policy import WatchPolicy
from training.watch.series import Series
from training.watch.threshold import Judged, Rates, judge, rolling_past

__all__ = ["DailyLoads", "Shift", "common_series", "daily_loads", "find_shifts", "shift_finding"]

_NODE_SCALE_SHARE = 0.7
"""A node's own scale counts for no less than this share of the median node's: a lucky quiet past is no promise."""


@dataclass(frozen=True)
class DailyLoads:
    """Sums over the known intervals of each local day, kW · intervals: `load` and `expected` [days × nodes]; `judged`
    [days] is false for holidays and festivals."""

    load: pd.DataFrame
    expected: pd.DataFrame
    judged: np.ndarray

    def levels(self) -> pd.DataFrame:
        """Log ratio of load to expectation; where a node is no plain consumer, the difference over its usual size."""
        return _levels(self.load, self.expected)


def daily_loads(
    history: History,
    stage: LinearStage,
    policy: WatchPolicy,
    now: pd.Timestamp,
    weather: bool,
    without: Mapping[str, pd.Timestamp],
) -> DailyLoads:
    """Daily loads beside the linear stage under observed weather; `without` are stations (and the local day since
    when) whose temperature is not to be trusted."""
    loads = history.loads
    days = DayGrid.of(loads.start, loads.step_minutes, loads.values.shape[1], history.calendar, now)
    recent = days.days[-policy.reference_days :]
    if not len(recent):
        empty = pd.DataFrame(index=recent, columns=list(loads.ids), dtype=float)
        return DailyLoads(empty, empty, np.empty(0, dtype=bool))
    first = loads.column(utc_of(recent[:1], history.calendar)[0])
    part = loads.values[:, first : days.columns]
    start = loads.start + pd.Timedelta(minutes=loads.step_minutes * first)
    expected = _expected(history, extend(stage, loads, history.calendar), start, part.shape[1], now, weather, without)
    known = np.isfinite(part) & np.isfinite(expected)
    here = DayGrid.of(start, loads.step_minutes, part.shape[1], history.calendar, now)

    def sums(values: np.ndarray) -> pd.DataFrame:
        total, share = here.sums(np.where(known, values, np.nan))
        enough = np.where(share >= policy.least_share, total, np.nan)
        return pd.DataFrame(enough.T, index=here.days, columns=list(loads.ids))

    return DailyLoads(sums(part), sums(expected), ordinary_days(here.days, history.calendar, policy.festival_days))


def _expected(
    history: History,
    stage: LinearStage,
    start: pd.Timestamp,
    steps: int,
    now: pd.Timestamp,
    weather: bool,
    without: Mapping[str, pd.Timestamp],
) -> np.ndarray:
    place = {node: row for row, node in enumerate(stage.node_ids)}
    rows = np.array([place[node] for node in history.versions.ids], dtype=int)
    step, calendar = history.versions.step_minutes, history.calendar
    if not weather or not history.weather.observed:
        return stage.predict_without_weather(rows, start, step, steps, calendar)
    before = start - pd.Timedelta(hours=PAD_HOURS)
    window = WeatherReplay(history.weather).window(now, before, step, steps + PAD_HOURS * 60 // step)
    known = {station: row for row, station in enumerate(window.station_ids)}
    temperature = np.full((len(stage.station_ids), steps + PAD_HOURS * 60 // step), np.nan)
    for row, station in enumerate(stage.station_ids):
        if station in known:
            temperature[row] = window.values["temperature_c"][known[station]]
        if station in without:
            wrong = utc_of(pd.DatetimeIndex([without[station]]), calendar)[0]
            temperature[row, max(int((wrong - before) / pd.Timedelta(minutes=step)), 0) :] = np.nan
    return stage.predict_kw(rows, before, step, temperature, calendar)


def _levels(load: pd.DataFrame, expected: pd.DataFrame) -> pd.DataFrame:
    size = load.abs().median()
    plain = (load > 0.1 * size) & (expected > 0.1 * size)
    ratio = (load.where(plain) / expected.where(plain)).transform(np.log)
    consumers = plain.mean() >= 0.9 * load.notna().mean()
    return ratio.where(consumers, (load - expected) / size.clip(lower=1e-9), axis=1)


def _base(levels: pd.DataFrame, policy: WatchPolicy) -> pd.DataFrame:
    rule = policy.level
    least = max(rule.base_days // 2, 3)
    return levels.rolling(rule.base_days, min_periods=least).median().shift(rule.gap_days)


def _split(found: DailyLoads, policy: WatchPolicy) -> tuple[pd.DataFrame, pd.Series]:
    """Levels of the judged days by node without what all share, and what all share."""
    levels = found.levels()[found.judged]
    common = levels.median(axis=1)
    if levels.shape[1] < policy.level.common_nodes:
        return levels, common
    return levels.sub(common, axis=0), common


def common_series(found: DailyLoads, policy: WatchPolicy) -> Series | None:
    """What all nodes share beyond the linear stage, against the weeks before; None for a territory of few nodes."""
    if found.load.shape[1] < policy.level.common_nodes or not len(found.load):
        return None
    _, common = _split(found, policy)
    moved = (common - _base(common.to_frame(), policy).iloc[:, 0]).reindex(found.load.index)
    return Series("LOAD_DRIFT", "all nodes", "log ratio of load to the linear stage", "", moved, policy.floors.load_log)


@dataclass(frozen=True)
class Shift:
    """How the level of one node was judged; `since` is the first of the days, back from now, that lie beyond."""

    node_id: str
    judged: Judged
    since: pd.Timestamp
    severity: str | None
    explained_by: tuple[str, ...] = ()


def find_shifts(found: DailyLoads, nodes: pd.DataFrame, policy: WatchPolicy, tests: int) -> list[Shift]:
    """The shifts of all nodes, those below first; empty when the last days cannot be judged."""
    rule = policy.level
    levels, common = _split(found, policy)
    if len(levels) <= rule.base_days or (found.load.index[-1] - levels.index[-1]).days > rule.gap_days:
        return []
    base = _base(levels, policy)
    last = (levels - base).iloc[-rule.base_days :]
    rates = Rates(policy.alarm_rate, policy.watch_rate, tests)
    moved = levels.rolling(rule.days, min_periods=rule.days).median() - base
    least = _NODE_SCALE_SHARE * _typical_scale(moved, policy)
    load, shifts = found.load.copy(), []
    order = _below_first(list(levels.columns), nodes)
    above = _ancestors(nodes)
    for node in order:
        own = last[node]
        judged = _judge(moved[node], policy, rates, least)
        if judged is None:
            continue
        shift = _decide(node, own, judged, policy)
        if shift.severity == ALARM and _was_adjusted(load[node], found.load[node]):
            shift = _again(shift, load[node], found, levels[node], base[node], policy)
        shifts.append(shift)
        if shift.severity == ALARM:
            _take_out(load, node, found, base[node], common, shift, above)
    return shifts


def _typical_scale(moved: pd.DataFrame, policy: WatchPolicy) -> float:
    past = moved.iloc[: -policy.gap_days]
    scale = 1.4826 * (past - past.median()).abs().median()
    return float(scale.median()) if scale.notna().any() else 0.0


def _judge(moved: pd.Series, policy: WatchPolicy, rates: Rates, least: float) -> Judged | None:
    past, windows = rolling_past(moved.to_numpy(), policy.gap_days, policy.level.days)
    if windows < policy.least_windows:
        return None
    return judge(
        float(moved.iloc[-1]),
        past,
        windows,
        rates,
        floor=policy.level.floor_log,
        margin=policy.margin,
        least_scale=least,
    )


def _decide(node: str, last: pd.Series, judged: Judged, policy: WatchPolicy) -> Shift:
    """An alarm only where every one of the last days lies beyond a share of the threshold, on the same side."""
    severity = judged.severity
    beyond = (last * np.sign(judged.deviation)).to_numpy() > policy.level.persistence * judged.threshold
    lasting = len(beyond) if beyond.all() else int(np.argmin(beyond[::-1]))
    if severity == ALARM and lasting < policy.level.days:
        severity = WATCH
    return Shift(node, judged, pd.Timestamp(last.index[-max(lasting, 1)]), severity)


def _was_adjusted(load: pd.Series, first: pd.Series) -> bool:
    return bool((load.iloc[-7:] != first.iloc[-7:])[first.iloc[-7:].notna()].any())


def _again(
    shift: Shift,
    load: pd.Series,
    found: DailyLoads,
    levels: pd.Series,
    base: pd.Series,
    policy: WatchPolicy,
) -> Shift:
    """The shift of a node above, without what its shifted nodes below brought; a notice when nothing remains."""
    days = levels.index[-policy.level.base_days :]
    change = np.log(load[days].clip(lower=1e-9) / found.load.loc[days, shift.node_id].clip(lower=1e-9))
    rest = levels[days] + change - base[days]
    old = shift.judged
    now = float(rest.iloc[-policy.level.days :].median())
    judged = Judged(now + old.usual, old.usual, old.threshold, old.notice)
    again = _decide(shift.node_id, rest, judged, policy)
    if again.severity == ALARM:
        return again
    return Shift(shift.node_id, shift.judged, shift.since, WATCH, ("below",))


def _take_out(
    load: pd.DataFrame,
    node: str,
    found: DailyLoads,
    base: pd.Series,
    common: pd.Series,
    shift: Shift,
    above: Mapping[str, list[str]],
) -> None:
    """Take what `node` draws beyond its old level out of the nodes above it, in place, from the shift on."""
    days = base.index[base.index >= shift.since]
    usual = found.expected.loc[days, node] * np.exp(base[days] + common[days])
    excess = (load.loc[days, node] - usual).fillna(0.0)
    for other in above.get(node, []):
        if other in load.columns:
            load.loc[days, other] = load.loc[days, other] - excess


def _ancestors(nodes: pd.DataFrame) -> dict[str, list[str]]:
    parent = nodes["parent_id"].dropna().to_dict() if "parent_id" in nodes else {}
    found = {}
    for node in nodes.index:
        chain: list[str] = []
        while (up := parent.get(chain[-1] if chain else node)) is not None and up not in chain:
            chain.append(up)
        found[node] = chain
    return found


def _below_first(node_ids: list[str], nodes: pd.DataFrame) -> list[str]:
    depth = {node: len(chain) for node, chain in _ancestors(nodes).items()}
    return sorted(node_ids, key=lambda node: (-depth.get(node, 0), node))


def shift_finding(shift: Shift, history: History) -> Finding | None:
    """The finding of a shift, None when there is none."""
    if shift.severity is None:
        return None
    judged = shift.judged
    sentence = (
        f"node {shift.node_id}: its level moved by {np.expm1(judged.deviation):+.0%} against the weeks before "
        f"(an alarm beyond {np.expm1(np.copysign(judged.threshold, judged.deviation)):+.0%})"
    )
    if shift.explained_by:
        sentence += "; nodes below it that moved explain it"
    since = utc_of(pd.DatetimeIndex([shift.since]), history.calendar)[0]
    return Finding(
        "LEVEL_SHIFT",
        shift.node_id,
        since,
        judged.value,
        judged.usual,
        judged.threshold,
        "log ratio",
        shift.severity,
        sentence,
    )
