"""F7: CPU seconds a node to train on 1,000 nodes × 2 years hourly and forecast the next 7 days of all, in quantiles.

The nodes are those of B4: areas of a demo territory, each repeated with its own level and noise, with temperature.
The peer is OpenSTEF's LightGBM preset on five of them, one model a node, its import not counted. User and system time
of all processes; `ratio` is ours over the peer's, a node. Both are scored on the week that was forecast.
"""

from typing import Any

import pandas as pd

from benchmarks.b4 import HORIZON_HOURS, NODES, history
from benchmarks.day_ahead import rounded, scores
from benchmarks.machine import cpu_seconds
from benchmarks.peering import ABSENT, ask
from benchmarks.result import Measured, run, seed
from features.load.history import History
from training.demand import DemandConfig, DemandModel
from training.scoring import beside_truth

BAR = {"ratio": [("<=", 1 / 20)]}
STRETCH = {"ratio": [("<=", 1 / 50)]}
JUDGED = 5
PRESET = "lgbm"


def measure() -> Measured:
    """CPU seconds a node of both, their ratio, and the scores of the week."""
    whole, config = history(seed(7)), DemandConfig()
    issue = whole.as_of - pd.Timedelta(hours=HORIZON_HOURS)
    began = cpu_seconds()
    model = DemandModel.fit(whole.until(issue), config)
    trained = cpu_seconds()
    found = model.forecast(whole, issue, HORIZON_HOURS, actual_weather=True)
    spent = cpu_seconds()
    rows = beside_truth(found, whole.loads)
    judged = list(whole.node_ids[:: NODES // JUDGED])[:JUDGED]
    metrics = {
        "cpu_seconds_per_node": (spent - began) / NODES,
        "cpu_seconds_train": trained - began,
        "cpu_seconds_forecast": spent - trained,
        **rounded(scores(rows, config.levels)),
        "rcrps_judged": scores(rows[rows["node_id"].isin(judged)], config.levels)["rcrps"],
    }
    peers = peer(whole, issue, judged, config.levels)
    told = peers.get("openstef lgbm")
    return {**metrics, **({"ratio": metrics["cpu_seconds_per_node"] / told["cpu_per_node"]} if told else {})}, peers


def peer(whole: History, issue: pd.Timestamp, judged: list[str], levels: tuple[float, ...]) -> dict[str, Any]:
    """What OpenSTEF took for the nodes `judged`, CPU seconds a node, and its scores."""
    end = issue + pd.Timedelta(hours=HORIZON_HOURS)
    request = {
        "presets": [PRESET],
        "quantiles": list(levels),
        "step_minutes": 60,
        "horizon_hours": HORIZON_HOURS,
        "trailing_days": None,
        "refits": [str(issue)],
        "issues": [{"issue": str(issue), "first": str(issue), "end": str(end)}],
        "country": "CN",
        "zone_hours": 8,
    }
    asked = ask("openstef_presets", peer_frame(whole, judged), request)
    if asked is None:
        return ABSENT
    cost = asked.cost[PRESET]
    told = rounded(scores(asked.of(PRESET, whole), levels))
    each = {"cpu_per_node": (cost["fit"] + cost["predict"]) / len(judged), "nodes": len(judged)}
    return {"openstef lgbm": {**told, **asked.spent(PRESET), **each}}


def peer_frame(whole: History, judged: list[str]) -> pd.DataFrame:
    """Loads of the nodes judged, and the mean temperature of the stations."""
    loads, weather = whole.loads, whole.weather.actual()["temperature_c"].values.mean(axis=0)
    return pd.concat(
        [
            pd.DataFrame({"node_id": node, "start_utc": loads.times, "load": row, "temperature": weather})
            for node, row in zip(judged, loads.values[loads.rows(judged)], strict=True)
        ],
        ignore_index=True,
    )


if __name__ == "__main__":
    run("F7", measure, BAR, STRETCH)
