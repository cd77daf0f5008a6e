"""D5: readings a second from Parquet and CSV through the gate into the lake, one process; peak memory at two sizes."""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.result import run, seed

__all__ = ["SOURCE", "write_files"]

NODES = 1_000
REPEATS = 3
RATE_ROWS = {"parquet": 16_000_000, "csv": 4_000_000}
SHORT_ROWS = {"parquet": 16_000_000, "csv": 8_000_000}
LONG = 4
GIB = 1 << 30
SOURCE = """\
name: bulk
tables:
  - table: node
    files: nodes.csv
    columns:
      node_id: node_id
      name: node_id
      kind: {constant: area}
      power_factor: {constant: 0.95}
      allowed_utilisation: {constant: 0.8}
      rating_assumed: {constant: true}
      valid_from: {constant: "2010-01-01"}
      available_at: {after: valid_from}
  - table: node_load
    files: load.*
    columns:
      node_id: node_id
      start_utc: start_utc
      load_kw: load_kw
      available_at: {after: start_utc, delay_minutes: 60}
"""


def measure() -> tuple[Mapping[str, float], Mapping[str, Any]]:
    """A quarter-hourly reading of a thousand nodes that the source lists, so that keys, bounds, times and links are all
    looked at. A rate is that of the best of three runs, each in a process of its own, from the start of the ingest to
    the last commit, the file's hash included; `*_cpu_rate` is the same by the CPU seconds of that process.

    A file of 20 GiB would take an hour: memory is the peak of a process on a file and on one four times as long, and
    `*_at_20_gib` draws the line through both to a CSV of that size, or a Parquet file of as many readings.
    """
    metrics: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for kind, rows in RATE_ROWS.items():
            write_files(root / kind, rows, kind, seed(0))
            told = [_ingest(root / kind, root / "ws") for _ in range(REPEATS)]
            metrics[f"{kind}_rate"] = rows / min(one["seconds"] for one in told)
            metrics[f"{kind}_cpu_rate"] = rows / min(one["cpu_seconds"] for one in told)
        line_bytes = (root / "csv" / "load.csv").stat().st_size / RATE_ROWS["csv"]
        for kind, rows in SHORT_ROWS.items():
            metrics |= _memory(root, kind, rows, 20 * GIB / line_bytes)
    return metrics, {}


def _memory(root: Path, kind: str, rows: int, goal: float) -> dict[str, float]:
    """Peak MiB on a file and on a longer one, and where the line through both is at `goal` rows."""
    peaks = []
    for length in (rows, LONG * rows):
        write_files(root / "long", length, kind, seed(0))
        peaks.append(_ingest(root / "long", root / "ws")["peak_mib"])
        print(f"{kind}: {length:,} rows, {peaks[-1]:.0f} MiB", file=sys.stderr)
    slope = max(peaks[1] - peaks[0], 0.0) / ((LONG - 1) * rows)
    return {
        f"{kind}_peak_mib": peaks[0],
        f"{kind}_peak_mib_{LONG}x": peaks[1],
        f"{kind}_mib_at_20_gib": peaks[1] + slope * max(goal - LONG * rows, 0.0),
    }


def write_files(folder: Path, rows: int, kind: str, number: int) -> None:
    """`rows` readings of a thousand nodes as one file of `load.<kind>`, node after node, the nodes, and the mapping."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv as csv
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("load.*"):
        old.unlink()
    names = [f"A{node:04d}" for node in range(NODES)]
    (folder / "nodes.csv").write_text("node_id\n" + "\n".join(names) + "\n", encoding="utf-8")
    (folder / "source.yaml").write_text(SOURCE, encoding="utf-8")
    rng, path = np.random.default_rng(number), folder / f"load.{kind}"
    starts = pa.array(pd.date_range("2012-01-01", periods=rows // NODES, freq="15min").to_numpy("datetime64[us]"))
    starts = starts.cast(pa.timestamp("us", "UTC"))
    stamps = pc.strftime(starts, format="%Y-%m-%dT%H:%MZ") if kind == "csv" else starts
    schema = pa.schema({"node_id": pa.string(), "start_utc": stamps.type, "load_kw": pa.float64()})
    quiet = csv.WriteOptions(quoting_style="needed")
    writer = pq.ParquetWriter(path, schema) if kind == "parquet" else csv.CSVWriter(path, schema, write_options=quiet)
    with writer:
        for name in names:
            loads = pa.array(np.round(rng.gamma(4.0, 50.0, len(starts)), 2))
            writer.write_table(pa.table([pa.repeat(name, len(starts)), stamps, loads], schema=schema))


def _ingest(folder: Path, workspace: Path) -> dict[str, float]:
    """What one ingest took, in a process of its own on a workspace of its own."""
    command = [sys.executable, "-m", "benchmarks.d5", str(folder), str(workspace)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def ingest_once(folder: Path, root: Path) -> dict[str, float]:
    """Seconds, CPU seconds and peak MiB of one ingest into a workspace that is not there before, nor after."""
    import shutil

    from features.ingest import ingest
    from features.workspace import Workspace

    started, spent = time.perf_counter(), time.process_time()
    report = ingest(folder / "source.yaml", folder, Workspace(root))
    seconds, cpu = time.perf_counter() - started, time.process_time() - spent
    load = report.tables["node_load"]
    if not load.balanced or load.written != load.rows_in:
        raise SystemExit(f"rows were lost: {load}")
    shutil.rmtree(root)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "cpu_seconds": cpu, "peak_mib": peak}


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(json.dumps(ingest_once(Path(sys.argv[1]), Path(sys.argv[2]))))
    else:
        limits = {f"{kind}_mib_at_20_gib": [("<=", 2048.0)] for kind in RATE_ROWS}
        run("D5", measure, {"parquet_rate": [(">=", 1e6)], "csv_rate": [(">=", 150_000.0)], **limits})
