"""A workspace that knows forty customers: a snapshot of them, their tags in the state, their names in the lake."""

from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.contracts import CONTRACTS
from features.frames import as_contract
from features.lake import Lake
from features.workspace import Workspace
from serving.customers.snapshot import Snapshot, write_snapshot
from serving.customers.tagging import held_of, words_of
from serving.decisions.tags import Definitions
from serving.state import KeyStore, open_state
from serving.tags.inputs import known_inputs
from serving.tags.run import tag_customers
from serving.tags.store import TagStore

AS_OF = pd.Timestamp("2026-01-01T00:00Z")
SINCE = pd.Timestamp("2024-01-01T00:00Z")
AREAS = ("A1", "A2", "A3", "A4", "A5")
HALLS = {"A1": "H1", "A2": "H1", "A3": "H2", "A4": "H3", "A5": None}
KEYS = {
    "seller": ("marketing", None),
    "hall seller": ("marketing", "H1"),
    "counter": ("counter", "H1"),
    "inspector": ("inspector", "H1"),
    "whole inspector": ("inspector", None),
}


def tag(code: str, column: str, enter: float, **more: Any) -> dict[str, Any]:
    """One definition as YAML would give it."""
    words = {"english": code.replace("_", " "), "chinese": "标签"}
    condition = {"input": column, "direction": "above", "enter": enter, "exit": enter * 0.9}
    base = {"code": code, "version": 1, "kind": "rule", "name": words, "meaning": words, "purpose": "profiling"}
    return base | {"owner": "marketing", "conditions": [condition], "time_to_live_days": 60} | more


def definitions() -> Definitions:
    """Three tags: of value, of leaving, and of theft, which is for inspectors only."""
    from serving.decisions.tags import TagDefinition

    made = [
        tag("high_value", "value_p50_cny", 300),
        tag("may_leave", "p_leave", 0.5, kind="model", model="prospects"),
        tag("suspect", "theft_score", 0.5, kind="model", model="anomaly", audience=["inspection"]),
    ]
    return Definitions.of([TagDefinition.model_validate(one) for one in made], known_inputs())


def people(count: int = 40) -> pd.DataFrame:
    """Customer i: value 10·i (unknown of every seventh), p_leave i mod 10 / 10, theft score 0.9 of every tenth."""
    i = np.arange(count)
    areas = [AREAS[k % 5] for k in i]
    frame = pd.DataFrame(
        {
            "hall_id": [HALLS[area] for area in areas],
            "area_id": areas,
            "customer_class": [("residential", "commercial")[k % 2] for k in i],
            "contract_kva": np.where(i % 2, 100.0, 8.0),
            "use_90d_kwh_day": 5.0 + i,
            "year_on_year_share": np.where(i % 3, 0.08, np.nan),
            "value_p50_cny": np.where(i % 7, 10.0 * i, np.nan),
            "p_leave": (i % 10) / 10,
            "theft_score": np.where(i % 10, 0.1, 0.9),
            "arrears_cny": np.where(i % 4, 0.0, 50.0 + i),
        },
        index=pd.Index([f"C{k:04d}" for k in i], name="customer_id"),
    )
    return frame.astype({"hall_id": "str", "area_id": "str", "customer_class": "str"})


def complete(table: str, frame: pd.DataFrame) -> pd.DataFrame:
    contract = CONTRACTS[table]
    frame = frame.reindex(columns=list(contract.columns))
    for field in contract.fields:
        if field.kind == "utc":
            frame[field.name] = pd.to_datetime(frame[field.name], utc=True)
    return as_contract(contract, frame)


def fill_lake(lake: Lake, frame: pd.DataFrame) -> None:
    """Accounts, names, a consent withdrawn by C0003 and one by C0010, an application of C0001."""
    known: dict[str, Any] = {"valid_from": SINCE, "available_at": SINCE}
    ids = list(frame.index)
    accounts = frame.reset_index()[["customer_id", "area_id", "customer_class", "contract_kva"]]
    lake.append("customer", complete("customer", accounts.assign(**known)), "first")
    names = pd.DataFrame({"customer_id": ids, "name": [f"张{one}" for one in ids]})
    names = names.assign(phone=[f"1380013{k:04d}" for k in range(len(ids))], address="幸福路十二号", **known)
    lake.append("identity", complete("identity", names), "first")
    consent = pd.DataFrame({"customer_id": ["C0003", "C0005", "C0010"], "granted": [False, True, False]})
    consent = consent.assign(purpose="profiling", channel="hall", **known)
    lake.append("consent", complete("consent", consent), "first")
    application = pd.DataFrame({"application_id": ["Y1", "Y2"], "customer_id": "C0001", "node_id": "A2"})
    application = application.assign(kind="increase", customer_class="commercial", requested_kva=[60.0, 10.0])
    application = application.assign(status=["surveyed", "energised"], submitted_at=SINCE, available_at=SINCE)
    lake.append("application", complete("application", application), "first")


def write_customers(
    workspace: Workspace, frame: pd.DataFrame | None = None, as_of: pd.Timestamp = AS_OF, notes: tuple[str, ...] = ()
) -> Snapshot:
    """Tags of a frame in the state, and its snapshot."""
    frame = people() if frame is None else frame
    engine = open_state(workspace.state_url)
    try:
        store = TagStore(engine)
        inputs = frame.drop(columns=["hall_id", "area_id"])
        tag_customers(inputs, (), definitions(), store, as_of.to_pydatetime(), datetime.now(UTC))
        state = store.state(as_of.to_pydatetime())
        words = [words_of(column) for column in state.columns]
        return write_snapshot(workspace, as_of, frame, held_of(state, frame.index), words, {"models": []}, notes)
    finally:
        engine.dispose()


def add_keys(served: Any) -> Any:
    """Keys of the roles that deal with customers, beside those of `PEOPLE`."""
    engine = open_state(served.workspace.state_url)
    store = KeyStore(engine)
    served.keys.update({name: store.add(name, role, unit)[1] for name, (role, unit) in KEYS.items()})
    engine.dispose()
    return served


@pytest.fixture(scope="session")
def known_workspace(full_workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A full workspace with customers; read-only, copy it before changing anything."""
    import shutil

    root = tmp_path_factory.mktemp("customers") / "workspace"
    shutil.copytree(full_workspace.root, root)
    workspace = Workspace(root)
    fill_lake(Lake(workspace.lake), people())
    write_customers(workspace)
    return workspace


@pytest.fixture
def desk(serve: Callable[..., Any], known_workspace: Workspace, copied: Callable[[Workspace], Workspace]) -> Any:
    """The application on a workspace with customers that is the test's own."""
    return add_keys(serve(copied(known_workspace)))


@pytest.fixture
def customers() -> SimpleNamespace:
    """The builders of this file."""
    return SimpleNamespace(
        AS_OF=AS_OF,
        complete=complete,
        definitions=definitions,
        fill_lake=fill_lake,
        people=people,
        write_customers=write_customers,
    )
