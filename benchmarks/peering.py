"""Peers run as a process of their own environment (`make bench-env`); tables and terms go through files.

The scripts in `benchmarks/peers/` import nothing of the product, and the product nothing of theirs. Each gets one
folder with `frame.parquet` (node_id, start_utc, load, and the features as known at every issue) and `request.json`,
and leaves `forecasts.parquet` (preset, node_id, issued_at, start_utc, one column a quantile) and `cost.json`
(preset → CPU seconds) there. Loads in the frame are all that there are: a script uses those that had ended by the
issue and no other.

PEERS_KEPT= names a folder in which what a peer forecast is kept under the digest of its script, frame, request and
lock, and found again: peers do not change when our own models do. Results then say on which day the peer ran.
PEERS=off runs none, for a quick look at ours.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from features.load.history import History
from training.backtests.demand import BacktestPlan
from training.scoring import beside_truth

__all__ = ["ABSENT", "Asked", "ask", "terms"]

ROOT = Path(__file__).parents[1]
PYTHON = ROOT / ".venv-peers" / "bin" / "python"
SCRIPTS = Path(__file__).parent / "peers"
LOCK = Path(__file__).parent / "peers.lock"
ABSENT = {"peers": "absent, make bench-env"}
# One thread: CPU seconds are compared, and threads that wait for each other would count against the peer.
_SINGLE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive"}


@dataclass(frozen=True)
class Asked:
    """What a peer forecast, by preset, and what it took: `cost` preset → name → CPU seconds."""

    forecasts: pd.DataFrame
    cost: Mapping[str, Mapping[str, float]]
    ran: str | None = None
    """The day on which it ran, where that was not in this run."""

    def spent(self, preset: str) -> dict[str, Any]:
        """What the preset took, as results tell it."""
        cost = {f"cpu_{name}": round(value, 1) for name, value in self.cost[preset].items()}
        return {**cost, **({"ran": self.ran} if self.ran else {})}

    def of(self, preset: str, history: History) -> pd.DataFrame:
        """The forecasts of one preset beside the loads that came, as the scoring of our own takes them, in kW."""
        mine = self.forecasts[self.forecasts["preset"] == preset].drop(columns="preset").reset_index(drop=True)
        return beside_truth(mine, history.loads)


def terms(history: History, plan: BacktestPlan, levels: tuple[float, ...]) -> dict[str, Any]:
    """The terms of a day-ahead backtest, as the scripts read them; moments are UTC."""
    lead, end = pd.Timedelta(hours=plan.first_lead_hours), pd.Timedelta(hours=plan.horizon_hours)
    issues = [{"issue": str(one), "first": str(one + lead), "end": str(one + end)} for one in sorted(plan.issues)]
    return {
        "quantiles": list(levels),
        "step_minutes": history.versions.step_minutes,
        "horizon_hours": plan.horizon_hours,
        "trailing_days": plan.trailing_days,
        "refits": [str(one) for one in plan.refits],
        "issues": issues,
    }


def ask(script: str, frame: pd.DataFrame, request: Mapping[str, Any]) -> Asked | None:
    """Run `benchmarks/peers/SCRIPT.py` on a frame; None, said on the error output, where the environment is absent."""
    if os.environ.get("PEERS") == "off":
        return None
    if not PYTHON.exists():
        print("peers: absent, make bench-env", file=sys.stderr)
        return None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        frame.to_parquet(folder / "frame.parquet", index=False)
        (folder / "request.json").write_text(json.dumps(request, sort_keys=True), encoding="utf-8")
        kept = _kept(script, folder)
        if kept is not None and kept.is_dir():
            return _read(kept)
        command = [str(PYTHON), str(SCRIPTS / f"{script}.py"), name]
        subprocess.run(command, check=True, env={**os.environ, **_SINGLE, "PYTHONPATH": ""}, cwd=name)
        found = _read(folder)
        if kept is not None:
            _keep(folder, kept)
    return found


def _read(folder: Path) -> Asked:
    cost = json.loads((folder / "cost.json").read_text(encoding="utf-8"))
    day = folder / "day.txt"
    ran = day.read_text(encoding="utf-8") if day.is_file() else None
    return Asked(pd.read_parquet(folder / "forecasts.parquet"), cost, ran)


def _kept(script: str, folder: Path) -> Path | None:
    where = os.environ.get("PEERS_KEPT")
    if not where:
        return None
    digest = hashlib.sha256()
    for path in (SCRIPTS / f"{script}.py", LOCK, folder / "frame.parquet", folder / "request.json"):
        digest.update(path.read_bytes())
    return Path(where) / f"{script}-{digest.hexdigest()[:16]}"


def _keep(folder: Path, kept: Path) -> None:
    fresh = kept.with_suffix(".fresh")
    fresh.mkdir(parents=True)
    for name in ("forecasts.parquet", "cost.json"):
        shutil.copyfile(folder / name, fresh / name)
    (fresh / "day.txt").write_text(datetime.now(UTC).strftime("%Y-%m-%d"), encoding="utf-8")
    fresh.rename(kept)
