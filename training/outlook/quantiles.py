"""Quantiles of load weeks to a year ahead: temperature scenarios through the point model, and its own errors."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from features.clock import Calendar
from features.errors import ModelError
from features.load.grid import Grid
from training.outlook.climate import temperature_scenarios
from training.outlook.config import OutlookConfig
from training.outlook.model import PAD_HOURS, OutlookModel, fit_outlook, hourly, transformed
from training.outlook.terms import dated_terms

__all__ = ["Errors", "enough_history", "least_days", "mixture", "outlook_quantiles", "rolling_errors"]

_MONTH_DAYS = 30.44
_LEAST_DAYS = 365
_LEAST_KNOWN_HOURS = 60 * 24
"""Known hours that a node needs before the first of its errors is made, and among the errors."""
_ERROR_LEVELS = (np.arange(15) + 0.5) / 15
_LENT_HOURS = 2
"""Errors of hours of the day up to this far away count as the hour's own."""


@dataclass(frozen=True)
class Errors:
    """What the point model missed out of sample: `values` [N, E] at hours of the day `hours` [E].

    Logarithms of actual over modelled where `logged` [N], else the difference in the node's unit.
    """

    values: np.ndarray
    hours: np.ndarray
    logged: np.ndarray


def outlook_quantiles(
    loads: Grid,
    weather: Grid,
    calendar: Calendar,
    start: pd.Timestamp,
    hours: int,
    levels: tuple[float, ...],
    config: OutlookConfig,
    coming: Grid | None = None,
) -> np.ndarray:
    """Quantiles [N, hours, levels] of load in kW for the hours from `start` (UTC), whose temperature is unknown.

    Nothing from `start` on is used, of neither loads nor weather. With `coming` (degC, the stations of `weather`) the
    temperature of those hours is taken from there: the only scenario, from which the point model's errors remain.
    """
    past, seen = loads.until(start), weather.until(start)
    errors = rolling_errors(past, seen, calendar, config)
    model = fit_outlook(past, seen, calendar, config)
    if coming is None:
        scenarios = temperature_scenarios(seen, calendar, start, hours, config.scenarios)
    else:
        scenarios = hourly(coming, start - pd.Timedelta(hours=PAD_HOURS), PAD_HOURS + hours)[None]
    local = calendar.local(pd.date_range(start, periods=hours, freq="h"))
    dated = dated_terms(local, calendar, model.reference, config.terms)
    kw = np.stack([model.predict_dated(local, dated, one) for one in scenarios], axis=1)
    inner = transformed(kw / model.unit_kw[:, None, None], errors.logged)
    middle = inner.mean(axis=1, keepdims=True)
    spread = middle + config.scenarios.spread * (inner - middle)
    found = mixture(spread, local.hour.to_numpy(), errors, levels, config.scenarios.level_share)
    found = np.where(errors.logged[:, None, None], np.exp(found), found)
    return found * model.unit_kw[:, None, None]


def rolling_errors(loads: Grid, weather: Grid, calendar: Calendar, config: OutlookConfig) -> Errors:
    """Errors over the last `residual_months`, each stretch of `refit_months` on temperature that came, by a model
    fitted on what lay before it. ModelError where not even one stretch has a year before it.
    """
    firsts, span = _stretches(loads, config), _span_hours(config)
    values, hours = [], []
    logged: np.ndarray | None = None
    for first in firsts:
        model = fit_outlook(replace(loads, values=loads.values[:, :first]), weather, calendar, config)
        start = loads.start + pd.Timedelta(hours=first)
        actual = loads.values[:, first : first + span]
        logged = _positive(loads.values) if logged is None else logged
        came = hourly(weather, start - pd.Timedelta(hours=PAD_HOURS), actual.shape[1] + PAD_HOURS)
        values.append(_missed(model, actual, model.predict_kw(start, came), logged))
        hours.append(calendar.local(pd.date_range(start, periods=actual.shape[1], freq="h")).hour.to_numpy())
    assert logged is not None  # there is at least one stretch
    return Errors(np.concatenate(values, axis=1), np.concatenate(hours), logged)


def least_days(config: OutlookConfig) -> int:
    """How many days of load an outlook takes: a year, and one stretch after it to learn the errors from."""
    return _LEAST_DAYS + _span_hours(config) // 24


def enough_history(loads: Grid, config: OutlookConfig) -> np.ndarray:
    """Which nodes [N] can be given an outlook: 60 days are known before the first stretch of errors, and in them.

    ModelError where the grid as a whole is too short.
    """
    first = min(_stretches(loads, config))
    known = np.isfinite(loads.values)
    before, among = known[:, :first].sum(axis=1), known[:, first:].sum(axis=1)
    return (before >= _LEAST_KNOWN_HOURS) & (among >= _LEAST_KNOWN_HOURS)


def _span_hours(config: OutlookConfig) -> int:
    return round(_MONTH_DAYS * config.scenarios.refit_months) * 24


def _stretches(loads: Grid, config: OutlookConfig) -> list[int]:
    """First hours of the stretches whose errors count, the latest first; ModelError where there is none."""
    scenarios, span, width = config.scenarios, _span_hours(config), loads.values.shape[1]
    firsts = [width - span * (back + 1) for back in range(-(-scenarios.residual_months // scenarios.refit_months))]
    firsts = [first for first in firsts if first >= _LEAST_DAYS * 24]
    if not firsts:
        raise ModelError(f"{width // 24} days of load are too few for an outlook; it takes {least_days(config)}")
    return firsts


def _positive(values: np.ndarray) -> np.ndarray:
    return np.nanquantile(values, 0.005, axis=1) > 0.05 * np.nanmean(np.abs(values), axis=1)


def _missed(model: OutlookModel, actual: np.ndarray, expected: np.ndarray, logged: np.ndarray) -> np.ndarray:
    unit = model.unit_kw[:, None]
    return transformed(actual / unit, logged) - transformed(expected / unit, logged)


def mixture(
    scenarios: np.ndarray, hours: np.ndarray, errors: Errors, levels: tuple[float, ...], level_share: float
) -> np.ndarray:
    """Quantiles [N, T, levels] of scenario plus error, all pairs equally likely.

    `scenarios` [N, K, T] at hours of the day `hours` [T]. Of the errors' mean only `level_share` is kept.
    """
    out = np.empty((len(scenarios), len(hours), len(levels)))
    for node, series in enumerate(scenarios):
        known = np.isfinite(errors.values[node])
        values, when = errors.values[node, known], errors.hours[known]
        values = values - (1 - level_share) * values.mean()
        for hour in np.unique(hours):
            apart = np.minimum((when - hour) % 24, (hour - when) % 24)
            steps = np.quantile(values[apart <= _LENT_HOURS], _ERROR_LEVELS)
            at = np.flatnonzero(hours == hour)
            pairs = (series[:, None, at] + steps[None, :, None]).reshape(-1, len(at))
            out[node, at] = np.quantile(pairs, levels, axis=0).T
    return out
