"""D3: `headroom ingest` killed (SIGKILL) at 50 moments drawn over its whole length, and run again until it is done."""

import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.result import run, seed
from features.configs import config_path
from features.demo import DemoConfig, generate
from features.ingest import read_quarantine
from features.lake import Lake
from features.workspace import Workspace

KILLS = 50
BATCH_ROWS = 10_000
HEADROOM = [sys.executable, "-c", "from serving.cli import main; main()"]


@dataclass
class Tally:
    """Kills, and the phase each fell into; ingests that came to their end, and those that ended otherwise than they
    should; rows that killed runs had checked and the next one took over.
    """

    kills: int = 0
    before_checking: int = 0
    while_checking: int = 0
    while_writing: int = 0
    finished: int = 0
    wrong: list[str] = field(default_factory=list)
    resumed_rows: int = 0


def measure() -> tuple[Mapping[str, float], Mapping[str, Any]]:
    """The demo's own files, so of many tables and kinds, with rows that are refused; an ingest nobody kills is what
    every killed one has to end as.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        config = DemoConfig(areas=12, feeders=4, substations=1, customers=150, years=2, customer_years=1, seed=seed(7))
        generate(config, root / "data")
        tally, rows, seconds = kill_and_resume(root, KILLS, random.Random(seed(7)), BATCH_ROWS)
    for line in tally.wrong:
        print(line, file=sys.stderr)
    return {
        "unequal": len(tally.wrong),
        "kills": tally.kills,
        "kills_while_checking": tally.while_checking,
        "kills_while_writing": tally.while_writing,
        "ingests": tally.finished,
        "rows": rows,
        "resumed_rows": tally.resumed_rows,
        "uninterrupted_seconds": seconds,
    }, {}


def kill_and_resume(root: Path, kills: int, rng: random.Random, batch_rows: int) -> tuple[Tally, int, float]:
    """What came of it, the rows of one whole ingest and the seconds it takes; `root` holds the files in `data`."""
    started = time.perf_counter()
    report = _wait(_start(root, "whole", batch_rows))
    seconds = time.perf_counter() - started
    expected = _content(root / "whole")
    tally, begun = Tally(), 0
    while tally.kills < kills:
        begun += 1
        name = f"killed-{begun}"
        told = _until_done(root, name, rng, seconds, batch_rows, tally, kills)
        found = [*_differences(expected, _content(root / name)), *_miscounted(report, told)]
        tally.wrong.extend(f"{name}: {one}" for one in found)
        tally.finished += 1
        shutil.rmtree(root / name)
    return tally, sum(table["rows_in"] for table in report["tables"].values()), seconds


def _start(root: Path, name: str, batch_rows: int) -> "subprocess.Popen[str]":
    command = [*HEADROOM, "ingest", str(config_path("sources/demo.yaml")), "--data", str(root / "data"), "--json"]
    command += ["--workspace", str(root / name), "--batch-rows", str(batch_rows)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _wait(process: "subprocess.Popen[str]") -> dict[str, Any]:
    out, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"the ingest ended with code {process.returncode}")
    report: dict[str, Any] = json.loads(out)
    return report


def _until_done(
    root: Path, name: str, rng: random.Random, seconds: float, batch_rows: int, tally: Tally, kills: int
) -> dict[str, Any]:
    """Start, kill at a moment of the whole length, start again; once a run ends before its moment, what it reports."""
    while True:
        process = _start(root, name, batch_rows)
        if tally.kills >= kills:
            break
        try:
            process.wait(rng.uniform(0, seconds))
            break
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            tally.kills += 1
            _note_phase(root / name, tally)
    report = _wait(process)
    tally.resumed_rows += report["resumed"]
    return report


def _note_phase(workspace: Path, tally: Tally) -> None:
    if (workspace / "lake").exists():
        tally.while_writing += 1
    elif list(workspace.glob("ingest-*/cursor.jsonl")):
        tally.while_checking += 1
    else:
        tally.before_checking += 1


def _content(root: Path) -> dict[str, pd.DataFrame]:
    """Every version of every table, every refused row, the batches, and what else lies in the workspace."""
    workspace = Workspace(root)
    lake = Lake(workspace.lake)
    found = {name: _sorted(lake.versions(name)) for name in lake.tables()}
    found["(batches)"] = _sorted(pd.DataFrame([(name, one) for name in lake.tables() for one in lake.batches(name)]))
    found["(refused)"] = _sorted(read_quarantine(root / "quarantine"))
    found["(files)"] = pd.DataFrame({"name": sorted(path.name for path in root.iterdir())})
    return found


def _sorted(frame: pd.DataFrame) -> pd.DataFrame:
    texts = {name: "str" for name in frame if isinstance(frame[name].dtype, pd.CategoricalDtype)}
    return frame.astype(texts).sort_values(list(frame.columns), ignore_index=True)


def _differences(expected: dict[str, pd.DataFrame], found: dict[str, pd.DataFrame]) -> list[str]:
    absent = [f"{name} is in one of the two only" for name in sorted(expected.keys() ^ found.keys())]
    both = sorted(expected.keys() & found.keys())
    return absent + [f"{name} has other rows" for name in both if not expected[name].equals(found[name])]


def _miscounted(expected: dict[str, Any], told: dict[str, Any]) -> list[str]:
    if all(counts["unchanged"] == counts["files"] for counts in told["tables"].values()):
        # The kill came when all was done, before the process could say so.
        return []
    wrong = [] if told["tables"] == expected["tables"] else ["the report counts other rows"]
    for name, counts in told["tables"].items():
        if counts["rows_in"] != counts["accepted"] + counts["superseded"] + sum(counts["quarantined"].values()):
            wrong.append(f"{name} is not balanced")
    return wrong


if __name__ == "__main__":
    run("D3", measure, {"unequal": [("<=", 0)], "kills": [(">=", KILLS)]})
