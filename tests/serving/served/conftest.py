"""Real servers on a real workspace: trained models, a publication, process groups, sockets."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import httpx
import psutil
import pytest

from features.configs import config_path
from features.demo import Territory
from features.lake import Lake
from features.settings import load_settings
from features.workspace import TerritorySettings, Workspace
from serving.state import KeyStore, open_state

READY_SECONDS = 60  # the bar, fifteen seconds, is for a quiet machine and is measured by its benchmark
HEADROOM = [sys.executable, "-c", "from serving.cli import main; main()", "serve", "--port", "PORT"]
BENTOML = [sys.executable, "-m", "bentoml", "serve", "serving.service:Headroom", "--port", "PORT"]


@pytest.fixture(scope="session")
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

    def listening(self) -> set[str]:
        """The addresses on which any process of this server takes connections."""
        parent = psutil.Process(self.process.pid)
        return {
            connection.laddr.ip
            for process in [parent, *parent.children(recursive=True)]
            for connection in process.net_connections("inet")
            if connection.status == psutil.CONN_LISTEN
        }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_ready(process: subprocess.Popen[bytes], client: httpx.Client, log: Path) -> float:
    started = time.perf_counter()
    while time.perf_counter() - started < READY_SECONDS:
        assert process.poll() is None, f"the server ended: {log.read_text(errors='replace')[-2000:]}"
        try:
            if client.get("/readyz").status_code == 200:
                return time.perf_counter() - started
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"not ready after {READY_SECONDS} s: {client.get('/readyz').text}")


def begin(command: list[str], environment: Mapping[str, str], folder: Path, workspace: Workspace, key: str) -> Server:
    """Start `command` (PORT is replaced) in `folder` and wait until it is ready."""
    port = free_port()
    line = [part.replace("PORT", str(port)) for part in command]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(line, env=dict(environment), cwd=folder, stdout=log, stderr=log)
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60)
    client.headers["Authorization"] = f"Bearer {key}"
    server = Server(process, client, workspace, 0.0)
    try:
        server.ready_seconds = wait_until_ready(process, client, folder / "server.log")
    except AssertionError:
        end(server)
        raise
    return server


def end(server: Server) -> None:
    server.client.close()
    server.process.send_signal(signal.SIGTERM)
    try:
        server.process.wait(20)
    except subprocess.TimeoutExpired:
        server.process.kill()
        raise


def new_key(workspace: Workspace) -> str:
    engine = open_state(workspace.state_url)
    key = KeyStore(engine).add("tests", "planner", None)[1]
    engine.dispose()
    return key


@pytest.fixture
def launch(trained: Workspace, tmp_path: Path) -> Iterator[Callable[[list[str]], Server]]:
    """A function that starts a server on a copy of the workspace by a command line."""
    running: list[Server] = []

    def start(command: list[str]) -> Server:
        root = tmp_path / "workspace"
        shutil.copytree(trained.root, root)
        environment = {**os.environ, "HEADROOM_WORKSPACE": str(root), "BENTOML_DO_NOT_TRACK": "true"}
        running.append(begin(command, environment, tmp_path, Workspace(root), new_key(Workspace(root))))
        return running[-1]

    yield start
    for server in running:
        end(server)


@pytest.fixture(scope="session")
def servers() -> SimpleNamespace:
    """The parts of this file, for tests that start servers in ways of their own."""
    return SimpleNamespace(HEADROOM=HEADROOM, BENTOML=BENTOML, Server=Server, begin=begin, end=end, new_key=new_key)
