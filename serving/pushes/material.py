"""What a decision is made from, read once: snapshot, who may be turned to, catalogue, policy, scores, the moment."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from features.clock import time_zone
from features.configs import config_path
from features.errors import NotFoundError
from features.lake import Lake
from features.settings import config_hash, load_settings
from features.workspace import Workspace
from serving.customers.snapshot import Snapshot, list_snapshots
from serving.decisions.pushes.catalogue import Catalogue
from serving.decisions.pushes.own import own_kw
from serving.decisions.pushes.policy import PushPolicy
from serving.decisions.pushes.records import Moment, People, Scores
from serving.decisions.pushes.weigh import Weighed, weigh
from serving.decisions.selection import Texts, Wide
from serving.publish import Publication, latest_of, list_publications
from serving.pushes.configs import load_catalogue, load_push_policy
from serving.pushes.reading import read_people
from serving.pushes.records import Wish

__all__ = ["Material", "Scorer", "moment_of", "no_scores", "read_material", "snapshot_by", "some_of"]

Scorer = Callable[[Workspace, Wide], Scores]
"""Uplift of all customers of a snapshot, where a model of it serves."""


def no_scores(workspace: Workspace, wide: Wide) -> Scores:  # noqa: ARG001
    """Nothing is known better than the catalogue's assumptions."""
    return Scores()


@dataclass(frozen=True)
class Material:
    """Everything but books and grid. `models` are those behind the snapshot; `fingerprint` is of the lake now, and
    `capacity` the publication the ledger may stand on, for what it tells beside the room. `services` are those of the
    catalogue that are asked about; None: all. `heard` is the last wish that `people` knows of, by its number."""

    catalogue: Catalogue
    policy: PushPolicy
    wide: Wide
    people: People
    own_kw: np.ndarray
    scores: Scores
    moment: Moment
    snapshot_id: str
    models: tuple[dict[str, Any], ...] = ()
    fingerprint: str = ""
    zone: str = "UTC"
    capacity: Publication | None = None
    services: tuple[str, ...] | None = None
    heard: int = 0

    def weighed(self, within: np.ndarray | None = None) -> Weighed:
        """Every service weighed for every customer (of `within`, a mask)."""
        one = self
        asked = [service for service in one.catalogue.services if one.services is None or service.code in one.services]
        return weigh(
            Catalogue(services=tuple(asked)),
            one.policy,
            one.wide,
            one.people,
            one.own_kw,
            one.scores,
            one.moment,
            within,
        )

    def used_models(self) -> tuple[dict[str, Any], ...]:
        """Models behind the snapshot, then those of uplift."""
        uplift = [{"name": name, "version": version} for name, version in sorted(self.scores.versions.items())]
        return (*self.models, *uplift)

    def hash(self, *more: object) -> str:
        """Of what steers a decision, beside books and grid: which snapshot, catalogue, policy, uplift, channels that
        are silent at this hour, and `more`."""
        silent = sorted(name for name, rest in self.policy.quiet.items() if rest.silent(self.moment.local.hour))
        parts = [self.snapshot_id, config_hash(self.catalogue), config_hash(self.policy), silent]
        told = json.dumps([*parts, sorted(self.scores.versions.items()), *more], default=str)
        return hashlib.sha256(told.encode()).hexdigest()


def snapshot_by(workspace: Workspace, now: datetime) -> Snapshot:
    """The newest snapshot of no later moment than `now`; NotFoundError where there is none."""
    known = [one for one in list_snapshots(workspace) if one.as_of <= pd.Timestamp(now)]
    if not known:
        when = f"by {now:%Y-%m-%d %H:%M} UTC in {workspace.root}"
        raise NotFoundError(f"nothing is said of customers {when}: `headroom publish tags` does that")
    return known[-1]


def read_material(
    workspace: Workspace,
    snapshot: Snapshot,
    now: datetime,
    wishes: Sequence[Wish],
    catalogue: Catalogue | None = None,
    policy: PushPolicy | None = None,
    score: Scorer = no_scores,
    customers: Sequence[str] | None = None,
    fingerprint: str | None = None,
) -> Material:
    """The material of a decision at `now` on a snapshot, of all its customers or of some (in the snapshot's order; who
    is not in it is left out). `catalogue` and `policy` are those in force where they are not given."""
    lake, territory = Lake(workspace.lake), workspace.territory()
    wide = snapshot.wide if customers is None else some_of(snapshot.wide, _places(snapshot.wide, customers))
    published = list_publications(workspace)
    return Material(
        catalogue=catalogue or load_catalogue(),
        policy=policy or load_push_policy(),
        wide=wide,
        people=read_people(lake, wide, now, wishes),
        own_kw=own_kw(wide, _profiles()),
        scores=score(workspace, wide),
        moment=moment_of(now, territory.time_zone, snapshot.as_of.to_pydatetime()),
        snapshot_id=snapshot.id,
        models=tuple(dict(one) for one in snapshot.made_from.get("models", ())),
        fingerprint=fingerprint or lake.fingerprint(as_of=pd.Timestamp(now)),
        zone=territory.time_zone,
        capacity=latest_of(published) if published else None,
        heard=max((one.wish_id for one in wishes), default=0),
    )


def moment_of(now: datetime, zone: str, snapshot_as_of: datetime) -> Moment:
    """`now` with its local time in `zone`."""
    return Moment(now, now.astimezone(time_zone(zone)), snapshot_as_of)


def some_of(wide: Wide, places: np.ndarray) -> Wide:
    """Some customers of a snapshot, by rising places."""
    texts = {name: Texts(one.codes[places], one.values, one.closed) for name, one in wide.texts.items()}
    numbers = {name: one[places] for name, one in wide.numbers.items()}
    return Wide(wide.customer_ids[places], numbers, texts, {name: one[places] for name, one in wide.tags.items()})


def _profiles() -> Mapping[str, Sequence[float]]:
    """24 hourly values by customer class, relative to the highest."""
    from training.peak import ConnectionPolicy

    return load_settings(ConnectionPolicy, config_path("policy/connections.yaml")).profile


def _places(wide: Wide, customers: Sequence[str]) -> np.ndarray:
    found = {wide.place(one) for one in customers}
    return np.array(sorted(one for one in found if one is not None), dtype=np.intp)
