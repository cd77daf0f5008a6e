"""R1: a study killed 20 times with SIGKILL goes on, loses no finished trial, and finds what an unbroken one finds.

The study is real (demand model, rolling origins, LightGBM) on a planted history. It runs in a process that is killed
at a random moment and started again; after every kill the journal is read by an onlooker and compared with what had
been finished before.
"""

import multiprocessing
import tempfile
import time
from collections.abc import Mapping
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.result import run, seed
from features.clock import Calendar
from features.load.grid import Grid, Versions
from features.load.history import History
from features.load.weather import Weather
from training.demand import DemandConfig
from training.demand.config import BoosterConfig
from training.tuning import DemandSpace, DemandTuning, Dimension, TuningRun, tune_demand
from training.tuning.storage import open_storage

TRIALS, KILLS = 24, 20
_LEVELS_KW = (100.0, 200.0, 300.0, 400.0)
_DAYS = 150
_LOOK_SECONDS = 0.02
_START = pd.Timestamp("2023-01-01", tz="UTC")

Finished = dict[int, tuple[float, dict[str, Any]]]
"""Trial number → value and parameters."""


def measure() -> tuple[Mapping[str, float], Mapping[str, Any]]:
    """Run the study twice: left alone, and killed again and again."""
    own = seed(7)
    context = multiprocessing.get_context("forkserver")
    # The server loads the libraries once; each worker is a process of its own that begins with nothing but them.
    context.set_forkserver_preload(["training.tuning", "lightgbm", "optuna", "psutil"])
    with tempfile.TemporaryDirectory() as folder:
        alone, broken = Path(folder) / "alone.journal", Path(folder) / "broken.journal"
        # The first start loads the libraries, which is no part of the study's pace.
        first = context.Process(target=planted, args=(own,))
        first.start()
        first.join()
        began = time.perf_counter()
        _run_to_end(context, alone, own)
        pace = (time.perf_counter() - began) / TRIALS
        story = _killed_again_and_again(context, broken, own, pace)
        _run_to_end(context, broken, own)
        expected, found = _finished(alone), _finished(broken)
        story["lost"] += len(story.pop("seen").items() - _comparable(found).items())
    same = list(_comparable(expected).values()) == list(_comparable(found).values())
    best = [min(value for value, _ in one.values()) for one in (expected, found)]
    metrics = {
        "kills": story["kills"],
        "finished_trials_lost": story["lost"],
        "trials": len(found),
        "best_difference": abs(best[0] - best[1]),
        "other_trials": float(not same),
    }
    return metrics, {key: story[key] for key in ("in_a_trial", "torn_lines")} | {"best": round(best[0], 6)}


def _killed_again_and_again(context: ForkServerContext, journal: Path, own: int, pace: float) -> dict[str, Any]:
    """Start and kill until there are enough kills; what happened, and what was finished before the last of them."""
    rng = np.random.default_rng(own)
    story: dict[str, Any] = {"kills": 0, "lost": 0, "in_a_trial": 0, "torn_lines": 0, "seen": {}}
    while story["kills"] < KILLS:
        worker = _worker(context, journal, own)
        _wait(journal, worker, time.monotonic() + float(rng.uniform(0.0, 2.0)) * pace, KILLS - story["kills"])
        if worker.exitcode is not None:
            raise RuntimeError(f"the study ended after {story['kills']} kills, with code {worker.exitcode}")
        worker.kill()
        worker.join()
        story["kills"] += 1
        if not journal.exists():
            continue
        story["torn_lines"] += not journal.read_bytes().endswith(b"\n")
        story["in_a_trial"] += _open_trials(journal) > 0
        now = _comparable(_finished(journal))
        story["lost"] += len(story["seen"].items() - now.items())
        story["seen"] = now
    return story


def _wait(journal: Path, worker: BaseProcess, until: float, kills: int) -> None:
    """To the random moment, about a trial's time on average, so that kills fall everywhere in it.

    It comes sooner when fewer trials than kills would be left: the study must not end before the last kill.
    """
    begun = len(_finished(journal))
    while time.monotonic() < until and worker.exitcode is None:
        finished = len(_finished(journal))
        if finished > begun and TRIALS - finished <= kills:
            return
        time.sleep(_LOOK_SECONDS)


