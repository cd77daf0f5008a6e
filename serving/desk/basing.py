"""On what promises stand: the newest publication, or figures computed since because a ledger was put right.

A publication holds every application that was approved when it was made; promises made since are held in the ledger
beside it. Where the ledgers (nodes, ratings, lines, ties, applications) have changed since, the figures are computed
anew from what is known now, and the queue is gone through on those.
"""

from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from features.configs import config_path
from features.lake import Lake
from features.load.reading import load_history
from features.settings import load_settings
from features.workspace import Workspace
from serving.ledger import BLOCKS, Base, Ledger, Promise, to_va
from serving.ledger.base import rooms_of
from serving.publish import Provenance, Publication, content_hash, latest_of, list_publications
from serving.queue import Case, Queue, QueuePolicy
from serving.queue.policy import load_queue_policy

if TYPE_CHECKING:
    from sqlalchemy import Engine

__all__ = ["LEDGERS", "base_of", "drawn_va", "open_queue", "recheck", "stand_on_latest"]

LEDGERS = ("node", "transformer", "line_segment", "tie", "application")
"""Tables whose correction changes what is open, or what is promised."""


def open_queue(engine: "Engine", policy: QueuePolicy | None = None) -> Queue:
    """The queue of a state, under the policy in force unless another is given."""
    return Queue(Ledger(engine), policy or load_queue_policy())


@cache
def _per_kva() -> pd.DataFrame:
    from training.peak import ConnectionPolicy

    return load_settings(ConnectionPolicy, config_path("policy/connections.yaml")).block_kw_per_kva()


def drawn_va(kva: float, customer_class: str, policy: QueuePolicy) -> tuple[int, ...]:
    """What is kept free for an application, VA by four-hour block: what it asks for at all hours, or what its class is
    expected to draw (kVA as kW: a little more than it is)."""
    if policy.basis == "requested":
        return (to_va(kva),) * BLOCKS
    shares = np.asarray(_per_kva().loc[customer_class], dtype=float)
    return tuple(to_va(kva * share) for share in shares)


def base_of(workspace: Workspace, base_id: str, made: Provenance, capacity: pd.DataFrame, policy: QueuePolicy) -> Base:
    """The base a table of open capacity makes, with the applications as they were known at its moment."""
    lake = Lake(workspace.lake)
    nodes = lake.valid("node", at=made.now, as_of=made.now)
    above = dict(zip(nodes["node_id"].astype(str), nodes["parent_id"], strict=True))
    until = made.now + pd.Timedelta(days=made.horizon_days)
    return Base(
        base_id=base_id,
        known_at=made.now.to_pydatetime(),
        until=until.to_pydatetime(),
        ledgers=lake.fingerprint(as_of=made.now, tables=LEDGERS),
        rooms=rooms_of(capacity, above),
        promises=_promises(lake, made.now, policy),
    )


def _promises(lake: Lake, now: pd.Timestamp, policy: QueuePolicy) -> tuple[Promise, ...]:
    names = ["application_id", "node_id", "status", "customer_class"]
    columns = [*names, "kind", "requested_kva", "available_at"]
    frame = lake.read("application", as_of=now, columns=columns).sort_values("application_id")
    # A decrease promises nothing; what it frees is in the figures once it is done.
    kva = frame["requested_kva"].astype(float).where(frame["kind"] != "decrease", 0.0)
    rows = zip(*(frame[name].astype(str) for name in names), kva, strict=True)
    return tuple(Promise(one, node, stage, drawn_va(asked, kind, policy)) for one, node, stage, kind, asked in rows)


def stand_on_latest(
    workspace: Workspace, queue: Queue, now: datetime, by: str, newest: Publication | None = None
) -> list[Case]:
    """Put the ledger on the newest firm publication (`newest`, where the caller knows it) unless it stands on that or
    on something newer; those released. Nothing happens where nothing is published.
    """
    if newest is None:
        known = list_publications(workspace)
        if not known:
            return []
        newest = latest_of(known)
    stands = queue.ledger.base()
    if stands is not None and (stands.base_id == newest.id or stands.known_at > newest.provenance.now):
        return []
    return queue.rebase(_published(workspace, newest, queue.policy), now, by)


def recheck(workspace: Workspace, queue: Queue, now: datetime, by: str) -> list[Case]:
    """Look at everything again: a newer publication, ledgers put right since, promises that ran out; those released."""
    released = stand_on_latest(workspace, queue, now, by)
    stands = queue.ledger.base()
    if stands is not None and Lake(workspace.lake).fingerprint(tables=LEDGERS) != stands.ledgers:
        released += queue.rebase(_computed(workspace, queue.policy), now, by)
    return released + queue.settle(now, by)


def _published(workspace: Workspace, newest: Publication, policy: QueuePolicy) -> Base:
    return base_of(workspace, newest.id, newest.provenance, newest.capacity(), policy)


def _computed(workspace: Workspace, policy: QueuePolicy) -> Base:
    """Figures from the ledgers as they are now, and the loads known by then."""
    from serving.capacity import compute_capacity

    lake = Lake(workspace.lake)
    changed = [lake.read(name, columns=["available_at"])["available_at"].max() for name in LEDGERS]
    newest = load_history(lake, workspace.territory()).as_of
    moment = max([newest, *(at for at in changed if at is not pd.NaT)])
    capacity, made = compute_capacity(workspace, moment)
    base = base_of(workspace, f"live-{content_hash(capacity, made)[:16]}", made, capacity, policy)
    # What is valid only from later on is seen, too, and not asked for again until something else changes.
    return replace(base, ledgers=lake.fingerprint(tables=LEDGERS))
