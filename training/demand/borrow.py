"""Coefficients for nodes too young for their own: the mean of their siblings', set to their own level."""

from dataclasses import replace

import numpy as np

from features.load.grid import Grid
from training.demand.linear import LinearStage

__all__ = ["SHORT_DAYS", "extend", "known_days", "with_borrowed"]

SHORT_DAYS = 60
"""Below this many known days a node's own regression is noise."""


def known_days(loads: Grid) -> np.ndarray:
    """Days of known load of each node [N]."""
    return np.isfinite(loads.values).sum(axis=1) * loads.step_minutes / (24 * 60)


def with_borrowed(stage: LinearStage, loads: Grid) -> LinearStage:
    """The stage with young nodes on donors' coefficients; itself where no node is young, or none is old enough."""
    young = known_days(loads) < SHORT_DAYS
    donors = ~young & np.isfinite(stage.coefficients).all(axis=(1, 2)) & stage.logged
    if not young.any() or not donors.any():
        return stage
    mean = stage.coefficients[donors].mean(axis=0)
    coefficients = stage.coefficients.copy()
    coefficients[young] = mean
    groups = np.bincount(stage.node_group[donors], minlength=len(stage.group_weights))
    member = stage.node_group.copy()
    member[young] = int(np.argmax(groups))
    logged = stage.logged.copy()
    logged[young] = True
    return replace(stage, coefficients=coefficients, node_group=member, logged=logged)


def extend(stage: LinearStage, loads: Grid) -> LinearStage:
    """The stage with a row for every node of `loads`: nodes it has not seen stand on the mean of those it has."""
    unseen = [row for row, node in enumerate(loads.ids) if node not in set(stage.node_ids)]
    if not unseen:
        return stage
    usable = np.isfinite(stage.coefficients).all(axis=(1, 2)) & stage.logged
    mean = stage.coefficients[usable].mean(axis=0) if usable.any() else np.zeros(stage.coefficients.shape[1:])
    group = int(np.argmax(np.bincount(stage.node_group, minlength=len(stage.group_weights))))
    size = len(unseen)
    unit = [_level(loads.values[row]) for row in unseen]
    return replace(
        stage,
        node_ids=(*stage.node_ids, *[loads.ids[row] for row in unseen]),
        coefficients=np.concatenate([stage.coefficients, np.repeat(mean[None], size, axis=0)]),
        logged=np.concatenate([stage.logged, np.full(size, bool(usable.any()))]),
        unit_kw=np.concatenate([stage.unit_kw, unit]),
        node_group=np.concatenate([stage.node_group, np.full(size, group)]),
    )


def _level(row: np.ndarray) -> float:
    known = np.abs(row[np.isfinite(row)])
    return float(max(known.mean(), 1e-6)) if len(known) else 1.0
