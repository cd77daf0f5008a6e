"""Whether figures of customers are still distributed as they were: the population stability index, judged honestly.

PSI = Σ (p − q)·ln(p / q) over bins, p and q the shares of both populations (Siddiqi, Credit Risk Scorecards, 2006: to
0.1 little has changed, from 0.25 much has). Its sampling error alone is (1/n + 1/m)·χ² with one degree less than there
are bins (Yurdakul and Naranjo, Journal of Risk Model Validation 14, 2020), and seasons move it besides: so a figure
drifts only if it lies beyond what matters, beyond what chance gives, and beyond what earlier origins have shown.
"""

from dataclasses import dataclass

import numpy as np

from training.watch.threshold import Judged, Rates

__all__ = ["BINS", "Sample", "judge_drift", "mapped", "stability", "strays"]

BINS = 10
_SMOOTHING = 0.5
_LEAST_KNOWN = 50
_MOST_OF_ORIGIN = 2000


@dataclass(frozen=True)
class Sample:
    """A figure of many cases [rows], NaN where unknown, their origins [rows] in days, and how many customers they stand
    for: several cases of one customer say little more than one."""

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
    reference: Sample, recent: Sample, past: np.ndarray, rates: Rates, floors: tuple[float, float], margin: float
) -> Judged | None:
    """The index of `recent` against `reference`; None where one of them is hardly known.

    `floors` are the least index that is an alarm, and a notice. `past` is what the index was between earlier origins
    (see strays): an alarm lies beyond `margin` times the largest of those.
    """
    from scipy.stats import chi2

    before, after = reference.known, recent.known
    if min(len(before), len(after)) < _LEAST_KNOWN:
        return None
    value, bins = stability(before, after)
    usual = float(np.median(past)) if len(past) else 0.0
    largest = float(past.max()) if len(past) else 0.0
    scale = 1 / min(reference.customers, len(before)) + 1 / min(recent.customers, len(after))

    def beyond(rate: float) -> float:
        # One side only: nothing can be distributed too much alike.
        return float(chi2.isf(rate / max(rates.tests, 1), max(bins - 1, 1))) * scale

    alarm = max(floors[0], beyond(rates.alarm), margin * largest)
    notice = min(max(floors[1], beyond(rates.watch), largest), alarm)
    return Judged(value, usual, alarm - usual, notice - usual, upward_only=True)


def strays(sample: Sample) -> np.ndarray:
    """The index between origins that lie far apart, at least half of what the first and the last do; empty where there
    is one only. Neighbouring origins look back on nearly the same year and say nothing of how years differ."""
    origins = np.unique(sample.origin)
    parts = {}
    for origin in origins:
        known = sample.of(sample.origin == origin).known
        if len(known) >= _LEAST_KNOWN:
            parts[origin] = known[:: max(len(known) // _MOST_OF_ORIGIN, 1)]
    apart = (origins[-1] - origins[0]) / 2 if len(origins) else 0.0
    pairs = [(one, other) for one in parts for other in parts if other > one and other - one >= apart]
    return np.array([stability(parts[one], parts[other])[0] for one, other in pairs])


def mapped(recent: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """`recent` [rows] as it would be with the distribution of `reference` (known values): in the same order."""
    known = np.flatnonzero(np.isfinite(recent))
    ranks = np.empty(len(known))
    ranks[np.argsort(recent[known], kind="stable")] = (np.arange(len(known)) + 0.5) / max(len(known), 1)
    out = recent.copy()
    out[known] = np.quantile(reference, ranks, method="inverted_cdf")
    return out
