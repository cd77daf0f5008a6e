"""What a decision is made from beside the snapshot: whom one may turn to now, whose accounts are one person's, and the
room of the grid."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from features.lake import Lake
from serving.decisions.pushes.policy import PushPolicy
from serving.decisions.pushes.records import Grid, People
from serving.decisions.queue import Waiting
from serving.decisions.selection import Wide
from serving.ledger.rooms import Room, read_room
from serving.pushes.records import Wish
from serving.pushes.rows import shadow_in
from serving.queue.reading import waiting_cases

__all__ = ["accounts_of", "persons_of", "read_grid", "read_people"]

_ASKED_AT_ONCE = 2_000
_DOCUMENT = ["document_kind", "document_id"]


def read_people(lake: Lake, wide: Wide, now: datetime, wishes: Sequence[Wish] = ()) -> People:
    """Whom may be turned to at `now`, in the order of `wide`. `wishes` are the newest of each account, the latest last:
    the last of a person's holds for all his accounts."""
    ids = wide.customer_ids
    at = pd.Timestamp(now)
    wished = np.array([one.customer_id for one in wishes], dtype=object)
    persons = persons_of(lake, np.concatenate([ids, wished]), at)
    said = dict(zip(persons[len(ids) :], (one.wish for one in wishes), strict=True))
    mine = persons[: len(ids)]
    silent = np.array([said.get(one, False) for one in mine], dtype=bool)
    consents = _consents(lake, ids, at)
    profiling = consents[consents["purpose"] == "profiling"]
    against = profiling.loc[~profiling["granted"].astype(bool), "customer_id"]
    allowed = consents[consents["granted"].astype(bool)]
    masks = {
        (str(purpose), str(channel)): _mask(ids, part["customer_id"])
        for (purpose, channel), part in allowed.groupby(["purpose", "channel"], observed=True)
    }
    return People(mine, _mask(ids, against), silent, masks)


def persons_of(lake: Lake, customer_ids: np.ndarray, at: pd.Timestamp) -> np.ndarray:
    """The person of each account, object [customers]: the oldest account under the same document, be it closed since:
    whoever moves stays in the part he was drawn into. Who has shown no document is a person of his own."""
    ids = np.asarray(customer_ids, dtype=object)
    frame = _identities(lake, ids, at)
    if frame.empty:
        return np.array([str(one) for one in ids], dtype=object)
    began = frame.groupby("customer_id", observed=True)["valid_from"].min()
    # An account is his whose document holds, or held last.
    held = frame.assign(holds=~(frame["valid_to"] <= at)).sort_values(["customer_id", "holds", "valid_from"])
    held = held.drop_duplicates("customer_id", keep="last").dropna(subset=_DOCUMENT)
    held = held.assign(began=held["customer_id"].map(began)).sort_values(["began", "customer_id"], kind="stable")
    oldest = held.groupby(_DOCUMENT, observed=True)["customer_id"].transform("first")
    known = dict(zip(held["customer_id"], oldest, strict=True))
    return np.array([str(known.get(one, one)) for one in ids], dtype=object)


def accounts_of(lake: Lake, customer_id: str, at: pd.Timestamp) -> list[str]:
    """All accounts of the person behind one of them, in order; that one is always among them."""
    alike = _identities(lake, np.array([customer_id], dtype=object), at)["customer_id"]
    ids = np.array(sorted({customer_id, *alike.astype(str)}), dtype=object)
    persons = dict(zip(ids, persons_of(lake, ids, at), strict=True))
    return [one for one in ids if persons[one] == persons[customer_id]]


def read_grid(connection: Connection, policy: PushPolicy, now: datetime) -> tuple[Grid, Room | None]:
    """The room as it stands within a transaction, with the queue and what hold-outs' offers would hold; and what it was
    read from, None before the first base: then nothing is known, and all of it is stale."""
    room = read_room(connection)
    if room is None:
        return Grid({}, {}, stale="no open capacity is published yet"), None
    waiting = [Waiting(case.application_id, case.node_id, case.va) for case in waiting_cases(connection)]
    shadow = shadow_in(connection, now)
    stale = _stale(room, policy, now)
    return Grid(room.left_va(), room.paths, room.kinds, waiting, shadow, stale=stale), room


def _stale(room: Room, policy: PushPolicy, now: datetime) -> str | None:
    if now - room.known_at > timedelta(days=policy.max_capacity_days):
        return f"open capacity is of {room.known_at:%Y-%m-%d}, older than {policy.max_capacity_days} days"
    if now > room.until:
        return f"open capacity was told until {room.until:%Y-%m-%d} only"
    return None


def _identities(lake: Lake, ids: np.ndarray, at: pd.Timestamp) -> pd.DataFrame:
    """Periods of the documents behind accounts that had begun by `at`; where few are asked for, of those and of all
    others under the same documents."""
    columns = ["customer_id", *_DOCUMENT, "valid_from", "valid_to"]
    where = None
    if len(ids) <= _ASKED_AT_ONCE:
        mine = lake.read("identity", as_of=at, columns=columns, where={"customer_id": sorted(set(ids))})
        documents = sorted({str(one) for one in mine["document_id"].dropna()})
        if not documents:
            return mine[mine["valid_from"] <= at]
        others = lake.read("identity", as_of=at, columns=columns, where={"document_id": documents})
        where = {"customer_id": sorted({*ids, *others["customer_id"]})}
    frame = lake.read("identity", as_of=at, columns=columns, where=where)
    return frame[frame["valid_from"] <= at].astype(dict.fromkeys(("customer_id", *_DOCUMENT), object))


def _consents(lake: Lake, ids: np.ndarray, at: pd.Timestamp) -> pd.DataFrame:
    """What each customer allows or forbids at `at`, for a purpose by a channel; the period that began last holds."""
    thing = ["customer_id", "purpose", "channel"]
    where = {"customer_id": sorted(set(ids))} if len(ids) <= _ASKED_AT_ONCE else None
    columns = [*thing, "granted", "valid_from", "valid_to"]
    frame = lake.read("consent", as_of=at, columns=columns, where=where)
    frame = frame[(frame["valid_from"] <= at) & ~(frame["valid_to"] <= at)]
    return frame.drop_duplicates(thing, keep="last")


def _mask(ids: np.ndarray, those: pd.Series) -> np.ndarray:
    """Mask over `ids`, which rise."""
    places = pd.Index(ids).get_indexer(pd.Index(those.unique()))
    mask = np.zeros(len(ids), dtype=bool)
    mask[places[places >= 0]] = True
    return mask
