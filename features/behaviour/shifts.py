"""Days since a level shift: the one week of the year after which use stood at another level for good."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.behaviour.dayplan import DayPlan

__all__ = ["WeekDesign", "level_shifts", "week_design"]

WEEKS = 52
_LEAST_DAYS, _LEAST_WEEKS = 4, 42
_EDGE = 4
_LEAST_SHARE, _LEAST_BEFORE = 0.2, 0.1
_LEAST_SCORE = 30.0
"""F of the step. Weeks hang together and the best of many splits is taken, so a textbook's figure is far too low: this
one lets about one in a hundred demo customers pass who have no shift."""


@dataclass(frozen=True)
class WeekDesign:
    """`fit` [weeks × weeks] projects on weather and calendar; `steps` [weeks × splits] are steps with that taken out.

    `split` is the first week after each step; `freedom` the degrees of freedom that are left.
    """

    fit: np.ndarray
    steps: np.ndarray
    split: np.ndarray
    freedom: int


def week_design(plan: DayPlan) -> WeekDesign:
    """Weeks of the last year, by weather and calendar; by the season where the temperature is not known."""
    facts = pd.DataFrame({"off": plan.off, "festival": plan.festival}).tail(7 * WEEKS)
    weather = pd.DataFrame({"cooling": plan.cooling_c, "heating": plan.heating_c}).tail(7 * WEEKS)
    if weather["cooling"].notna().mean() > 0.5:
        weather = weather.interpolate(limit_direction="both")
    else:
        turn = 2 * np.pi * plan.days[-7 * WEEKS :].day_of_year.to_numpy() / 365.25
        weather = pd.DataFrame({"cosine": np.cos(turn), "sine": np.sin(turn)}, index=facts.index)
    daily = np.column_stack([np.ones(7 * WEEKS), weather.to_numpy(), facts.to_numpy()])
    columns = daily.reshape(WEEKS, 7, -1).mean(axis=1)
    fit = columns @ np.linalg.pinv(columns)
    split = np.arange(_EDGE, WEEKS - _EDGE + 1)
    steps = (np.arange(WEEKS)[:, None] >= split[None, :]).astype(float)
    return WeekDesign(fit, steps - fit @ steps, split, WEEKS - columns.shape[1] - 1)


def level_shifts(kwh: np.ndarray, design: WeekDesign) -> dict[str, np.ndarray]:
    """From `kwh` [customers × days]: level_shift_days and level_shift_share, the largest step of the last 52 weeks.

    Method: the split with the largest F among all, from regressions that share one projection (Frisch-Waugh-Lovell).
    A step of less than a fifth of the mean, or within the last four weeks, is none yet. Its share is of the mean use of
    the weeks before it, or of a tenth of the year's mean where that was less.
    """
    weeks, level = _weeks(kwh)
    told = np.isfinite(level)
    flat = told & (level <= 0)
    share = weeks / np.where(told & ~flat, level, 1.0)[:, None]
    gaps = ~np.isfinite(share)
    share = np.where(gaps, np.where(flat | ~told, 0.0, 1.0)[:, None], share)
    # Weeks without readings take what weather and calendar make of the others: they speak for no step.
    share = np.where(gaps, share @ design.fit, share)
    rest = share - share @ design.fit
    size = (design.steps**2).sum(axis=0)
    along = rest @ design.steps
    gain = along**2 / size
    best = gain.argmax(axis=1)
    row = np.arange(len(best))
    step, won = (along / size)[row, best], gain[row, best]
    noise = np.maximum((rest**2).sum(axis=1) - won, 1e-9) / design.freedom
    moved = told & ~flat & (np.abs(step) >= _LEAST_SHARE) & (won >= _LEAST_SCORE * noise)
    days = 7.0 * (WEEKS - design.split[best])
    earlier = np.arange(WEEKS)[None, :] < design.split[best][:, None]
    before = (share * earlier).sum(axis=1) / earlier.sum(axis=1)
    # Who had used next to nothing before has no level to compare with.
    relative = step / np.maximum(before, _LEAST_BEFORE)
    return {
        "level_shift_days": np.where(moved, days, np.nan),
        "level_shift_share": np.where(told, np.where(moved, relative, 0.0), np.nan),
    }


def _weeks(kwh: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean day of each of the last weeks, NaN with fewer than four known days; and the mean of those weeks."""
    days = kwh[:, -7 * WEEKS :].reshape(len(kwh), WEEKS, 7)
    known = np.isfinite(days)
    count = known.sum(axis=2)
    total = np.where(known, days, 0.0).sum(axis=2)
    weeks = np.divide(total, count, out=np.full(total.shape, np.nan), where=count >= _LEAST_DAYS)
    heard = np.isfinite(weeks)
    level = np.where(heard, weeks, 0.0).sum(axis=1) / np.maximum(heard.sum(axis=1), 1)
    return weeks, np.where(heard.sum(axis=1) >= _LEAST_WEEKS, level, np.nan)
