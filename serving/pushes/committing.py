"""Deciding on the books as they are, and writing down what was decided, in one transaction with the room it holds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from serving.decisions.pushes.codes import CODES, SENT
from serving.decisions.pushes.records import ADDS_VA, HELD_VA, Decided, Grid
from serving.decisions.pushes.relief import own_room
from serving.decisions.pushes.settle import settle
from serving.decisions.pushes.weigh import Weighed, place_of
from serving.ledger import Ask
from serving.ledger.offers import hold_offers
from serving.ledger.rooms import Room
from serving.pushes.material import Material
from serving.pushes.reading import read_grid
from serving.pushes.records import Wish
from serving.pushes.rows import former_in, insert_pushes, the_newest_wishes

__all__ = ["Settled", "counts", "hold_and_keep", "settle_in"]

_FEW = 1000
"""Of no more customers their own former contacts are looked up; of more, everybody's are read."""


@dataclass(frozen=True)
class Settled:
    """What was decided, on which room (None: there was none)."""

    decided: Decided
    grid: Grid
    room: Room | None


def settle_in(connection: Connection, run_id: str, weighed: Weighed, material: Material) -> Settled:
    """Decide on the books as they are within a transaction; with `Ledger.transaction(whole=True)` they stay so."""
    policy, now = material.policy, material.moment.now
    grid, room = read_grid(connection, policy, now)
    if room is not None and material.capacity is not None and material.capacity.id == room.base_id:
        grid = replace(grid, own_va=own_room(material.capacity.capacity(), grid.left_va, policy.power_factor))
    whom = None if len(material.wide) > _FEW else {*material.wide.customer_ids, *material.people.persons}
    weighed = _heeding(weighed, [one for one in the_newest_wishes(connection) if one.wish_id > material.heard])
    former = former_in(connection, now, max(policy.per_channel_days, policy.total_days), whom)
    return Settled(settle(run_id, weighed, former, grid), grid, room)


def _heeding(weighed: Weighed, wishes: Sequence[Wish]) -> Weighed:
    """The same, but that who asked to be left alone while it was weighed is left alone."""
    said = [one.customer_id for one in wishes if one.wish]
    if not said:
        return weighed
    persons = weighed.people.persons
    silent = {*said, *persons[np.isin(weighed.wide.customer_ids, said)]}
    those = np.array([one in silent for one in persons[weighed.places]], dtype=bool)
    told = np.minimum(weighed.reasons, place_of("DO_NOT_CONTACT"))
    return replace(weighed, reasons=np.where(those[:, None], told, weighed.reasons).astype(np.int8))


def hold_and_keep(connection: Connection, run_id: str, settled: Settled, now: datetime, by: str) -> None:
    """Hold the room of what is sent, and write all contacts down; the run itself is there already."""
    contacts = settled.decided.contacts
    asks, needs = _asks(contacts, settled.grid)
    held = dict(zip((ask.ref for ask in asks), hold_offers(connection, asks, needs, now, by), strict=True))
    insert_pushes(connection, run_id, contacts, held)


def counts(decided: Decided) -> tuple[dict[str, int], dict[str, dict[str, int]]]:
    """How many pairs bear each code, in all and by service; codes nobody bears are left out."""
    by_service = {}
    for column, service in enumerate(decided.services):
        reasons = decided.reasons[:, column]
        found = np.bincount(reasons[reasons >= 0], minlength=len(CODES))
        by_service[service] = {code: int(many) for code, many in zip(CODES, found, strict=True) if many}
    total = {code: sum(one.get(code, 0) for one in by_service.values()) for code in CODES}
    return {code: many for code, many in total.items() if many}, by_service


def _asks(contacts: pd.DataFrame, grid: Grid) -> tuple[list[Ask], list[tuple[int, ...]]]:
    """What is sent and adds load, as the ledger is asked for it: what it holds, and what it needs to be free."""
    held = contacts[list(HELD_VA)].to_numpy(dtype=np.int64)
    adds = contacts[list(ADDS_VA)].to_numpy(dtype=np.int64)
    rows = np.flatnonzero((contacts["reason"] == SENT).to_numpy(dtype=bool) & (held.max(axis=1, initial=0) > 0))
    columns = ["push_id", "area_id", "hall_id", "expires_at"]
    asks = []
    for at, (push_id, area, hall, until) in zip(
        rows, contacts.iloc[rows][columns].itertuples(index=False), strict=True
    ):
        va = tuple(held[at].tolist())
        expires = pd.Timestamp(until).to_pydatetime()
        hall_id = hall if isinstance(hall, str) else None
        asks.append(Ask("offer", push_id, grid.paths[area], va, hall_id, expires, key=f"offer:{push_id}"))
    return asks, [tuple(row) for row in adds[rows].tolist()]
