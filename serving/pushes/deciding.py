"""Deciding for some customers at once: asked only, or done. What was done under a key is told again under it."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from features.workspace import Workspace
from serving.customers.snapshot import Snapshot
from serving.decisions.pushes.catalogue import Catalogue
from serving.decisions.pushes.records import Decided
from serving.decisions.selection import Texts, Wide
from serving.ledger import Ledger
from serving.ledger.lapsing import lapse_in
from serving.pushes.committing import Settled, hold_and_keep, settle_in
from serving.pushes.configs import load_catalogue
from serving.pushes.consenting import withdraw_forbidden
from serving.pushes.material import Material, Scorer, no_scores, read_material, snapshot_by
from serving.pushes.publish import run_record
from serving.pushes.records import PushRun
from serving.pushes.rows import contacts_in, insert_run, run_in
from serving.pushes.store import PushStore
from serving.refusals import BadFieldError, KeyReusedError, UnknownCustomerError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from serving.decisions.pushes.policy import PushPolicy

__all__ = ["DecidedNow", "decide_now", "decide_on"]

_PLACES = ("hall_id", "area_id")


@dataclass(frozen=True)
class DecidedNow:
    """What was decided of the customers of `wide` (ids, halls and areas): `committed`, the offers are made; `repeated`,
    all of it is told as it was decided before, and nothing changed now."""

    run: PushRun
    decided: Decided
    wide: Wide
    committed: bool
    repeated: bool = False


def decide_now(
    workspace: Workspace,
    engine: "Engine",
    now: datetime,
    customers: Sequence[str],
    services: Sequence[str] | None = None,
    commit: bool = False,
    key: str | None = None,
    by: str = "local",
    snapshot: Snapshot | None = None,
    catalogue: Catalogue | None = None,
    policy: "PushPolicy | None" = None,
    score: Scorer = no_scores,
    fingerprint: str | None = None,
) -> DecidedNow:
    """Decide of `customers` and `services` (None: all) on `snapshot` (None: the newest of `now` or before).
    `fingerprint` of the lake spares reading it, where the caller knows it.

    With `commit` the offers are made, held and written down under `key`: under the same one the same is told again,
    KeyReusedError where something else was asked. UnknownCustomerError for one who is not in the snapshot,
    BadFieldError for a service nobody knows, NotFoundError where there is no snapshot.
    """
    from serving.desk.basing import open_queue, stand_on_latest

    if commit and not key:
        raise BadFieldError.of("key", "offers are made under a key, so that they are not made twice")
    asked = {"customers": sorted(set(customers)), "services": None if services is None else sorted(set(services))}
    known = _known(engine, asked, key) if commit else None
    if known is not None:
        return known
    seen = snapshot or snapshot_by(workspace, now)
    absent = [one for one in asked["customers"] or () if seen.wide.place(one) is None]
    if absent:
        raise UnknownCustomerError(f"customer {absent[0]} is not in the snapshot {seen.id}")
    offered = catalogue or load_catalogue()
    unknown = sorted(set(services or ()) - set(offered.codes))
    if unknown:
        raise BadFieldError.of("services", f"there is no service {unknown[0]!r}")
    stand_on_latest(workspace, open_queue(engine), now, by)
    wishes = PushStore(engine).newest_wishes()
    material = read_material(workspace, seen, now, wishes, offered, policy, score, customers, fingerprint)
    chosen = None if services is None else tuple(services)
    return decide_on(engine, replace(material, services=chosen), asked, commit, key, by)


def decide_on(
    engine: "Engine",
    material: Material,
    asked: dict[str, list[str] | None],
    commit: bool = False,
    key: str | None = None,
    by: str = "local",
) -> DecidedNow:
    """As `decide_now`, of all customers and services of material that is read already."""
    now, ledger, weighed = material.moment.now, Ledger(engine), material.weighed()
    named = key if commit else f"{material.hash(asked)} {now.isoformat()}"
    run_id = f"ask-{hashlib.sha256(str(named).encode()).hexdigest()[:16]}"
    if not commit:
        ledger.expire(now)
        with engine.connect() as connection:
            settled = settle_in(connection, run_id, weighed, material)
        return _told(run_id, settled, material, asked, None, by)
    with ledger.transaction(whole=True) as connection:
        known = _known_in(connection, asked, key)
        if known is not None:
            return known
        lapse_in(connection, now)
        withdraw_forbidden(connection, weighed, material, by)
        told = _told(run_id, settled := settle_in(connection, run_id, weighed, material), material, asked, key, by)
        insert_run(connection, told.run)
        hold_and_keep(connection, run_id, settled, now, by)
    return told


def _told(
    run_id: str,
    settled: Settled,
    material: Material,
    asked: dict[str, list[str] | None],
    key: str | None,
    by: str,
) -> DecidedNow:
    """The answer, in the form in which it can be told again."""
    decided, wide = _short(settled.decided), material.wide
    run = run_record(run_id, "decide", settled, material, len(wide), by)
    told = {"asked": asked, "decided": _plain(decided, wide)}
    run = replace(run, idempotency_key=key, detail={**run.detail, **told})
    return DecidedNow(run, decided, wide, key is not None)


def _known(engine: "Engine", asked: dict[str, list[str] | None], key: str | None) -> DecidedNow | None:
    with engine.connect() as connection:
        return _known_in(connection, asked, key)


def _known_in(connection: Connection, asked: dict[str, list[str] | None], key: str | None) -> DecidedNow | None:
    run = run_in(connection, key=key)
    if run is None:
        return None
    if run.detail["asked"] != asked:
        raise KeyReusedError(f"something else was decided under the key {key} before")
    told = run.detail["decided"]
    ids = np.array(told["customer_ids"], dtype=object)
    wide = Wide(ids, {}, {name: Texts.of(pd.Series(told[name], dtype="str")) for name in _PLACES})
    tables = {name: np.array(told[name], dtype=kind).reshape(len(ids), -1) for name, kind in _TABLES.items()}
    contacts = contacts_in(connection, run.run_id)
    return DecidedNow(
        run, Decided(tuple(told["services"]), tuple(told["nodes"]), **tables, contacts=contacts), wide, True, True
    )


_TABLES = {"reasons": np.int8, "binds": np.int32, "block": np.int8}


def _plain(decided: Decided, wide: Wide) -> dict[str, Any]:
    every = np.arange(len(wide))
    told = {"customer_ids": wide.customer_ids.tolist(), **{name: wide.texts[name].listed(every) for name in _PLACES}}
    told |= {"services": list(decided.services), "nodes": list(decided.nodes)}
    return json.loads(json.dumps(told | {name: getattr(decided, name).tolist() for name in _TABLES}))


def _short(decided: Decided) -> Decided:
    """The same with the nodes alone that refuse something."""
    used = np.unique(decided.binds[decided.binds >= 0])
    binds = np.where(decided.binds >= 0, np.searchsorted(used, decided.binds), -1).astype(np.int32)
    return replace(decided, nodes=tuple(decided.nodes[one] for one in used), binds=binds)
