"""One figure against its own past: how far off is too far, given how many figures are looked at.

The past is summed up by its median and its scaled median absolute deviation, which a few bad weeks do not move. The
threshold is the quantile of Student's t for the number of whole windows in the past, with the rate of false alarms
shared out over all tests (Bonferroni), and never below the largest usual deviation times a margin: tails heavier than
the normal show in the past itself.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

__all__ = ["USUAL_TAIL", "Judged", "Rates", "judge", "rolling_past"]

_MAD_TO_SD = 1.4826
USUAL_TAIL = 0.99
"""A past alarm of some days must not hide the next one."""


@dataclass(frozen=True)
class Rates:
    """Family-wise rates of false alarms and of false notices, and the number of tests that share them."""

    alarm: float
    watch: float
    tests: int

    def shared(self, rate: float) -> float:
        """The rate of a single test, two-sided: half for each side."""
        return rate / max(self.tests, 1) / 2


@dataclass(frozen=True)
class Judged:
    """A figure beside its past; all in the figure's unit. `threshold` is what |deviation| must exceed for an alarm,
    `notice` for a notice."""

    value: float
    usual: float
    threshold: float
    notice: float
    upward_only: bool = False

    @property
    def deviation(self) -> float:
        return self.value - self.usual

    @property
    def severity(self) -> str | None:
        """`alarm`, `watch`, or None when nothing is unusual."""
        size = self.deviation if self.upward_only else abs(self.deviation)
        if size > self.threshold:
            return "alarm"
        return "watch" if size > self.notice else None

    @property
    def excess(self) -> float:
        """|deviation| in units of the threshold: above 1 is an alarm."""
        return abs(self.deviation) / self.threshold if self.threshold > 0 else float(self.deviation != 0) * np.inf


def judge(
    value: float,
    past: np.ndarray,
    windows: float,
    rates: Rates,
    *,
    floor: float = 0.0,
    margin: float = 1.0,
    upward_only: bool = False,
    least_scale: float = 0.0,
    tail: float = USUAL_TAIL,
) -> Judged | None:
    """`value` against the same figure in past windows, `windows` of which do not overlap.

    None when the value or the past is unknown. `floor` is the least deviation that matters, `least_scale` the least
    spread the past is taken to have, `tail` the share of past windows an alarm must lie beyond: 1 where a past that is
    mostly still has rare and honest bursts.
    """
    known = past[np.isfinite(past)]
    if not np.isfinite(value) or not len(known):
        return None
    usual = float(np.median(known))
    away = np.abs(known - usual)
    scale = max(_MAD_TO_SD * float(np.median(away)), least_scale)
    freedom = max(windows - 1.0, 1.0)
    spread = scale * float(np.sqrt(1 + 1 / max(windows, 1.0)))
    largest = float(np.quantile(away, tail))

    def beyond(rate: float) -> float:
        return max(floor, spread * float(student.isf(rates.shared(rate), freedom)))

    # The notice keeps to the statistics; only an alarm must also lie beyond whatever the past has shown.
    threshold = max(beyond(rates.alarm), margin * largest)
    return Judged(value, usual, threshold, min(beyond(rates.watch), threshold), upward_only)


def rolling_past(
    rolled: np.ndarray, gap: int, length: int, chosen: np.ndarray | None = None
) -> tuple[np.ndarray, float]:
    """The past values of a rolling figure (the last `gap` left out, only `chosen` ones), and how many whole windows of
    `length` they stand for."""
    past = rolled[: max(len(rolled) - gap, 0)]
    if chosen is not None:
        past = past[chosen[: len(past)]]
    known = past[np.isfinite(past)]
    return known, len(known) / length
