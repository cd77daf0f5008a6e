"""One reconciliation: read the ledgers, decide, and write what changed. Links, work items and the agreed tables."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import pandas as pd

from features.clock import Calendar
from features.errors import NotFoundError
from features.lake import Lake
from features.reconcile.agreed import application_rows, customer_rows, node_rows, transformer_rows
from features.reconcile.applications import Placed, place_applications
from features.reconcile.customers import parents_of_customers
from features.reconcile.findings import (
    find_in_applications,
    find_in_customers,
    find_in_nodes,
    find_in_ratings,
    find_in_records,
)
from features.reconcile.items import Finding, kept_in_step
from features.reconcile.ledgers import Ledgers
from features.reconcile.links import link_rows
from features.reconcile.matching import Matched, match_equipment
from features.reconcile.policy import ReconcilePolicy
from features.reconcile.ratings import ratings
from features.reconcile.readings import Readings
from features.reconcile.upstream import parents_of_nodes
from features.reconcile.writing import append_changes, append_rows
from features.workspace import Workspace

__all__ = ["Agreed", "Reconciled", "agree", "reconcile"]


@dataclass(frozen=True)
class Agreed:
    """What the ledgers come to as of a moment: rows by table of the lake, findings, and the applications' fates."""

    tables: dict[str, pd.DataFrame]
    findings: list[Finding]
    placed: Placed


@dataclass(frozen=True)
class Reconciled:
    """What a run wrote: rows by table, links by method, work items by kind and state, applications by fate."""

    now: pd.Timestamp
    written: dict[str, int]
    links: dict[str, dict[str, int]]
    work_items: dict[str, dict[str, int]]
    applications: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as printed by `--json`."""
        return vars(self) | {"now": self.now.isoformat()}


def reconcile(workspace: Workspace, policy: ReconcilePolicy, now: pd.Timestamp) -> Reconciled:
    """Bring the ledgers of the lake together as known at `now`, and append what differs from what stands.

    Nothing is overwritten: a changed link, node, customer or application is a new version, known from when the rows
    that changed it were. The same ledgers again write nothing. Raises NotFoundError where the lake holds no ledgers.
    """
    lake = Lake(workspace.lake)
    ledgers = Ledgers.read(lake, now)
    if ledgers.frames["ledger_node"].empty:
        raise NotFoundError("the lake holds no ledger_node rows: ingest the systems' ledgers first")
    made = agree(ledgers, Readings(lake, now), policy)
    territory = workspace.territory()
    calendar = Calendar(territory.time_zone, territory.country, territory.subdivision)
    written = {name: append_changes(lake, name, rows) for name, rows in made.tables.items()}
    items = kept_in_step(lake.read("work_item"), made.findings, policy, calendar, now)
    written["work_item"] = append_rows(lake, "work_item", items)
    return _told(lake, made, written, now)


def agree(ledgers: Ledgers, readings: Readings, policy: ReconcilePolicy) -> Agreed:
    """Everything that follows from the ledgers, and from readings where they disagree; nothing is written."""
    matched = match_equipment(ledgers, policy)
    upstream, node_disputes = parents_of_nodes(ledgers, matched, readings, policy)
    nodes = node_rows(ledgers, matched, upstream, policy)
    current = nodes.drop_duplicates("node_id", keep="last").set_index("node_id")
    hall = {str(node): str(unit) for node, unit in current["hall_id"].dropna().items()}
    feeder_of = {one.child: one.parent for one in upstream if one.child in matched.nodes["area"]}
    customers, customer_disputes = parents_of_customers(ledgers, matched, feeder_of, readings, policy)
    held, rating_faults = ratings(ledgers, matched)
    transformers = transformer_rows(ledgers, matched, held)
    placed = _placed(ledgers, matched, transformers, policy)
    links = link_rows(ledgers, matched, upstream, customers, placed)
    findings = [
        *find_in_records(ledgers, matched, policy, hall),
        *find_in_ratings(rating_faults, hall),
        *find_in_nodes(node_disputes, upstream, hall),
        *find_in_customers(ledgers, matched, customer_disputes, customers, hall),
        *find_in_applications(placed.aside, placed.in_va, placed.matched),
    ]
    tables = {
        "node": nodes,
        "transformer": transformers,
        "link": links,
        "customer": customer_rows(ledgers, links),
        "application": application_rows(placed),
    }
    return Agreed(tables, findings, placed)


def _placed(ledgers: Ledgers, matched: Matched, transformers: pd.DataFrame, policy: ReconcilePolicy) -> Placed:
    now = transformers[transformers["valid_to"].isna()]
    rating = {str(node): float(kva) for node, kva in now.groupby("node_id")["rating_kva"].sum().items()}
    area_of = {
        record.removeprefix("marketing:"): match.node_id
        for record, match in matched.of.items()
        if record.startswith("marketing:") and match.node_id in matched.nodes["area"]
    }
    # Every version counts: an application is matched by its latest, and its history stands with it.
    return place_applications(ledgers.frames["ledger_application"], area_of, rating, policy.applications)


def _told(lake: Lake, made: Agreed, written: dict[str, int], now: pd.Timestamp) -> Reconciled:
    links = made.tables["link"]
    standing = links[links["valid_to"].isna()]
    by_relation = {
        str(relation): dict(Counter(part["method"].astype("str")))
        for relation, part in standing.groupby("relation", observed=True)
    }
    items = lake.read("work_item")
    by_kind = {
        str(kind): dict(Counter(part["state"].astype("str"))) for kind, part in items.groupby("kind", observed=True)
    }
    placed = made.placed
    fates = {
        name: int(frame["application_id"].nunique())
        for name, frame in (("matched", placed.matched), ("repeated", placed.repeated), ("set_aside", placed.aside))
    }
    return Reconciled(now, written, by_relation, by_kind, fates)
