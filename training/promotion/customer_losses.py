"""Champion and challenger say of the same customers what neither has learnt, and are scored on what came of them."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
import pandas as pd

from features.errors import ModelError
from training.customers.blocks import cell_losses
from training.customers.cases import Cases
from training.customers.family import CustomerModel, Family
from training.customers.holding import of_origins
from training.customers.scoring import KEYS, scored_cases
from training.promotion.policy import PromotionPolicy
from training.promotion.verdict import Compared, Pair, Words
from training.promotion.window import seen_until
from training.registry import ModelVersion

__all__ = ["CustomerSide", "judge_customers", "judged_origins", "paired_losses"]

WORDS = Words(
    node="group", block="block(s) of customers", known="outcomes", all_nodes="all customers", one_node="one customer"
)


@dataclass(frozen=True)
class CustomerSide:
    """A model and the cases as its own settings make them."""

    model: CustomerModel
    cases: Cases

    def of(self, moments: list[pd.Timestamp]) -> "CustomerSide":
        """The same with the cases of some origins."""
        return CustomerSide(self.model, of_origins(self.cases, moments))


def judged_origins(
    origins: Sequence[pd.Timestamp], challenger: ModelVersion, champion: Sequence[ModelVersion]
) -> tuple[ModelVersion, list[pd.Timestamp]]:
    """The newest artifact of the champion's lineage that leaves most origins neither has trained or tuned on, and they.

    An origin is left when it lies no earlier than all that was known to either: every outcome a model has learnt from
    was over by then, so none overlaps with an outcome it is judged by.
    """
    found = []
    for one in champion:
        seen = max(seen_until(challenger), seen_until(one))
        found.append((one, [origin for origin in origins if origin >= seen]))
    return max(found, key=lambda each: len(each[1]))


def paired_losses(family: Family, champion: CustomerSide, challenger: CustomerSide) -> pd.DataFrame:
    """Origin, customer_id, unit, and the loss of both on every case that both have: `champion`, `challenger`."""
    frames = []
    for name, side in (("champion", champion), ("challenger", challenger)):
        scored = scored_cases(family, side.model, side.cases)
        if scored.duplicated(KEYS).any():
            first = scored.loc[scored.duplicated(KEYS), "customer_id"].iloc[0]
            raise ModelError(f"{family.name}: more than one case of a customer at an origin, first {first}")
        frames.append(scored[[*KEYS, "unit", "loss"]].rename(columns={"loss": name}))
    return frames[0].merge(frames[1].drop(columns="unit"), on=KEYS)


def judge_customers(
    family: Family, champion: CustomerSide, challenger: CustomerSide, policy: PromotionPolicy, fresher_days: float
) -> Compared:
    """Losses of both on the same cases, as means by unit and block of customers.

    Customers are what is independent: a block is a hash-stable part of them with all their origins. What all customers
    of a year share (its weather, its prices) is in every block alike, so the interval speaks of these origins. Losses
    of rare outcomes are near nothing in most cells and large in a few: differences are taken over the mean loss of the
    unit, not of the cell, for a mean of ratios would favour the model that never expects anything.
    """
    rule = policy.customers
    losses = cell_losses(
        paired_losses(family, champion, challenger), ["champion", "challenger"], rule.blocks, rule.unit_customers
    )
    sides = (champion, challenger)
    covered = [family.scores(side.model, side.cases).get("coverage", float("nan")) for side in sides]
    coverage = Pair(*covered) if np.isfinite(covered).all() else None
    every = Pair(*_seconds([(side.model, side.cases) for side in sides], policy.latency.repeats))
    single = Pair(*_seconds([(side.model, _first(side.cases)) for side in sides], policy.latency.repeats))
    return Compared(losses, coverage, {"all": every, "one": single}, fresher_days, WORDS, over_node=True)


def _first(cases: Cases) -> Cases:
    return cases.take(np.arange(len(cases.rows)) == 0)


def _seconds(asked: list[tuple[CustomerModel, Cases]], repeats: int) -> list[float]:
    """Median seconds of an answer by each, in turns, so that neither finds the machine warmed up more often."""
    seconds: list[list[float]] = [[] for _ in asked]
    for number in range(repeats):
        for place in range(len(asked))[:: 1 if number % 2 else -1]:
            model, cases = asked[place]
            began = time.perf_counter()
            model.predict(cases)
            seconds[place].append(time.perf_counter() - began)
    return [median(each) for each in seconds]
