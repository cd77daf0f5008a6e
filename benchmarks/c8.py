"""C8: a served process over loopback, 100,000 customers: selecting them by mixed expressions, and single portraits.

Features, scores and shipped tags of synthetic customers in 1,500 areas of 40 halls, a tenth of the figures unknown,
five in a hundred against profiling; a published capacity with promises. Each request is asked alone, by keys of whole
territory and of halls, and written down before it is answered. `page`: 50 customers in an order, `count`: how many;
`query` is both together.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd

from benchmarks.result import run, seed
from features.behaviour.catalogue import FEATURE_NAMES
from features.contracts import CONTRACTS, CUSTOMER_CLASSES
from features.frames import as_contract
from features.lake import Lake
from features.workspace import Workspace
from serving.customers.snapshot import write_snapshot
from serving.customers.tagging import held_of, words_of
from serving.publish import Provenance, write_publication
from serving.state import KeyStore, open_state
from serving.tags.inputs import SCORES
from serving.tags.run import tag_customers
from serving.tags.shipped import load_definitions
from serving.tags.store import TagStore

CUSTOMERS, AREAS, HALLS = int(os.environ.get("CUSTOMERS") or 100_000), 1_500, 40
REQUESTS, PAGE = int(os.environ.get("REQUESTS") or 400), 50
GIVE_UP_SECONDS = 120
AS_OF, SINCE = pd.Timestamp("2026-01-01T00:00Z"), pd.Timestamp("2024-01-01T00:00Z")
HEADROOM = [sys.executable, "-c", "from serving.cli import main; main()"]
BAR = {"query_p99_ms": [("<=", 150.0)], "portrait_p99_ms": [("<=", 40.0)]}
EXPRESSIONS = (
    'tag("high_value") and value_p50_cny > {value} and not tag("may_leave")',
    'customer_class in ("commercial", "industrial") and contract_use_share > {share} and p_more_capacity > {share}',
    '(tag("evening_peaker") or evening_share > {share}) and value_p50_cny > {value}',
    "year_on_year_share > {share} and use_90d_kwh_day > {value} and not (arrears_cny > 0 or late_share > {share})",
    'tag("vacant") or zero_day_share > {share} or tag("level_changed") is unknown',
    "value_p10_cny < {value} <= value_p90_cny and satisfaction_12m is known",
    "use_28d_kwh_day > use_90d_kwh_day and p_leave >= {share}",
    'not tag("late_payer") and not tag("arrears") and app_payment_share > {share} and counter_share < {share}',
)
ORDERS = ("value_p50_cny", "use_90d_kwh_day", "p_leave", "contract_use_share", "bill_12m_cny")


def measure() -> tuple[Mapping[str, float], Mapping[str, Any]]:
    """A workspace made for it, served as a user serves it."""
    rng = np.random.default_rng(seed(7))
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder) / "ws")
        frame = territory(workspace, rng)
        tags = publish(workspace, frame)
        keys = keys_of(workspace)
        with served(workspace, keys[0]) as url, httpx.Client(base_url=url, timeout=60) as client:
            return asked(client, keys, frame, rng) | {"customers": len(frame), "tags": tags}, {}


def territory(workspace: Workspace, rng: np.random.Generator) -> pd.DataFrame:
    """The lake with units, nodes, consents and applications, a publication, and every column of all customers."""
    known = {"valid_from": SINCE, "available_at": SINCE}
    halls = [f"H{i:02d}" for i in range(HALLS)]
    areas = [f"A{i:04d}" for i in range(AREAS)]
    lake = Lake(workspace.lake)
    units = [("C", "公司", "company", None), *((hall, hall, "hall", "C") for hall in halls)]
    append(lake, "org_unit", pd.DataFrame(units, columns=["unit_id", "name", "kind", "parent_id"]).assign(**known))
    hall_of = {area: halls[i % HALLS] for i, area in enumerate(areas)}
    nodes = [("S", "S", "substation", None, "C"), ("F", "F", "feeder", "S", "C")]
    nodes += [(area, area, "area", "F", hall_of[area]) for area in areas]
    frame = pd.DataFrame(nodes, columns=["node_id", "name", "kind", "parent_id", "hall_id"])
    frame = frame.assign(power_factor=0.95, allowed_utilisation=0.8, rating_kva=400.0, rating_assumed=False)
    append(lake, "node", frame.assign(**known))
    write_publication(workspace, capacity(frame, rng), Provenance(AS_OF, 365, "peak", 1, "ab" * 32, "0" * 12, "1" * 12))
    ids = np.array([f"C{i:06d}" for i in range(CUSTOMERS)])
    against = pd.DataFrame({"customer_id": ids, "granted": rng.random(CUSTOMERS) >= 0.05})
    append(lake, "consent", against.assign(purpose="profiling", channel="hall", **known))
    waiting = pd.DataFrame({"customer_id": rng.choice(ids, 5_000)})
    waiting["application_id"] = [f"Y{i:05d}" for i in range(len(waiting))]
    waiting = waiting.assign(kind="increase", customer_class="commercial", requested_kva=50.0, status="surveyed")
    append(lake, "application", waiting.assign(node_id=areas[0], submitted_at=SINCE, available_at=SINCE))
    return customers(ids, rng, areas, hall_of)


def append(lake: Lake, table: str, frame: pd.DataFrame) -> None:
    contract = CONTRACTS[table]
    frame = frame.reindex(columns=list(contract.columns))
    for field in contract.fields:
        if field.kind == "utc":
            frame[field.name] = pd.to_datetime(frame[field.name], utc=True)
    lake.append(table, as_contract(contract, frame), "first")


def capacity(nodes: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """A published row of every node."""
    frame = nodes[["node_id", "name", "kind", "hall_id"]].copy()
    frame["open_kva"] = np.round(rng.uniform(0, 200, len(frame)))
    frame = frame.assign(**{f"block_kva_{block}": frame["open_kva"] + block for block in range(6)})
    frame = frame.assign(own_kva=frame["open_kva"], pool_kva=np.nan, pending_kw=0.0, limit_kw=304.0, kappa=1.0)
    frame = frame.assign(peak_p50_kw=200.0, peak_p90_kw=210.0, peak_p95_kw=215.0, note=None, rating_assumed=False)
    frame = frame.assign(binding_level="area", binding_node_id=frame["node_id"], reason="AREA_THERMAL")
    return frame.assign(confidence="HIGH", kappa_source="own", valid_until=AS_OF + pd.Timedelta(days=90))


def customers(ids: np.ndarray, rng: np.random.Generator, areas: list[str], hall_of: Mapping[str, str]) -> pd.DataFrame:
    """Shares within 0 to 1, amounts log-normal, a tenth of the figures unknown."""
    area = rng.choice(areas, len(ids))
    columns: dict[str, Any] = {"hall_id": [hall_of[one] for one in area], "area_id": area}
    columns["customer_class"] = rng.choice(CUSTOMER_CLASSES, len(ids))
    for name in [*FEATURE_NAMES, *(one for names in SCORES.values() for one in names)]:
        shared = name.endswith(("_share", "_ratio")) or name.startswith(("p_", "theft", "alarm", "autopay"))
        values = rng.random(len(ids)) if shared else rng.lognormal(3, 1.5, len(ids))
        values[rng.random(len(ids)) < 0.1] = np.nan
        columns[name] = values
    return pd.DataFrame(columns, index=pd.Index(ids, name="customer_id"))


def publish(workspace: Workspace, frame: pd.DataFrame) -> int:
    """The shipped tags of these customers, and their snapshot; how many tags there are."""
    engine = open_state(workspace.state_url)
    store, definitions, at = TagStore(engine), load_definitions(), AS_OF.to_pydatetime()
    tag_customers(frame.drop(columns=["hall_id", "area_id"]), (), definitions, store, at, datetime.now(UTC))
    state = store.state(at)
    words = [words_of(column) for column in state.columns]
    write_snapshot(workspace, AS_OF, frame, held_of(state, frame.index), words, {})
    engine.dispose()
    return len(words)


def keys_of(workspace: Workspace) -> list[str]:
    """A planner and marketing of the whole territory, marketing of a hall."""
    engine = open_state(workspace.state_url)
    store = KeyStore(engine)
    people = (("planner", None), ("marketing", None), ("marketing", "H03"))
    keys = [store.add(f"c8 {i}", role, unit)[1] for i, (role, unit) in enumerate(people)]
    engine.dispose()
    return keys


def asked(client: httpx.Client, keys: list[str], frame: pd.DataFrame, rng: np.random.Generator) -> dict[str, float]:
    """Milliseconds of each kind of request, in turn."""
    spent: dict[str, list[float]] = {"page": [], "count": [], "portrait": []}
    ids = frame.index.to_numpy()
    own = ids[(frame["hall_id"] == "H03").to_numpy()]
    for i in range(REQUESTS):
        client.headers["Authorization"] = f"Bearer {keys[i % len(keys)]}"
        answer = timed(spent["page"], client, "POST", "/v1/tags/query", question(rng))
        assert len(answer["customers"]) == min(PAGE, answer["total"])
        counted = {"expression": question(rng)["expression"], "count_only": True}
        timed(spent["count"], client, "POST", "/v1/tags/query", counted)
        # Marketing is refused those who forbid it; the planner is not.
        client.headers["Authorization"] = f"Bearer {keys[0]}"
        customer = rng.choice(own if i % 2 else ids)
        timed(spent["portrait"], client, "GET", f"/v1/customers/{customer}/portrait")
    spent["query"] = spent["page"] + spent["count"]
    levels = {"p50": 0.5, "p99": 0.99}
    return {
        f"{name}_{level}_ms": float(np.quantile(values, at))
        for name, values in sorted(spent.items())
        for level, at in levels.items()
    }


def question(rng: np.random.Generator) -> dict[str, Any]:
    """An expression with thresholds of its own, an order, and one page of it."""
    text = EXPRESSIONS[rng.integers(len(EXPRESSIONS))]
    expression = text.format(value=round(float(rng.lognormal(3, 1)), 1), share=round(float(rng.uniform(0.2, 0.8)), 2))
    body = {"expression": expression, "sort_by": ORDERS[rng.integers(len(ORDERS))], "limit": PAGE}
    return body | {"descending": bool(rng.random() < 0.7)}


def timed(spent: list[float], client: httpx.Client, method: str, url: str, body: Any = None) -> dict[str, Any]:
    started = time.perf_counter()
    response = client.request(method, url, json=body)
    spent.append((time.perf_counter() - started) * 1000)
    response.raise_for_status()
    answer: dict[str, Any] = response.json()
    return answer


@contextmanager
def served(workspace: Workspace, key: str) -> Iterator[str]:
    """A server's address, once it answers about customers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [*HEADROOM, "serve", "--port", str(port), "--workspace", str(workspace.root)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    started = time.perf_counter()
    try:
        while not answers(url, key):
            if process.poll() is not None or time.perf_counter() - started > GIVE_UP_SECONDS:
                raise SystemExit("the server did not become ready")
            time.sleep(0.2)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def answers(url: str, key: str) -> bool:
    """Whether a portrait and a count are told by now."""
    headers = {"Authorization": f"Bearer {key}"}
    try:
        found = httpx.post(f"{url}/v1/tags/query", json={"count_only": True}, headers=headers, timeout=60)
        told = httpx.get(f"{url}/v1/customers/C000000/portrait", headers=headers, timeout=60)
    except httpx.TransportError:
        return False
    return found.status_code == told.status_code == 200


if __name__ == "__main__":
    run("C8", measure, BAR)
