"""Which offers the grid has room for before any of them is made."""

from dataclasses import dataclass

import numpy as np

from serving.decisions.pushes.asked import text_of
from serving.decisions.pushes.loads import adds_va
from serving.decisions.pushes.room import Room, wants
from serving.decisions.pushes.weigh import OPEN, Pairs, Weighed, place_of

__all__ = ["Fit", "screen"]

_AT_ONCE = 50_000
"""Pairs looked at together: their room alone is three nodes of six blocks each."""


@dataclass(frozen=True)
class Fit:
    """Of each pair: the place of its `area` in the room (-1: no path is known); whether it needs room; what it adds in
    VA [pair, block] as offered firmly and flexibly; whether it would fit `flexible`; a refusal's code or OPEN, and the
    node and block that bind (-1: none)."""

    area: np.ndarray
    needs: np.ndarray
    firm_va: np.ndarray
    flexible_va: np.ndarray
    flexible: np.ndarray
    code: np.ndarray
    node: np.ndarray
    block: np.ndarray

    def of(self, those: np.ndarray) -> "Fit":
        """The same of some pairs."""
        return Fit(**{name: column[those] for name, column in vars(self).items()})


def screen(weighed: Weighed, pairs: Pairs, room: Room, stale: bool, relief: np.ndarray, rule: bool) -> Fit:
    """Look at the room as it is now. A flexible offer is tried where the firm one is known not to fit, but none that is
    to give relief (`relief`, mask). Without `rule` everything fits."""
    many = len(pairs)
    factor = weighed.policy.power_factor
    firm_va = adds_va(pairs.firm_kw, factor)
    varies = ~np.isnan(pairs.flexible_kw).any(axis=1) & ~relief
    flexible_va = np.where(varies[:, None], adds_va(pairs.flexible_kw, factor), 0.0)
    needs = np.logical_and((firm_va > 0).any(axis=1), rule)
    area = _areas(weighed, pairs, room)
    code = np.where(needs & (area < 0), place_of("CAPACITY_UNKNOWN"), OPEN).astype(np.int8)
    node, block = np.full(many, -1, dtype=np.int32), np.full(many, -1, dtype=np.int8)
    fit = Fit(area, needs, firm_va, flexible_va, np.zeros(many, dtype=bool), code, node, block)
    if stale:
        code[needs] = place_of("CAPACITY_STALE")
        return fit
    if len(room.areas):
        for part in np.array_split(np.flatnonzero(needs & (area >= 0)), 1 + many // _AT_ONCE):
            _look(fit, part, varies, room)
    return fit


def _look(fit: Fit, those: np.ndarray, varies: np.ndarray, room: Room) -> None:
    """Fill in what the room says of some pairs that need it."""
    slack = room.slack(fit.area[those], wants(fit.firm_va[those]))
    unknown = np.isnan(slack).any(axis=(1, 2))
    fits = ~unknown & (slack >= 0).all(axis=(1, 2))
    other = room.slack(fit.area[those], wants(fit.flexible_va[those]))
    flexible = varies[those] & ~unknown & (other >= 0).all(axis=(1, 2))
    refused = ~fits & ~flexible
    fit.flexible[those] = flexible
    code = np.where(unknown, place_of("CAPACITY_UNKNOWN"), place_of("NO_CAPACITY"))
    fit.code[those[refused]] = code[refused]
    node, block = room.binding(fit.area[those[refused]], slack[refused])
    fit.node[those[refused]], fit.block[those[refused]] = node, block


def _areas(weighed: Weighed, pairs: Pairs, room: Room) -> np.ndarray:
    texts = text_of(weighed.wide, "area_id", weighed.places)
    place = {area: at for at, area in enumerate(room.areas)}
    # One more, for the code -1 of what is unknown.
    return np.array([*(place.get(one, -1) for one in texts.values), -1], dtype=np.int32)[texts.codes[pairs.row]]
