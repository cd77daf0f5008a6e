"""The real server on a real workspace: trained models, a publication, one process group, real sockets."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from features.configs import config_path
from features.demo import Territory
from features.lake import Lake
from features.settings import load_settings
from features.workspace import TerritorySettings, Workspace
from serving.publish import read_publication
from serving.state import KeyStore, open_state

pytestmark = pytest.mark.slow

READY_SECONDS = 60  # the bar, fifteen seconds, is for a quiet machine and is measured by its benchmark


@pytest.fixture(scope="module")
def trained(small_territory: Territory, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A small territory with two demand versions, a peak model and a publication; all trained, and all small."""
    from serving.capacity import publish_capacity
    from training.demand import DemandConfig
    from training.demand.config import BoosterConfig, CalibrationConfig
    from training.jobs import train_demand, train_peak
    from training.peak import ConnectionPolicy, PeakConfig
    from training.registry import promote

    workspace = Workspace(tmp_path_factory.mktemp("trained") / "workspace")
    lake = Lake(workspace.lake)
    for name in ("org_unit", "node", "transformer", "line_segment", "tie", "application"):
        lake.append(name, small_territory.frames[name], "all")
    for name in ("weather_observed", "weather_forecast"):
        lake.append(name, small_territory.frames[name], "all")
    lake.append("node_load", small_territory.frame("node_load"), "all")
    settings = TerritorySettings(name="small")
    (workspace.root / "territory.yaml").write_text(settings.model_dump_json())
    small = BoosterConfig(rounds=10, leaves=7, max_rows=20_000, threads=1)
    for seed in (1, 2):
        config = DemandConfig(booster=small, calibration=CalibrationConfig(days=30, max_issues=5), seed=seed)
        train_demand(workspace, config, held_out_days=0)
    promote(workspace, "demand", 1)
    connections = load_settings(ConnectionPolicy, config_path("policy/connections.yaml"))
    promote(workspace, "peak", train_peak(workspace, PeakConfig(), connections).version)
    publish_capacity(workspace)
    return workspace


@dataclass
class Server:
    """A running server and how to ask it."""

    process: subprocess.Popen[bytes]
    client: httpx.Client
    workspace: Workspace
    ready_seconds: float


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_ready(process: subprocess.Popen[bytes], client: httpx.Client) -> float:
    started = time.perf_counter()
    while time.perf_counter() - started < READY_SECONDS:
        assert process.poll() is None, "the server ended"
        try:
            if client.get("/readyz").status_code == 200:
                return time.perf_counter() - started
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"not ready after {READY_SECONDS} s: {client.get('/readyz').text}")


@pytest.fixture
def launch(trained: Workspace, tmp_path: Path) -> Iterator[Callable[[list[str]], Server]]:
    """A function that starts a server on a copy of the workspace by a command line."""
    running: list[Server] = []

    def start(command: list[str]) -> Server:
        root = tmp_path / "workspace"
        shutil.copytree(trained.root, root)
        port = free_port()
        environment = {**os.environ, "HEADROOM_WORKSPACE": str(root), "BENTOML_DO_NOT_TRACK": "true"}
        line = [part.replace("PORT", str(port)) for part in command]
        with (tmp_path / "server.log").open("wb") as log:
            process = subprocess.Popen(line, env=environment, cwd=tmp_path, stdout=log, stderr=log)
        client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60)
        engine = open_state(Workspace(root).state_url)
        client.headers["Authorization"] = f"Bearer {KeyStore(engine).add('tests', 'planner', None)[1]}"
        engine.dispose()
        server = Server(process, client, Workspace(root), 0.0)
        running.append(server)
        server.ready_seconds = wait_until_ready(process, client)
        return server

    yield start
    for server in running:
        server.client.close()
        server.process.send_signal(signal.SIGTERM)
        try:
            server.process.wait(20)
        except subprocess.TimeoutExpired:
            server.process.kill()
            raise


