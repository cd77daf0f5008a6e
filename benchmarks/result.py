"""The one JSON line every benchmark ends with, the file it leaves, and where its seed and data come from."""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.machine import cpu_seconds, facts, peak_mib

__all__ = ["RESULTS", "Bars", "data_dir", "holds", "require_data", "run", "seed"]

RESULTS = Path(__file__).parent / "results"

Bars = Mapping[str, list[tuple[str, float]]]
"""Metric → what is asked of it, each `<=` or `>=` a threshold."""

Measured = tuple[Mapping[str, float], Mapping[str, Any]]
"""Metrics of the product, and what its peers did."""


def seed(default: int) -> int:
    """The seed asked for by SEED=, or `default`."""
    return int(os.environ.get("SEED") or default)


def data_dir() -> Path:
    """The folder of public data sets, by DATA=."""
    return Path(os.environ.get("DATA") or "../shared/data")


def require_data(name: str) -> Path:
    """The folder of one public data set; leaves with a plain message and code 3 where it is absent."""
    path = data_dir() / name
    if not path.is_dir():
        print(f"skipped: {path} is not here; give its parent folder by DATA=", file=sys.stderr)
        raise SystemExit(3)
    return path


def run(
    bar_id: str,
    measure: Callable[[], Measured],
    bar: Bars,
    stretch: Bars | None = None,
    results: Path = RESULTS,
) -> None:
    """Time `measure`, print its line and keep it as `results`/`bar_id`.json.

    The protocol told beside it is the first line of the text of the module that runs. With a SEED= or another FIRST=
    given the line is printed only: what is kept is the declared protocol. `cpu_seconds` are those of the whole run,
    peers included.
    """
    started, spent = time.perf_counter(), cpu_seconds()
    metrics, peers = measure()
    line = {
        "id": bar_id,
        "protocol": _protocol(bar_id),
        "metrics": {name: float(f"{float(value):.6g}") for name, value in metrics.items()},
        **_judged("bar", "met", bar, metrics),
        **_judged("stretch", "stretch_met", stretch or {}, metrics),
        "peers": dict(peers),
        "seconds": round(time.perf_counter() - started, 1),
        "cpu_seconds": round(cpu_seconds() - spent, 1),
        "peak_mib": round(peak_mib(), 1),
        **facts(),
    }
    print(json.dumps(line, ensure_ascii=False))
    if os.environ.get("SEED") or os.environ.get("FIRST"):
        return
    results.mkdir(parents=True, exist_ok=True)
    text = json.dumps(line, ensure_ascii=False, indent=2) + "\n"
    (results / f"{bar_id}.json").write_text(text, encoding="utf-8")


def holds(tests: list[tuple[str, float]], value: float) -> bool:
    """Whether a value keeps to everything asked of it; NaN never does."""
    return all(value <= at if how == "<=" else value >= at for how, at in tests)


def _judged(name: str, verdict: str, bar: Bars, metrics: Mapping[str, float]) -> dict[str, Any]:
    """The bar as text, and whether it is met: None where there is none, or where a metric could not be measured."""
    shown = {metric: [f"{how} {at}" for how, at in tests] for metric, tests in bar.items()}
    known = bool(bar) and all(metric in metrics for metric in bar)
    met = all(holds(tests, metrics[metric]) for metric, tests in bar.items()) if known else None
    return {name: shown, verdict: met}


def _protocol(bar_id: str) -> str:
    first = (sys.modules["__main__"].__doc__ or "").strip().partition("\n")[0]
    return first.removeprefix(f"{bar_id}: ")
