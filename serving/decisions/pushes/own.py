"""What each customer draws in the blocks of a day of the season in which the grid is fullest."""

from collections.abc import Mapping, Sequence

import numpy as np

from serving.decisions.selection import Wide
from training.peak.blocks import BLOCK_HOURS, BLOCKS

__all__ = ["own_kw"]

_PEAK_DAY = 1.2
"""On the days on which the grid is fullest a customer uses so many times the mean day of the season."""

_HOURS = BLOCKS * BLOCK_HOURS
_PARTS = {
    "night_share": (22, 23, 0, 1, 2, 3, 4, 5),
    "morning_share": (6, 7, 8, 9),
    "evening_share": (18, 19, 20, 21),
}
"""Parts of the day whose share of use is a feature; all other hours are what is left."""


def own_kw(wide: Wide, profiles: Mapping[str, Sequence[float]]) -> np.ndarray:
    """Mean load of each customer in each four-hour block of the local day, kW, float64 [customers, 6].

    It is one of the highest days of the customer's own high season. `profiles` are 24 hourly values by customer class,
    of any scale; a class without one has an even day. It is never above the highest load or the agreed capacity, where
    those are known; NaN where no use is known.
    """
    hours = _season_kwh(wide)[:, None] * _day(wide, profiles)
    blocks = hours.reshape(len(wide), BLOCKS, BLOCK_HOURS).mean(axis=2)
    most = np.fmin(_number(wide, "peak_kw"), _number(wide, "contract_kva"))
    return np.where(most[:, None] >= 0, np.minimum(blocks, most[:, None]), blocks)


def _season_kwh(wide: Wide) -> np.ndarray:
    """Use of a high day in the season in which most is used, kWh [customers]."""
    year, recent = _number(wide, "use_365d_kwh") / 365, _number(wide, "use_90d_kwh_day")
    summer, winter = (np.nan_to_num(_number(wide, name), nan=1.0) for name in ("summer_ratio", "winter_ratio"))
    # Both are relative to the mild months: a year is a quarter summer, a quarter winter, and half mild.
    season = year * np.maximum(np.maximum(summer, winter), 1.0) * 4 / (2 + summer + winter)
    # Whoever uses more now than in the best season of the year before has grown.
    return _PEAK_DAY * np.maximum(np.fmax(season, recent), 0.0)


def _day(wide: Wide, profiles: Mapping[str, Sequence[float]]) -> np.ndarray:
    """Share of each hour in the day's use [customers, 24]: the class's, bent to what is known of the customer."""
    day = np.full((len(wide), _HOURS), 1 / _HOURS)
    classes = wide.texts.get("customer_class")
    for place, name in enumerate(classes.values if classes is not None else ()):
        if classes is not None and name in profiles:
            profile = np.asarray(profiles[name], dtype=float)
            day[classes.codes == place] = profile / profile.sum()
    shares = {name: np.clip(_number(wide, name), 0.0, 1.0) for name in _PARTS}
    rest = [hour for hour in range(_HOURS) if not any(hour in hours for hours in _PARTS.values())]
    told = [*((list(hours), shares[name]) for name, hours in _PARTS.items()), (rest, 1 - sum(shares.values()))]
    # Unless all of them are known and leave something, there is no telling what belongs where.
    known = np.isfinite(told[-1][1]) & (told[-1][1] >= 0)
    for hours, share in told:
        part = day[:, hours]
        whole = part.sum(axis=1)
        even = np.where(whole[:, None] > 0, part / np.where(whole > 0, whole, 1.0)[:, None], 1 / len(hours))
        day[:, hours] = np.where(known[:, None], share[:, None] * even, part)
    return day


def _number(wide: Wide, name: str) -> np.ndarray:
    """A column of numbers, NaN throughout where the snapshot has none."""
    column = wide.numbers.get(name)
    return np.full(len(wide), np.nan) if column is None else np.asarray(column, dtype=float)