HEADROOM = [sys.executable, "-c", "from serving.cli import main; main()", "serve", "--port", "PORT"]
BENTOML = [sys.executable, "-m", "bentoml", "serve", "serving.service:Headroom", "--port", "PORT"]


@pytest.mark.parametrize("command", [HEADROOM, BENTOML], ids=["headroom", "bentoml"])
def test_both_ways_of_serving_answer_alike_on_loopback_only(
    launch: Callable[[list[str]], Server], command: list[str]
) -> None:
    server = launch(command)
    listening = {
        connection.laddr.ip
        for process in [psutil.Process(server.process.pid), *psutil.Process(server.process.pid).children(True)]
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == server.client.base_url.port
    }
    assert listening == {"127.0.0.1"}
    published = read_publication(server.workspace).capacity().set_index("node_id")
    answer = server.client.post("/v1/capacity", json={"node_ids": ["A0001"]}).json()
    assert answer["nodes"][0]["open_kva"] == published.loc["A0001", "open_kva"]
    assert server.client.get("/nothing").json()["error"]["code"] == "NOT_FOUND"
    assert httpx.post(f"{server.client.base_url}/v1/capacity", json={}).status_code == 401
    assert "<script" not in server.client.get("/").text
    assert 'route="/v1/capacity"' in server.client.get("/metrics").text


def test_models_publications_and_data_change_under_a_running_server(launch: Callable[[list[str]], Server]) -> None:
    server = launch(HEADROOM)
    body = {"node_ids": ["A0001", "S1"], "horizon_hours": 24}
    first = server.client.post("/v1/forecast", json=body).json()
    assert first["model"]["version"] == 1
    promote = [*HEADROOM[:3], "models", "promote", "demand", "2", "--workspace", str(server.workspace.root)]
    subprocess.run(promote, check=True, capture_output=True)
    second = server.client.post("/v1/forecast", json=body).json()
    assert second["model"]["version"] == 2
    assert second["nodes"] != first["nodes"]
    publish = [*HEADROOM[:3], "publish", "capacity", "--now", "2025-12-01", "--json"]
    done = subprocess.run(
        [*publish, "--workspace", str(server.workspace.root)], check=True, capture_output=True, text=True
    )
    made = json.loads(done.stdout)["id"]
    latest = server.client.post("/v1/capacity", json={"node_ids": ["A0001"]}).json()
    assert latest["publication_id"] == made


def test_forecasts_of_a_trained_model_are_ordered_and_finite(launch: Callable[[list[str]], Server]) -> None:
    server = launch(HEADROOM)
    body = {"org_unit": "C1", "kinds": ["area", "feeder", "substation"], "horizon_hours": 336}
    answer = server.client.post("/v1/forecast", json=body).json()
    assert len(answer["nodes"]) == 11
    for node in answer["nodes"]:
        assert len(node["rows"]) == 336
        for row in node["rows"]:
            values = list(row["quantiles_kw"].values())
            if None in values:
                assert row["reasons"]
            else:
                assert values == sorted(values)
    known = [v for node in answer["nodes"] for row in node["rows"] for v in row["quantiles_kw"].values()]
    assert sum(value is not None for value in known) > 0.9 * len(known)


def test_live_capacity_is_what_would_be_published(launch: Callable[[list[str]], Server]) -> None:
    server = launch(HEADROOM)
    body = {"org_unit": "C1", "kinds": ["area", "feeder", "substation"]}
    live = server.client.post("/v1/capacity", json={**body, "publication": "live"}).json()
    published = server.client.post("/v1/capacity", json=body).json()
    assert live["live"]
    assert live["nodes"] == published["nodes"]


def test_the_port_being_taken_is_said_plainly(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        line = [*HEADROOM[:4], "--port", port, "--workspace", str(tmp_path / "none")]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert port in done.stderr
    assert "Traceback" not in done.stderr
