"""D5: readings a second from Parquet and CSV through the gate into the lake, one process; peak memory at two sizes."""

import json
import resource
import shutil
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

PER_NODE, AT_ONCE = 16_000, 32
REPEATS = 5
RATE_ROWS = {"parquet": 16_000_000, "csv": 4_000_000}
CSV_ROWS, LONGER = 8_000_000, 4
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
    """Half a year of quarter-hours for each node, and the nodes in the same source, so that keys, bounds, times and
    links are all looked at. A rate is that of the best of five runs, each in a process of its own, from the start of
    the ingest to the last commit, the file's hash included; `*_cpu_rate` is the same by that process's CPU seconds.

    Memory is the peak of such a process: on a Parquet file of as many readings as a CSV of 20 GiB has, and on a CSV and
    one four times as long; a CSV of 20 GiB would take most of an hour.
    """
    metrics: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        metrics["csv_peak_mib"] = _peak(root, CSV_ROWS, "csv")
        metrics[f"csv_peak_mib_{LONGER}x"] = _peak(root, LONGER * CSV_ROWS, "csv")
        write_files(root / "csv", RATE_ROWS["csv"], "csv", seed(0))
        line_bytes = (root / "csv" / "load.csv").stat().st_size / RATE_ROWS["csv"]
        metrics["rows_of_20_gib"] = 20 * GIB / line_bytes // PER_NODE * PER_NODE
        metrics["parquet_peak_mib_20_gib"] = _peak(root, int(metrics["rows_of_20_gib"]), "parquet")
        for kind, rows in RATE_ROWS.items():
            write_files(root / kind, rows, kind, seed(0))
            told = [_ingest(root / kind, root / "ws") for _ in range(REPEATS)]
            metrics[f"{kind}_rate"] = rows / min(one["seconds"] for one in told)
            metrics[f"{kind}_cpu_rate"] = rows / min(one["cpu_seconds"] for one in told)
    return metrics, {}


def _peak(root: Path, rows: int, kind: str) -> float:
    write_files(root / "large", rows, kind, seed(0))
    told = _ingest(root / "large", root / "ws")
    print(f"{kind}: {rows:,} rows, {told['peak_mib']:.0f} MiB, {told['seconds']:.0f} s", file=sys.stderr, flush=True)
    shutil.rmtree(root / "large")
    return told["peak_mib"]


def write_files(folder: Path, rows: int, kind: str, number: int) -> None:
    """`rows` readings as one file `load.<kind>`, node after node; the nodes; and the mapping."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv as csv
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    names = [f"A{node:05d}" for node in range(rows // PER_NODE)]
    (folder / "nodes.csv").write_text("node_id\n" + "\n".join(names) + "\n", encoding="utf-8")
    (folder / "source.yaml").write_text(SOURCE, encoding="utf-8")
    rng, path = np.random.default_rng(number), folder / f"load.{kind}"
    starts = pa.array(pd.date_range("2025-01-01", periods=PER_NODE, freq="15min").to_numpy("datetime64[us]"))
    starts = starts.cast(pa.timestamp("us", "UTC"))
    stamps = pc.strftime(starts, format="%Y-%m-%dT%H:%MZ") if kind == "csv" else starts
    schema = pa.schema({"node_id": pa.string(), "start_utc": stamps.type, "load_kw": pa.float64()})
    quiet = csv.WriteOptions(quoting_style="needed")
    writer = pq.ParquetWriter(path, schema) if kind == "parquet" else csv.CSVWriter(path, schema, write_options=quiet)
    with writer:
        for first in range(0, len(names), AT_ONCE):
            some = names[first : first + AT_ONCE]
            loads = pa.array(np.round(rng.gamma(4.0, 50.0, len(some) * PER_NODE), 2))
            ids = pa.array(np.repeat(np.array(some, dtype=object), PER_NODE), pa.string())
            writer.write_table(pa.table([ids, pa.concat_arrays([stamps] * len(some)), loads], schema=schema))


def _ingest(folder: Path, workspace: Path) -> dict[str, float]:
    """What one ingest took, in a process of its own on a workspace of its own."""
    command = [sys.executable, "-m", "benchmarks.d5", str(folder), str(workspace)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def ingest_once(folder: Path, root: Path) -> dict[str, float]:
    """Seconds, CPU seconds and peak MiB of one ingest into a workspace that is not there before, nor after."""
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
        rates = {"parquet_rate": [(">=", 1e6)], "csv_rate": [(">=", 150_000.0)]}
        peaks = ("parquet_peak_mib_20_gib", f"csv_peak_mib_{LONGER}x")
        run("D5", measure, {**rates, **{name: [("<=", 2048.0)] for name in peaks}})
