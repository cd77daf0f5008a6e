"""Level steps: a node that draws at another level from one day on, flagged, and its past raised to that level.

A step is judged on the node's own daily maxima without what all nodes share that day: the median of the days after
against the median of the days before. A step must beat a floor, and the node's own usual movement of the same kind,
and must not be one that comes back with the season.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from pydantic import Field

from features.settings import Settings
from training.peak.inputs import PeakInputs

__all__ = ["LevelStep", "StepRule", "find_steps", "rebased"]

_SHARED_NODES = 5
_MOST_STEPS, _MOST_TRIES = 3, 12
_YEAR = 364
_LEAST_KNOWN = 0.7


class StepRule(Settings):
    """What counts as a step. Over four weeks a holiday of factories may look like two; over eight it does not."""

    days: int = Field(56, ge=7, description="days on either side between which a level step is judged")
    floor: float = Field(0.5, gt=0, description="least log ratio of a level step")
    scales: float = Field(6.0, gt=0, description="least level step in robust sds of the node's own movement")


@dataclass(frozen=True)
class LevelStep:
    """From local day `since` on, `node_id` draws `factor` times what it drew before."""

    node_id: str
    since: pd.Timestamp
    factor: float


def find_steps(inputs: PeakInputs, rule: StepRule) -> tuple[LevelStep, ...]:
    """The steps in the past of every node, earliest first within a node.

    A node that is no plain consumer (a daily maximum of zero or less) is not judged.
    """
    top = _daily_maxima(inputs.peak_kw)
    plain = np.isfinite(top).any(axis=1) & ~(top <= 0).any(axis=1)
    logs = np.log(np.where(plain[:, None], top, np.nan))
    if plain.sum() >= _SHARED_NODES:
        logs = logs - _shared(logs)
    found: list[LevelStep] = []
    for row in np.flatnonzero(plain).tolist():
        node = str(inputs.nodes.index[row])
        steps = _steps_of(logs[row], rule)
        found += [LevelStep(node, inputs.days[day], float(np.exp(height))) for day, height in steps]
    return tuple(found)


def rebased(inputs: PeakInputs, steps: Sequence[LevelStep]) -> PeakInputs:
    """`inputs` with the days before each step raised to the level after it."""
    if not steps:
        return inputs
    peak = inputs.peak_kw.copy()
    place = {str(node): row for row, node in enumerate(inputs.nodes.index)}
    for step in steps:
        peak[place[step.node_id], inputs.days < step.since] *= step.factor
    return replace(inputs, peak_kw=peak)


def _daily_maxima(peak_kw: np.ndarray) -> np.ndarray:
    whole = np.isfinite(peak_kw).all(axis=2)
    return np.where(whole, np.where(np.isfinite(peak_kw), peak_kw, -np.inf).max(axis=2), np.nan)


def _shared(logs: np.ndarray) -> np.ndarray:
    """What all nodes share, [day]: the median of their log ratios to their own usual level."""
    own = logs - pd.DataFrame(logs.T).median().to_numpy()[:, None]
    return pd.DataFrame(own).median().to_numpy()


def _steps_of(series: np.ndarray, rule: StepRule) -> list[tuple[int, float]]:
    """Day and height of each step; the largest is found first, taken out, and the rest judged again."""
    found: list[tuple[int, float]] = []
    rest, open_ = series.copy(), np.ones(len(series), dtype=bool)
    for _ in range(_MOST_TRIES):
        moved = _moved(rest, rule.days)
        if len(found) == _MOST_STEPS or not np.isfinite(moved[open_]).any():
            break
        usual = 1.4826 * float(np.nanmedian(np.abs(moved)))
        day = int(np.nanargmax(np.where(open_, np.abs(moved), np.nan)))
        if abs(moved[day]) < max(rule.floor, rule.scales * usual):
            break
        at = _placed(rest, day, rule.days)
        height = _settled(rest, at, rule.days)
        if _lasts(rest, at, height, rule):
            found.append((at, height))
            rest[:at] += height
        else:
            open_[max(day - rule.days, 0) : day + rule.days] = False
    return sorted(found)


def _lasts(series: np.ndarray, day: int, height: float, rule: StepRule) -> bool:
    """Whether the days after the step differ from the same days a year earlier, or those before it from the same a
    year later, as the step does: what comes back with every season is none."""
    after, before = slice(day, day + rule.days), slice(max(day - rule.days, 0), day)
    for mine, shift, sign in ((after, -_YEAR, 1.0), (before, _YEAR, -1.0)):
        first, last = mine.start + shift, mine.stop + shift
        if first < 0 or last > len(series):
            continue
        apart = series[mine] - series[first:last][: len(series[mine])]
        if np.isfinite(apart).mean() >= _LEAST_KNOWN:
            return bool(abs(sign * np.nanmedian(apart) - height) < rule.floor)
    return False


def _moved(series: np.ndarray, width: int) -> np.ndarray:
    """Median of the `width` days from each day on less the median of the `width` days before it, [day]."""
    least = max(int(_LEAST_KNOWN * width), 1)
    median = pd.Series(series).rolling(width, min_periods=least).median()
    after = median.shift(1 - width).to_numpy()
    return after - median.shift(1).to_numpy()


def _placed(series: np.ndarray, day: int, width: int) -> int:
    """The day near `day` at which two flat stretches fit best: medians alone are as far apart some days off."""
    first, last = max(day - width, 0), min(day + width, len(series))
    near = range(max(day - width // 3, first + 1), min(day + width // 3, last - 2) + 1)

    def misfit(at: int) -> float:
        parts = (series[first:at], series[at:last])
        if not all(np.isfinite(part).any() for part in parts):
            return np.inf
        return float(sum(np.nansum(np.abs(part - np.nanmedian(part))) for part in parts))

    return min(near, key=misfit, default=day)


def _settled(series: np.ndarray, day: int, width: int) -> float:
    return float(np.nanmedian(series[day : day + width]) - np.nanmedian(series[max(day - width, 0) : day]))
