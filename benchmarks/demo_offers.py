"""A demo territory as it stands at a moment some months before its data ends, by the product's own steps.

Generated, ingested, its open capacity published from what was known then, the ledger put on that, applications of the
time checked, customers tagged: what a decision on offers is made from. What customers drew later is its truth.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sqlalchemy import Engine

from features.configs import config_path
from features.demo import DemoConfig, Territory, write_territory
from features.demo.config import TIME_ZONE
from features.ingest import ingest
from features.lake import Lake
from features.load.reading import load_history
from features.settings import config_hash, load_settings
from features.workspace import Workspace
from serving.capacity import load_policy, load_uptake, open_capacity_of
from serving.customers.publish import Scored, publish_tags
from serving.decisions.pushes.policy import PushPolicy
from serving.decisions.pushes.records import Grid, Moment, People
from serving.decisions.pushes.relief import own_room
from serving.decisions.queue import Waiting
from serving.decisions.selection import Wide
from serving.desk.basing import base_of, drawn_va, open_queue
from serving.publish import Provenance, write_publication
from serving.queue import Request
from serving.queue.reading import waiting_cases
from serving.state import open_state
from serving.tags.inputs import SCORES
from training.peak import ConnectionPolicy, PeakConfig, PeakModel

__all__ = ["AFTER_DAYS", "Standing", "config_of", "stand"]

OPEN_HOUR = 14
"""Local hour of the decision: no channel is silent."""
AFTER_DAYS = 365
"""Days of data after the decision: every season once."""


@dataclass(frozen=True)
class Standing:
    """What was known at `now`, and the territory it belongs to."""

    territory: Territory
    moment: Moment
    wide: Wide
    people: People
    grid: Grid


def config_of(number: int) -> DemoConfig:
    """The demo territory of a seed, with what a decision does not need left out."""
    return DemoConfig(customer_years=2, forecast_days=1, voltage_days=0, seed=number)


def stand(territory: Territory, place: Path, policy: PushPolicy) -> Standing:
    """Everything up to the decision; `place` is an empty folder."""
    folder, workspace = place / "files", Workspace(place / "workspace")
    write_territory(territory, folder)
    ingest(config_path("sources/demo.yaml"), folder, workspace)
    midnight = territory.days.utc(len(territory.days.dates) - AFTER_DAYS)
    now = midnight + pd.Timedelta(hours=OPEN_HOUR)
    engine = open_state(workspace.state_url)
    try:
        capacity = _published(workspace, now, engine)
        wide = publish_tags(workspace, engine, as_of=now, score=_no_scores).snapshot.wide
        grid = _grid(engine, capacity, policy)
    finally:
        engine.dispose()
    at = now.to_pydatetime()
    local = now.tz_convert(TIME_ZONE).tz_localize(None).to_pydatetime()
    return Standing(territory, Moment(at, local, at), wide, _people(Lake(workspace.lake), wide, now), grid)


def _published(workspace: Workspace, now: pd.Timestamp, engine: Engine) -> pd.DataFrame:
    """Open capacity as of `now`, the ledger on it, and the queue of those who waited for an answer then."""
    lake, rules, layers = Lake(workspace.lake), load_policy(), load_uptake()
    seen = load_history(lake, workspace.territory(), as_of=now)
    connections = load_settings(ConnectionPolicy, config_path("policy/connections.yaml"))
    settings = load_settings(PeakConfig, config_path("peak.yaml"))
    model = PeakModel.fit(seen, settings, lake.versions("application", as_of=now), connections)
    capacity = open_capacity_of(lake, seen, model, rules, layers)
    made = Provenance(now, rules.horizon_days, "peak", 1, "0" * 64, lake.fingerprint(now), config_hash(rules))
    publication = write_publication(workspace, capacity, made)
    queue = open_queue(engine)
    at = now.to_pydatetime()
    queue.rebase(base_of(workspace, publication.id, made, capacity, queue.policy), at, "publication")
    asked = lake.read("application", as_of=now)
    asked = asked[asked["status"].isin(["submitted", "surveyed"]) & (asked["kind"] != "decrease")]
    for row in asked[asked["requested_kva"] > 0].sort_values(["submitted_at", "application_id"]).to_dict("records"):
        kva, kind = float(row["requested_kva"]), str(row["customer_class"])
        request = Request(
            application_id=str(row["application_id"]),
            node_id=str(row["node_id"]),
            va=drawn_va(kva, kind, queue.policy),
            requested_kva=kva,
            customer_class=kind,
            submitted_at=row["submitted_at"].to_pydatetime(),
        )
        queue.check(request, at, "lake")
    return capacity


def _no_scores(_workspace: Workspace, _at: pd.Timestamp, customers: pd.Index) -> Scored:
    columns = [name for names in SCORES.values() for name in names]
    return Scored(pd.DataFrame(index=customers, columns=columns, dtype=float), (), ())


def _grid(engine: Engine, capacity: pd.DataFrame, policy: PushPolicy) -> Grid:
    room = open_queue(engine).ledger.room()
    with engine.connect() as connection:
        cases = waiting_cases(connection)
    waiting = [Waiting(case.application_id, case.node_id, case.va) for case in cases]
    left = room.left_va()
    return Grid(left, room.paths, room.kinds, waiting, own_va=own_room(capacity, left, policy.power_factor))


def _people(lake: Lake, wide: Wide, now: pd.Timestamp) -> People:
    """Who allows what. Every account is a person of its own here, and none asked not to be contacted."""
    told = lake.valid("consent", at=now, as_of=now)
    granted = told["granted"].fillna(False).astype(bool)
    consents = {
        (str(purpose), str(channel)): _mask(wide, part["customer_id"])
        for (purpose, channel), part in told[granted].groupby(["purpose", "channel"], observed=True)
    }
    forbids = _mask(wide, told.loc[~granted & (told["purpose"] == "profiling"), "customer_id"])
    return People(wide.customer_ids, forbids, np.zeros(len(wide), dtype=bool), consents)


def _mask(wide: Wide, ids: pd.Series) -> np.ndarray:
    return np.isin(wide.customer_ids.astype(str), ids.astype(str).to_numpy(dtype=str))
