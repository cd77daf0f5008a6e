"""Offers laid down in a state as a run would have, to be listed, hidden and answered."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd

from features.lake import Lake
from features.workspace import Workspace
from serving.decisions.pushes.catalogue import Catalogue
from serving.decisions.pushes.records import ADDS_VA, CONTACT_COLUMNS, HELD_VA
from serving.pushes.folder import pushes_folder
from serving.pushes.records import PushRun
from serving.pushes.rows import insert_pushes, insert_run
from serving.state import open_state, writing
from tests.serving.customers.conftest import people

NOW = datetime.now(UTC).replace(microsecond=0)
EVERYBODY = [f"C{number:04d}" for number in range(40)]
WORDS = {"english": "offer", "chinese": "推荐"}


def _service(code: str, **more: Any) -> dict[str, Any]:
    base = {"code": code, "version": 1, "campaign": f"{code}_1", "name": WORDS, "says": WORDS, "purpose": "service"}
    base |= {"eligible": "use_90d_kwh_day > 6", "acceptance": {"base": 0.3}, "value": {"cny": 50}}
    return base | {"cost_cny": {"hall": 3}} | more


CATALOGUE = Catalogue.model_validate(
    {
        "services": [
            _service("grow", load={"kw": [1.9, 0, 0, 0, 0, 0]}, value={"cny": 90}),
            _service("word"),
            _service("only_app", cost_cny={"app": 0.1}),
        ]
    }
)

RELIEF: dict[str, list[dict[str, Any]]] = {
    "constrained": [
        {"node_id": "A2", "kind": "area", "block": 4, "left_kva": -6.5, "queued_kva": 6.5, "missing_kva": 16.5},
        {"node_id": "F2", "kind": "feeder", "block": 5, "left_kva": 4.0, "queued_kva": 0.0, "missing_kva": 6.0},
    ],
    "released": [
        {"node_id": "A2", "kind": "area", "contacts": 3, "accepted": 0.3}
        | {f"freed_kva_{block}": 7.25 * (block == 4) for block in range(6)}
        | {f"opened_kva_{block}": 0.75 * (block == 4) for block in range(6)},
    ],
    "served": [
        {"application_id": "Y1", "node_id": "A2", "kva": 6.5}
        | {"binding_node_id": "A2", "binding_level": "area", "block": 4},
        {"application_id": "Y9", "node_id": "A4", "kva": 2.0}
        | {"binding_node_id": None, "binding_level": None, "block": None},
    ],
}


def allow_cards(workspace: Workspace, customers: Any) -> None:
    """All but C0004 allow cards of the hall, of services."""
    frame = pd.DataFrame({"customer_id": [one for one in EVERYBODY if one != "C0004"]})
    since = pd.Timestamp("2024-01-01T00:00Z")
    frame = frame.assign(purpose="service", channel="hall", granted=True, valid_from=since, available_at=since)
    Lake(workspace.lake).append("consent", customers.complete("consent", frame), "second")


def run_of(run_id: str = "run-1", **more: Any) -> PushRun:
    """A run of the whole territory, on no open capacity."""
    base: dict[str, Any] = {
        "run_id": run_id,
        "kind": "publish",
        "org_unit": None,
        "decided_at": NOW - timedelta(days=1),
        "made_by": "local",
        "snapshot_id": "20260101T0000Z-0123456789",
        "base_id": None,
        "base_known_at": None,
        "catalogue_hash": "c" * 12,
        "policy_hash": "d" * 12,
        "data_fingerprint": "f" * 12,
        "models": ({"name": "value", "version": 3, "sha256": "ab"},),
        "customers": 40,
        "sent": 0,
        "held_out": 0,
        "folder": f"{run_id}-0123456789",
    }
    return PushRun(**(base | more))


def contact(number: int, **more: Any) -> dict[str, Any]:
    """An offer of a service that touches no load to customer `number`, made yesterday, open for 29 days more."""
    customer = people().iloc[number]
    base: dict[str, Any] = {
        "push_id": f"{number:020x}",
        "customer_id": customer.name,
        "person_id": customer.name,
        "service": "e_bill",
        "service_version": 1,
        "campaign": "e_bill_2026",
        "hall_id": None if pd.isna(customer["hall_id"]) else customer["hall_id"],
        "area_id": customer["area_id"],
        "channel": "app",
        "reason": "SENT",
        "variant": "firm",
        "propensity": 0.25,
        "uplift": float("nan"),
        "value_cny": 12.0,
        "cost_cny": 0.1,
        "score_cny": 2.9,
        "explored": False,
        "relief_node_id": None,
        "freed_kw": float("nan"),
        **dict.fromkeys((*ADDS_VA, *HELD_VA), 0),
        "decided_at": NOW - timedelta(days=1),
        "expires_at": NOW + timedelta(days=29),
    }
    return base | more


def lay_down(workspace: Workspace, contacts: Sequence[dict[str, Any]], run: PushRun | None = None) -> PushRun:
    """A run and its offers, written into the state of a workspace."""
    made = run or run_of()
    frame = pd.DataFrame(list(contacts), columns=list(CONTACT_COLUMNS))
    engine = open_state(workspace.state_url)
    try:
        with writing(engine) as connection:
            insert_run(connection, made)
            insert_pushes(connection, made.run_id, frame)
    finally:
        engine.dispose()
    folder = pushes_folder(workspace) / str(made.folder)
    folder.mkdir(parents=True)
    (folder / "relief.json").write_text(json.dumps(RELIEF), encoding="utf-8")
    return made
