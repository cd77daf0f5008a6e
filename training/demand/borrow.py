"""Coefficients for nodes too young for their own: the mean of their siblings', set to their own level.

A node that exports is no sibling of one that does not: what it draws and gives by the hour is its own.
"""

from dataclasses import replace

import numpy as np

from features.clock import Calendar
from features.load.grid import Grid
from training.demand.linear import LinearStage, stays_positive

__all__ = ["SHORT_DAYS", "extend", "known_days", "with_borrowed"]

SHORT_DAYS = 60
"""Below this many known days a node's own regression is noise."""


def known_days(loads: Grid) -> np.ndarray:
    """Days of known load of each node [N]."""
    return np.isfinite(loads.values).sum(axis=1) * loads.step_minutes / (24 * 60)


def with_borrowed(stage: LinearStage, loads: Grid) -> LinearStage:
    """The stage with young nodes on donors' coefficients; itself where no node is young, or none is old enough.

    Donors' are of the logarithm of load: a young node that exports keeps the few it has of its own.
    """
    young = (known_days(loads) < SHORT_DAYS) & stage.logged
    # Nodes without any reading are no exporters.
    young |= ~np.isfinite(loads.values).any(axis=1)
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


def extend(stage: LinearStage, loads: Grid, calendar: Calendar) -> LinearStage:
    """The stage with a row for every node of `loads`: nodes it has not seen stand on the mean of those it has.

    One that exports stands on its own mean load by local hour instead.
    """
    unseen = [row for row, node in enumerate(loads.ids) if node not in set(stage.node_ids)]
    if not unseen:
        return stage
    usable = np.isfinite(stage.coefficients).all(axis=(1, 2)) & stage.logged
    mean = stage.coefficients[usable].mean(axis=0) if usable.any() else np.zeros(stage.coefficients.shape[1:])
    group = int(np.argmax(np.bincount(stage.node_group, minlength=len(stage.group_weights))))
    size = len(unseen)
    unit = np.array([_level(loads.values[row]) for row in unseen])
    own = np.array([_exports(loads.values[row]) for row in unseen], dtype=bool)
    added = np.repeat(mean[None], size, axis=0)
    if own.any():
        hour = calendar.local(loads.times).hour.to_numpy()
        added[own] = 0.0
        profile = _by_hour(loads.values[unseen][own] / unit[own, None], hour)
        added[own, :, stage.names.index("const")] = profile
    return replace(
        stage,
        node_ids=(*stage.node_ids, *[loads.ids[row] for row in unseen]),
        coefficients=np.concatenate([stage.coefficients, added]),
        logged=np.concatenate([stage.logged, bool(usable.any()) & ~own]),
        unit_kw=np.concatenate([stage.unit_kw, unit]),
        node_group=np.concatenate([stage.node_group, np.full(size, group)]),
    )


def _exports(row: np.ndarray) -> bool:
    return bool(np.isfinite(row).any()) and not stays_positive(row)


def _by_hour(values: np.ndarray, hour: np.ndarray) -> np.ndarray:
    """Mean of each local hour [N, 24] over what is known of `values` [N, T]; of all hours where none is of one."""
    known = np.isfinite(values)
    filled = np.where(known, values, 0.0)
    out = np.repeat((filled.sum(axis=1) / np.maximum(known.sum(axis=1), 1))[:, None], 24, axis=1)
    for one in range(24):
        count = known[:, hour == one].sum(axis=1)
        out[:, one] = np.where(count > 0, filled[:, hour == one].sum(axis=1) / np.maximum(count, 1), out[:, one])
    return out


def _level(row: np.ndarray) -> float:
    known = np.abs(row[np.isfinite(row)])
    return float(max(known.mean(), 1e-6)) if len(known) else 1.0
