"""The one JSON line every benchmark ends with, and where its seed and data come from."""

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

__all__ = ["data_dir", "emit", "require_data", "run", "seed"]


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


def _holds(value: float, comparison: str, threshold: float) -> bool:
    return value <= threshold if comparison == "<=" else value >= threshold


def emit(
    bar_id: str,
    metrics: Mapping[str, float],
    bar: Mapping[str, list[tuple[str, float]]],
    seconds: float,
    peers: Mapping[str, Any] | None = None,
) -> None:
    """Print the closing line: what was measured, the bar, and whether every metric holds."""
    met = all(_holds(metrics[name], how, at) for name, tests in bar.items() for how, at in tests)
    shown = {name: [f"{how} {at}" for how, at in tests] for name, tests in bar.items()}
    peak_kib = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    line = {
        "id": bar_id,
        "metrics": {name: float(f"{float(value):.6g}") for name, value in metrics.items()},
        "bar": shown,
        "met": bool(met),
        "peers": dict(peers or {}),
        "seconds": round(seconds, 1),
        "peak_mib": round(peak_kib / 1024, 1),
    }
    print(json.dumps(line, ensure_ascii=False))


def run(
    bar_id: str,
    measure: Callable[[], tuple[Mapping[str, float], Mapping[str, Any]]],
    bar: Mapping[str, list[tuple[str, float]]],
) -> None:
    """Time `measure` (metrics, peers) and emit its line."""
    started = time.perf_counter()
    metrics, peers = measure()
    emit(bar_id, metrics, bar, time.perf_counter() - started, peers)
