"""The part of a decision that needs books and grid: what stands, what fits, who is first, and who is left out.

It is quick, for whoever decides holds the lock on the room meanwhile.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from serving.decisions.pushes.contacts import contacts_of
from serving.decisions.pushes.former import expected, lately, standing
from serving.decisions.pushes.rank import Relief, relief_of
from serving.decisions.pushes.records import Decided, Grid
from serving.decisions.pushes.room import room_of
from serving.decisions.pushes.screen import screen
from serving.decisions.pushes.take import caps_of, take
from serving.decisions.pushes.weigh import OPEN, Pairs, Weighed, place_of

__all__ = ["settle"]


def settle(run_id: str, weighed: Weighed, former: pd.DataFrame, grid: Grid, capacity_rule: bool = True) -> Decided:
    """Decide on what was weighed. `former` has FORMER_COLUMNS. Without `capacity_rule` nothing is refused for want of
    room, which only a benchmark asks for."""
    reasons = weighed.reasons.copy()
    stands = standing(weighed, former)
    reasons[stands] = np.minimum(reasons[stands], place_of("STANDING_OFFER"))
    every = relief_of(weighed, weighed.pairs, grid)
    free = reasons[weighed.pairs.row, weighed.pairs.service] == OPEN
    sought = every.needed_kw - _expected(weighed, former, every)
    pairs, relief = weighed.pairs.of(free), replace(every.of(free), needed_kw=sought)
    room = room_of(grid)
    fit = screen(weighed, pairs, room, grid.stale is not None, relief.node >= 0, capacity_rule)
    # Relief is worth the room it gives, which no price of a service knows of.
    low = (fit.code == OPEN) & (relief.node < 0) & ~(pairs.score_cny > weighed.policy.least_score_cny)
    code, node, block = np.where(low, place_of("LOW_SCORE"), fit.code), fit.node, fit.block
    passed = np.flatnonzero(code == OPEN)
    bids, fits, helps = pairs.of(passed), fit.of(passed), relief.of(passed)
    caps = caps_of(weighed, bids, lately(weighed, former))
    taken = take(bids, fits, helps, caps, room, weighed.policy.relief_contacts)
    contacts = contacts_of(run_id, weighed, bids, fits, helps, taken)
    code[passed], node[passed], block[passed] = taken.code, taken.node, taken.block
    code[passed[taken.contacts]] = contacts["reason"].map(place_of).to_numpy(dtype=np.int8)
    reasons[pairs.row, pairs.service] = code
    binds, blocks = _spread(weighed, pairs, node), _spread(weighed, pairs, block)
    whole, binds, blocks = (_of_all(weighed, table) for table in (reasons, binds, blocks))
    return Decided(weighed.catalogue.codes, room.nodes, whole, binds, blocks, contacts)


def _spread(weighed: Weighed, pairs: Pairs, values: np.ndarray) -> np.ndarray:
    """Values of pairs as a table [asked, service], -1 where there is none."""
    table = np.full(weighed.reasons.shape, -1, dtype=values.dtype)
    table[pairs.row, pairs.service] = values
    return table


def _of_all(weighed: Weighed, table: np.ndarray) -> np.ndarray:
    """A table of those asked about as one of all customers, -1 for the others."""
    whole = np.full((len(weighed.wide), table.shape[1]), -1, dtype=table.dtype)
    whole[weighed.places] = table
    return whole


def _expected(weighed: Weighed, former: pd.DataFrame, relief: Relief) -> np.ndarray:
    """What offers that stand are expected to free at each constrained node, kW; `relief` of all pairs."""
    hoped = np.zeros(weighed.reasons.shape, dtype=bool)
    hoped[expected(weighed, former)] = True
    pairs = weighed.pairs
    helps = hoped[pairs.row, pairs.service] & (relief.node >= 0)
    brings = pairs.propensity[helps] * relief.freed_kw[helps]
    return np.bincount(relief.node[helps], brings, minlength=len(relief.ids))
