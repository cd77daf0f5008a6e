"""The bento in an empty directory, in an environment that holds its requirements and nothing else."""

import json
import os
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pandas as pd
import pytest
import uv_build

from features.workspace import Workspace
from serving.messages import NodesForecastRequest
from serving.publish import read_publication
from training.registry import artifact_hash, promote

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[3]
ALL_KINDS = ["area", "feeder", "substation"]
# What may differ between two services: the id of a request, and the moment live figures were computed.
REQUEST_ID = re.compile(rb'"request_id":"[0-9a-f]+"')
COMPUTED_AT = re.compile(rb'"live":true,"publication_id":null,"created_at":"[^"]+"')


def install_by_links(requirements: Path, target: Path) -> None:
    """Install exactly the packages of a requirements file by linking every one of their files."""
    names = {line.partition("==")[0] for line in requirements.read_text().splitlines() if line.strip()}
    for name in sorted(names):
        distribution = metadata.distribution(name)
        for file in distribution.files or []:
            if ".." in file.parts:
                continue
            link = target / file
            link.parent.mkdir(parents=True, exist_ok=True)
            if not link.exists():
                link.symlink_to(Path(str(distribution.locate_file(file))).resolve())


@dataclass
class Elsewhere:
    """A machine with nothing of ours but the imported bento: its Python, its variables, an empty folder."""

    python: str
    environment: dict[str, str]
    folder: Path
    tag: str
    bento: Path
    built: dict[str, Any]

    def run(self, *arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.python, *arguments],
            cwd=folder or self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def elsewhere(trained: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Elsewhere:
    """The bento of the trained workspace, exported by `headroom build` and imported where nothing else is."""
    root = tmp_path_factory.mktemp("elsewhere")
    for name in ("empty", "home"):
        (root / name).mkdir()
    built = build(trained, root / "small.bento", root / "empty")
    (root / "unpacked").mkdir()
    shutil.unpack_archive(built["path"], root / "unpacked", "xztar")
    venv.create(root / "venv", symlinks=True, with_pip=False)
    python = root / "venv" / "bin" / "python"
    packages = next((root / "venv" / "lib").glob("python*")) / "site-packages"
    install_by_links(root / "unpacked" / "env" / "python" / "requirements.txt", packages)
    environment = {
        "PATH": f"{python.parent}:{os.defpath}",
        "HOME": str(root / "home"),
        "BENTOML_HOME": str(root / "store"),
        "BENTOML_DO_NOT_TRACK": "true",
        "OMP_NUM_THREADS": "1",
    }
    there = Elsewhere(str(python), environment, root / "empty", built["tag"], root / "store", built)
    done = there.run("-m", "bentoml", "import", built["path"])
    assert done.returncode == 0, done.stderr
    there.bento = root / "store" / "bentos" / Path(*built["tag"].split(":"))
    assert there.bento.is_dir()
    return there


def build(workspace: Workspace, out: Path, folder: Path, code: Path | None = None) -> dict[str, Any]:
    """`headroom build` in `folder`, by the product that is installed, or by the one in `code`."""
    command = [sys.executable, "-m", "serving.cli", "build", "--workspace", str(workspace.root)]
    environment = os.environ if code is None else {**os.environ, "PYTHONPATH": str(code)}
    done = subprocess.run(
        [*command, "--out", str(out), "--json"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def add_key(there: Elsewhere) -> str:
    """The first key, by the command that `headroom build` prints."""
    arguments = re.search(r"python (-m serving.cli keys add .+)\)", there.built["commands"]["first_key"])
    assert arguments is not None
    done = there.run(*arguments[1].split(), folder=there.bento / "src")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def beside(
    trained: Workspace, elsewhere: Elsewhere, servers: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Any, Any]]:
    """The service of the workspace and that of the bento, both running."""
    key = add_key(elsewhere)
    command = [elsewhere.python, "-m", "bentoml", "serve", elsewhere.tag, "--port", "PORT"]
    root = tmp_path_factory.mktemp("live") / "workspace"
    shutil.copytree(trained.root, root)
    environment = {**os.environ, "HEADROOM_WORKSPACE": str(root), "BENTOML_DO_NOT_TRACK": "true"}
    live = servers.begin(servers.HEADROOM, environment, root.parent, Workspace(root), servers.new_key(Workspace(root)))
    try:
        packed = servers.begin(command, elsewhere.environment, elsewhere.folder, trained, key)
        try:
            yield live, packed
        finally:
            servers.end(packed)
    finally:
        servers.end(live)


def test_nothing_of_ours_nor_of_training_is_installed_there(elsewhere: Elsewhere) -> None:
    for module in ("serving", "training", "features", "mlflow", "optuna", "matplotlib", "sklearn", "pandera"):
        done = elsewhere.run("-c", f"import {module}")
        assert done.returncode == 1
        assert f"No module named '{module}'" in done.stderr
    assert list(elsewhere.folder.iterdir()) == []


def bodies(workspace: Workspace) -> list[tuple[str, str, Any]]:
    """Questions over all routes, refusals among them."""
    published = read_publication(workspace)
    some = ["A0001", "A0002", "S1"]
    earlier = (published.provenance.now - pd.Timedelta(days=40)).isoformat()
    unit: dict[str, Any] = {"org_unit": "C1", "kinds": ALL_KINDS}
    forecasts: list[Any] = [
        {"node_ids": some, "horizon_hours": 24},
        {"node_ids": some, "horizon_hours": 1, "quantiles": [0.5]},
        {"node_ids": some, "horizon_hours": 336, "quantiles": [0.01, 0.333, 0.99]},
        {**unit, "horizon_hours": 168},
        {"org_unit": "H01", "kinds": ["substation"]},
        {"node_ids": some, "issue_time": earlier, "horizon_hours": 48},
        {"node_ids": some, "issue_time": "2025-07-01T05:30:00+08:00"},
        {"node_ids": ["NOBODY"]},
        {"node_ids": some, "horizon_hours": 337},
        {"node_ids": some, "issue_time": "1999-01-01T00:00:00Z"},
        {"node_ids": []},
        {},
    ]
    if "explain" in NodesForecastRequest.model_fields:
        forecasts += [{"node_ids": some, "explain": True}, {**unit, "horizon_hours": 72, "explain": True}]
    capacities: list[Any] = [
        {"node_ids": some},
        unit,
        {**unit, "publication": published.id},
        {**unit, "publication": "live"},
        {"node_ids": some, "publication": "never"},
        {"org_unit": "NOWHERE"},
        {"node_ids": ["NOBODY"], "colour": "red"},
    ]
    gets = ["/v1/nodes", "/v1/nodes?limit=3&after=A0002&kind=area", "/v1/nodes?limit=0", "/v1/publications"]
    gets += ["/v1/publications?offset=-1", "/v1/nodes?org_unit=NOWHERE", "/nothing", "/openapi.json", "/", "/livez"]
    return [
        *[("POST", "/v1/forecast", body) for body in forecasts],
        *[("POST", "/v1/capacity", body) for body in capacities],
        *[("GET", path, None) for path in gets],
    ]


def comparable(response: httpx.Response) -> tuple[int, str, bytes]:
    content = REQUEST_ID.sub(b'"request_id":""', response.content)
    content = COMPUTED_AT.sub(b'"live":true,"publication_id":null,"created_at":""', content)
    return response.status_code, response.headers["content-type"], content


def test_the_bento_answers_as_the_service_does_to_the_byte(trained: Workspace, beside: tuple[Any, Any]) -> None:
    live, packed = beside
    statuses = set()
    for method, path, body in bodies(trained):
        asked = {"method": method, "url": path, "json": body} if body is not None else {"method": method, "url": path}
        expected, found = (comparable(server.client.request(**asked)) for server in (live, packed))
        assert found == expected, (path, body)
        statuses.add(found[0])
    assert statuses == {200, 404, 422}
    for server in (live, packed):
        assert httpx.post(f"{server.client.base_url}/v1/capacity", json={}).status_code == 401


def test_the_bento_listens_on_loopback_only_and_is_never_written_to(
    trained: Workspace, elsewhere: Elsewhere, beside: tuple[Any, Any]
) -> None:
    _, packed = beside
    assert packed.listening() == {"127.0.0.1"}
    packed.client.post("/v1/capacity", json={"org_unit": "C1", "publication": "live"}).raise_for_status()
    original = Path(elsewhere.built["path"]).parent / "unpacked" / "src" / "snapshot"
    assert artifact_hash(elsewhere.bento / "src" / "snapshot") == artifact_hash(original)
    assert (Path(elsewhere.environment["HOME"]) / ".local/state/headroom/small/state.db").is_file()


def test_the_same_workspace_gives_the_same_bento(trained: Workspace, elsewhere: Elsewhere, tmp_path: Path) -> None:
    again = build(trained, tmp_path / "folder", tmp_path)
    assert again["tag"] == elsewhere.built["tag"]
    assert again["labels"] == elsewhere.built["labels"]
    assert (tmp_path / "folder" / "bento.yaml").is_file()


def test_a_wheel_makes_the_bento_that_the_checkout_makes(
    trained: Workspace, elsewhere: Elsewhere, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        # A build backend works in the project's folder and finds its own executable on the path.
        patched.chdir(ROOT)
        patched.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
        wheel = uv_build.build_wheel(str(tmp_path))
    with zipfile.ZipFile(tmp_path / wheel) as packed:
        packed.extractall(tmp_path / "installed")
    again = build(trained, tmp_path / "folder", tmp_path, tmp_path / "installed")
    assert again["labels"] == {**elsewhere.built["labels"], "git": "none"}


def test_with_a_workspace_named_the_bento_serves_that_one(
    trained: Workspace,
    elsewhere: Elsewhere,
    servers: SimpleNamespace,
    copied: Callable[[Workspace], Workspace],
    tmp_path: Path,
) -> None:
    workspace = copied(trained)
    key = servers.new_key(workspace)
    environment = {**elsewhere.environment, "HEADROOM_WORKSPACE": str(workspace.root)}
    command = [elsewhere.python, "-m", "bentoml", "serve", elsewhere.tag, "--port", "PORT"]
    server = servers.begin(command, environment, tmp_path, workspace, key)
    try:
        body = {"node_ids": ["A0001"]}
        assert server.client.post("/v1/forecast", json=body).json()["model"]["version"] == 1
        promote(workspace, "demand", 2)
        assert server.client.post("/v1/forecast", json=body).json()["model"]["version"] == 2
    finally:
        servers.end(server)