def _worker(context: ForkServerContext, journal: Path, own: int) -> BaseProcess:
    worker = context.Process(target=study, args=(journal, own))
    worker.start()
    return worker


def _run_to_end(context: ForkServerContext, journal: Path, own: int) -> None:
    worker = _worker(context, journal, own)
    worker.join()
    if worker.exitcode != 0:
        raise RuntimeError(f"a study that nobody killed ended with code {worker.exitcode}")


def study(journal: Path, own: int) -> None:
    """What each process does: the same call, whatever there is already."""
    history = planted(own)
    base = DemandConfig(
        horizon_hours=48,
        issue_hours=(6,),
        booster=BoosterConfig(rounds=30, learning_rate=0.2, leaves=12, max_rows=4000, min_leaf_rows=20, threads=1),
    )
    space = DemandSpace(
        parameters={
            "booster.rounds": Dimension(low=10, high=60),
            "booster.learning_rate": Dimension(low=0.05, high=0.5, log=True),
            "booster.leaves": Dimension(low=4, high=31),
            "linear.half_life_years": Dimension(choices=(1.0, 3.0)),
        },
        study=DemandTuning(folds=2, max_rows=1200, max_scored_rows=1200, startup_trials=6, finalists=0),
    )
    tune_demand(history, base, space, history.loads.end, TuningRun(TRIALS, storage=journal))


def planted(own: int) -> History:
    """Four nodes with a daily shape, a weather response and noise, hourly."""
    rng = np.random.default_rng(own)
    hours = np.arange(_DAYS * 24)
    temperature = 15 - 12 * np.cos(2 * np.pi * hours / 8766) + 4 * np.sin(2 * np.pi * (hours - 8) / 24)
    temperature = temperature + np.repeat(rng.normal(0, 2, _DAYS), 24)
    shape = 1 + 0.3 * np.sin(2 * np.pi * (hours - 6) / 24) + 0.002 * (temperature - 18) ** 2
    level = np.array(_LEVELS_KW)[:, None]
    ids = tuple(f"N{number}" for number in range(len(_LEVELS_KW)))
    loads = Grid(ids, _START, 60, level * shape * np.exp(rng.normal(0, 0.05, (len(ids), len(hours)))))
    observed = {"temperature_c": Versions.from_grid(Grid(("W",), _START, 60, temperature[None]))}
    nodes = pd.DataFrame(
        {"kind": "area", "parent_id": "F1", "rating_kva": 2 * level[:, 0], "weather_station_id": None},
        index=pd.Index(ids, name="node_id"),
    )
    calendar = Calendar("Asia/Shanghai", "CN")
    return History(Versions.from_grid(loads), Weather(observed), nodes, calendar, loads.end)


def _finished(journal: Path) -> Finished:
    if not journal.exists():
        return {}
    return {
        trial.number: (float(trial.value), dict(trial.params))
        for trial in _trials(journal)
        if trial.state.name in ("COMPLETE", "PRUNED")
    }


def _open_trials(journal: Path) -> int:
    return sum(trial.state.name == "RUNNING" for trial in _trials(journal))


def _trials(journal: Path) -> list[Any]:
    storage = open_storage(journal)
    return [trial for one in storage.get_all_studies() for trial in storage.get_all_trials(one._study_id)]


def _comparable(finished: Finished) -> dict[int, str]:
    return {number: repr((value, sorted(params.items()))) for number, (value, params) in finished.items()}


if __name__ == "__main__":
    bar = {
        "kills": [(">=", KILLS)],
        "finished_trials_lost": [("<=", 0)],
        "trials": [(">=", TRIALS), ("<=", TRIALS)],
        "best_difference": [("<=", 0.0)],
        "other_trials": [("<=", 0)],
    }
    run("R1", measure, bar)
