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
from features.demo import DemoConfig, Territory, simulate, write_territory
from features.ingest import ingest
from features.lake import Lake
from features.load.reading import load_history
from features.settings import config_hash, load_settings
from features.workspace import Workspace
from serving.capacity import load_policy, load_uptake, open_capacity_of
from serving.customers.publish import Scored, publish_tags
from serving.decisions.pushes.records import Grid
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

AFTER_DAYS = 365
"""Days of data after the decision: every season once."""


@dataclass(frozen=True)
class Standing:
    """What was known at `now`, and the territory it belongs to."""

    territory: Territory
    now: pd.Timestamp
    wide: Wide
    grid: Grid
    persons: np.ndarray
    consents: dict[tuple[str, str], np.ndarray]
    forbids: np.ndarray
    capacity: pd.DataFrame


def config_of(number: int) -> DemoConfig:
    """The demo territory of a seed, with what a decision does not need left out."""
    return DemoConfig(customer_years=2, forecast_days=1, voltage_days=0, seed=number)


def stand(territory: Territory, place: Path) -> Standing:
    """Everything up to the decision; `place` is an empty folder."""
    folder, workspace = place / "files", Workspace(place / "workspace")
    write_territory(territory, folder)
    ingest(config_path("sources/demo.yaml"), folder, workspace)
    now = territory.days.utc(len(territory.days.dates) - AFTER_DAYS) + pd.Timedelta(hours=6)
    engine = open_state(workspace.state_url)
    try:
        capacity = _published(workspace, now, engine)
        wide = publish_tags(workspace, engine, as_of=now, score=_no_scores).snapshot.wide
        grid = _grid(engine)
    finally:
        engine.dispose()
    persons, consents, forbids = _people(Lake(workspace.lake), wide, now)
    return Standing(territory, now, wide, grid, persons, consents, forbids, capacity)


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


def _grid(engine: Engine) -> Grid:
    room = open_queue(engine).ledger.room()
    with engine.connect() as connection:
        cases = waiting_cases(connection)
    waiting = [Waiting(case.application_id, case.node_id, case.va) for case in cases]
    return Grid(room.left_va(), room.paths, room.kinds, waiting)


def _people(
    lake: Lake, wide: Wide, now: pd.Timestamp
) -> tuple[np.ndarray, dict[tuple[str, str], np.ndarray], np.ndarray]:
    given = lake.valid("consent", at=now, as_of=now)
    consents = {}
    for (purpose, channel), part in given.groupby(["purpose", "channel"], observed=True):
        who = part.loc[part["granted"].fillna(False).astype(bool), "customer_id"]
        consents[str(purpose), str(channel)] = np.isin(wide.customer_ids, who.astype(str).to_numpy(dtype=object))
    refused = given.loc[(given["purpose"] == "profiling") & ~given["granted"].fillna(True).astype(bool), "customer_id"]
    forbids = np.isin(wide.customer_ids, refused.astype(str).to_numpy(dtype=object))
    return wide.customer_ids, consents, forbids


def simulated(number: int) -> Territory:
    """The territory of a seed."""
    return simulate(config_of(number))
