"""A whole reconciliation of exports with planted faults: truth comes out, once, and mended ledgers flow through."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from features.configs import config_path
from features.contracts import CONTRACTS
from features.errors import NotFoundError
from features.lake import Lake
from features.reconcile import Reconciled, ReconcilePolicy, reconcile
from features.settings import load_settings
from features.workspace import Workspace
from tests.features.conftest import Exported

POLICY = load_settings(ReconcilePolicy, config_path("policy/reconcile.yaml"))
NOW = pd.Timestamp("2026-02-01", tz="UTC")
LATER = pd.Timestamp("2026-02-10T08:00", tz="UTC")


def copied(workspace: Workspace, folder: Path) -> Workspace:
    """The same workspace somewhere else, to be written to."""
    shutil.copytree(workspace.root, folder, ignore=shutil.ignore_patterns("quarantine"))
    return Workspace(folder)


@pytest.fixture(scope="module")
def agreed(exported: Exported, tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Reconciled]:
    workspace = copied(exported.workspace, tmp_path_factory.mktemp("agreed") / "ws")
    return workspace, reconcile(workspace, POLICY, NOW)


@pytest.fixture
def own(agreed: tuple[Workspace, Reconciled], tmp_path: Path) -> Workspace:
    return copied(agreed[0], tmp_path / "ws")


def held(lake: Lake, relation: str, at: pd.Timestamp | None = None) -> dict[str, str]:
    """Links of one relation that hold, as known at a moment."""
    frame = lake.read("link", as_of=at)
    frame = frame[(frame["relation"] == relation) & frame["valid_to"].isna()]
    return dict(zip(frame["from_id"], frame["to_id"], strict=True))


def test_records_nodes_and_customers_are_linked_as_is_true(
    agreed: tuple[Workspace, Reconciled], exported: Exported
) -> None:
    lake = Lake(agreed[0].lake)
    true = exported.truth("node").dropna(subset=["node_id"])
    node = dict(zip(true["system"] + ":" + true["source_id"], true["node_id"], strict=True))
    records = held(lake, "node") | held(lake, "transformer")
    assert {record: node.get(record) for record in records} == records
    for relation, table, key in (("parent", "parent", "node_id"), ("area", "customer_area", "customer_id")):
        truth = exported.truth(table).set_index(key).iloc[:, 0].to_dict()
        links = held(lake, relation)
        right = sum(truth.get(child) == parent for child, parent in links.items())
        assert right >= 0.98 * len(links)
        assert right >= 0.95 * len(truth)


def test_repetitions_are_the_planted_ones(agreed: tuple[Workspace, Reconciled], exported: Exported) -> None:
    planted = exported.truth("repeat")
    assert held(Lake(agreed[0].lake), "repeats") == dict(planted.to_numpy())


def test_every_fault_that_people_must_look_at_is_a_work_item(
    agreed: tuple[Workspace, Reconciled], exported: Exported
) -> None:
    items = Lake(agreed[0].lake).read("work_item")
    told = set(zip(items["kind"].astype("str"), items["subject"].astype("str"), strict=True))
    faults = exported.truth("fault")
    wanted = faults[faults["expected"].str.startswith("work_item:")]
    missing = [
        (kind, subject)
        for kind, subject in zip(wanted["expected"].str.removeprefix("work_item:"), wanted["subject"], strict=True)
        if (kind, subject) not in told
    ]
    assert len(missing) <= 0.01 * len(wanted), missing


def test_every_link_has_a_score_evidence_validity_and_a_time(agreed: tuple[Workspace, Reconciled]) -> None:
    links = Lake(agreed[0].lake).read("link")
    assert links["score"].between(0.5, 1).all()
    assert links["evidence"].map(json.loads).map(type).eq(dict).all()
    assert (links["available_at"] <= NOW).all()
    assert not (links["valid_to"] <= links["valid_from"]).any()


def test_the_agreed_tables_keep_their_contracts(agreed: tuple[Workspace, Reconciled]) -> None:
    lake = Lake(agreed[0].lake)
    for name in ("node", "transformer", "customer", "application", "link", "work_item"):
        frame = lake.read(name)
        assert len(frame)
        CONTRACTS[name].schema.validate(frame.astype({f.name: f.dtype for f in CONTRACTS[name].fields}), lazy=True)
    areas = lake.read("node")
    assert set(lake.read("transformer")["node_id"]) <= set(areas["node_id"])
    assert set(lake.read("customer")["area_id"]) <= set(areas["node_id"])


def test_the_same_ledgers_again_write_nothing(own: Workspace) -> None:
    before = Lake(own.lake).fingerprint()
    assert not any(reconcile(own, POLICY, LATER).written.values())
    assert Lake(own.lake).fingerprint() == before


def test_a_lake_without_ledgers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="ingest the systems' ledgers first"):
        reconcile(Workspace(tmp_path), POLICY, NOW)


def mended(lake: Lake, table: str, where: dict[str, str], **values: object) -> None:
    """A row of a ledger as its system writes it from now on; several rows where several match."""
    rows = lake.read(table)
    for column, value in where.items():
        rows = rows[rows[column] == value]
    assert len(rows)
    rows = rows.drop_duplicates(list(where), keep="last").assign(available_at=LATER - pd.Timedelta(hours=1), **values)
    lake.append(table, rows.reset_index(drop=True), f"mend {table} {where} {values}")


def test_a_mended_rating_flows_through_and_the_past_stays(own: Workspace, exported: Exported) -> None:
    lake = Lake(own.lake)
    bank = lake.read("transformer").iloc[-1]
    mended(lake, "ledger_node", {"system": "assets", "source_id": bank["transformer_id"]}, rating_kva=1234.0)
    reconcile(own, POLICY, LATER)
    key = {"transformer_id": [bank["transformer_id"]]}
    assert lake.read("transformer", where=key)["rating_kva"].iloc[-1] == 1234.0
    assert lake.read("transformer", where=key, as_of=NOW)["rating_kva"].iloc[-1] == bank["rating_kva"]


def test_a_mended_area_releases_an_application_that_was_set_aside(own: Workspace, exported: Exported) -> None:
    lake = Lake(own.lake)
    waiting = lake.read("work_item", where={"kind": ["unmatched_application"]})
    name = str(waiting["subject"].iloc[0])
    assert name not in set(lake.read("application")["application_id"])
    area = exported.truth("application_area").set_index("application_id")["node_id"][name]
    number = next(record for record, node in held(lake, "node").items() if node == area and record[:2] == "ma")
    mended(lake, "ledger_application", {"application_id": name}, area_id=number.removeprefix("marketing:"))
    done = reconcile(own, POLICY, LATER)
    assert done.applications["set_aside"] == len(waiting) - 1
    assert lake.read("application", where={"application_id": [name]})["node_id"].tolist() == [area]
    assert lake.read("work_item", where={"subject": [name]})["state"].tolist() == ["resolved"]
    assert lake.read("application", where={"application_id": [name]}, as_of=NOW).empty


def test_a_system_that_comes_to_agree_resolves_the_work_item(own: Workspace, exported: Exported) -> None:
    lake = Lake(own.lake)
    items = lake.read("work_item", where={"kind": ["area_disagrees"]})
    moved = exported.faults("moved")
    moved = moved[(moved["system"] == "marketing") & moved["subject"].isin(items["subject"])]
    customer = str(moved.drop_duplicates("subject", keep=False)["subject"].iloc[0])
    area = exported.truth("customer_area").set_index("customer_id")["node_id"][customer]
    number = next(record for record, node in held(lake, "node").items() if node == area and record[:2] == "ma")
    old = lake.read("ledger_link", where={"child_id": [customer], "system": ["marketing"]})
    now = LATER - pd.Timedelta(hours=1)
    closed = old[old["valid_to"].isna()].assign(valid_to=now, available_at=now)
    lake.append("ledger_link", closed.reset_index(drop=True), "closed")
    opened = closed.assign(
        parent_id=number.removeprefix("marketing:"),
        valid_from=now,
        valid_to=pd.Series(pd.NaT, dtype="datetime64[us, UTC]"),
    )
    lake.append("ledger_link", opened.reset_index(drop=True), "opened")
    reconcile(own, POLICY, LATER)
    item = lake.read("work_item", where={"subject": [customer]})
    assert item["state"].tolist() == ["resolved"]
    assert held(lake, "area")[customer] == area


def test_a_record_that_is_gone_loses_its_link_from_then_on(own: Workspace) -> None:
    lake = Lake(own.lake)
    record = sorted(held(lake, "transformer"))[0]
    system, _, source_id = record.partition(":")
    mended(lake, "ledger_node", {"system": system, "source_id": source_id}, valid_to=LATER - pd.Timedelta(days=1))
    reconcile(own, POLICY, LATER)
    assert record not in held(lake, "transformer")
    assert record in held(lake, "transformer", at=NOW)
