"""The conformal factor: by how much the median peak must be raised to hold as often as is claimed."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.stats import norm

from training.peak.config import PeakConfig
from training.standing import FIRM_DAYS

__all__ = ["Evidence", "Kappa", "conformal_factor"]

_YEAR_DAYS = 365.25
_SHOCKS = 201


@dataclass(frozen=True)
class Evidence:
    """How earlier forecasts came out: `log_ratio` [origin, node, horizon] of what came to the P50 said, NaN where
    either is unknown. `origin_day` [origin] is the day number in the history, whose first local day is `first_day`
    (without zone; None where it was not kept); `kinds` [node] the level of each node.
    """

    origin_day: np.ndarray
    horizons: tuple[int, ...]
    node_ids: tuple[str, ...]
    kinds: tuple[str, ...]
    log_ratio: np.ndarray
    first_day: pd.Timestamp | None = None

    def until(self, day: int) -> "Evidence":
        """What had come out by the beginning of a day number: every outcome whose last day lay before it."""
        over = self.origin_day[:, None] + np.array(self.horizons, dtype=int)[None, :] <= day
        kept = over.any(axis=1)
        known = np.where(over[:, None, :], self.log_ratio, np.nan)
        return replace(self, origin_day=self.origin_day[kept], log_ratio=known[kept])


@dataclass(frozen=True)
class Kappa:
    """A factor, what it stands on in words, and how many years of outcomes are in it."""

    value: float
    source: str
    years: float


def conformal_factor(evidence: Evidence, kind: str, horizon_days: int, coverage: float, config: PeakConfig) -> Kappa:
    """The factor of one level for the calibrated horizon nearest to the asked one.

    Nodes of one origin share their year, so they say much about how nodes differ and little about how years do:
    the spread within origins is taken as it was found, the shock between them as a Student-like mixture whose width
    leans on the prior by the years seen. The result is drawn, in logarithms, towards the prior factor of the config
    with the weight of `prior_years`. With coverage other than the target the prior is scaled as a normal quantile.

    Beyond FIRM_DAYS, unless a horizon that long was calibrated, the factor is one of a shorter horizon standing in: not
    below the prior, on no years of evidence, and the source says so.
    """
    column = int(np.argmin(np.abs(np.log(np.array(evidence.horizons) / horizon_days)))) if evidence.horizons else 0
    found = _calibrated(evidence, kind, column, coverage, config)
    reached = evidence.horizons[column] if evidence.horizons else 0
    if horizon_days <= FIRM_DAYS or reached >= horizon_days:
        return found
    value = max(found.value, _prior(kind, coverage, config))
    told = f"stands in for {horizon_days} days, for which nothing is calibrated, no lower than the prior"
    return Kappa(value, f"{told}: {found.source}", 0.0)


def _calibrated(evidence: Evidence, kind: str, column: int, coverage: float, config: PeakConfig) -> Kappa:
    """The factor of the calibrated horizon at `column`; the prior alone where nothing has come out."""
    members = np.array([one == kind for one in evidence.kinds], dtype=bool)
    prior = _prior(kind, coverage, config)
    known = _known(evidence.log_ratio[:, members, column]) if len(evidence.origin_day) and members.any() else {}
    if not known:
        return Kappa(prior, f"prior {prior:.3f}: no earlier origin with an outcome", 0.0)
    horizon = evidence.horizons[column]
    years = _years(evidence.origin_day[list(known)], horizon)
    found = float(np.exp(_quantile(list(known.values()), coverage, years, config)))
    weight = years / (years + config.prior_years)
    value = max(float(np.exp(weight * np.log(found) + (1 - weight) * np.log(prior))), 1.0)
    nodes = max(len(one) for one in known.values())
    source = (
        f"{len(known)} earlier origins over {years:.1f} years, up to {nodes} nodes, {horizon}-day horizon: "
        f"{found:.3f}, weight {weight:.2f}; prior {prior:.3f}"
    )
    return Kappa(value, source, years)


def _prior(kind: str, coverage: float, config: PeakConfig) -> float:
    factor = config.prior_kappa.get(kind, max(config.prior_kappa.values()))
    return float(factor ** (norm.ppf(coverage) / norm.ppf(config.target_coverage)))


def _known(log_ratio: np.ndarray) -> dict[int, np.ndarray]:
    """Outcomes by origin."""
    return {k: row[np.isfinite(row)] for k, row in enumerate(log_ratio) if np.isfinite(row).any()}


def _years(origin_day: np.ndarray, horizon: int) -> float:
    """Length of time the outcomes cover, overlaps counted once, in years; at most one per outcome."""
    covered = np.unique(np.concatenate([np.arange(day, day + horizon) for day in origin_day]))
    return max(len(covered) / _YEAR_DAYS, 1e-9)


def _quantile(outcomes: list[np.ndarray], coverage: float, years: float, config: PeakConfig) -> float:
    """Quantile of own errors, as found, plus the shock of an unseen year; origins count alike."""
    centre = np.array([np.median(one) for one in outcomes])
    own = np.concatenate([one - middle for one, middle in zip(outcomes, centre, strict=True)])
    weight = np.concatenate([np.full(len(one), 1 / len(one)) for one in outcomes])
    between = float(np.sum((centre - centre.mean()) ** 2) / len(centre))
    lean = config.prior_years
    variance = (years * between + lean * config.common_error**2) / (years + lean) * (1 + 1 / max(years, 1.0))
    shocks = centre.mean() + np.sqrt(variance) * norm.ppf((np.arange(_SHOCKS) + 0.5) / _SHOCKS)
    total = (own[:, None] + shocks[None, :]).ravel()
    share = np.repeat(weight, _SHOCKS)
    order = np.argsort(total, kind="stable")
    reached = np.cumsum(share[order]) / share.sum()
    return float(total[order][np.searchsorted(reached, coverage)])
