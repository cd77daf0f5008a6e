"""What the gate says, and on what grounds: checks with their figures, a reason, the table node by node."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

__all__ = ["PROMOTED", "REFUSED", "Check", "Compared", "Force", "Judgement", "Pair", "Reason", "Verdict", "Words"]

PROMOTED = {
    "FIRST": "nothing served before",
    "SERVES": "it serves already",
    "BETTER": "its loss is lower, beyond chance",
    "FRESHER": "no worse, and it knows later data",
    "FORCED": "a person decided so",
}
REFUSED = {
    "WINDOW": "too few days that neither has trained or tuned on",
    "NO_TRUTH": "too little known load to compare by",
    "WORSE": "its loss is higher, beyond chance",
    "UNSURE": "it may be worse by more than the margin",
    "BAD_DAYS": "better on most days, but its bad days cost more",
    "NODE_WORSE": "a node is much worse, beyond chance",
    "COVERAGE": "its quantiles do not hold as often as they claim",
    "LATENCY": "its forecasts take too long",
    "NO_GAIN": "no worse, but neither better nor fresher",
}


@dataclass(frozen=True)
class Pair:
    """One figure of both models."""

    champion: float
    challenger: float


@dataclass(frozen=True)
class Words:
    """What the gate calls that which it compares; peak models are judged as nodes are."""

    node: str = "node"
    block: str = "block(s) of days"
    known: str = "known load"
    all_nodes: str = "all nodes"
    one_node: str = "one node"


@dataclass(frozen=True)
class Compared:
    """Champion and challenger on the same outcomes: all that the gate looks at.

    `losses` has node_id, day (anything that sorts), champion, challenger: the mean loss of each day, NaN where
    unknown. `coverage` is the share of outcomes each held, None where nothing is claimed; `latency` the median seconds
    by what was asked (`all`, `one`); `fresher_days` how much more data the challenger knows. With `over_node`
    differences are over the node's mean loss, not over that of the day (see pair_up).
    """

    losses: pd.DataFrame
    coverage: Pair | None
    latency: Mapping[str, Pair]
    fresher_days: float
    words: Words = Words()
    over_node: bool = False


@dataclass(frozen=True)
class Check:
    """One question of the gate: the figure found, what was asked of it, and whether it holds."""

    name: str
    figure: float
    threshold: str
    passed: bool
    sentence: str


@dataclass(frozen=True)
class Reason:
    """A code of PROMOTED or REFUSED, and a sentence for a person."""

    code: str
    sentence: str


@dataclass(frozen=True)
class Judgement:
    """The gate's word on one comparison.

    `table` has a row a node: champion and challenger (mean loss), difference (relative), low and high (its interval),
    worse_by (what the difference surely exceeds, all nodes together erring no more often than the interval), blocks.
    """

    accepted: bool
    reason: Reason
    checks: tuple[Check, ...]
    table: pd.DataFrame
    figures: Mapping[str, float]


@dataclass(frozen=True)
class Force:
    """Who promotes against the gate, and why; both are recorded."""

    by: str
    why: str


@dataclass(frozen=True)
class Verdict:
    """What became of a challenger: `promoted` when it serves now (itself or its refit, `serving_version`).

    `champion` is the version that served before, `judged_champion` the one it was compared by; None where there was
    none. `window` says in words what was judged.
    """

    name: str
    version: int
    promoted: bool
    reason: Reason
    serving_version: int | None = None
    champion: int | None = None
    judged_champion: int | None = None
    window: str = ""
    checks: tuple[Check, ...] = ()
    table: pd.DataFrame = field(default_factory=pd.DataFrame)
    figures: Mapping[str, float] = field(default_factory=dict)
    forced: Force | None = None
    run_id: str = ""

    def with_judgement(self, judgement: Judgement) -> "Verdict":
        """The same with the gate's word on it."""
        return replace(
            self,
            promoted=judgement.accepted,
            reason=judgement.reason,
            checks=judgement.checks,
            table=judgement.table,
            figures=judgement.figures,
        )

    def to_dict(self, with_table: bool = True) -> dict[str, Any]:
        """Everything as plain values; figures that are not known are None."""
        plain: dict[str, Any] = {
            "name": self.name,
            "version": self.version,
            "promoted": self.promoted,
            "reason": {"code": self.reason.code, "sentence": self.reason.sentence},
            "serving_version": self.serving_version,
            "champion": self.champion,
            "judged_champion": self.judged_champion,
            "window": self.window,
            "checks": [{**vars(check), "figure": _finite(check.figure)} for check in self.checks],
            "figures": {name: _finite(value) for name, value in self.figures.items()},
            "forced": None if self.forced is None else vars(self.forced),
            "run_id": self.run_id,
        }
        if with_table:
            rows = self.table.reset_index().to_dict("records")
            plain["nodes"] = [{str(k): _finite(v) if isinstance(v, float) else v for k, v in r.items()} for r in rows]
        return plain


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
