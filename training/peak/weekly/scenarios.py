"""Scenarios of the weekly maximum: past weather, moved in time, and past residuals through each response."""

import numpy as np
import pandas as pd

from training.peak.blocks import BLOCKS
from training.peak.design import calendar_features
from training.peak.inputs import PeakInputs
from training.peak.plan import Plan, draw_plan, node_error
from training.peak.simulate import NodeState, Residuals, settle_residuals
from training.peak.weekly.config import WeeklyConfig
from training.peak.weekly.response import Response, fit_response

__all__ = ["spread_evenly", "weekly_scenarios"]

_WEEK = 7
_YEAR_DAYS = 365.2425


def weekly_scenarios(inputs: PeakInputs, config: WeeklyConfig, week_zero: pd.Timestamp) -> np.ndarray:
    """Highest load of each Monday week from `first_week` to `last_week`, kW [node, week, scenario].

    `week_zero` is the Monday from which weeks are counted, after the last day of `inputs`. All nodes share one plan
    of weather and residuals; each has its own error of level, normal in the logarithm, since what it draws months
    ahead is not what it draws now.
    """
    response = fit_response(inputs, config)
    origin = inputs.days[-1] + pd.Timedelta(days=1)
    skip = int((week_zero - origin).days)
    horizon = skip + _WEEK * (config.last_week + 1)
    plan = draw_plan(
        len(inputs.days),
        horizon,
        config.scenarios,
        config.residual_block_days,
        config.season_days,
        config.weather_shift_days,
        config.seed,
    )
    ahead = pd.date_range(origin, periods=horizon, freq="D")
    calendar_x = calendar_features(ahead, inputs.calendar, origin, config.harmonics)
    seasons = _season(inputs.days), _season(ahead)
    residuals = settle_residuals(response.residual, config.tail_quantile)
    first = skip + _WEEK * config.first_week
    found = []
    for row, node in enumerate(inputs.nodes.index.astype(str)):
        calendar_part = calendar_x @ response.calendar_beta[row].T + response.level[row]
        top = (
            _residual_part(residuals, row, plan) + _weather_part(response, row, plan, seasons, config) + calendar_part
        ).max(2)
        weekly = top[:, first:].reshape(config.scenarios, -1, _WEEK).max(axis=2)
        error = np.exp(config.level_error * node_error(node, config.scenarios, config.seed))
        found.append(response.scale_kw[row] * (weekly * error[:, None]).T)
    return np.stack(found)


def _residual_part(residuals: Residuals, row: int, plan: Plan) -> np.ndarray:
    """Residuals of one node, the tail extrapolated, [scenario, day, block]."""
    nothing = np.zeros((1, BLOCKS))
    node = NodeState(nothing, nothing, residuals.value[row], residuals.cut[row], residuals.excess[row])
    return node.drawn(plan, plan.residual_day.shape[1])


def _weather_part(
    response: Response, row: int, plan: Plan, seasons: tuple[np.ndarray, np.ndarray], config: WeeklyConfig
) -> np.ndarray:
    """Effect of the weather of every scenario on one node, [scenario, day, block].

    In some scenarios the past day comes as it was, so that a season may be early or late; in the others it is the
    usual weather of the day ahead and what the past day had beside its own: a spell moved by weeks stays a spell and
    brings no other season along. Which of the two the future is like, no past says.
    """
    past, ahead = seasons
    weather = response.weather[row]
    flat = weather.reshape(len(weather), -1)
    usual = np.linalg.lstsq(past, flat, rcond=None)[0]
    beside = (flat - past @ usual).reshape(weather.shape)
    coming = (ahead @ usual).reshape(len(ahead), *weather.shape[1:])
    whole = spread_evenly(len(plan.weather_day), config.whole_weather_share)
    # One scenario at a time: all pieces of all of them at once would fill the memory on a long horizon.
    drawn = zip(plan.weather_day, whole, strict=True)
    return np.stack([response.effect(row, weather[days] if one else coming + beside[days]) for days, one in drawn])


def spread_evenly(count: int, share: float) -> np.ndarray:
    """True for a share of `count` places, as evenly as can be [count]."""
    steps = np.floor(np.arange(count + 1) * share + 1e-9)
    return np.diff(steps) > 0


def _season(days: pd.DatetimeIndex) -> np.ndarray:
    """Constant and two Fourier pairs of the year, [day, column]."""
    turn = 2 * np.pi * days.day_of_year.to_numpy() / _YEAR_DAYS
    return np.column_stack([np.ones(len(days)), np.sin(turn), np.cos(turn), np.sin(2 * turn), np.cos(2 * turn)])
