"""Backtests of the outlook: hourly quantiles of the weeks after each origin, judged by the load that came."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from features.configs import config_path
from features.errors import ModelError
from features.lake import Lake
from features.load.grid import Grid
from features.load.history import History
from features.load.reading import load_history
from features.settings import load_settings
from features.workspace import TerritorySettings
from training.backtests.origins import OriginPlan, Origins, day_begins, rolling_origins
from training.backtests.peak import Progress
from training.demand.config import LEVELS
from training.demand.quantiles import level_name
from training.outlook import (
    OutlookConfig,
    enough_history,
    hourly_means,
    least_days,
    outlook_quantiles,
    seasonal_quantiles,
)
from training.scoring import beside_truth

__all__ = ["PEER", "OutlookBacktest", "OutlookPlan", "backtest_outlook", "load_outlook_settings", "outlook_rows"]

PEER = "peer_"
"""What the quantile columns of the seasonal peer begin with."""

_HOUR = pd.Timedelta(hours=1)
_TEMPERATURE = "temperature_c"


@dataclass(frozen=True)
class OutlookPlan:
    """Which origins are judged, at which quantile levels, and of which nodes (None: of all that have a reading).

    `actual_weather`: the temperature that came stands in for the unknown one, and the result says so.
    """

    origins: OriginPlan
    levels: tuple[float, ...] = LEVELS
    actual_weather: bool = False
    node_ids: tuple[str, ...] | None = None


@dataclass(frozen=True)
class OutlookBacktest:
    """`rows`: one a node, origin and hour, as `outlook_rows` has them, with load_kw (what came) and left_out (why a
    row is not scored); `nodes`: the ledger of today; `origins`: which days were judged and which were too late."""

    rows: pd.DataFrame
    nodes: pd.DataFrame
    origins: Origins
    levels: tuple[float, ...]


def load_outlook_settings(config: Path | None = None) -> OutlookConfig:
    """The settings of `config` (default: those in force, `configs/outlook.yaml`)."""
    return load_settings(OutlookConfig, config or config_path("outlook.yaml"))


def backtest_outlook(
    lake: Lake, territory: TerritorySettings, plan: OutlookPlan, config: OutlookConfig, progress: Progress = iter
) -> OutlookBacktest:
    """Fit anew at every origin on what the lake held then, and compare with what it holds now.

    Raises ConfigError, naming the first or last day possible, where an origin cannot be judged at all, NotFoundError
    for a node nobody knows, and ModelError where no temperature is known or it reaches no year back.
    """
    asked = None if plan.node_ids is None else list(plan.node_ids)
    now = load_history(lake, territory, node_ids=asked, weather_variables=(_TEMPERATURE,))
    origins = rolling_origins(lake, now, plan.origins, least_days(config), "the outlook")
    coming = now.weather.actual().get(_TEMPERATURE) if plan.actual_weather else None
    parts = []
    for day in progress(origins.days):
        then = load_history(lake, territory, day_begins(day, now.calendar), weather_variables=(_TEMPERATURE,))
        then = then if asked is None else then.with_nodes(asked)
        said = outlook_rows(then, day, plan, config, coming)
        parts.append(_with_outcomes(said, hourly_means(now.loads, then.as_of), plan.levels))
    return OutlookBacktest(pd.concat(parts, ignore_index=True), now.nodes, origins, plan.levels)


def outlook_rows(
    known: History, day: pd.Timestamp, plan: OutlookPlan, config: OutlookConfig, coming: Grid | None = None
) -> pd.DataFrame:
    """What is said at the start of the local day `day`, which is `known.as_of`, of each hour of the horizon.

    One row a node and hour: origin, node_id, start_utc, lead_hours, one column a level (`q05` …, kW), and the same of
    the seasonal peer behind `PEER`. Quantiles are NaN for a node of too short a history. `coming` (degC) is the
    temperature that came, where it may be looked at.
    """
    end = day_begins(day + pd.Timedelta(days=plan.origins.horizon_days), known.calendar)
    hours, loads = int((end - known.as_of) // _HOUR), hourly_means(known.loads, known.as_of)
    said = _quantiles(known, loads, hours, plan.levels, config, coming)
    peer = seasonal_quantiles(loads, known.calendar, known.as_of, hours, plan.levels)
    lead = np.tile(np.arange(hours), len(loads.ids))
    rows = {
        "origin": day,
        "node_id": np.repeat(np.array(loads.ids, dtype=object), hours),
        "start_utc": known.as_of + pd.to_timedelta(lead, unit="h"),
        "lead_hours": lead.astype(float),
    }
    for prefix, values in (("", said), (PEER, peer)):
        flat = values.reshape(-1, len(plan.levels))
        rows |= {prefix + level_name(level): flat[:, place] for place, level in enumerate(plan.levels)}
    return pd.DataFrame(rows)


def _quantiles(
    known: History, loads: Grid, hours: int, levels: tuple[float, ...], config: OutlookConfig, coming: Grid | None
) -> np.ndarray:
    """Quantiles [N, hours, levels] from `known.as_of` on; NaN for nodes of too short a history."""
    observed = known.weather.actual().get(_TEMPERATURE)
    if observed is None:
        raise ModelError(f"no temperature was known at {known.as_of:%Y-%m-%d %H:%M} UTC: the outlook needs it")
    # Observations arrive late: the hours without any yet are as unknown as those to come.
    begin = known.as_of if coming is not None else min(known.as_of, _known_until(observed, known.as_of))
    gap = int((known.as_of - begin) // _HOUR)
    past = loads.until(begin)
    ready = enough_history(past, config)
    values = np.full((len(loads.ids), hours, len(levels)), np.nan)
    if ready.any():
        ids = tuple(one for one, good in zip(loads.ids, ready, strict=True) if good)
        part = replace(past, ids=ids, values=past.values[ready])
        found = outlook_quantiles(part, observed, known.calendar, begin, gap + hours, levels, config, coming)
        values[ready] = found[:, gap:]
    return values


def _known_until(observed: Grid, moment: pd.Timestamp) -> pd.Timestamp:
    """The end of the last reading of any station by `moment`, whole hours before it."""
    past = observed.until(moment)
    seen = np.flatnonzero(np.isfinite(past.values).any(axis=0))
    end = past.start + (seen[-1] + 1 if len(seen) else 0) * pd.Timedelta(minutes=past.step_minutes)
    return moment - int(np.ceil((moment - end) / _HOUR)) * _HOUR


def _with_outcomes(rows: pd.DataFrame, truth: Grid, levels: tuple[float, ...]) -> pd.DataFrame:
    """`rows` beside the load that came, and why a row is not scored: SHORT_HISTORY without a forecast, NO_OUTCOME
    where the load of the hour is not known; empty for one that is."""
    found = beside_truth(rows, truth)
    said = np.isfinite(found[level_name(levels[0])].to_numpy(dtype=float))
    came = np.isfinite(found["load_kw"].to_numpy(dtype=float))
    return found.assign(left_out=np.select([~said, ~came], ["SHORT_HISTORY", "NO_OUTCOME"], ""))
