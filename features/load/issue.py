"""The one function that builds demand features, for training and for serving: what is known at one issue time.

It works on a fixed run of intervals before the issue and never on a whole series, so that a feature built in bulk
and one built from what was available then are the same bits.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.load.groups import CALENDAR, EVENTS, LEVEL, RECENT_RESIDUAL, WEATHER
from features.load.level import SHIFT_DAYS
from features.load.terms import ordinary_days
from features.load.weather import WeatherWindow

__all__ = [
    "LINEAR",
    "LINEAR_DAYS",
    "PAST_DAYS",
    "IssueInputs",
    "build_features",
    "combine_stations",
    "feature_groups",
    "feature_names",
    "scale_of",
    "special_targets",
]

PAST_DAYS = 28
LINEAR_DAYS = 14


@dataclass(frozen=True)
class IssueInputs:
    """What is known at an issue time.

    `past_kw` [N, 28 days] ends at the issue; `past_linear_kw` [N, 14 days] is the linear stage over its last part;
    `future_linear_kw` [N, H] the linear stage at the targets; `offsets` [H] whole steps from the issue to each
    target's start; `weather` begins 14 days before the issue and covers the targets; `group_weights` [G, S] turns
    stations into weather groups and `node_group` [N] says which one is a node's; `recentring` [N] is the factor by
    which the linear stage of a node that jumped is already re-centred, 1 for others; `days` has the calendar rows.
    """

    past_kw: np.ndarray
    past_linear_kw: np.ndarray
    future_linear_kw: np.ndarray
    offsets: np.ndarray
    steps_per_day: int
    weather: WeatherWindow | None
    group_weights: np.ndarray
    node_group: np.ndarray
    recentring: np.ndarray
    local_targets: pd.DatetimeIndex
    days: pd.DataFrame

    @property
    def shifted(self) -> np.ndarray:
        """Nodes that jumped [N]."""
        return self.recentring != 1.0


def scale_of(past_kw: np.ndarray, steps_per_day: int, shifted: np.ndarray | None = None) -> np.ndarray:
    """The node's trailing level in kW [N]: mean absolute load of the last week, of four weeks where that is thin.

    Of a node that has just jumped (`shifted`) only the days since count, as many as relevel() looks at.

    NaN where fewer than a tenth of the four weeks is known: such a node has no level to forecast from.
    """
    week, month = past_kw[:, -7 * steps_per_day :], past_kw
    level = _mean(np.abs(week))
    thin = np.isfinite(week).mean(axis=1) < 0.5
    level = np.where(thin, _mean(np.abs(month)), level)
    if shifted is not None:
        level = np.where(shifted, _mean(np.abs(past_kw[:, -SHIFT_DAYS * steps_per_day :])), level)
    enough = np.isfinite(month).mean(axis=1) >= 0.1
    return np.where(enough & (level > 1e-9), level, np.nan)


def build_features(inputs: IssueInputs) -> tuple[np.ndarray, np.ndarray]:
    """Features float32 [N, H, F] (names: `feature_names`) and scale [N] in kW; loads are in units of the scale."""
    scale = scale_of(inputs.past_kw, inputs.steps_per_day, inputs.shifted)
    unit = scale[:, None]
    nodes, targets = len(scale), len(inputs.offsets)
    blocks = {
        "linear": inputs.future_linear_kw / unit,
        **_load_block(inputs.past_kw / unit, inputs.offsets, inputs.steps_per_day),
        **_residual_block(inputs, unit),
        **_weather_block(inputs),
        **_calendar_block(inputs),
    }
    out = np.empty((nodes, targets, len(blocks)), dtype=np.float32)
    for place, values in enumerate(blocks.values()):
        out[:, :, place] = values
    return out, scale


def feature_names(inputs_have: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the features in order, for a territory with these weather variables."""
    return tuple(feature_groups(inputs_have))


def feature_groups(inputs_have: tuple[str, ...]) -> dict[str, str]:
    """The group of GROUPS that each feature's contribution counts to, in the order of the features.

    `linear` is no group of its own (LINEAR): what it contributes is passed on to the groups that moved the linear
    stage. Readings at the same hour of the day or week show the node's usual shape, so they count as calendar.
    """
    weather = {f"{name}_{part}": WEATHER for name in inputs_have for part in _WEATHER_PARTS}
    return {**_LOAD, **dict.fromkeys(_RESIDUAL, RECENT_RESIDUAL), **weather, **_CALENDAR}


