"""B5: how soon `headroom serve` is ready, and how fast it answers what is open at a published node, over loopback."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from benchmarks.result import run, seed
from features.demo import DemoConfig
from features.workspace import Workspace
from serving.mainjob import run_main_job
from serving.publish import read_publication
from serving.state import KeyStore, open_state

REQUESTS = 200
GIVE_UP_SECONDS = 120
HEADROOM = [sys.executable, "-c", "from serving.cli import main; main()"]


def measure() -> tuple[Mapping[str, float], Mapping[str, Any]]:
    """The main job on a small demo territory, then the server as a user starts it. HEADROOM_WORKSPACE, where set,
    names a workspace that is there already, such as the one of `make demo`.
    """
    given = os.environ.get("HEADROOM_WORKSPACE")
    if given:
        return _measure_served(Workspace(Path(given))), {}
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder) / "ws")
        config = DemoConfig(areas=20, customers=100, years=2, customer_years=1, seed=seed(7))
        run_main_job(workspace, config, lambda step: print(step, file=sys.stderr))
        return _measure_served(workspace), {}


def _measure_served(workspace: Workspace) -> dict[str, float]:
    engine = open_state(workspace.state_url)
    _, key = KeyStore(engine).add(f"b5 {time.time_ns()}", "planner", None)
    engine.dispose()
    node_ids = read_publication(workspace).capacity()["node_id"].astype(str).tolist()
    with served(workspace) as (url, ready_seconds), httpx.Client(base_url=url) as client:
        client.headers["Authorization"] = f"Bearer {key}"
        millis = [_ask(client, node_ids[i % len(node_ids)]) for i in range(REQUESTS)]
    return {
        "p99_ms": float(np.quantile(millis, 0.99)),
        "p50_ms": float(np.median(millis)),
        "ready_seconds": ready_seconds,
    }


def _ask(client: httpx.Client, node_id: str) -> float:
    started = time.perf_counter()
    response = client.post("/v1/capacity", json={"node_ids": [node_id]})
    millis = (time.perf_counter() - started) * 1000
    response.raise_for_status()
    assert response.json()["nodes"][0]["node_id"] == node_id
    return millis


@contextmanager
def served(workspace: Workspace) -> Iterator[tuple[str, float]]:
    """A server's address and the seconds from its start until `/readyz` answers 200."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [*HEADROOM, "serve", "--port", str(port), "--workspace", str(workspace.root)]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not _is_ready(url):
            if process.poll() is not None or time.perf_counter() - started > GIVE_UP_SECONDS:
                raise SystemExit("the server did not become ready")
            time.sleep(0.05)
        yield url, time.perf_counter() - started
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz").status_code == 200
    except httpx.TransportError:
        return False


if __name__ == "__main__":
    run("B5", measure, {"p99_ms": [("<=", 50.0)], "ready_seconds": [("<=", 15.0)]})
