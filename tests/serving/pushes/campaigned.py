"""A campaign that is over: contacts in the state, the snapshot they were decided on, books and meters in the lake."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Engine, insert

from features.contracts import CONTRACTS
from features.frames import as_contract
from features.lake import Lake
from features.workspace import Workspace
from serving.customers.snapshot import Snapshot, write_snapshot
from serving.decisions.pushes.codes import HELD_OUT, SENT
from serving.decisions.pushes.records import ADDS_VA, CONTACT_COLUMNS, HELD_VA
from serving.pushes.records import PushRun
from serving.pushes.rows import insert_pushes, insert_run
from serving.pushes.tables import push_outcome

DECIDED = datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
SINCE = pd.Timestamp("2024-01-01T00:00Z")


def after(days: float) -> pd.Timestamp:
    """A moment so many days after the decision."""
    return pd.Timestamp(DECIDED) + pd.Timedelta(days=days)


def contacts(sent: int, held: int, run_id: str = "run", **overrides: Any) -> pd.DataFrame:
    """CONTACT_COLUMNS of so many sent and held out, a person each."""
    many = sent + held
    i = np.arange(many)
    frame = pd.DataFrame(
        {
            "push_id": [f"{run_id}{k:06d}" for k in i],
            "customer_id": [f"C{k:05d}" for k in i],
            "person_id": [f"C{k:05d}" for k in i],
            "service": "time_of_use",
            "service_version": 1,
            "campaign": "tou_2026",
            "hall_id": "H1",
            "area_id": "A1",
            "channel": "app",
            "reason": np.where(i < sent, SENT, HELD_OUT[1]),
            "variant": "firm",
            "propensity": 0.1 + 0.01 * (i % 7),
            "uplift": np.nan,
            "value_cny": 20.0,
            "cost_cny": 0.2,
            "score_cny": 5.0 + (i % 11),
            "explored": False,
            "relief_node_id": None,
            "freed_kw": np.nan,
            **dict.fromkeys((*ADDS_VA, *HELD_VA), 0),
            "decided_at": pd.Timestamp(DECIDED),
            "expires_at": after(30),
        }
    )
    return frame.assign(**overrides)[list(CONTACT_COLUMNS)]


def keep(engine: Engine, made: pd.DataFrame, snapshot_id: str = "none", run_id: str = "run", **more: Any) -> None:
    """Write contacts into the state as a run of their own."""
    at = pd.Timestamp(made["decided_at"].iloc[0]).to_pydatetime()
    sent = int((made["reason"] == SENT).sum())
    parts = (at, "test", snapshot_id, None, None, "c" * 12, "p" * 12, "f", (), len(made), sent, len(made) - sent)
    with engine.begin() as connection:
        insert_run(connection, PushRun(run_id, "publish", None, *parts, **more))
        insert_pushes(connection, run_id, made)


def answer(engine: Engine, push_ids: list[str], at: pd.Timestamp, kind: str = "accepted", told: int = 0) -> None:
    """Outcomes as they are handed in; written down `told` days later."""
    moment = at.to_pydatetime()
    common = {"kind": kind, "at": moment, "recorded_at": moment + timedelta(days=told), "made_by": "crm"}
    rows = [{"idempotency_key": f"{one} {kind} {at}", "push_id": one, "room": "none", **common} for one in push_ids]
    with engine.begin() as connection:
        connection.execute(insert(push_outcome), rows)


def snapshot(
    workspace: Workspace, count: int, as_of: pd.Timestamp, columns: dict[str, np.ndarray] | None = None
) -> Snapshot:
    """What is known of so many customers at a moment: use_90d_kwh_day, and more."""
    ids = pd.Index([f"C{k:05d}" for k in range(count)], name="customer_id")
    frame = pd.DataFrame({"hall_id": "H1", "area_id": "A1", "customer_class": "residential"}, index=ids, dtype="str")
    frame = frame.assign(**{"use_90d_kwh_day": 5.0 + np.arange(count) % 7, **(columns or {})})
    held = pd.DataFrame({"app_user": np.arange(count) % 3 - 1}, index=ids).astype(np.int8)
    return write_snapshot(workspace, as_of, frame, held, (), {"models": []})


def append(lake: Lake, table: str, rows: list[dict[str, Any]], batch: str = "first") -> None:
    """Rows of a contract; what is not given is empty."""
    contract = CONTRACTS[table]
    frame = pd.DataFrame(rows).reindex(columns=list(contract.columns))
    for field in contract.fields:
        if field.kind == "utc":
            frame[field.name] = pd.to_datetime(frame[field.name], utc=True)
    lake.append(table, as_contract(contract, frame), batch)


def bill(customer: str, number: int, due: pd.Timestamp, cny: float = 100.0) -> dict[str, Any]:
    """A bill that was made out twenty days before it falls due."""
    issued = due - pd.Timedelta(days=20)
    period = {"start_utc": issued - pd.Timedelta(days=30), "end_utc": issued, "kwh": 200.0}
    who = {"bill_id": f"{customer}-{number}", "customer_id": customer, "kind": "regular", "tariff_id": "T"}
    return {**who, **period, "amount_cny": cny, "issued_at": issued, "due_at": due, "available_at": issued}


def payment(customer: str, number: int | None, at: pd.Timestamp, channel: str, cny: float = 100.0) -> dict[str, Any]:
    """Money for a bill (None: paid ahead), known at once."""
    bill_id = None if number is None else f"{customer}-{number}"
    who = {"payment_id": f"{customer} {number} {at}", "customer_id": customer, "bill_id": bill_id}
    return {**who, "paid_at": at, "amount_cny": cny, "channel": channel, "autopay": None, "available_at": at}


def application(customer: str, at: pd.Timestamp, known: pd.Timestamp | None = None) -> dict[str, Any]:
    """An application for more supply."""
    who = {"application_id": f"Y {customer} {at}", "customer_id": customer, "node_id": "A1", "kind": "increase"}
    stage = {"status": "submitted", "submitted_at": at, "available_at": known or at}
    return {**who, "customer_class": "residential", "requested_kva": 8.0, **stage}
