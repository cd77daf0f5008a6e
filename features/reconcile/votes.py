"""One parent out of what several systems say: agreed, voted, or weighed with what was measured."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from features.contracts import AVAILABLE_AT
from features.reconcile.policy import ReconcilePolicy

__all__ = ["AGREED_SCORE", "Dispute", "Outcome", "Parent", "agreed", "decided", "spoken", "votes"]

AGREED_SCORE = {1: 0.9, 2: 0.99}
"""How sure a link is that one system, or two, say without contradiction; .999 from three on."""


@dataclass(frozen=True)
class Parent:
    """The parent held for true. `says` is each system's word; `weighed` what was weighed where they differ."""

    child: str
    parent: str
    score: float
    method: str
    says: Mapping[str, Sequence[str]]
    valid_from: pd.Timestamp
    available_at: pd.Timestamp
    weighed: Mapping[str, float] = field(default_factory=dict)

    @property
    def evidence(self) -> str:
        """As it stands in the link table."""
        told = {"says": {system: list(nodes) for system, nodes in self.says.items()}}
        weighed = {node: round(odds, 2) for node, odds in self.weighed.items()}
        return json.dumps(told | ({"log_odds": weighed} if weighed else {}), ensure_ascii=False, sort_keys=True)


@dataclass(frozen=True)
class Dispute:
    """A child whose systems differ, or one of which names two parents at once (`twice` names it)."""

    child: str
    says: Mapping[str, Sequence[str]]
    twice: str | None = None


Outcome = tuple[list[Parent], list[Dispute]]


def spoken(said: pd.DataFrame) -> dict[str, list[str]]:
    """Every system's word, systems and nodes in order."""
    return {str(system): sorted(set(part["parent"])) for system, part in said.groupby("system", observed=True)}


def agreed(child: str, parent: str, said: pd.DataFrame) -> Parent:
    """The parent that every system that says anything names."""
    systems = said["system"].nunique()
    score = AGREED_SCORE.get(systems, 0.999)
    method = "agreed" if systems > 1 else "ledger"
    return Parent(child, parent, score, method, spoken(said), said["valid_from"].min(), said[AVAILABLE_AT].max())


def votes(said: pd.DataFrame, policy: ReconcilePolicy) -> dict[str, float]:
    """Log odds of every named parent by the systems' votes; a system that names two splits its vote."""
    odds: dict[str, float] = defaultdict(float)
    for system, part in said.groupby("system", observed=True):
        named = sorted(set(part["parent"]))
        for parent in named:
            odds[str(parent)] += policy.votes[str(system)] / len(named)
    return dict(odds)


def decided(
    child: str,
    said: pd.DataFrame,
    odds: Mapping[str, float],
    measured: Mapping[str, float] | None,
    method: str,
    policy: ReconcilePolicy,
    known_at: pd.Timestamp | None,
) -> Parent:
    """The likeliest parent of votes and measurements (log likelihoods), with them known from `known_at` on."""
    weighed = dict(odds)
    for parent, value in (measured or {}).items():
        weighed[parent] = weighed.get(parent, policy.comovement.unnamed) + policy.comovement.weight * value
    best = min(weighed, key=lambda parent: (-weighed[parent], parent))
    share = np.exp(np.clip(np.array(list(weighed.values())) - weighed[best], -50, 0))
    mine = said[said["parent"] == best]
    since = (mine if len(mine) else said)["valid_from"].min()
    known = said[AVAILABLE_AT].max()
    return Parent(
        child=child,
        parent=best,
        score=float(1 / share.sum()),
        method=method if measured else "majority",
        says=spoken(said),
        valid_from=since,
        available_at=max(known, known_at) if measured and known_at is not None else known,
        weighed=weighed,
    )
