"""From a lake, a snapshot and a publication of capacity to offers, under the shipped catalogue and policy."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Engine

from features.contracts import CONTRACTS
from features.errors import NotFoundError
from features.frames import as_contract
from features.lake import Lake
from features.workspace import Workspace
from serving.customers.snapshot import TagWords, write_snapshot
from serving.decisions.pushes.codes import CODES
from serving.ledger import Ledger
from serving.publish import Provenance, write_publication
from serving.pushes.deciding import decide_now
from serving.pushes.publish import publish_pushes
from serving.pushes.wishes import take_wish
from serving.refusals import BadFieldError, UnknownCustomerError
from tests.serving.ledger.builders import recounted
from tests.serving.pushes.offered import every_push

AS_OF, SINCE = pd.Timestamp("2026-03-01T00:00Z"), pd.Timestamp("2024-01-01T00:00Z")
NOW = datetime(2026, 3, 2, 2, tzinfo=UTC)
N, HALLS = 60, {"A1": "H1", "A2": "H1", "A3": "H2"}
TAGS = ("arrears", "vacant", "electrifying", "autopay_user", "autopay_ready", "counter_payer")


def append(lake: Lake, table: str, frame: pd.DataFrame) -> None:
    contract = CONTRACTS[table]
    frame = frame.assign(valid_from=SINCE, available_at=SINCE).reindex(columns=list(contract.columns))
    for field in contract.fields:
        if field.kind == "utc":
            frame[field.name] = pd.to_datetime(frame[field.name], utc=True)
    lake.append(table, as_contract(contract, frame), "first")


def of(columns: Sequence[str], *rows: Sequence[Any]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(columns))


@pytest.fixture
def territory(workspace: Workspace) -> Workspace:
    """Sixty customers in three areas of two halls; C0000 and C0001 are one person, C0002 forbids profiling."""
    lake, ids = Lake(workspace.lake), [f"C{at:04d}" for at in range(N)]
    units = [("C", "公司", "company", None), ("H1", "城东", "hall", "C"), ("H2", "城西", "hall", "C")]
    append(lake, "org_unit", of(["unit_id", "name", "kind", "parent_id"], *units))
    nodes = [("S", "S", "substation", None, "C"), ("F", "F", "feeder", "S", "C")]
    nodes += [(area, area, "area", "F", hall) for area, hall in HALLS.items()]
    frame = of(["node_id", "name", "kind", "parent_id", "hall_id"], *nodes)
    plain = {"power_factor": 0.95, "allowed_utilisation": 0.8, "rating_kva": 400.0, "rating_assumed": False}
    append(lake, "node", frame.assign(**plain))
    consents = [(one, p, c, True) for one in ids for p in ("marketing", "service") for c in ("app", "hall")]
    consents.append(("C0002", "profiling", "hall", False))
    append(lake, "consent", of(["customer_id", "purpose", "channel", "granted"], *consents))
    documents = [(one, "identity_card", "1" if one < "C0002" else one) for one in ids]
    append(lake, "identity", of(["customer_id", "document_kind", "document_id"], *documents))
    publish_capacity(workspace, frame)
    snapshot(workspace, ids)
    return workspace


def publish_capacity(workspace: Workspace, nodes: pd.DataFrame) -> None:
    """Room everywhere but at A3, which is full in the evening."""
    frame = nodes[["node_id", "name", "kind", "hall_id"]].copy()
    full = (frame["node_id"] == "A3").to_numpy()
    frame = frame.assign(open_kva=np.where(full, 0.0, 60.0), own_kva=np.where(full, 0.0, 60.0), pool_kva=np.nan)
    blocks = {f"block_kva_{block}": np.where(full & (block == 4), 0.0, 60.0) for block in range(6)}
    frame = frame.assign(**blocks, pending_kw=0.0, limit_kw=304.0, kappa=1.0, peak_p50_kw=np.where(full, 310.0, 200.0))
    frame = frame.assign(peak_p90_kw=310.0, peak_p95_kw=315.0, note=None, rating_assumed=False, reason="AREA_THERMAL")
    frame = frame.assign(binding_level="area", binding_node_id=frame["node_id"], confidence="HIGH", kappa_source="own")
    frame = frame.assign(valid_until=AS_OF + pd.Timedelta(days=90))
    write_publication(workspace, frame, Provenance(AS_OF, 365, "peak", 1, "ab" * 32, "0" * 12, "1" * 12))


def snapshot(workspace: Workspace, ids: list[str], as_of: pd.Timestamp = AS_OF) -> None:
    at = np.arange(len(ids))
    areas = [list(HALLS)[one % 3] for one in at]
    frame = pd.DataFrame(
        {
            "hall_id": [HALLS[area] for area in areas],
            "area_id": areas,
            "customer_class": ["commercial" if one % 4 == 3 else "residential" for one in at],
            "use_90d_kwh_day": 8.0 + 8 * at,
            "use_365d_kwh": 3000.0 + 3000 * at,
            "use_rank_in_class": 0.5,
            "app_active_days_90d": np.where(at % 2, 20.0, 0.0),
            "application_open": 0.0,
            "late_share": 0.1,
            "arrears_cny": 0.0,
            "value_p50_cny": 400.0,
        },
        index=pd.Index(ids, name="customer_id"),
    )
    held = pd.DataFrame(0, index=frame.index, columns=list(TAGS)).astype(np.int8)
    words = [TagWords(tag, 1, "rule", tag, "标签", "", "", "profiling", "marketing", ("marketing",)) for tag in TAGS]
    made_from = {"models": [{"name": "value", "version": 4, "sha256": "cd"}], "data_fingerprint": "x"}
    frame = frame.astype(dict.fromkeys(("hall_id", "area_id", "customer_class"), "str"))
    write_snapshot(workspace, as_of, frame, held, words, made_from)


def test_offers_are_published_from_what_lies_in_the_workspace(engine: Engine, territory: Workspace) -> None:
    take_wish(engine, "C0001", ["C0000", "C0001"], True, NOW - timedelta(days=1), "desk")
    made = publish_pushes(territory, engine, NOW)
    pushes = every_push(engine)
    assert made.run.sent > 20
    assert made.run.base_id is not None
    assert [one["name"] for one in made.run.models] == ["value"]
    assert made.run.data_fingerprint == Lake(territory.lake).fingerprint(as_of=pd.Timestamp(NOW))
    # A wish of one account silences the person; whoever forbids profiling is not judged.
    assert not {"C0000", "C0001", "C0002"} & {one.customer_id for one in pushes}
    decisions = pd.read_parquet(made.folder / "decisions.parquet").set_index(["customer_id", "service"])["reason"]
    assert {"DO_NOT_CONTACT", "NOT_ELIGIBLE"} <= set(decisions.loc["C0000"])
    assert "PROFILING_FORBIDDEN" in set(decisions.loc["C0002"])
    # Nothing that adds load in the evening goes to the area that is full then.
    evening = [one for one in pushes if one.area_id == "A3" and one.adds_va[4] > 0]
    assert evening == []
    assert all(found == counted for found, counted in recounted(engine).values())
    assert sorted(path.stem for path in (made.folder / "halls").iterdir()) == ["H1", "H2"]
    again = publish_pushes(territory, engine, NOW + timedelta(hours=1))
    assert (again.fresh, again.run, every_push(engine)) == (False, made.run, pushes)


def test_what_an_area_is_over_its_limit_is_made_good_by_relief(engine: Engine, territory: Workspace) -> None:
    made = publish_pushes(territory, engine, NOW)
    relief = [one for one in every_push(engine) if one.relief_node_id == "A3"]
    assert relief
    assert made.run.detail["relief"] == sum(one.sent for one in relief)
    text = (made.folder / "relief.json").read_text(encoding="utf-8")
    assert '"A3"' in text


def test_a_unit_s_offers_are_those_of_its_customers(engine: Engine, territory: Workspace) -> None:
    made = publish_pushes(territory, engine, NOW, org_unit="H2")
    assert {one.hall_id for one in every_push(engine)} == {"H2"}
    assert made.run.customers == N // 3
    assert len(pd.read_parquet(made.folder / "decisions.parquet")) == N // 3 * 12
    whole = publish_pushes(territory, engine, NOW, org_unit="C")
    assert whole.fresh
    assert whole.run.customers == N
    with pytest.raises(NotFoundError, match="H9"):
        publish_pushes(territory, engine, NOW, org_unit="H9")


def test_a_snapshot_of_later_is_not_known_yet(engine: Engine, territory: Workspace) -> None:
    snapshot(territory, [f"C{at:04d}" for at in range(N)], pd.Timestamp(NOW) + pd.Timedelta(hours=1))
    made = publish_pushes(territory, engine, NOW)
    assert pd.Timestamp(made.run.detail["snapshot_as_of"]) == AS_OF
    assert publish_pushes(territory, engine, NOW + timedelta(hours=2)).fresh


def test_some_are_decided_as_all_of_them_are(engine: Engine, territory: Workspace) -> None:
    asked = decide_now(territory, engine, NOW, ["C0005", "C0003", "C0001"], ["e_bill", "autopay"])
    assert asked.wide.customer_ids.tolist() == ["C0001", "C0003", "C0005"]
    # The person of an account that is asked about alone is the same.
    done = decide_now(territory, engine, NOW, ["C0001"], ["e_bill"], commit=True, key="k")
    assert [one.person_id for one in every_push(engine)] == ["C0000"]
    again = decide_now(territory, engine, NOW + timedelta(days=3), ["C0001"], ["e_bill"], commit=True, key="k")
    assert (again.repeated, again.run) == (True, done.run)
    assert [CODES[one] for one in done.decided.reasons[0]] == [every_push(engine)[0].reason]
    made = publish_pushes(territory, engine, NOW)
    decisions = pd.read_parquet(made.folder / "decisions.parquet").set_index(["customer_id", "service"])["reason"]
    assert decisions["C0001", "e_bill"] == "STANDING_OFFER"
    assert not Ledger(engine).find(states=("expired",))
    with pytest.raises(UnknownCustomerError, match="C9999"):
        decide_now(territory, engine, NOW, ["C9999"])
    with pytest.raises(BadFieldError, match="teleport"):
        decide_now(territory, engine, NOW, ["C0001"], ["teleport"])