LINEAR = "linear"
_LOAD = {
    "linear": LINEAR,
    "load_day": CALENDAR,
    "load_week": CALENDAR,
    "load_hour_mean7": CALENDAR,
    "load_howeek_mean4": CALENDAR,
    "load_mean_day": LEVEL,
    "load_mean_month": LEVEL,
    "load_std_week": LEVEL,
    "load_max_week": LEVEL,
    "load_min_week": LEVEL,
    "load_last": LEVEL,
    "age_hours": LEVEL,
}
_RESIDUAL = (
    "resid_last3",
    "resid_mean_day",
    "resid_mean_week",
    "resid_day",
    "resid_week",
    "resid_hour_mean7",
    "resid_std_week",
)
_WEATHER_PARTS = ("now", "mean3", "mean24", "mean72", "step_day", "step_week", "trend3")
_CALENDAR = {
    "lead_hours": LEVEL,
    "hour": CALENDAR,
    "weekday": CALENDAR,
    "year_sin": CALENDAR,
    "year_cos": CALENDAR,
    "off": EVENTS,
    "holiday": EVENTS,
    "moved_work": EVENTS,
    "eve": EVENTS,
    "after": EVENTS,
    "festival": EVENTS,
    "off_day_before": EVENTS,
    "off_week_before": EVENTS,
}


def special_targets(inputs: IssueInputs) -> np.ndarray:
    """Targets [H] near something special: the day, or the one its lags are taken from, is not what its weekday
    usually is, or the Spring Festival is near. Elsewhere the features of EVENTS only say that it is an ordinary day.
    """
    unlike = inputs.days != ordinary_days(inputs.days)
    local, per_day = inputs.local_targets, inputs.steps_per_day
    found: np.ndarray = unlike.any(axis=1).loc[local.normalize()].to_numpy(dtype=bool)
    for period in (per_day, 7 * per_day):
        found = found | unlike["off"].reindex(_lagged_days(inputs, period)).to_numpy(dtype=bool)
    return found


def combine_stations(group_weights: np.ndarray, stations: np.ndarray) -> np.ndarray:
    """Weighted mean over the stations of each group [G, T].

    An unknown station leaves its share to the others of its group; where a whole group is silent, all known
    stations speak for it; NaN where none is known.
    """
    known = np.isfinite(stations)
    filled, present = np.where(known, stations, 0.0), known.astype(float)
    total, share = np.einsum("gs,st->gt", group_weights, filled), np.einsum("gs,st->gt", group_weights, present)
    count = present.sum(axis=0)
    everyone = np.where(count > 0, filled.sum(axis=0) / np.maximum(count, 1.0), np.nan)
    return np.where(share > 0, total / np.where(share > 0, share, 1.0), everyone)


def _mean(values: np.ndarray) -> np.ndarray:
    """Mean over the last axis of what is known; NaN where nothing is."""
    known = np.isfinite(values)
    count = known.sum(axis=-1)
    return np.where(count > 0, np.where(known, values, 0.0).sum(axis=-1) / np.maximum(count, 1), np.nan)


def _std(values: np.ndarray) -> np.ndarray:
    return np.sqrt(np.maximum(_mean(values**2) - _mean(values) ** 2, 0.0))


def _extreme(values: np.ndarray, largest: bool) -> np.ndarray:
    known = np.isfinite(values)
    found = np.where(known, values, -np.inf).max(axis=-1) if largest else np.where(known, values, np.inf).min(axis=-1)
    return np.where(known.any(axis=-1), found, np.nan)


def _back(offsets: np.ndarray, period: int) -> np.ndarray:
    """How many steps before the issue the same phase of `period` was last known, as a negative index."""
    return offsets % period - period


