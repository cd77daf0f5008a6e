"""From a rule to the function that checks it."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from features.quality.checks.energy import line_loss
from features.quality.checks.ledgers import accepted, agreed, disjoint, leads, rated, single
from features.quality.checks.outcome import Outcome
from features.quality.checks.series import moving, no_spike, not_negative, unbroken
from features.quality.checks.single_rows import present, soon, within
from features.quality.reading import Tables
from features.quality.rules import Rule

__all__ = ["judge"]

_CHECKS: dict[str, Callable[[Tables, Rule, Any, int], Outcome]] = {
    "present": present,
    "single": single,
    "disjoint": disjoint,
    "leads": leads,
    "agreed": agreed,
    "rated": rated,
    "soon": soon,
    "unbroken": unbroken,
    "within": within,
    "moving": moving,
    "no_spike": no_spike,
    "not_negative": not_negative,
    "line_loss": line_loss,
}


def judge(tables: Tables, rule: Rule, refused: pd.DataFrame, examples: int) -> Outcome:
    """What the rule finds; `refused` are the rows in quarantine."""
    if rule.check.kind == "accepted":
        return accepted(tables, rule, refused)
    return _CHECKS[rule.check.kind](tables, rule, rule.check, examples)
