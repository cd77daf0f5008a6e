"""Counts of what was checked and what failed, and the scores that follow; sums go upwards, averages never do."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from features.quality.rules import QualityRules, Rule

__all__ = ["ALL_SOURCES", "COUNTS", "NO_UNIT", "Score", "dimension_scores", "rolled_up", "rule_scores", "weighted"]

COUNTS = {"rule": "str", "table": "str", "source": "str", "unit": "str", "checked": "int64", "failed": "int64"}
"""Columns of counts: one row for every rule, source and org unit."""
NO_UNIT = ""
"""What belongs to no org unit counts for the territory only."""
ALL_SOURCES = "(all)"
"""The source of a check that looks at several tables at once."""


@dataclass(frozen=True)
class Score:
    """How much of what was checked is right; None where nothing was: neither good nor bad."""

    checked: int
    failed: int

    @property
    def value(self) -> float | None:
        return None if self.checked == 0 else 1 - self.failed / self.checked


def rule_scores(counts: pd.DataFrame, rules: QualityRules) -> dict[str, Score]:
    """Score of every rule over the counts."""
    sums = counts.groupby("rule")[["checked", "failed"]].sum()
    found = {str(rule): Score(int(row["checked"]), int(row["failed"])) for rule, row in sums.iterrows()}
    return {rule.id: found.get(rule.id, Score(0, 0)) for rule in rules.rules}


def weighted(scores: Mapping[str, Score], rules: Iterable[Rule]) -> float | None:
    """The mean of the rules' scores by their weights, over rules that checked anything."""
    known = [(rule.weight, scores[rule.id].value) for rule in rules]
    total = sum(weight for weight, value in known if value is not None)
    return sum(weight * value for weight, value in known if value is not None) / total if total else None


def dimension_scores(counts: pd.DataFrame, rules: QualityRules, of: Callable[[Rule], str]) -> dict[str, float | None]:
    """Weighted score of every group of rules: by dimension, or by table."""
    scores = rule_scores(counts, rules)
    groups: dict[str, list[Rule]] = {}
    for rule in rules.rules:
        groups.setdefault(of(rule), []).append(rule)
    return {name: weighted(scores, members) for name, members in groups.items()}


def rolled_up(counts: pd.DataFrame, parents: Mapping[str, str | None]) -> pd.DataFrame:
    """Counts of every org unit with all that is below it: hall, department, company."""
    above = {unit: _upwards(unit, parents) for unit in counts["unit"].unique() if unit != NO_UNIT}
    pairs = [(unit, upper) for unit, uppers in above.items() for upper in uppers]
    links = pd.DataFrame(pairs, columns=["unit", "upper"], dtype="str")
    joined = counts.merge(links, on="unit").drop(columns="unit").rename(columns={"upper": "unit"})
    keys = ["rule", "table", "source", "unit"]
    return joined.groupby(keys, as_index=False)[["checked", "failed"]].sum()[list(COUNTS)]


def _upwards(unit: str, parents: Mapping[str, str | None]) -> list[str]:
    """The unit and all above it; a circle ends the walk."""
    found: list[str] = []
    at: str | None = unit
    while at is not None and at not in found:
        found.append(at)
        at = parents.get(at)
    return found