def _load_block(load: np.ndarray, offsets: np.ndarray, per_day: int) -> dict[str, np.ndarray]:
    width = load.shape[1]
    week = load[:, -7 * per_day :]
    by_hour = np.ascontiguousarray(week.reshape(len(load), 7, per_day).swapaxes(1, 2))
    by_howeek = np.ascontiguousarray(load.reshape(len(load), PAST_DAYS // 7, 7 * per_day).swapaxes(1, 2))
    known = np.isfinite(load)
    last = np.where(known.any(axis=1), width - 1 - np.argmax(known[:, ::-1], axis=1), width - 1)
    return {
        "load_day": load[:, _back(offsets, per_day)],
        "load_week": load[:, _back(offsets, 7 * per_day)],
        "load_hour_mean7": _mean(by_hour)[:, offsets % per_day],
        "load_howeek_mean4": _mean(by_howeek)[:, offsets % (7 * per_day)],
        "load_mean_day": _mean(load[:, -per_day:])[:, None],
        "load_mean_month": _mean(load)[:, None],
        "load_std_week": _std(week)[:, None],
        "load_max_week": _extreme(week, largest=True)[:, None],
        "load_min_week": _extreme(week, largest=False)[:, None],
        "load_last": load[np.arange(len(load)), last][:, None],
        "age_hours": ((width - 1 - last) * 24.0 / per_day)[:, None],
    }


def _residual_block(inputs: IssueInputs, unit: np.ndarray) -> dict[str, np.ndarray]:
    per_day, offsets = inputs.steps_per_day, inputs.offsets
    width = inputs.past_linear_kw.shape[1]
    resid = (inputs.past_kw[:, -width:] - inputs.past_linear_kw) / unit
    week = resid[:, -7 * per_day :]
    by_hour = np.ascontiguousarray(week.reshape(len(resid), 7, per_day).swapaxes(1, 2))
    return {
        "resid_last3": _mean(resid[:, -max(per_day // 8, 1) :])[:, None],
        "resid_mean_day": _mean(resid[:, -per_day:])[:, None],
        "resid_mean_week": _mean(week)[:, None],
        "resid_day": resid[:, _back(offsets, per_day)],
        "resid_week": resid[:, _back(offsets, 7 * per_day)],
        "resid_hour_mean7": _mean(by_hour)[:, offsets % per_day],
        "resid_std_week": _std(week)[:, None],
    }


def _weather_block(inputs: IssueInputs) -> dict[str, np.ndarray]:
    if inputs.weather is None:
        return {}
    per_day, offsets = inputs.steps_per_day, inputs.offsets
    origin = LINEAR_DAYS * per_day  # column of the issue time within the window
    blocks = {}
    for name, stations in inputs.weather.values.items():
        series = combine_stations(inputs.group_weights, stations)
        at = origin + offsets
        total = np.concatenate([np.zeros((len(series), 1)), np.cumsum(series, axis=1)], axis=1)

        def mean(hours: int, total: np.ndarray = total, at: np.ndarray = at) -> np.ndarray:
            steps = hours * per_day // 24
            return (total[:, at + 1] - total[:, at + 1 - steps]) / steps

        now = series[:, at]
        parts = (
            now,
            mean(3),
            mean(24),
            mean(72),
            now - series[:, origin + _back(offsets, per_day)],
            now - series[:, origin + _back(offsets, 7 * per_day)],
            now - series[:, at - max(per_day // 8, 1)],
        )
        for part, values in zip(_WEATHER_PARTS, parts, strict=True):
            blocks[f"{name}_{part}"] = values[inputs.node_group]
    return blocks


def _calendar_block(inputs: IssueInputs) -> dict[str, np.ndarray]:
    local, per_day, offsets = inputs.local_targets, inputs.steps_per_day, inputs.offsets
    day = inputs.days.loc[local.normalize()]
    phase = 2 * np.pi * local.day_of_year.to_numpy() / 365.2425
    off = inputs.days["off"]
    values = {
        "lead_hours": offsets * 24.0 / per_day,
        "hour": local.hour.to_numpy() + local.minute.to_numpy() / 60,
        "weekday": day["weekday"].to_numpy(dtype=float),
        "year_sin": np.sin(phase),
        "year_cos": np.cos(phase),
        **{name: day[name].to_numpy(dtype=float) for name in ("off", "holiday", "moved_work", "eve", "after")},
        "festival": day["festival"].to_numpy(dtype=float),
        "off_day_before": off.reindex(_lagged_days(inputs, per_day)).to_numpy(dtype=float),
        "off_week_before": off.reindex(_lagged_days(inputs, 7 * per_day)).to_numpy(dtype=float),
    }
    return {name: one[None, :] for name, one in values.items()}


def _lagged_days(inputs: IssueInputs, period: int) -> pd.DatetimeIndex:
    """The local day of the reading that `_back` finds for each target."""
    steps = inputs.offsets - _back(inputs.offsets, period)
    shift = pd.to_timedelta(steps * (24 * 60 // inputs.steps_per_day), unit="min")
    return pd.DatetimeIndex(inputs.local_targets - shift).normalize()
