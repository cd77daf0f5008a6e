"""R3: 40 trials on GEFCom2012 improve the validation score of the defaults, and the test year is not worse for it.

Tuning sees what was known when the first day of B2's test year was forecast, and nothing later. R3_FOLDER keeps the
study and the test scores, so that a run that was broken off goes on where it was; R3_PART=tune leaves the test year
alone, R3_PART=default only scores the defaults on it.
"""

import json
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from benchmarks.b2 import ISSUE_HOUR, day_ahead, gefcom2012, plan
from benchmarks.result import run, seed
from features.configs import config_path
from features.load.history import History
from features.settings import config_hash, load_settings
from training.demand import DemandConfig
from training.tuning import DemandSpace, Progress, Tuned, TuningRun, tune_demand

TRIALS = 40


def measure() -> tuple[Mapping[str, float], Mapping[str, Any]]:
    """Validation and test rCRPS of the defaults and of the best settings; the settings themselves as peers."""
    history = gefcom2012()
    with tempfile.TemporaryDirectory() as spare:
        folder = Path(os.environ.get("R3_FOLDER") or spare)
        if os.environ.get("R3_PART") == "default":
            return _stop(test(history, base(), folder))
        tuned = tune(history, folder)
        assert tuned.default_value is not None
        metrics = {
            "validation_default": tuned.default_value,
            "validation_best": tuned.value,
            "validation_gain_percent": 100 * (1 - tuned.value / tuned.default_value),
        }
        print(f"best settings: {dict(tuned.params)}", flush=True)
        if os.environ.get("R3_PART") == "tune":
            return _stop(metrics)
        default, best = test(history, base(), folder), test(history, tuned.config, folder)
    metrics |= {"test_default": default["rcrps"], "test_best": best["rcrps"]}
    metrics |= {"coverage_default": default["coverage"], "coverage_best": best["coverage"]}
    metrics["test_loss"] = max(best["rcrps"] - default["rcrps"], 0.0)
    return metrics, {"best": dict(tuned.params), "trials": tuned.trials}


def _stop(found: Mapping[str, float]) -> NoReturn:
    print(json.dumps(found))
    raise SystemExit(0)


def test(history: History, config: DemandConfig, folder: Path) -> dict[str, float]:
    """B2's scores of one configuration; read where the folder has them."""
    kept = folder / f"test-{config_hash(config)}.json"
    if not kept.is_file():
        kept.write_text(json.dumps(day_ahead(history, config).summary()), encoding="utf-8")
    found: dict[str, float] = json.loads(kept.read_text(encoding="utf-8"))
    return found


def base() -> DemandConfig:
    """The defaults, for the leads and the hour that are judged."""
    lead = 24 - ISSUE_HOUR
    return DemandConfig(
        seed=seed(DemandConfig().seed),
        first_lead_hours=lead,
        horizon_hours=lead + 24,
        issue_hours=(ISSUE_HOUR,),
    )


def tune(history: History, folder: Path) -> Tuned[DemandConfig]:
    """Tune on what was known at the first issue of the test year."""
    space = load_settings(DemandSpace, config_path("demand.space.yaml"))
    work = TuningRun(trials=TRIALS, storage=folder / "r3.journal", progress=_tell)
    return tune_demand(history, base(), space, plan(history).issues[0], work)


def _tell(so_far: Progress) -> None:
    shown = "-" if so_far.best is None else f"{so_far.best:.5f}"
    print(f"trial {so_far.finished} of {so_far.wanted}, best {shown}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    bar = {"validation_gain_percent": [(">=", 0.01)], "test_loss": [("<=", 0.0)]}
    run("R3", measure, bar)
