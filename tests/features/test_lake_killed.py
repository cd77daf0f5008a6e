"""A writer killed at any moment leaves whole batches, or nothing, and the next writer goes on."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.contracts import CONTRACTS
from features.frames import empty_frame
from features.lake import Lake

pytestmark = pytest.mark.slow
ROWS = 200_000


def batch(number: int) -> pd.DataFrame:
    """A batch whose every value says which batch it is of."""
    frame = empty_frame(CONTRACTS["node_load"]).reindex(range(ROWS))
    frame["node_id"] = pd.Series(np.repeat([f"n{i}" for i in range(20)], ROWS // 20), dtype="str")
    starts = pd.date_range("2020-01-01", periods=ROWS // 20, freq="h", tz="UTC").as_unit("us")
    frame["start_utc"] = pd.Series(starts).take(np.tile(np.arange(len(starts)), 20)).reset_index(drop=True)
    frame["load_kw"] = float(number)
    frame["available_at"] = frame["start_utc"] + pd.Timedelta(days=number)
    return frame


def write_forever(root: Path) -> None:
    """What the killed process does: one batch after the other."""
    lake = Lake(root)
    for number in range(1000):
        lake.append("node_load", batch(number), f"batch-{number}")
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


@pytest.mark.parametrize("seed", range(6))
def test_kill_at_a_random_moment(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    code = (
        "import importlib.util, pathlib, sys;"
        f"spec = importlib.util.spec_from_file_location('killed', {str(Path(__file__))!r});"
        "module = importlib.util.module_from_spec(spec); spec.loader.exec_module(module);"
        f"module.write_forever(pathlib.Path({str(tmp_path)!r}))"
    )
    writer = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "0\n"
    time.sleep(rng.uniform(0, 0.6))
    writer.send_signal(signal.SIGKILL)
    said = [0, *(int(line) for line in writer.stdout.read().split())]
    writer.stdout.close()
    writer.wait()

    lake = Lake(tmp_path)
    counts = lake.versions("node_load", columns=["load_kw"])["load_kw"].value_counts()
    assert set(counts) == {ROWS}
    assert set(said) <= {int(number) for number in counts.index}
    assert lake.append("node_load", batch(0), "batch-0") == 0
    assert lake.append("node_load", batch(5000), "after") == ROWS
    assert lake.read("node_load")["load_kw"].eq(5000.0).all()
