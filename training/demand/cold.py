"""Nodes without usable history: their siblings speak for them, per level or per rating."""

import numpy as np
import pandas as pd

from training.demand.quantiles import mixture

__all__ = ["from_siblings"]

_MOST_SIBLINGS = 12


def from_siblings(
    quantiles: np.ndarray,
    level_kw: np.ndarray,
    node_ids: list[str],
    nodes: pd.DataFrame,
    cold: str,
    own_level_kw: float | None,
    levels: tuple[float, ...],
) -> np.ndarray | None:
    """Quantiles [H, levels] in kW of one cold node, or None when nobody can speak for it.

    `quantiles` [N, H, levels] and `level_kw` [N] are the warm nodes'. Siblings hang on the same parent, else are of
    the same kind. With an old level of its own the siblings give the shape only; without one they give the load per
    rating (their spread of use per kVA then widens the answer), or, where no rating is known, the load as it is.
    """
    siblings = _siblings(node_ids, level_kw, nodes, cold)
    if not len(siblings):
        return None
    shape = quantiles[siblings] / level_kw[siblings, None, None]
    if own_level_kw is not None:
        factor = np.full(len(siblings), own_level_kw)
    else:
        ratings = nodes["rating_kva"].astype(float).reindex([node_ids[row] for row in siblings]).to_numpy()
        own = float(nodes["rating_kva"].astype(float).get(cold, np.nan))
        use = level_kw[siblings] / ratings
        factor = np.where(np.isfinite(use) & np.isfinite(own), use * own, level_kw[siblings])
    return mixture(shape * factor[:, None, None], levels)


def _siblings(node_ids: list[str], level_kw: np.ndarray, nodes: pd.DataFrame, cold: str) -> np.ndarray:
    warm = np.flatnonzero(np.isfinite(level_kw))
    if cold not in nodes.index:
        return warm[:_MOST_SIBLINGS]
    listed = nodes.reindex([node_ids[row] for row in warm])
    same_kind = (listed["kind"] == nodes.at[cold, "kind"]).to_numpy()
    same_parent = same_kind & (listed["parent_id"] == nodes.at[cold, "parent_id"]).fillna(False).to_numpy()
    chosen = warm[same_parent] if same_parent.any() else warm[same_kind]
    return chosen[:_MOST_SIBLINGS]
