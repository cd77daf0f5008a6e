"""The point model behind weekly scenarios: calendar, and temperature in straight pieces."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from training.peak.blocks import BLOCKS
from training.peak.design import calendar_features, weather_features
from training.peak.inputs import PeakInputs
from training.peak.point import fit_points, node_scale
from training.peak.weekly.config import WeeklyConfig

__all__ = ["Response", "fit_response", "straight_pieces"]

_NOW = (2.0, 7.0, 12.0, 16.0, 20.0, 24.0, 28.0)
_DAY = (5.0, 12.0, 18.0, 24.0)
_SPELL = (12.0, 20.0)
_WEEK = (15.0,)
_MIDDAY = slice(3, 5)
"""The blocks in which stations are compared."""


@dataclass(frozen=True)
class Response:
    """Fitted response of every node, in units of `scale_kw` [node].

    `calendar_beta` and `weather_beta` [node, block, column]; `weather` [node, day, block, feature] in degC the past
    weather of each node, without features where there is none; `residual` [node, day, block] out of fold; `level`
    [node, block] the recent residual that is carried on.
    """

    scale_kw: np.ndarray
    calendar_beta: np.ndarray
    weather_beta: np.ndarray
    weather: np.ndarray
    residual: np.ndarray
    level: np.ndarray

    def effect(self, row: int, weather: np.ndarray) -> np.ndarray:
        """What weather [..., block, feature] in degC adds to the load of one node, [..., block]."""
        if not weather.shape[-1]:
            return np.zeros(weather.shape[:-1])
        return np.einsum("...bp,bp->...b", straight_pieces(weather), self.weather_beta[row])


def straight_pieces(weather: np.ndarray) -> np.ndarray:
    """Temperature and its trailing means in straight pieces, [..., column] from [..., feature] in degC.

    Beyond the coldest and the hottest day known a straight line goes on as it was, where a cubic bends away.
    """
    columns = []
    for feature, knots in enumerate((_NOW, _DAY, _SPELL, _WEEK)):
        values = weather[..., feature]
        columns += [values / 10, *(np.clip(values - knot, 0, None) / 10 for knot in knots)]
    return np.stack(columns, axis=-1)


def fit_response(inputs: PeakInputs, config: WeeklyConfig) -> Response:
    """Fit all nodes on the days of `inputs`, each on the mean of the stations that explain it best."""
    count, nodes = len(inputs.days), len(inputs.nodes)
    scale = node_scale(inputs.peak_kw)
    target = inputs.peak_kw / scale[:, None, None]
    origin = inputs.days[-1] + pd.Timedelta(days=1)
    calendar_x = calendar_features(inputs.days, inputs.calendar, origin, config.harmonics)
    age = np.arange(count)[::-1]
    own = _own_weather(inputs, target, calendar_x, config)
    weather_x = straight_pieces(own) if own.shape[-1] else np.zeros((nodes, count, BLOCKS, 1))
    fit = fit_points(
        target,
        calendar_x,
        weather_x,
        np.arange(nodes),
        0.5 ** (age / config.half_life_days),
        np.zeros(nodes),
        config.ridge,
        config.trend_ridge,
    )
    width = calendar_x.shape[1]
    level = _recent(fit.residual, age, config)
    return Response(scale, fit.beta[:, :, :width], fit.beta[:, :, width:], own, fit.residual, level)


def _own_weather(inputs: PeakInputs, target: np.ndarray, calendar_x: np.ndarray, config: WeeklyConfig) -> np.ndarray:
    """Each node's weather, degC [node, day, block, feature]: its station where named, else the mean of the best."""
    if not inputs.station_ids:
        return np.empty((*target.shape, 0))
    place = {one: row for row, one in enumerate(inputs.station_ids)}
    best = _best_stations(inputs.weather, target, calendar_x, config)
    rows = [
        [place[name]] if isinstance(name, str) and name in place else best[:, node].tolist()
        for node, name in enumerate(inputs.nodes["weather_station_id"])
    ]
    return np.stack([inputs.weather[row].mean(axis=0) for row in rows])


def _best_stations(weather: np.ndarray, target: np.ndarray, calendar_x: np.ndarray, config: WeeklyConfig) -> np.ndarray:
    """Rows of the stations with the least squared error of each node, best first, int [rank, node]."""
    nodes, days = target.shape[:2]
    x = weather_features(weather)[:, :, _MIDDAY]
    part, even, together = target[:, :, _MIDDAY], np.ones(days), np.zeros(nodes)
    errors = []
    for station in range(len(x)):
        fit = fit_points(part, calendar_x, x, np.full(nodes, station), even, together, config.ridge, 1.0)
        errors.append(np.nansum(fit.residual**2, axis=(1, 2)))
    return np.argsort(np.stack(errors), axis=0, kind="stable")[: config.stations]


def _recent(residual: np.ndarray, age: np.ndarray, config: WeeklyConfig) -> np.ndarray:
    """Level correction of each node and block: a share of the weighted mean of its recent residuals."""
    known = np.isfinite(residual)
    weight = np.where(known, (0.5 ** (age / config.recent_half_life_days))[None, :, None], 0.0)
    total = (np.where(known, residual, 0.0) * weight).sum(axis=1)
    return config.recent_share * total / np.maximum(weight.sum(axis=1), 1.0)
