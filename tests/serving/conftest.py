"""A small workspace behind the service: two departments, three halls, eight nodes, three days of load."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest
from anyio.from_thread import start_blocking_portal
from fastapi import FastAPI

from features.contracts import CONTRACTS
from features.frames import as_contract
from features.lake import Lake
from features.load.history import History
from features.workspace import Workspace
from serving.answers import Answers
from serving.backend import Backend
from serving.holdings import Holdings
from serving.messages import ErrorAnswer
from serving.publish import Provenance, Publication, list_publications, write_publication
from serving.settings import ServiceSettings
from serving.state import KeyStore, open_state
from serving.web import create_app
from training.demand.effects import AS_KNOWN, EventScenario

START = pd.Timestamp("2025-12-29T00:00Z")
HOURS = 72
LAST_LOAD = START + pd.Timedelta(hours=HOURS)

# unit, kind, above: C over D1 (H1, H2) and D2 (H3).
UNITS = [
    ("C", "电力公司", "company", None),
    ("D1", "城东供电部", "department", "C"),
    ("D2", "城西供电部", "department", "C"),
    ("H1", "东湖营业厅", "hall", "D1"),
    ("H2", "东山营业厅", "hall", "D1"),
    ("H3", "西园营业厅", "hall", "D2"),
]
NODES = [
    ("S1", "城东变电站", "substation", None, "D1"),
    ("F1", "东一线", "feeder", "S1", "D1"),
    ("F2", "西一线", "feeder", "S1", "D2"),
    ("A1", "东湖一号台区", "area", "F1", "H1"),
    ("A2", "东湖二号台区", "area", "F1", "H1"),
    ("A3", "东山一号台区", "area", "F1", "H2"),
    ("A4", "西园一号台区", "area", "F2", "H3"),
    ("A5", "无主台区", "area", "F2", None),
]
OPEN_KVA = {"S1": 500.0, "F1": 120.0, "F2": 300.0, "A1": 45.0, "A2": 0.0, "A3": 80.0, "A4": None, "A5": 10.0}


def write_lake(root: Path) -> Lake:
    """The lake of this territory, through its own gate for frames."""
    lake = Lake(root)
    known = pd.Timestamp("2020-01-01T00:00Z")
    units = pd.DataFrame(UNITS, columns=["unit_id", "name", "kind", "parent_id"])
    nodes = pd.DataFrame(NODES, columns=["node_id", "name", "kind", "parent_id", "hall_id"])
    nodes = nodes.assign(power_factor=0.95, allowed_utilisation=0.8, rating_kva=400.0, rating_assumed=False)
    for name, frame in (("org_unit", units), ("node", nodes)):
        lake.append(name, _complete(name, frame.assign(valid_from=known, available_at=known)), "first")
    lake.append("node_load", loads_frame(START, HOURS), "first")
    return lake


def loads_frame(start: pd.Timestamp, hours: int, late_hours: int = 0) -> pd.DataFrame:
    """Hourly loads of every area; each reading becomes known `late_hours` after its interval ends."""
    times = pd.date_range(start, periods=hours, freq="h")
    parts = [
        pd.DataFrame({"node_id": node_id, "start_utc": times, "load_kw": 100.0 + 10.0 * rank + np.arange(hours) % 24})
        for rank, (node_id, _, kind, _, _) in enumerate(NODES)
        if kind == "area"
    ]
    frame = pd.concat(parts, ignore_index=True)
    return _complete("node_load", frame.assign(available_at=frame["start_utc"] + pd.Timedelta(hours=1 + late_hours)))


def _complete(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    contract = CONTRACTS[name]
    return as_contract(contract, frame.reindex(columns=list(contract.columns)))


def capacity_frame(factor: float = 1.0) -> pd.DataFrame:
    """A published table: figures differ by node, and A4 is not known."""
    rows = []
    for node_id, name, kind, _, hall in NODES:
        value = OPEN_KVA[node_id]
        known = value is not None
        row: dict[str, Any] = {"node_id": node_id, "name": name, "kind": kind, "hall_id": hall}
        row["open_kva"] = value * factor if value is not None else np.nan
        row |= {f"block_kva_{block}": row["open_kva"] + 5.0 * block for block in range(6)}
        row |= {"own_kva": row["open_kva"], "pending_kw": 12.5, "note": None if known else "no load was ever read"}
        row["pool_kva"] = row["open_kva"] if kind != "area" else np.nan
        row |= {"peak_p50_kw": 200.0, "peak_p90_kw": 210.0, "peak_p95_kw": 215.5, "limit_kw": 304.0}
        row |= {"binding_level": kind if known else None, "binding_node_id": node_id if known else None}
        row |= {"reason": "AREA_THERMAL" if known else "DATA_POOR", "confidence": "HIGH" if known else "LOW"}
        row |= {"rating_assumed": node_id == "A3", "kappa": 1.1, "kappa_source": "own origins"}
        row["valid_until"] = LAST_LOAD + pd.Timedelta(days=90)
        rows.append(row)
    return pd.DataFrame(rows)


def publish(
    workspace: Workspace, factor: float = 1.0, now: pd.Timestamp = LAST_LOAD, horizon_days: int = 365
) -> Publication:
    """Write a publication made of `capacity_frame`; a scenario where the horizon is beyond two years."""
    provenance = Provenance(now, horizon_days, "peak", 1, "ab" * 32, "0123456789ab", "ba9876543210")
    frame = capacity_frame(factor)
    if horizon_days > 731:
        frame = frame.assign(standing="scenario", standing_reason="BEYOND_FIRM_HORIZON")
    return write_publication(workspace, frame, provenance)


def promote_fake(workspace: Workspace, version: int, base_kw: float) -> None:
    """A champion record and an artifact `FlatModel` reads."""
    folder = workspace.models / "demand"
    (folder / str(version)).mkdir(parents=True, exist_ok=True)
    (folder / str(version) / "flat.json").write_text(json.dumps({"base_kw": base_kw}))
    record = {"name": "demand", "version": version, "path": str(version), "sha256": f"{version:064x}"}
    record["promoted_at"] = "2026-01-01T00:00:00+00:00"
    incoming = folder / ".incoming"
    incoming.write_text(json.dumps(record))
    incoming.replace(folder / "champion.json")


@dataclass
class FlatModel:
    """A demand model with a known truth: quantile τ of every node is base · (1 + τ), and S1 stands on a fallback."""

    base_kw: float
    asked: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def load(cls, folder: Path) -> "FlatModel":
        return cls(json.loads((folder / "flat.json").read_text())["base_kw"])

    def forecast(
        self,
        history: History,
        issued_at: pd.Timestamp,
        horizon_hours: int = 24,
        node_ids: list[str] | None = None,
        quantiles: tuple[float, ...] = (0.05, 0.5, 0.95),
        explain: bool = False,
        events: EventScenario = AS_KNOWN,
    ) -> pd.DataFrame:
        self.asked.append({"issued_at": issued_at, "as_of": history.as_of})
        leads = np.arange(horizon_hours, dtype=float)
        parts = []
        for node_id in list(history.node_ids) if node_ids is None else node_ids:
            part = pd.DataFrame({"node_id": node_id, "start_utc": issued_at + pd.to_timedelta(leads, unit="h")})
            part["lead_hours"] = leads
            for level in sorted(quantiles):
                part[f"q{level * 100:g}"] = self.base_kw * (1 + level)
                if events.assumed is not None:
                    begun = part["start_utc"] >= events.assumed["start_utc"].min()
                    part[f"q{level * 100:g}"] *= np.where(begun, 0.5, 1.0)
            part["reason"] = "NO_HISTORY" if node_id == "S1" else ""
            if explain:
                # Whole numbers would add up by luck: thirds do not.
                part = part.assign(median_kw=1.5 * self.base_kw, level=0.5 * self.base_kw, calendar=self.base_kw / 3)
                part = part.assign(weather=self.base_kw * 2 / 3, recent_residual=-1.25, events=1.25)
            parts.append(part)
        return pd.concat(parts, ignore_index=True)


class Client:
    """Requests to an ASGI application from ordinary code; its event loop runs in a thread of its own."""

    def __init__(self, app: FastAPI) -> None:
        self._stack = ExitStack()
        self._portal = self._stack.enter_context(start_blocking_portal())
        self._stack.enter_context(self._portal.wrap_async_context_manager(app.router.lifespan_context(app)))
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url="http://testserver")
        self._client = self._stack.enter_context(self._portal.wrap_async_context_manager(client))

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        return self._portal.call(partial(self._client.request, method, url, **options))

    def get(self, url: str, **options: Any) -> httpx.Response:
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> httpx.Response:
        return self.request("POST", url, **options)

    def close(self) -> None:
        self._stack.close()


@dataclass
class Served:
    """A workspace, its application, and keys of several people."""

    workspace: Workspace
    app: FastAPI
    client: Client
    keys: dict[str, str]
    backend: Backend

    def headers(self, who: str = "planner") -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys[who]}"}

    def post(self, path: str, body: Any, who: str = "planner") -> Any:
        return self.client.post(path, json=body, headers=self.headers(who))

    @staticmethod
    def refusal(response: httpx.Response, status: int, code: str) -> "Refused":
        """What a refusal says, after checking that it has the one shape."""
        assert response.status_code == status, response.text
        error = ErrorAnswer.model_validate_json(response.content).error
        assert error.code == code
        assert error.request_id == response.headers["x-request-id"]
        return Refused(error.message, [fault.field for fault in error.fields])

    def get(self, path: str, who: str = "planner", **params: Any) -> Any:
        return self.client.get(path, params=params, headers=self.headers(who))


@dataclass(frozen=True)
class Refused:
    """A refusal: its sentence and the names of the bad fields."""

    message: str
    fields: list[str]


PEOPLE = {
    "planner": ("planner", None),
    "company": ("planner", "C"),
    "east": ("planner", "D1"),
    "hall": ("planner", "H1"),
    "marketing": ("marketing", "D1"),
    "stranger": ("planner", "GONE"),
    "collector": ("collector", None),
    "admin": ("admin", None),
    "scoped admin": ("admin", "C"),
}


def build_backend(workspace: Workspace, settings: ServiceSettings, **parts: Any) -> Backend:
    """A backend with `FlatModel` in place of the trained one."""
    parts = {"load_model": FlatModel.load, **parts}
    return Backend(workspace, settings, Answers(Holdings(workspace, settings, **parts)))


def make_keys(workspace: Workspace) -> dict[str, str]:
    """One key for each of `PEOPLE`."""
    engine = open_state(workspace.state_url)
    store = KeyStore(engine)
    keys = {name: store.add(name, role, unit)[1] for name, (role, unit) in PEOPLE.items()}
    engine.dispose()
    return keys


@pytest.fixture(scope="session")
def full_workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Lake, champion and publication; read-only, copy it before changing anything."""
    workspace = Workspace(tmp_path_factory.mktemp("served") / "workspace")
    write_lake(workspace.lake)
    promote_fake(workspace, 1, base_kw=100.0)
    publish(workspace)
    return workspace


