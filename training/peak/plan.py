"""What every node shares in a scenario: the weather year, the residual blocks, the tails, the year's shock."""

import zlib
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from training.standing import FIRM_DAYS

__all__ = ["Plan", "connects", "draw_plan", "node_error"]

_YEAR_DAYS = 365.2425


@dataclass(frozen=True)
class Plan:
    """Rows are scenarios, columns the days of the horizon.

    `weather_day` and `residual_day` index the historical days; `tail` holds standard exponential draws for values
    beyond the tail quantile; `common` [scenario] is the standard normal shock of the year.
    """

    weather_day: np.ndarray
    residual_day: np.ndarray
    tail: np.ndarray
    common: np.ndarray


def draw_plan(
    days: int,
    horizon: int,
    scenarios: int,
    block: int,
    season: int,
    shift: int,
    seed: int,
) -> Plan:
    """Draw for all nodes at once. The horizon starts the day after the last of `days` historical ones.

    A past weather year is one of those whole in the history, moved by up to `shift` days. Residual blocks of
    `block` days come from any past year, within `season` days of the same date. A horizon beyond FIRM_DAYS is drawn
    year by year, each from any past year: hardly a history holds several runs that long.
    """
    rng = np.random.default_rng([seed, horizon, days])
    years = _years_ahead(horizon) if horizon > FIRM_DAYS else [np.arange(horizon)]
    weather = np.concatenate([_aligned(rng, days, year, scenarios, shift) for year in years], axis=1)
    pieces = np.concatenate(years)[::block]
    starts = np.stack([_aligned(rng, days, pieces[[k]], scenarios, season)[:, 0] for k in range(len(pieces))], axis=1)
    within = starts[:, :, None] + np.arange(block)
    residual = _inside(within.reshape(scenarios, -1)[:, :horizon], days)
    tail = rng.standard_exponential((scenarios, horizon))
    # Antithetic halves keep the median of the shock at zero for any number of scenarios.
    half = rng.standard_normal(-(-scenarios // 2))
    common = np.concatenate([half, -half])[:scenarios]
    return Plan(weather, residual, tail, common)


def node_error(node_id: str, scenarios: int, seed: int) -> np.ndarray:
    """Standard normal error of one node in each scenario; the same whichever other nodes are asked for."""
    rng = np.random.default_rng([seed, 1, zlib.crc32(node_id.encode())])
    half = rng.standard_normal(-(-scenarios // 2))
    return rng.permutation(np.concatenate([half, -half])[:scenarios])


def connects(application_id: str, scenarios: int, probability: float, seed: int) -> np.ndarray:
    """In which scenarios an application comes to be energised; the same on every node of its path."""
    rng = np.random.default_rng([seed, 2, zlib.crc32(application_id.encode())])
    return rng.random(scenarios) < probability


def _years_ahead(horizon: int) -> list[np.ndarray]:
    """The days of each year of the horizon, counted from the beginning of that year."""
    edges = np.round(np.arange(horizon // 365 + 2) * _YEAR_DAYS).astype(int)
    return [np.arange(min(last, horizon) - first) for first, last in pairwise(edges) if first < horizon]


def _aligned(rng: np.random.Generator, days: int, ahead: np.ndarray, scenarios: int, jitter: int) -> np.ndarray:
    """Historical days at the same season as `ahead` (days after the history's end), in years drawn per scenario."""
    reach = int(ahead[-1])
    years = np.arange(1, max(1, int(days // _YEAR_DAYS)) + 1)
    # A year can be used when the wanted days lie in the history; with little history days are folded back.
    back = np.round(years * _YEAR_DAYS).astype(int)
    usable = back[(days - back >= 0) & (reach - back < 0)]
    chosen = rng.choice(usable if len(usable) else back[-1:], size=scenarios)
    moved = rng.integers(-jitter, jitter + 1, size=scenarios)
    return _inside(days + ahead[None, :] - chosen[:, None] + moved[:, None], days)


def _inside(index: np.ndarray, days: int) -> np.ndarray:
    """Days outside the history, reflected at its ends: a few days of jitter may pass them."""
    if days == 1:
        return np.zeros_like(index)
    period = 2 * (days - 1)
    folded = np.mod(index, period)
    return np.where(folded < days, folded, period - folded)
