"""Differences between two arms and what they may be in truth, where the accounts of one person count as one draw.

Which interval is used was chosen by simulation, of campaigns of 150 to 2,500 persons with a seventh of them held out
and an offer taken by 1 to 60 in 100. A Wald interval with cluster-robust variance covered 91.3 in 100 on average and 68
at worst, for those held out are few and seldom take it. Newcombe's hybrid of Wilson intervals, with the persons that
count and Student's quantile, covered 96.2 and 94.5.
"""

from dataclasses import dataclass

import numpy as np

__all__ = ["LEVEL", "Arms", "Estimate", "mean_difference", "ratio_difference", "share_difference"]

LEVEL = 0.95
"""In so many of a hundred campaigns the truth is within the interval."""

_ALIKE = 1e-12
"""Of a mean; what differs by less differs by the rounding of sums only."""


@dataclass(frozen=True)
class Estimate:
    """A figure in each arm, the first less the second, and the interval of that difference; its ends are NaN where
    nobody differs from the others of his arm: that tells nothing of how far chance reaches."""

    sent: float
    held_out: float
    difference: float
    low: float
    high: float

    @property
    def known(self) -> bool:
        """Whether anything is said of how sure the difference is."""
        return bool(np.isfinite(self.low) and np.isfinite(self.high))

    def times(self, factor: float) -> "Estimate":
        """The same for `factor` times as much, which may be below zero."""
        ends = sorted((self.low * factor, self.high * factor))
        return Estimate(self.sent * factor, self.held_out * factor, self.difference * factor, *ends)


@dataclass(frozen=True)
class Arms:
    """Who was drawn for what: `treated` bool and `persons` int, by row; a person is in one arm with all rows."""

    treated: np.ndarray
    persons: np.ndarray

    @classmethod
    def of(cls, treated: np.ndarray, persons: np.ndarray) -> "Arms":
        """From the names of persons."""
        return cls(np.asarray(treated, dtype=bool), np.unique(np.asarray(persons, dtype=str), return_inverse=True)[1])

    def take(self, mask: np.ndarray) -> "Arms":
        """Some of the rows."""
        return Arms(self.treated[mask], self.persons[mask])

    def counts(self) -> tuple[int, int]:
        """Persons sent to, and held out."""
        return len(np.unique(self.persons[self.treated])), len(np.unique(self.persons[~self.treated]))


def share_difference(success: np.ndarray, arms: Arms) -> Estimate:
    """Of a success (0 or 1): shares of the rows of each arm (Newcombe 1998, of Wilson intervals)."""
    ends = []
    for mask in (arms.treated, ~arms.treated):
        share, variance, persons = _mean(success[mask], arms.persons[mask])
        ends.append((share, *_wilson(share, _counting(share, variance, int(mask.sum()), persons), persons)))
    (p1, l1, u1), (p0, l0, u0) = ends
    difference = p1 - p0
    low, high = difference - np.hypot(p1 - l1, u0 - p0), difference + np.hypot(u1 - p1, p0 - l0)
    return Estimate(p1, p0, difference, max(float(low), -1.0), min(float(high), 1.0))


def mean_difference(values: np.ndarray, arms: Arms) -> Estimate:
    """Of a quantity: means over the rows of each arm (Welch, clusters by person)."""
    parts = [_mean(values[mask], arms.persons[mask]) for mask in (arms.treated, ~arms.treated)]
    return _welch(parts)


def ratio_difference(pairs: list[tuple[np.ndarray, np.ndarray]], arms: Arms) -> Estimate:
    """Of a ratio of sums, such as what was paid over what was due; with a second pair, of the first less the second.

    The variance is that of the ratio's linear part (delta method), clusters by person.
    """
    parts = []
    for mask in (arms.treated, ~arms.treated):
        value, linear = 0.0, np.zeros(int(mask.sum()))
        for sign, (part, whole) in zip((1.0, -1.0), pairs, strict=False):
            over = float(part[mask].sum()) / float(whole[mask].sum())
            value += sign * over
            linear += sign * (part[mask] - over * whole[mask]) / float(whole[mask].mean())
        _, variance, persons = _mean(linear, arms.persons[mask])
        parts.append((value, variance, persons))
    return _welch(parts)


def _mean(values: np.ndarray, persons: np.ndarray) -> tuple[float, float, int]:
    """Mean over rows, its variance with all rows of a person as one draw, and how many persons there are."""
    rows = len(values)
    mean = float(values.mean())
    _, places = np.unique(persons, return_inverse=True)
    sums = np.bincount(places, values - mean)
    count = len(sums)
    return mean, float((sums**2).sum()) / rows**2 * count / max(count - 1, 1), count


def _counting(share: float, variance: float, rows: int, persons: int) -> float:
    """How many independent rows would be as sure: less than there are where accounts of a person act alike."""
    alone = share * (1 - share) / rows
    return float(rows / max(1.0, variance / alone)) if alone > 0 else float(persons)


def _wilson(share: float, rows: float, persons: int) -> tuple[float, float]:
    from scipy.special import stdtrit

    z = float(stdtrit(max(persons - 1, 1), (1 + LEVEL) / 2))
    scale = 1 + z * z / rows
    centre = (share + z * z / (2 * rows)) / scale
    half = z / scale * np.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows))
    return float(centre - half), float(centre + half)


def _welch(parts: list[tuple[float, float, int]]) -> Estimate:
    """Student's interval with the degrees of freedom of Satterthwaite."""
    from scipy.special import stdtrit

    (m1, v1, n1), (m0, v0, n0) = parts
    variance = v1 + v0
    half = np.nan
    if variance > (_ALIKE * max(abs(m1), abs(m0))) ** 2:
        freedom = variance**2 / (v1**2 / max(n1 - 1, 1) + v0**2 / max(n0 - 1, 1))
        half = float(stdtrit(freedom, (1 + LEVEL) / 2)) * float(np.sqrt(variance))
    return Estimate(m1, m0, m1 - m0, m1 - m0 - half, m1 - m0 + half)