def start(workspace: Workspace, settings: ServiceSettings | None = None, **parts: Any) -> Served:
    """The application in this process on a workspace; the caller closes its client."""
    settings = settings or ServiceSettings()
    workspace.root.mkdir(parents=True, exist_ok=True)
    backend = build_backend(workspace, settings, **parts)
    app = create_app(lambda: backend)
    client = Client(app)
    assert backend.warmed.wait(30)
    return Served(workspace, app, client, make_keys(workspace), backend)


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    """A function that starts the application on a workspace."""
    running: list[Client] = []

    def started(*args: Any, **parts: Any) -> Served:
        one = start(*args, **parts)
        running.append(one.client)
        return one

    yield started
    for client in running:
        client.close()


@pytest.fixture
def copied(tmp_path: Path) -> Callable[[Workspace], Workspace]:
    """A function that copies a workspace, so that a test may change it."""

    def copy(workspace: Workspace) -> Workspace:
        root = tmp_path / "workspace"
        shutil.copytree(workspace.root, root)
        return Workspace(root)

    return copy


@pytest.fixture(scope="session")
def served(full_workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The application on a full workspace that no test may change."""
    root = tmp_path_factory.mktemp("shared") / "workspace"
    shutil.copytree(full_workspace.root, root)
    one = start(Workspace(root))
    yield one
    one.client.close()


@pytest.fixture
def own(serve: Callable[..., Served], full_workspace: Workspace, copied: Callable[[Workspace], Workspace]) -> Served:
    """The application on a copy of the full workspace that is the test's own."""
    return serve(copied(full_workspace))


@pytest.fixture
def helpers() -> SimpleNamespace:
    """The builders of this file, for tests that change a workspace."""

    def publication_of(workspace: Workspace) -> Publication:
        return list_publications(workspace)[-1]

    return SimpleNamespace(
        FlatModel=FlatModel,
        LAST_LOAD=LAST_LOAD,
        capacity_frame=capacity_frame,
        loads_frame=loads_frame,
        promote_fake=promote_fake,
        publication_of=publication_of,
        publish=publish,
        write_lake=write_lake,
    )
