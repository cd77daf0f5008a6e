"""How alike nodes are by their customers, and what their agreed capacity says of their level."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["Likeness"]

_OTHER_PARENT = 0.3
"""What it counts, as a distance of mixes (0 to about 1), to hang elsewhere: weather and habits differ, too."""
_FEWEST_FOR_SLOPE = 8
"""With fewer nodes than this, what capacity adds to the rating would be a guess."""


@dataclass(frozen=True)
class Likeness:
    """The nodes `ids` [N] by rating (NaN where unknown), agreed capacity by class [N, class] (zeros where unknown) and
    parent (None where unknown)."""

    rating_kva: np.ndarray
    contract_kva: np.ndarray
    parent: np.ndarray

    @classmethod
    def of(cls, ids: list[str], nodes: pd.DataFrame, mix_kva: pd.DataFrame) -> "Likeness":
        """From the ledger of nodes and `mix_kva` [node, class], both indexed by node_id."""
        listed = nodes.reindex(ids)
        parents = listed["parent_id"].astype(object)
        ratings = listed["rating_kva"].astype(float)
        return cls(
            ratings.where(ratings > 0).to_numpy(),
            mix_kva.reindex(ids).fillna(0.0).to_numpy(),
            parents.where(parents.notna(), None).to_numpy(),
        )

    @property
    def known(self) -> np.ndarray:
        """Whether anything is known of a node's customers [N]."""
        found: np.ndarray = self._total > 0
        return found

    def nearest(self, one: int, others: np.ndarray, most: int) -> np.ndarray:
        """Of the rows `others` at most so many whose mix is closest to that of row `one`, closest first."""
        shares = np.sqrt(self.contract_kva / np.maximum(self._total, 1e-9)[:, None])
        distance = np.abs(shares[others] - shares[one]).sum(axis=1) / 2
        same = np.array([self.parent[one] is not None and self.parent[row] == self.parent[one] for row in others])
        return others[np.argsort(distance + np.where(same, 0.0, _OTHER_PARENT), kind="stable")[:most]]

    def level_ratio(self, one: int, others: np.ndarray, level_kw: np.ndarray, learn_from: np.ndarray) -> np.ndarray:
        """By what to multiply the levels of the rows `others` to get that of row `one` [K].

        The ratio of ratings, and as much of what agreed capacity tells beyond it as the levels of the rows
        `learn_from` bear out; where a rating is missing the ratio of agreed capacities.
        """
        contract, rating = np.log(np.maximum(self._total, 1e-9)), np.log(self.rating_kva)
        use = contract - rating
        beyond = self._slope(use, np.log(level_kw) - rating, learn_from)
        # No further than capacity per rating was seen to go: an account too many is not a load ten times as high.
        seen = use[learn_from][np.isfinite(use[learn_from])]
        own = np.clip(use[one], seen.min(), seen.max()) if len(seen) else use[one]
        rated = rating[one] - rating[others] + beyond * (own - use[others])
        ratio: np.ndarray = np.exp(np.where(np.isfinite(rated), rated, contract[one] - contract[others]))
        return ratio

    @property
    def _total(self) -> np.ndarray:
        total: np.ndarray = self.contract_kva.sum(axis=1)
        return total

    @staticmethod
    def _slope(use: np.ndarray, drawn: np.ndarray, rows: np.ndarray) -> float:
        """Growth of level per rating with agreed capacity per rating, both logarithms: 0 to 1."""
        rows = rows[np.isfinite(use[rows]) & np.isfinite(drawn[rows])]
        if len(rows) < _FEWEST_FOR_SLOPE:
            return 0.0
        x = use[rows] - use[rows].mean()
        return float(np.clip(x @ drawn[rows] / max(x @ x, 1e-9), 0.0, 1.0))
