"""R4: a bento in an empty directory answers as the service of its workspace does, on 500 random requests."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd

from benchmarks.result import run, seed
from features.demo import DemoConfig
from features.lake import Lake
from features.workspace import Workspace
from serving.mainjob import run_main_job
from serving.messages import NodesForecastRequest
from serving.publish import list_publications
from serving.state import KeyStore, open_state

REQUESTS = 500
GIVE_UP_SECONDS = 120
_TRACES = {"HEADROOM_WORKSPACE", "HEADROOM_CONFIGS", "PYTHONPATH"}
HEADROOM = [sys.executable, "-c", "from serving.cli import main; main()"]
KINDS = ["area", "feeder", "substation"]
# What two services may tell differently: the id of a request, and the moment live figures were computed.
REQUEST_ID = re.compile(rb'"request_id":"[0-9a-f]+"')
COMPUTED_AT = re.compile(rb'"live":true,"publication_id":null,"created_at":"[^"]+"')


def measure() -> tuple[Mapping[str, float], Mapping[str, Any]]:
    """On the workspace HEADROOM_WORKSPACE names, or on a small demo territory trained for this."""
    given = os.environ.get("HEADROOM_WORKSPACE")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        workspace = Workspace(Path(given) if given else folder / "ws")
        if not given:
            config = DemoConfig(areas=20, customers=100, years=2, customer_years=1, seed=seed(7))
            run_main_job(workspace, config, lambda step: print(step, file=sys.stderr))
        return _measured(workspace, folder)


def _measured(workspace: Workspace, folder: Path) -> tuple[dict[str, float], dict[str, Any]]:
    built = _built(workspace, folder)
    python = _own_python(folder / "venv")
    bento = [python, "-m", "bentoml", "serve", built["tag"], "--port"]
    service = [*HEADROOM, "serve", "--workspace", str(workspace.root), "--port"]
    asked = Questions(workspace, np.random.default_rng(seed(7))).some(REQUESTS)
    with (
        _served(service, folder, "service") as expected,
        _served(bento, folder, "bento") as found,
        ThreadPoolExecutor(1) as beside,
    ):
        both = [(beside.submit(expected.ask, question), found.ask(question)) for question in asked]
        answers = [(left.result(), right) for left, right in both]
        ready = found.ready_seconds
    different = [question for question, (left, right) in zip(asked, answers, strict=True) if left != right]
    for question in different[:5]:
        print(f"different: {question}", file=sys.stderr)
    told = Counter(f"{q.method} {q.url.partition('?')[0]} {a[0][0]}" for q, a in zip(asked, answers, strict=True))
    return {
        "equal_share": 1 - len(different) / len(asked),
        "requests": len(asked),
        "refused_share": float(np.mean([answer[0][0] >= 400 for answer in answers])),
        "failed": sum(answer[0][0] >= 500 for answer in answers),
        "explained": sum(bool((question.body or {}).get("explain")) for question in asked),
        "build_seconds": built["seconds"],
        "bento_mib": built["size_bytes"] / 2**20,
        "ready_seconds": ready,
    }, {"answers": dict(sorted(told.items()))}


@dataclass(frozen=True)
class Question:
    """One request; `who` names the key it is asked with."""

    who: str
    method: str
    url: str
    body: dict[str, Any] | None = None


class Questions:
    """Random requests over all routes: nodes, units, horizons, levels, issue times, pages, and bad ones among them."""

    def __init__(self, workspace: Workspace, rng: np.random.Generator) -> None:
        self.rng = rng
        lake = Lake(workspace.lake)
        self.nodes = sorted(set(lake.read("node", columns=["node_id"])["node_id"]))
        self.units = sorted(set(lake.read("org_unit", columns=["unit_id"])["unit_id"]))
        self.publications = [publication.id for publication in list_publications(workspace)]
        self.last = max(publication.provenance.now for publication in list_publications(workspace))
        self.explains = "explain" in NodesForecastRequest.model_fields

    def some(self, count: int) -> list[Question]:
        kinds = [self.forecast, self.capacity, self.listing, self.bad]
        return [kinds[self.rng.choice(4, p=[0.45, 0.25, 0.15, 0.15])]() for _ in range(count)]

    def forecast(self) -> Question:
        whole_units = self.rng.random() < 0.2
        body = self._unit() if whole_units else self._nodes()
        body["horizon_hours"] = int(self.rng.integers(1, 49 if whole_units or self.rng.random() < 0.6 else 337))
        if self.rng.random() < 0.6:
            levels = self.rng.uniform(0.01, 0.99, self.rng.integers(1, 12))
            body["quantiles"] = [round(float(level), int(self.rng.integers(2, 6))) for level in levels]
        if self.rng.random() < 0.4:
            hours_back = float(self.rng.uniform(-24 * 27, 24 * 200))
            zone = self.rng.choice(["UTC", "Asia/Shanghai", "America/St_Johns"])
            body["issue_time"] = (self.last - pd.Timedelta(hours=hours_back)).tz_convert(zone).isoformat()
        if self.explains and self.rng.random() < 0.35:
            body["explain"] = True
        return Question(self._who(), "POST", "/v1/forecast", body)

    def capacity(self) -> Question:
        body = self._unit() if self.rng.random() < 0.4 else self._nodes()
        if self.rng.random() < 0.6:
            body["publication"] = str(self.rng.choice(["latest", "live", *self.publications]))
        return Question(self._who(), "POST", "/v1/capacity", body)

    def listing(self) -> Question:
        if self.rng.random() < 0.3:
            url = f"/v1/publications?limit={self.rng.integers(1, 20)}&offset={self.rng.integers(0, 3)}"
            return Question(self._who(), "GET", url)
        parts = [f"limit={self.rng.integers(1, 60)}"]
        parts += [f"kind={self.rng.choice(KINDS)}"] if self.rng.random() < 0.5 else []
        parts += [f"after={self.rng.choice(self.nodes)}"] if self.rng.random() < 0.5 else []
        parts += [f"org_unit={self.rng.choice(self.units)}"] if self.rng.random() < 0.5 else []
        return Question(self._who(), "GET", f"/v1/nodes?{'&'.join(parts)}")

    def bad(self) -> Question:
        """A good request with one thing wrong."""
        good = self.forecast() if self.rng.random() < 0.6 else self.capacity()
        wrong: list[Question] = [
            Question("nobody", good.method, good.url, good.body),
            Question(good.who, "GET", good.url),
            Question(good.who, "GET", "/v1/nowhere"),
            Question(good.who, "GET", "/v1/nodes?limit=0&after="),
            *(
                Question(good.who, good.method, good.url, {**(good.body or {}), **change})
                for change in (
                    {"horizon_hours": 0},
                    {"quantiles": [1.5]},
                    {"issue_time": "1999-01-01T00:00:00Z"},
                    {"issue_time": "yesterday"},
                    {"node_ids": [*self.nodes[:2], "NOBODY"]},
                    {"org_unit": "NOWHERE"},
                    {"publication": "never"},
                    {"colour": "red"},
                )
            ),
        ]
        return wrong[self.rng.integers(len(wrong))]

    def _nodes(self) -> dict[str, Any]:
        chosen = self.rng.choice(self.nodes, size=min(int(self.rng.integers(1, 7)), len(self.nodes)), replace=False)
        return {"node_ids": [str(node_id) for node_id in chosen]}

    def _unit(self) -> dict[str, Any]:
        kinds = self.rng.permutation(KINDS)[: self.rng.integers(1, 4)]
        return {"org_unit": str(self.rng.choice(self.units)), "kinds": [str(kind) for kind in kinds]}

    def _who(self) -> str:
        return str(self.rng.choice(["planner", "marketing"], p=[0.8, 0.2]))


@dataclass
class Side:
    """One running service, with keys of its own."""

    client: httpx.Client
    keys: dict[str, str]
    ready_seconds: float

    def ask(self, question: Question) -> tuple[int, str, bytes]:
        """Status, content type and body without what may differ."""
        key = self.keys.get(question.who, "hr_00000000_nobody")
        headers = {"Authorization": f"Bearer {key}"}
        answer = self.client.request(question.method, question.url, json=question.body, headers=headers)
        content = REQUEST_ID.sub(b'"request_id":""', answer.content)
        return answer.status_code, answer.headers["content-type"], COMPUTED_AT.sub(b'"live":true', content)


def _built(workspace: Workspace, folder: Path) -> dict[str, Any]:
    command = [*HEADROOM, "build", "--workspace", str(workspace.root), "--json"]
    environment = {**os.environ, "BENTOML_HOME": str(folder / "store")}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def _own_python(folder: Path) -> str:
    """A Python that finds the installed packages, but none that is installed in place as this product is here."""
    venv.create(folder, symlinks=True, with_pip=False)
    packages = next((folder / "lib").glob("python*")) / "site-packages"
    (packages / "borrowed.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return str(folder / "bin" / "python")


@contextmanager
def _served(command: list[str], folder: Path, name: str) -> Iterator[Side]:
    """A server started in an empty directory by `command`, to which the port is added; its log is `name`.log."""
    state, empty = f"sqlite:///{folder / name}.db", folder / f"empty-{name}"
    empty.mkdir()
    engine = open_state(state)
    keys = {role: KeyStore(engine).add(role, role, None)[1] for role in ("planner", "marketing")}
    engine.dispose()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "HEADROOM_STATE_URL": state, "BENTOML_DO_NOT_TRACK": "true"}
    if name == "bento":
        # Nothing leads to the workspace or to the code it was built from.
        environment = {key: value for key, value in environment.items() if key not in _TRACES}
        environment["BENTOML_HOME"] = str(folder / "store")
    started = time.perf_counter()
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen([*command, str(port)], cwd=empty, env=environment, stdout=log, stderr=log)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
            while not _is_ready(client):
                if process.poll() is not None or time.perf_counter() - started > GIVE_UP_SECONDS:
                    raise SystemExit(
                        f"the {name} did not become ready:\n{(folder / f'{name}.log').read_text()[-2000:]}"
                    )
                time.sleep(0.05)
            yield Side(client, keys, time.perf_counter() - started)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _is_ready(client: httpx.Client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


if __name__ == "__main__":
    run("R4", measure, {"equal_share": [(">=", 1.0)], "requests": [(">=", REQUESTS)], "failed": [("<=", 0)]})
