"""Whether those held out are like those who were sent to, and as many as they should be: else nothing can be compared.

Two things are told apart. A difference of more than a tenth of a standard deviation matters; but among some hundred
persons chance alone makes many of them, and a campaign is not flagged for what chance does.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from serving.decisions.campaign.intervals import Arms

__all__ = ["BALANCED", "BY_CHANCE", "LARGE", "UNBALANCED", "Balanced", "SampleRatio", "balance", "sample_ratio"]

LARGE = 0.1
"""Standard deviations beyond which two arms differ in a way that matters."""

BALANCED, BY_CHANCE, UNBALANCED = "balanced", "large, as chance gives", "unbalanced"
_FAMILY, _RATIO = 0.01, 0.001
_LEAST = 5


@dataclass(frozen=True)
class Balanced:
    """One thing known of persons when it was decided: means of both arms, their difference in standard deviations, how
    probable one as large is where nothing but chance is at work, and what is found."""

    name: str
    sent: float
    held_out: float
    difference: float
    probability: float
    verdict: str


@dataclass(frozen=True)
class SampleRatio:
    """Persons held out, the share that should be, and how probable a count as far from it is; `flagged` below .001."""

    persons: int
    held_out: int
    expected_share: float
    probability: float
    flagged: bool


def sample_ratio(arms: Arms, expected_share: float) -> SampleRatio:
    """The exact binomial test of how many persons are held out."""
    from scipy.stats import binomtest

    sent, held = arms.counts()
    if sent + held == 0:
        return SampleRatio(0, 0, expected_share, 1.0, flagged=False)
    probability = float(binomtest(held, sent + held, expected_share).pvalue)
    return SampleRatio(sent + held, held, expected_share, probability, probability < _RATIO)


def balance(covariates: Mapping[str, np.ndarray], arms: Arms) -> tuple[Balanced, ...]:
    """Each covariate by row, NaN unknown; a person counts once, by the mean of its rows. Those nobody differs in, or
    that are known of fewer than five persons of an arm, are left out.

    Flagged is what is large and so improbable by its ranks that all covariates together would be flagged in one
    balanced campaign of a hundred (Bonferroni); by ranks, since use and debts have long tails.
    """
    treated = pd.Series(arms.treated).groupby(arms.persons).first().to_numpy()
    found = []
    for name, values in covariates.items():
        mean = pd.Series(values, dtype=float).groupby(arms.persons).mean().to_numpy()
        known = np.isfinite(mean)
        sent, held = mean[known & treated], mean[known & ~treated]
        if min(len(sent), len(held)) < _LEAST or np.ptp(mean[known]) == 0:
            continue
        found.append((name, sent, held))
    return tuple(_compared(name, sent, held, len(found)) for name, sent, held in found)


def _compared(name: str, sent: np.ndarray, held: np.ndarray, of: int) -> Balanced:
    from scipy.stats import mannwhitneyu

    spread = float(np.sqrt((sent.var(ddof=1) + held.var(ddof=1)) / 2))
    gap = float(sent.mean() - held.mean())
    difference = gap / spread if spread > 0 else 0.0
    probability = float(mannwhitneyu(sent, held, method="asymptotic").pvalue)
    verdict = BALANCED
    if abs(difference) > LARGE:
        verdict = UNBALANCED if probability * of < _FAMILY else BY_CHANCE
    return Balanced(name, float(sent.mean()), float(held.mean()), difference, probability, verdict)
