"""To whom what is offered, by which channel, or why not: a pure function of what is known at one moment."""

import numpy as np
import pandas as pd

from serving.decisions.pushes.catalogue import Catalogue
from serving.decisions.pushes.policy import PushPolicy
from serving.decisions.pushes.records import Decided, Grid, Moment, People, Scores
from serving.decisions.pushes.settle import settle
from serving.decisions.pushes.weigh import weigh
from serving.decisions.selection import Wide

__all__ = ["decide"]


def decide(
    run_id: str,
    catalogue: Catalogue,
    policy: PushPolicy,
    wide: Wide,
    people: People,
    own_kw: np.ndarray,
    former: pd.DataFrame,
    grid: Grid,
    scores: Scores,
    moment: Moment,
    within: np.ndarray | None = None,
    capacity_rule: bool = True,
) -> Decided:
    """Every service for every customer (of `within`, a mask): offered, held out, or refused with the first reason.

    The same arguments give the same decision, ids and order included. `own_kw` [customers, block] is what each draws
    himself; `former` has FORMER_COLUMNS. Where a lock has to be held for books and grid, call `weigh` before it and
    `settle` within.
    """
    weighed = weigh(catalogue, policy, wide, people, own_kw, scores, moment, within)
    return settle(run_id, weighed, former, grid, capacity_rule)
