"""Scenarios of the weekly maximum: past weather, moved in time, and past residuals through each response."""

import numpy as np
import pandas as pd

from training.peak.design import calendar_features
from training.peak.inputs import PeakInputs
from training.peak.plan import draw_plan, node_error
from training.peak.simulate import NodeState, settle_residuals
from training.peak.weekly.config import WeeklyConfig
from training.peak.weekly.response import Response, fit_response

__all__ = ["weekly_scenarios"]

_WEEK = 7


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
    ahead_x = calendar_features(ahead, inputs.calendar, origin, config.harmonics)
    first = skip + _WEEK * config.first_week
    weeks = config.last_week - config.first_week + 1
    found = np.empty((len(inputs.nodes), weeks, config.scenarios))
    residuals = settle_residuals(response.residual, config.tail_quantile)
    for row, node in enumerate(inputs.nodes.index.astype(str)):
        calendar_part = _calendar_part(response, row, ahead_x)
        state = NodeState(
            calendar_part, response.weather[row], residuals.value[row], residuals.cut[row], residuals.excess[row]
        )
        path = state.drawn(plan, horizon) + state.weather[plan.weather_day] + state.ahead
        top = path.max(axis=2)[:, first:].reshape(config.scenarios, weeks, _WEEK).max(axis=2)
        error = np.exp(config.level_error * node_error(node, config.scenarios, config.seed))
        found[row] = response.scale_kw[row] * (top * error[:, None]).T
    return found


def _calendar_part(response: Response, row: int, ahead_x: np.ndarray) -> np.ndarray:
    return ahead_x @ response.calendar_beta[row].T + response.level[row]
