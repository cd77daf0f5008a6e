"""Load adds up: a node belongs to the parent whose load only makes sense with it."""

import numpy as np

__all__ = ["gain"]

_CORRELATED_HOURS = 8
"""Hours that say about one new thing: what is not explained of a load stays for a while."""


def gain(parent_kw: np.ndarray, others_kw: np.ndarray, child_kw: np.ndarray) -> float:
    """Log likelihood by which a parent's load is explained better with the child among its members than without.

    All are hourly loads [times] (`others_kw` the sum of the undisputed members), nan where unknown. The parent is its
    members plus losses, which grow with the square of what flows; the likelihood is that of a least squares fit. 0
    where fewer than a week of hours is known of all three.
    """
    known = ~np.isnan(parent_kw) & ~np.isnan(others_kw) & ~np.isnan(child_kw)
    count = int(known.sum())
    if count < 7 * 24:
        return 0.0
    parent, others, child = parent_kw[known], others_kw[known], child_kw[known]
    without, within = _rest(parent, others), _rest(parent, others + child)
    floor = 1e-9 * float(np.square(parent).sum()) + 1e-12
    return 0.5 * count / _CORRELATED_HOURS * float(np.log((without + floor) / (within + floor)))


def _rest(parent: np.ndarray, members: np.ndarray) -> float:
    """Sum of squares that the members' sum and its square (losses) leave unexplained."""
    scaled = members / max(float(np.abs(members).max()), 1e-12)
    terms = np.column_stack([np.ones_like(scaled), scaled, scaled**2])
    fit, *_ = np.linalg.lstsq(terms, parent, rcond=None)
    return float(np.square(parent - terms @ fit).sum())
