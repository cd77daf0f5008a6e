"""R5: what explains a forecast adds up to its median, in the model and in the JSON that is answered, fallbacks too."""

import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd

from benchmarks.b5 import served
from benchmarks.result import run, seed
from features.demo import DemoConfig
from features.lake import Lake
from features.load.grid import Versions
from features.load.groups import GROUPS
from features.load.history import History
from features.load.reading import load_history
from features.workspace import Workspace
from serving.mainjob import run_main_job
from serving.state import KeyStore, open_state
from training.demand import DemandModel
from training.registry import champion

ISSUES, QUESTIONS = 6, 30
NEEDED = ("NO_WEATHER_FORECAST", "SHORT_HISTORY", "STALE_LOAD", "NO_HISTORY", "LEVEL_SHIFT")


def measure() -> tuple[Mapping[str, float], Mapping[str, Any]]:
    """On the workspace HEADROOM_WORKSPACE names, or on a small demo territory trained for this."""
    given = os.environ.get("HEADROOM_WORKSPACE")
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(given) if given else Path(folder) / "ws")
        if not given:
            config = DemoConfig(areas=20, customers=100, years=2, customer_years=1, seed=seed(7))
            run_main_job(workspace, config, lambda step: print(step, file=sys.stderr), trials=0)
        return _measured(workspace)


def _measured(workspace: Workspace) -> tuple[dict[str, float], dict[str, Any]]:
    serving = champion(workspace, "demand")
    assert serving is not None
    model = DemandModel.load(serving.path)
    history = load_history(Lake(workspace.lake), workspace.territory())
    rng = np.random.default_rng(seed(7))
    started = time.perf_counter()
    told = pd.concat(_in_the_model(model, history, rng), ignore_index=True)
    millis = 1000 * (time.perf_counter() - started) / len(told)
    known = told.dropna(subset=["q50"])
    answered = _over_http(workspace, list(history.node_ids), rng)
    reasons = Counter(code for text in told["reason"] for code in str(text).split("+") if code)
    metrics = {
        "worst_gap_model": _gap(known[list(GROUPS)].to_numpy(), known["q50"].to_numpy()),
        "worst_gap_http": _gap(answered[:, :-1], answered[:, -1]),
        "rows_model": float(len(known)),
        "rows_http": float(len(answered)),
        "fallbacks_seen": float(sum(reasons[code] > 0 for code in NEEDED)),
        "millis_per_row": millis,
    }
    return metrics, {"rows_by_reason": dict(reasons)}


def _gap(parts: np.ndarray, median: np.ndarray) -> float:
    return float(np.max(np.abs(parts.sum(axis=1) - median) / np.maximum(np.abs(median), 1e-9)))


def _in_the_model(model: DemandModel, history: History, rng: np.random.Generator) -> list[pd.DataFrame]:
    """Random nodes and issue times of the last year, on the history as it is and on what goes wrong with it."""
    found = []
    for number, damaged in enumerate(_damaged(history)):
        for _ in range(ISSUES if number == 0 else 1):
            back = int(rng.integers(1, 300 * 24)) if number == 0 else 1
            issue = (history.loads.end - pd.Timedelta(hours=back)).floor("h")
            some = [str(node) for node in rng.choice(history.node_ids, size=6, replace=False)]
            nodes = some if number == 0 else ["NEW", *history.node_ids[:4]]
            found.append(model.explain(damaged, issue, int(rng.integers(1, 337)), node_ids=nodes))
    return found


def _damaged(history: History) -> Iterator[History]:
    """The history as it is; then with a stale, a young and a jumping node, and one never read; then without
    weather forecasts."""
    yield history
    grid, per_day = history.loads, 24 * 60 // history.loads.step_minutes
    load = grid.values.copy()
    load[0, -40 * per_day :] = np.nan
    load[1, : -30 * per_day] = np.nan
    load[2, -4 * per_day :] *= 2.5
    row = history.nodes.iloc[[0]].rename(index={history.nodes.index[0]: "NEW"})
    nodes = pd.concat([history.nodes, row])
    damaged = replace(history, versions=Versions.from_grid(replace(grid, values=load)), nodes=nodes)
    yield damaged
    yield replace(damaged, weather=replace(history.weather, forecasts=()))


def _over_http(workspace: Workspace, node_ids: list[str], rng: np.random.Generator) -> np.ndarray:
    """Contributions and median of every explained row that the service answers [rows, groups + 1]."""
    engine = open_state(workspace.state_url)
    _, key = KeyStore(engine).add(f"r5 {time.time_ns()}", "planner", None)
    engine.dispose()
    rows = []
    headers = {"Authorization": f"Bearer {key}"}
    with served(workspace) as (url, _), httpx.Client(base_url=url, headers=headers, timeout=60) as client:
        for _ in range(QUESTIONS):
            nodes = [str(node) for node in rng.choice(node_ids, size=3, replace=False)]
            body = {"node_ids": nodes, "horizon_hours": int(rng.integers(1, 97)), "explain": True}
            response = client.post("/v1/forecast", json=body)
            response.raise_for_status()
            answered = [
                row for node in response.json()["nodes"] for row in node["rows"] if row["median_kw"] is not None
            ]
            rows += [[*(row["contributions_kw"][group] for group in GROUPS), row["median_kw"]] for row in answered]
    return np.array(rows)


if __name__ == "__main__":
    limits: dict[str, list[tuple[str, float]]] = {
        "worst_gap_model": [("<=", 1e-6)],
        "worst_gap_http": [("<=", 1e-6)],
        "fallbacks_seen": [(">=", 5.0)],
    }
    run("R5", measure, limits)
