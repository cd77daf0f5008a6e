"""Nodes without usable history: their siblings speak for them, per level or per rating."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["Siblings", "find_siblings"]

_MOST_SIBLINGS = 12


@dataclass(frozen=True)
class Siblings:
    """Warm nodes (`rows`) that speak for a cold one: their figures over `level_kw` times `factor_kw`, each [K]."""

    rows: np.ndarray
    level_kw: np.ndarray
    factor_kw: np.ndarray

    def speak(self, figures_kw: np.ndarray) -> np.ndarray:
        """What they say for the cold node [K, H, …], from figures of all warm nodes [N, H, …]."""
        return figures_kw[self.rows] / self.level_kw[:, None, None] * self.factor_kw[:, None, None]


def find_siblings(
    level_kw: np.ndarray, node_ids: list[str], nodes: pd.DataFrame, cold: str, own_level_kw: float | None
) -> Siblings | None:
    """Who speaks for one cold node, or None when nobody can; the mixture of what they say is its forecast.

    `level_kw` [N] are the levels of all nodes with readings, NaN where a node is cold itself. Siblings hang on the
    same parent, else are of the same kind. With an old level of its own the siblings give the shape only; without
    one they give the load per rating (their spread of use per kVA then widens the answer), or, where no rating is
    known, the load as it is.
    """
    siblings = _siblings(node_ids, level_kw, nodes, cold)
    if not len(siblings):
        return None
    level = level_kw[siblings]
    if own_level_kw is not None:
        return Siblings(siblings, level, np.full(len(siblings), own_level_kw))
    ratings = nodes["rating_kva"].astype(float).reindex([node_ids[row] for row in siblings]).to_numpy()
    own = float(nodes["rating_kva"].astype(float).get(cold, np.nan))
    use = level / ratings
    return Siblings(siblings, level, np.where(np.isfinite(use) & np.isfinite(own), use * own, level))


def _siblings(node_ids: list[str], level_kw: np.ndarray, nodes: pd.DataFrame, cold: str) -> np.ndarray:
    warm = np.flatnonzero(np.isfinite(level_kw))
    if cold not in nodes.index:
        return warm[:_MOST_SIBLINGS]
    listed = nodes.reindex([node_ids[row] for row in warm])
    same_kind = (listed["kind"] == nodes.at[cold, "kind"]).to_numpy()
    same_parent = same_kind & (listed["parent_id"] == nodes.at[cold, "parent_id"]).fillna(False).to_numpy()
    chosen = warm[same_parent] if same_parent.any() else warm[same_kind]
    return chosen[:_MOST_SIBLINGS]
