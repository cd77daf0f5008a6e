"""The server as a user starts it: what it answers, and what changes under it."""

import json
import socket
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pandas as pd
import pytest

from serving.publish import read_publication, write_publication
from training.registry import promote

pytestmark = pytest.mark.slow
Launch = Callable[[list[str]], Any]


@pytest.mark.parametrize("way", ["HEADROOM", "BENTOML"])
def test_both_ways_of_serving_answer_alike_on_loopback_only(launch: Launch, servers: SimpleNamespace, way: str) -> None:
    server = launch(getattr(servers, way))
    assert server.listening() == {"127.0.0.1"}
    published = read_publication(server.workspace).capacity().set_index("node_id")
    answer = server.client.post("/v1/capacity", json={"node_ids": ["A0001"]}).json()
    assert answer["nodes"][0]["open_kva"] == published.loc["A0001", "open_kva"]
    assert server.client.get("/nothing").json()["error"]["code"] == "NOT_FOUND"
    assert httpx.post(f"{server.client.base_url}/v1/capacity", json={}).status_code == 401
    assert "<script" not in server.client.get("/").text
    assert 'route="/v1/capacity"' in server.client.get("/metrics").text


def test_models_publications_and_data_change_under_a_running_server(launch: Launch, servers: SimpleNamespace) -> None:
    server = launch(servers.HEADROOM)
    body = {"node_ids": ["A0001", "S1"], "horizon_hours": 24}
    first = server.client.post("/v1/forecast", json=body).json()
    assert first["model"]["version"] == 1
    promote(server.workspace, "demand", 2)
    second = server.client.post("/v1/forecast", json=body).json()
    assert second["model"]["version"] == 2
    assert second["nodes"] != first["nodes"]
    publish = [*servers.HEADROOM[:3], "publish", "capacity", "--now", "2025-12-01", "--json"]
    done = subprocess.run(
        [*publish, "--workspace", str(server.workspace.root)], check=True, capture_output=True, text=True
    )
    made = json.loads(done.stdout)["id"]
    latest = server.client.post("/v1/capacity", json={"node_ids": ["A0001"]}).json()
    assert latest["publication_id"] == made


def test_forecasts_of_a_trained_model_are_ordered_and_finite(launch: Launch, servers: SimpleNamespace) -> None:
    server = launch(servers.HEADROOM)
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


def test_live_capacity_is_what_would_be_published(launch: Launch, servers: SimpleNamespace) -> None:
    server = launch(servers.HEADROOM)
    body = {"org_unit": "C1", "kinds": ["area", "feeder", "substation"]}
    live = server.client.post("/v1/capacity", json={**body, "publication": "live"}).json()
    published = server.client.post("/v1/capacity", json=body).json()
    assert live["live"]
    assert live["nodes"] == published["nodes"]


def test_the_port_being_taken_is_said_plainly(servers: SimpleNamespace, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        line = [*servers.HEADROOM[:4], "--port", port, "--workspace", str(tmp_path / "none")]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert port in done.stderr
    assert "Traceback" not in done.stderr


def test_what_a_running_server_promises_is_open_no_more(launch: Launch, servers: SimpleNamespace) -> None:
    server = launch(servers.HEADROOM)
    client, published = server.client, read_publication(server.workspace)
    # This territory has nothing open; a publication that says otherwise is what the desk goes by.
    figures = published.capacity()
    figures[["open_kva", *(f"block_kva_{block}" for block in range(6))]] = 100.0
    made_from = replace(published.provenance, now=published.provenance.now + pd.Timedelta(hours=1))
    write_publication(server.workspace, figures, made_from)

    def open_kva(node: str) -> float:
        (row,) = client.post("/v1/capacity", json={"node_ids": [node]}).json()["nodes"]
        return float(row["open_kva"] or 0.0)

    nodes = client.get("/v1/nodes").json()["nodes"]
    area = max((node["node_id"] for node in nodes if node["kind"] == "area"), key=open_kva)
    before = open_kva(area)
    assert before == 100.0
    wish = {"request_id": "Y1", "kva": 5, "node_id": area}
    placed = client.post("/v1/allocate", json={"requests": [wish], "commit": True}).json()
    (held,) = [one["reservation_id"] for one in placed["assignments"]]
    assert open_kva(area) == before - 5
    asked = {"application_id": "Y2", "node_id": area, "kva": before, "customer_class": "commercial"}
    found = client.post("/v1/applications/check", json=asked).json()
    assert (found["outcome"], found["state"]) == ("constrained", "waiting")
    client.post(f"/v1/reservations/{held}/cancel", json={"why": "taken back"})
    (told,) = client.get("/v1/applications", params={"state": "all"}).json()["applications"]
    assert told["state"] == "released"
    assert open_kva(area) == 0.0
    assert client.get("/v1/digest").status_code == 200
    assert client.get("/v1/events").json()["events"] == []
    feeder = next(node["node_id"] for node in nodes if node["kind"] == "feeder")
    assert client.post("/v1/transfers", json={"node_id": feeder}).status_code in (200, 422)
