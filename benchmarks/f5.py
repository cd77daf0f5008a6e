"""F5: weekly maxima of GEFCom2012, 4 to 26 weeks ahead, future temperature unknown.

Nineteen issues every four weeks, 2007-01-01 to 2008-05-19, those for which a target of 2007-07-02..2008-06-23 lies 4
to 26 weeks ahead; Monday weeks of the data's clock. Pinball loss at .95 is in per cent of the highest load of the 52
weeks before the issue; excess is the mean of P95 / realised − 1. All are means over nodes. Zone 10, whose level
trebles in January 2008, is told apart.

Peers in the same run: the same week of the last year × the growth of the last 52 weeks over the 52 before, as a
P95; either member of the product alone; and the plain average of the two. FIRST=2006-01-02 gives the same protocol a
year earlier, on which the settings were chosen.
"""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.result import require_data, run, seed
from features.configs import config_path
from features.ingest import ingest
from features.lake import Lake
from features.load.history import History
from features.load.reading import load_history
from features.workspace import Workspace
from training.backtests.weekly import load_weekly_settings, weekly_metrics, with_outcomes
from training.peak.inputs import PeakInputs
from training.peak.weekly import WeeklyConfig, Weeks, weekly_peaks

ISSUES, EVERY_WEEKS, TARGETS = 19, 4, 52
STEPPED = "zone-10"
BAR = {"pinball_95": [("<=", 0.92)], "held_95": [(">=", 0.93), ("<=", 0.97)], "excess_95": [("<=", 21.0)]}


def main() -> None:
    first = pd.Timestamp(os.environ.get("FIRST") or "2007-01-01")
    run("F5", lambda: measure(first), BAR)


def measure(first: pd.Timestamp) -> tuple[Mapping[str, float], Mapping[str, Any]]:
    """Scores of the product over the nineteen zones, and of its peers."""
    config = load_weekly_settings()
    config = config.model_copy(update={"seed": seed(config.seed)})
    history = gefcom2012()
    rows = forecasts(history, first, config)
    others, stepped = rows[rows["node_id"] != STEPPED], rows[rows["node_id"] == STEPPED]
    average = others.assign(average_p95_kw=others[["scenario_p95_kw", "direct_p95_kw"]].mean(axis=1))
    peers = {
        name: _short(weekly_metrics(average, (0.95,), prefix))
        for name, prefix in {
            "last_year_x_growth": "last_year_",
            "scenarios": "scenario_",
            "direct": "direct_",
            "average": "average_",
        }.items()
    }
    return _short(weekly_metrics(others, config.levels)), {**peers, STEPPED: _short(weekly_metrics(stepped, (0.95,)))}


def gefcom2012() -> History:
    """The public data, ingested as a user would."""
    source = require_data("gefcom2012")
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder))
        ingest(config_path("sources/gefcom2012.yaml"), source, workspace)
        return load_history(Lake(workspace.lake), workspace.territory())


def forecasts(history: History, first: pd.Timestamp, config: WeeklyConfig) -> pd.DataFrame:
    """What was said from every issue of the weeks of the protocol, beside what came."""
    inputs = PeakInputs.from_history(history, None, config.enough_of_block)
    parts = []
    for issue in pd.date_range(first, periods=ISSUES, freq=f"{7 * EVERY_WEEKS}D"):
        known = inputs.until(int((issue - inputs.days[0]).days))
        rows = weekly_peaks(known, config).frame()
        parts.append(rows.assign(last_year_p95_kw=_last_year(Weeks.of(known), rows)))
    rows = with_outcomes(pd.concat(parts, ignore_index=True), history, config)
    begin = first + pd.Timedelta(weeks=config.last_week)
    return rows[(rows["week"] >= begin) & (rows["week"] < begin + pd.Timedelta(weeks=TARGETS))]


def _last_year(weeks: Weeks, rows: pd.DataFrame) -> np.ndarray:
    """The same week of the last year × growth, kW, in the order of `rows` (node by node)."""
    year, before = weeks.peak_kw[:, -52:], weeks.peak_kw[:, -104:-52]
    both = np.isfinite(year[:, -before.shape[1] :]) & np.isfinite(before)
    now = np.where(both, year[:, -before.shape[1] :], 0.0).sum(axis=1)
    growth = now / np.where(both, before, 0.0).sum(axis=1)
    table = pd.DataFrame(weeks.peak_kw.T, index=weeks.first_day).interpolate(limit_direction="both")
    wanted = pd.DatetimeIndex(rows["week"].unique()) - pd.Timedelta(weeks=52)
    return (table.reindex(wanted).to_numpy() * growth).T.ravel()


def _short(scores: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in scores.items()}


if __name__ == "__main__":
    main()
