"""Whether figures of customers are still distributed as they were: the population stability index, judged honestly.

PSI = Σ (p − q)·ln(p / q) over bins, p and q the shares of both populations (Siddiqi, Credit Risk Scorecards, 2006: to
0.1 little has changed, from 0.25 much has). Its sampling error alone is (1/n + 1/m)·χ² with one degree less than there
are bins (Yurdakul and Naranjo, Journal of Risk Model Validation 14, 2020), and seasons move it besides: so a figure
drifts only if it lies beyond what matters, beyond what chance gives, and beyond what earlier origins have shown.
"""

from dataclasses import dataclass

import numpy as np

from training.watch.threshold import Judged, Rates

__all__ = ["BINS", "Sample", "judge_drift", "stability"]

BINS = 10
_SMOOTHING = 0.5
_LEAST_KNOWN = 50


@dataclass(frozen=True)
class Sample:
    """A figure of many cases [rows], NaN where unknown, their origins [rows] as integers, and how many customers they
    stand for: several cases of one customer say little more than one."""

    values: np.ndarray
    origin: np.ndarray
    customers: int

    @property
    def known(self) -> np.ndarray:
        return self.values[np.isfinite(self.values)]

    @property
    def missing(self) -> float:
        """Share of cases in which the figure is not known."""
        return float(1 - np.isfinite(self.values).mean()) if len(self.values) else float("nan")

    def of(self, rows: np.ndarray) -> "Sample":
        """Some of the cases (a mask)."""
        return Sample(self.values[rows], self.origin[rows], self.customers)


def stability(reference: np.ndarray, recent: np.ndarray) -> tuple[float, int]:
    """The index of two known samples, and the number of bins it was taken over.

    Bins are tenths of the reference; where it has few values, each value is a bin, and what lies between is another.
    """
    values = np.unique(reference)
    if len(values) <= BINS:
        bins = 2 * len(values) + 1
        places = [
            np.searchsorted(values, one, "left") + np.searchsorted(values, one, "right") for one in (reference, recent)
        ]
    else:
        edges = np.unique(np.quantile(reference, np.arange(1, BINS) / BINS))
        bins = len(edges) + 1
        places = [np.searchsorted(edges, one, "left") for one in (reference, recent)]
    counts = [np.bincount(one, minlength=bins).astype(float) for one in places]
    used = (counts[0] + counts[1]) > 0
    shares = [(one[used] + _SMOOTHING) / (one.sum() + _SMOOTHING * used.sum()) for one in counts]
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum()), int(used.sum())


def judge_drift(
    reference: Sample, recent: Sample, rates: Rates, floors: tuple[float, float], margin: float
) -> Judged | None:
    """The index of `recent` against `reference`; None where one of them is hardly known.

    `floors` are the least index that is an alarm, and a notice. What is usual is how far each origin of the reference
    strays from the others; an alarm lies beyond `margin` times the largest of those.
    """
    from scipy.stats import chi2

    before, after = reference.known, recent.known
    if min(len(before), len(after)) < _LEAST_KNOWN:
        return None
    value, bins = stability(before, after)
    past = _past(reference)
    usual = float(np.median(past)) if len(past) else 0.0
    largest = float(past.max()) if len(past) else 0.0
    scale = 1 / min(reference.customers, len(before)) + 1 / min(recent.customers, len(after))

    def beyond(rate: float) -> float:
        # One side only: nothing can be distributed too much alike.
        return float(chi2.isf(rate / max(rates.tests, 1), max(bins - 1, 1))) * scale

    alarm = max(floors[0], beyond(rates.alarm), margin * largest)
    notice = min(max(floors[1], beyond(rates.watch), largest), alarm)
    return Judged(value, usual, alarm - usual, notice - usual, upward_only=True)


def _past(reference: Sample) -> np.ndarray:
    """The index of each origin against all the others; empty where there is one only."""
    found = []
    for origin in np.unique(reference.origin):
        mine = reference.origin == origin
        one, others = reference.of(mine).known, reference.of(~mine).known
        if min(len(one), len(others)) >= _LEAST_KNOWN:
            found.append(stability(others, one)[0])
    return np.array(found)
