"""Which offer comes first: relief where the grid is full, then by score, and of explorers by lot."""

from dataclasses import dataclass

import numpy as np

from serving.decisions.pushes.asked import text_of
from serving.decisions.pushes.records import Grid
from serving.decisions.pushes.relief import find_constrained, relief_node
from serving.decisions.pushes.weigh import Pairs, Weighed

__all__ = ["Relief", "in_order", "relief_of"]


@dataclass(frozen=True)
class Relief:
    """`node` int [pair] is the place among the constrained nodes `ids` of the one a pair is to relieve, -1 for ordinary
    offers; `freed_kw` what one who accepts frees there; `needed_kw` by node what is sought."""

    ids: tuple[str, ...]
    needed_kw: np.ndarray
    node: np.ndarray
    freed_kw: np.ndarray

    def of(self, those: np.ndarray) -> "Relief":
        """The same of some pairs."""
        return Relief(self.ids, self.needed_kw, self.node[those], self.freed_kw[those])


def relief_of(weighed: Weighed, pairs: Pairs, grid: Grid) -> Relief:
    """Which pairs free load in the binding block of the constrained node above them. Figures that are too old tell of
    none."""
    policy = weighed.policy
    constrained = find_constrained(grid, policy)
    if grid.stale is not None:
        constrained = constrained.iloc[:0]
    needed = constrained["missing_kva"].to_numpy(dtype=float) * policy.power_factor * policy.relief_cover
    texts = text_of(weighed.wide, "area_id", weighed.places)
    by_area = relief_node([*texts.values, None], constrained, grid)
    node = by_area[texts.codes[pairs.row]]
    # One more, for those above whom nothing is constrained.
    block = np.array([*constrained["block"], 0], dtype=np.intp)[node]
    freed = np.maximum(-pairs.firm_kw[np.arange(len(pairs)), block], 0.0)
    relieves = (node >= 0) & (freed > 0) & (freed >= policy.relief_least_kw)
    ids = tuple(str(one) for one in constrained["node_id"])
    return Relief(ids, needed, np.where(relieves, node, -1), np.where(relieves, freed, np.nan))


def in_order(pairs: Pairs, relief: Relief) -> np.ndarray:
    """Places of the pairs in the order in which they get what there is. Relief comes first, the most expected kW per
    CNY before others; then the share of pairs whose score is no higher, in place of which explorers have their lot. Of
    equals the first customer comes first, and the service that stands first in the catalogue."""
    ordinary = relief.node < 0
    key = np.where(ordinary, 0.0, pairs.propensity * relief.freed_kw / pairs.cost_cny)
    score = pairs.score_cny[ordinary]
    rank = np.searchsorted(np.sort(score), score, side="right") / max(len(score), 1)
    key[ordinary] = np.where(pairs.explored[ordinary], pairs.drawn[ordinary], rank)
    return np.lexsort((pairs.service, pairs.row, -key, ordinary))
