"""Cases that a model of theft learns from: what inspections found, honest customers, and attacks of our own on them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from training.anomaly.attacks import attacked
from training.anomaly.config import DetectorConfig
from training.anomaly.windows import window_terms

__all__ = ["HONEST", "STOLEN", "UNKNOWN", "Lessons", "attacked_copies", "lessons", "lessons_at"]

HONEST, STOLEN, UNKNOWN = 0, 1, -1
"""What is known of a customer in the window that ends with the readings."""


@dataclass(frozen=True)
class Lessons:
    """`terms` [rows × terms], `stolen` (bool), `weight` and `customer` (place of the customer), all in step."""

    terms: pd.DataFrame
    stolen: np.ndarray
    weight: np.ndarray
    customer: np.ndarray

    def take(self, chosen: np.ndarray) -> "Lessons":
        """Rows for which `chosen` (mask) is true."""
        return Lessons(self.terms[chosen], self.stolen[chosen], self.weight[chosen], self.customer[chosen])

    @staticmethod
    def joined(parts: list["Lessons"]) -> "Lessons":
        """All rows of several."""
        return Lessons(
            pd.concat([one.terms for one in parts], ignore_index=True),
            np.concatenate([one.stolen for one in parts]),
            np.concatenate([one.weight for one in parts]),
            np.concatenate([one.customer for one in parts]),
        )


def lessons(kwh: np.ndarray, known: np.ndarray, config: DetectorConfig, floor: float = 0.0) -> Lessons:
    """Lessons from readings [n × days] (nothing unknown) of customers of whom `known` [n] says what they are.

    Attacks are put on honest ones only, and only honest ones are taken at earlier days: when a theft began is not
    known.
    """
    how, rng = config.lessons, np.random.default_rng([config.seed, 1])
    told = np.flatnonzero(known != UNKNOWN)
    terms = window_terms(kwh[told], kwh, config.windows, told)
    parts = [Lessons(terms, known[told] == STOLEN, np.ones(len(told)), told)]
    honest = np.flatnonzero(known == HONEST)
    parts.append(attacked_copies(kwh, honest, how.copies, how.copies_weight, config, rng, floor))
    least = config.windows.window_days + config.attacks.cap_days
    for days in (one for one in how.earlier_days if kwh.shape[1] - one >= least):
        parts.append(
            lessons_at(
                kwh[:, : kwh.shape[1] - days], honest, how.earlier_copies, how.earlier_weight, config, rng, floor
            )
        )
    return Lessons.joined(parts)


def lessons_at(
    kwh: np.ndarray,
    honest: np.ndarray,
    copies: int,
    weight: float,
    config: DetectorConfig,
    rng: np.random.Generator,
    floor: float = 0.0,
) -> Lessons:
    """Honest customers (places) as they are on the last day of the readings, and `copies` of each under an attack."""
    terms = window_terms(kwh[honest], kwh, config.windows, honest)
    own = Lessons(terms, np.zeros(len(honest), dtype=bool), np.full(len(honest), weight), honest)
    return Lessons.joined([own, attacked_copies(kwh, honest, copies, weight, config, rng, floor)])


def attacked_copies(
    kwh: np.ndarray,
    honest: np.ndarray,
    copies: int,
    weight: float,
    config: DetectorConfig,
    rng: np.random.Generator,
    floor: float = 0.0,
) -> Lessons:
    """`copies` attacks on each honest customer (places), weighing `weight` together; all others' readings stay."""
    parts = []
    for _ in range(copies):
        forged, _, _ = attacked(kwh[honest], config.attacks, rng, floor)
        terms = window_terms(forged, kwh, config.windows, honest)
        count = len(honest)
        parts.append(Lessons(terms, np.ones(count, dtype=bool), np.full(count, weight / copies), honest))
    if not parts:
        empty = window_terms(kwh[honest], kwh, config.windows, honest).iloc[:0]
        return Lessons(empty, np.zeros(0, dtype=bool), np.zeros(0), np.zeros(0, dtype=int))
    return Lessons.joined(parts)
