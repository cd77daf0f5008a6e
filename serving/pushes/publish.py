"""Publishing offers: everybody judged on the newest snapshot, what is sent held in the ledger, all of it laid down."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from features.errors import NotFoundError
from features.lake import Lake
from features.settings import config_hash
from features.workspace import Workspace
from serving.decisions.pushes.codes import SENT
from serving.decisions.selection import Wide
from serving.ledger import Ledger
from serving.ledger.lapsing import lapse_in
from serving.pushes.committing import Settled, counts, hold_and_keep, settle_in
from serving.pushes.consenting import withdraw_forbidden
from serving.pushes.folder import contents, folder_name, lay_down, pushes_folder
from serving.pushes.material import Material, Scorer, no_scores, read_material, snapshot_by
from serving.pushes.records import PushRun
from serving.pushes.rows import insert_run, run_in
from serving.pushes.store import PushStore
from serving.queue.policy import load_queue_policy

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from serving.decisions.pushes.catalogue import Catalogue
    from serving.decisions.pushes.policy import PushPolicy

__all__ = ["PublishedPushes", "publish_on", "publish_pushes", "run_record"]


@dataclass(frozen=True)
class PublishedPushes:
    """A publication: its run (counts and notes in `run.detail`), its folder, and whether it was made just now."""

    run: PushRun
    folder: Path
    fresh: bool


def publish_pushes(
    workspace: Workspace,
    engine: "Engine",
    now: datetime,
    org_unit: str | None = None,
    by: str = "local",
    say: Callable[[str], None] = lambda _: None,
    catalogue: "Catalogue | None" = None,
    policy: "PushPolicy | None" = None,
    score: Scorer = no_scores,
) -> PublishedPushes:
    """Decide for all customers (of `org_unit` and below, where given), hold what is sent, and keep a publication.

    The ledger is put on the newest publication of capacity first. Run again on the same local day from the same
    snapshot, catalogue, policy and models, the publication that is there is returned and nothing changes. Raises
    NotFoundError where there is no snapshot of `now` or before, and for a unit nobody knows.
    """
    from serving.desk.basing import open_queue, stand_on_latest

    snapshot = snapshot_by(workspace, now)
    within = None if org_unit is None else _within(Lake(workspace.lake), snapshot.wide, org_unit, now)
    stand_on_latest(workspace, open_queue(engine), now, by)
    say(f"customers as of {snapshot.as_of.isoformat()}")
    wishes = PushStore(engine).newest_wishes()
    material = read_material(workspace, snapshot, now, wishes, catalogue, policy, score)
    return publish_on(workspace, engine, material, org_unit, within, by, say)


def publish_on(
    workspace: Workspace,
    engine: "Engine",
    material: Material,
    org_unit: str | None = None,
    within: np.ndarray | None = None,
    by: str = "local",
    say: Callable[[str], None] = lambda _: None,
) -> PublishedPushes:
    """As `publish_pushes`, on material that is read already; `within` is the mask of the customers of `org_unit`."""
    now, day = material.moment.now, f"{material.moment.local:%Y%m%d}"
    run_id = f"{day}-{material.hash('publish', org_unit, day)[:12]}"
    with engine.connect() as connection:
        known = run_in(connection, run_id)
    if known is not None:
        return _there(workspace, known)
    say("who may be offered what")
    weighed = material.weighed(within)
    say("what fits, and who comes first")
    with Ledger(engine).transaction(whole=True) as connection:
        known = run_in(connection, run_id)
        if known is not None:
            return _there(workspace, known)
        lapse_in(connection, now)
        withdraw_forbidden(connection, weighed, material, by)
        settled = settle_in(connection, run_id, weighed, material)
        run = run_record(run_id, "publish", settled, material, len(weighed.places), by, org_unit)
        files = contents(run, settled, material, load_queue_policy().overtaking)
        run = replace(run, folder=folder_name(run_id, files))
        insert_run(connection, run)
        hold_and_keep(connection, run_id, settled, now, by)
        say("write it down")
        folder = lay_down(workspace, run_id, str(run.folder), files, _manifest(run))
    return PublishedPushes(run, folder, True)


def run_record(
    run_id: str,
    kind: str,
    settled: Settled,
    material: Material,
    customers: int,
    by: str,
    org_unit: str | None = None,
) -> PushRun:
    """What is kept of a decision beside its contacts: what it was made from, counts, notes."""
    contacts, room = settled.decided.contacts, settled.room
    sent = int((contacts["reason"] == SENT).sum())
    return PushRun(
        run_id=run_id,
        kind=kind,
        org_unit=org_unit,
        decided_at=material.moment.now,
        made_by=by,
        snapshot_id=material.snapshot_id,
        base_id=None if room is None else room.base_id,
        base_known_at=None if room is None else room.known_at,
        catalogue_hash=config_hash(material.catalogue),
        policy_hash=config_hash(material.policy),
        data_fingerprint=material.fingerprint,
        models=material.used_models(),
        customers=customers,
        sent=sent,
        held_out=len(contacts) - sent,
        detail=_detail(settled, material),
    )


def _detail(settled: Settled, material: Material) -> dict[str, Any]:
    """Counts of what was decided, the shares left out of everything and of each campaign, and notes."""
    contacts = settled.decided.contacts
    sent = contacts[(contacts["reason"] == SENT).to_numpy(dtype=bool)]
    total, by_service = counts(settled.decided)
    return {
        "counts": total,
        "by_service": by_service,
        "channels": {str(name): int(many) for name, many in sorted(sent["channel"].value_counts().items())},
        "relief": int(sent["relief_node_id"].notna().sum()),
        "waitlist": total.get("NO_CAPACITY", 0),
        "holdouts": [material.policy.universal_holdout, material.policy.campaign_holdout],
        "snapshot_as_of": material.moment.snapshot_as_of.isoformat(),
        "notes": [] if settled.grid.stale is None else [f"nothing that adds load is offered: {settled.grid.stale}"],
    }


def _there(workspace: Workspace, run: PushRun) -> PublishedPushes:
    return PublishedPushes(run, pushes_folder(workspace) / str(run.folder), False)


def _manifest(run: PushRun) -> dict[str, Any]:
    told = asdict(run)
    moments = {name: told[name].isoformat() for name in ("decided_at", "base_known_at") if told[name] is not None}
    return {"id": run.folder, "kind": "pushes"} | told | moments | {"kind": "pushes", "models": list(run.models)}


def _within(lake: Lake, wide: Wide, org_unit: str, now: datetime) -> np.ndarray:
    """Mask of the customers whose hall is a unit or below it."""
    units = lake.valid("org_unit", at=pd.Timestamp(now))
    parents = dict(zip(units["unit_id"].astype(str), units["parent_id"], strict=True))
    if org_unit not in parents:
        raise NotFoundError(f"there is no org unit {org_unit!r}")
    below = {org_unit}
    while more := {unit for unit, parent in parents.items() if parent in below} - below:
        below |= more
    halls = wide.texts["hall_id"]
    return np.array([*(one in below for one in halls.values), False], dtype=bool)[halls.codes]
