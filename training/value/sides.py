"""What stands beside the margin: growth of use, more capacity asked for, and what will not be paid."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from training.customers.cases import Cases
from training.value.boosters import fit_booster
from training.value.config import ValueConfig
from training.value.ranges import held_out

__all__ = ["Sides", "fit_sides"]

_LEAST_KWH = 50.0
_MOST_GROWTH = 2.0
_SHRINK_CASES = 50.0
"""Cases of the whole territory that a class's own rate leans on."""


@dataclass(frozen=True)
class Sides:
    """Boosters, None where a simpler rule ships; the rules by class: what was seen, leaning on all classes.

    Growth is told as that of the margin is: less what all customers shared (`class_growth` under ""), and of the rest
    the `share` that is believed.
    """

    growth: Any | None
    increase: Any | None
    arrears: Any | None
    class_growth: dict[str, float]
    class_increase: dict[str, float]
    class_kva: dict[str, float]
    share: float = 1.0

    def predict(self, cases: Cases) -> dict[str, np.ndarray]:
        """`growth_share`, `increase_kva` (probability × kVA) and `arrears_loss_cny` of each case."""
        features, classes = cases.features.to_numpy(), cases.context["class"]
        size, last = cases.context["size_cny"], cases.context["last_bad_debt_cny"]
        told = _of(self.growth, features, _by_class(self.class_growth, classes))
        log_growth = self.share * (told - self.class_growth[""])
        asked = np.clip(_of(self.increase, features, _by_class(self.class_increase, classes)), 0.0, 1.0)
        lost = _of(self.arrears, features, None)
        known = np.isfinite(size)
        return {
            "growth_share": np.where(known, np.expm1(log_growth), np.nan),
            "increase_kva": asked * _by_class(self.class_kva, classes),
            "arrears_loss_cny": last if lost is None else np.maximum(lost, 0.0) * size,
        }


def fit_sides(cases: Cases, with_growth: bool, config: ValueConfig) -> Sides:
    """Each head where it is better than its rule for customers it has not seen; `with_growth` says what was proven.

    Few customers ask for more capacity, and the same request is the outcome of many origins: below
    `config.least_increases` customers the rate of the class ships without a trial.
    """
    features, classes = cases.features.to_numpy(), cases.context["class"]
    ids = cases.rows["customer_id"].to_numpy(dtype=str)
    out = held_out(ids, config.held_out_share, config.seed)
    growth = _growth(cases)
    kva = cases.rows["increase_kva"].to_numpy(dtype=float)
    asked = (kva > 0).astype(float)
    rate = _means(asked, classes)
    increase = None
    if len(np.unique(ids[kva > 0])) >= config.least_increases:
        increase = _if_better(features, asked, out, _by_class(rate, classes), "binary", config)
    owed = cases.rows["bad_debt_cny"].to_numpy(dtype=float) / cases.context["size_cny"]
    before = cases.context["last_bad_debt_cny"] / cases.context["size_cny"]
    owed, before = np.clip(owed, 0.0, 5.0), np.clip(before, 0.0, 5.0)
    arrears = _if_better(features, owed, out, before, "tweedie", config) if owed.any() else None
    told = fit_booster(features, growth, config.heads, config.seed, "quantile", 0.5) if with_growth else None
    medians = {name: float(np.median(growth[classes == name])) for name in np.unique(classes)}
    medians[""] = float(np.median(growth))
    sizes = _means(kva[kva > 0], classes[kva > 0]) if asked.any() else {"": 0.0}
    return Sides(told, increase, arrears, medians, rate, sizes, config.believed_share)


def _growth(cases: Cases) -> np.ndarray:
    """Log growth of use against the last period, within limits: a works that stood still grows without end."""
    before = np.maximum(cases.context["last_kwh"], 0.0) + _LEAST_KWH
    after = np.maximum(cases.rows["kwh"].to_numpy(dtype=float), 0.0) + _LEAST_KWH
    return np.clip(np.log(after / before), -_MOST_GROWTH, _MOST_GROWTH)


def _if_better(
    features: np.ndarray, target: np.ndarray, out: np.ndarray, rule: np.ndarray, objective: str, config: ValueConfig
) -> Any | None:
    """A booster on all cases, where one on the other customers has the smaller squared error on those held out."""
    if not target[~out].any() or not out.any():
        return None
    blind = fit_booster(features[~out], target[~out], config.heads, config.seed, objective)
    error = np.mean((target[out] - blind.predict(features[out], num_threads=1)) ** 2)
    if not error < (1 - config.least_gain) * np.mean((target[out] - rule[out]) ** 2):
        return None
    return fit_booster(features, target, config.heads, config.seed, objective)


def _means(values: np.ndarray, classes: np.ndarray) -> dict[str, float]:
    """Mean by class, leaning on the mean of all."""
    every = float(values.mean())
    out = {"": every}
    for name in np.unique(classes):
        mine = values[classes == name]
        out[str(name)] = float((mine.sum() + _SHRINK_CASES * every) / (len(mine) + _SHRINK_CASES))
    return out


def _by_class(told: dict[str, float], classes: np.ndarray) -> np.ndarray:
    return np.array([told.get(str(name), told[""]) for name in classes], dtype=float)


def _of(booster: Any | None, features: np.ndarray, rule: np.ndarray | None) -> Any:
    return rule if booster is None else np.asarray(booster.predict(features, num_threads=1))
