"""Nodes without usable history: their siblings speak for them, per level, per rating or by their customers."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from training.demand.likeness import Likeness

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
    level_kw: np.ndarray,
    node_ids: list[str],
    nodes: pd.DataFrame,
    cold: str,
    own_level_kw: float | None,
    mix_kva: pd.DataFrame | None = None,
) -> Siblings | None:
    """Who speaks for one cold node, or None when nobody can; the mixture of what they say is its forecast.

    `level_kw` [N] are the levels of all nodes with readings, NaN where a node is cold itself. `mix_kva` is what is
    agreed with the customers of each node, by class. Where it is known of the cold node, siblings are those of its
    kind with the most similar mix, sooner of the same parent; else they hang on the same parent, else are of the same
    kind. With an old level of its own the siblings give the shape only; without one they give the load per rating,
    raised or lowered by agreed capacity where that is known (their spread of use per kVA then widens the answer), or,
    where neither is known, the load as it is.
    """
    if mix_kva is not None and cold in nodes.index:
        found = _by_customers(level_kw, node_ids, nodes, cold, own_level_kw, mix_kva)
        if found is not None:
            return found
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


def _by_customers(
    level_kw: np.ndarray,
    node_ids: list[str],
    nodes: pd.DataFrame,
    cold: str,
    own_level_kw: float | None,
    mix_kva: pd.DataFrame,
) -> Siblings | None:
    """Those whose customers are most like the cold node's; None where nothing is known of them, or of any sibling's."""
    # The cold node stands last; among the others, it may have a row of old readings.
    alike, one = Likeness.of([*node_ids, cold], nodes, mix_kva), len(node_ids)
    kind = nodes["kind"].reindex(node_ids).to_numpy() == nodes.at[cold, "kind"]
    warm = np.flatnonzero(np.isfinite(level_kw) & kind & alike.known[:-1])
    if not alike.known[one] or not len(warm):
        return None
    rows = alike.nearest(one, warm, _MOST_SIBLINGS)
    level = level_kw[rows]
    if own_level_kw is not None:
        return Siblings(rows, level, np.full(len(rows), own_level_kw))
    ratio = alike.level_ratio(one, rows, np.append(level_kw, np.nan), warm)
    return Siblings(rows, level, level * ratio)


def _siblings(node_ids: list[str], level_kw: np.ndarray, nodes: pd.DataFrame, cold: str) -> np.ndarray:
    warm = np.flatnonzero(np.isfinite(level_kw))
    if cold not in nodes.index:
        return warm[:_MOST_SIBLINGS]
    listed = nodes.reindex([node_ids[row] for row in warm])
    same_kind = (listed["kind"] == nodes.at[cold, "kind"]).to_numpy()
    same_parent = same_kind & (listed["parent_id"] == nodes.at[cold, "parent_id"]).fillna(False).to_numpy()
    chosen = warm[same_parent] if same_parent.any() else warm[same_kind]
    return chosen[:_MOST_SIBLINGS]
