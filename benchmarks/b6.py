"""B6: features of past issue times, rebuilt from what was available then, against the bulk training features."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.result import run, seed
from features.configs import config_path
from features.demo import DemoConfig, generate
from features.ingest import ingest
from features.lake import Lake
from features.load.issue import build_features
from features.load.reading import load_history
from features.workspace import Workspace
from training.demand import DemandConfig
from training.demand.assembly import Assembler, Issue
from training.demand.model import fit_linear

ISSUES = 40
HORIZON = 48


def measure() -> tuple[Mapping[str, float], Mapping[str, Any]]:
    """Issue times within the stretch for which the demo territory keeps its weather forecasts."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder) / "ws")
        source = Path(folder) / "source"
        generate(DemoConfig(areas=20, customers=100, years=2, customer_years=1, seed=seed(7)), source)
        ingest(config_path("sources/demo.yaml"), source, workspace)
        return _compare(workspace), {}


def _compare(workspace: Workspace) -> dict[str, float]:
    lake, territory = Lake(workspace.lake), workspace.territory()
    bulk = load_history(lake, territory)
    stage = fit_linear(bulk, DemandConfig(), bulk.loads.end)
    assembler = Assembler(bulk, stage, actual_weather=True)
    first = bulk.loads.end - pd.Timedelta(days=50)
    rng = np.random.default_rng(seed(7))
    hours = np.sort(rng.choice(47 * 24, size=ISSUES, replace=False))
    equal, corrected = 0, 0
    for hour in hours:
        issue = Issue(first + pd.Timedelta(hours=int(hour)), np.arange(HORIZON))
        expected, scale = build_features(assembler.inputs(issue))
        then = load_history(lake, territory, as_of=issue.at)
        found, replayed = build_features(Assembler(then, stage, actual_weather=False).inputs(issue))
        rows = [bulk.versions.ids.index(node) for node in then.versions.ids]
        equal += found.tobytes() == expected[rows].tobytes() and replayed.tobytes() == scale[rows].tobytes()
        width = then.loads.values.shape[1]
        late = np.nan_to_num(bulk.loads.values[rows, :width]) != np.nan_to_num(then.loads.values)
        corrected += int(late[:, -28 * 24 :].any())
    return {"equal_share": equal / ISSUES, "issues_with_later_corrections": corrected / ISSUES}


if __name__ == "__main__":
    run("B6", measure, {"equal_share": [(">=", 1.0)], "issues_with_later_corrections": [(">=", 0.5)]})
