"""F4: four Dutch locations, day-ahead, 15-minute, from 90 days of history, beside OpenSTEF on the same columns.

Peers are OpenSTEF's presets, trained on UTC stamps as its examples are, with the column of prices left out, as ours
leaves it out; PRESETS= names others of them (gblinear takes minutes).
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from benchmarks.day_ahead import OPENSTEF_LEVELS, asked_presets, ingested, openstef, ours, scores, settings
from benchmarks.peering import ABSENT, terms
from benchmarks.result import Measured, require_data, run
from features.load.history import History
from training.backtests.demand import BacktestPlan, day_ahead_plan

FIRST, LAST = pd.Timestamp("2021-01-01"), pd.Timestamp("2021-01-28")
BAR = {"rcrps": [("<=", 0.066)], "coverage": [(">=", 0.86), ("<=", 0.94)]}
STRETCH = {"rcrps": [("<=", 0.062)]}
COLUMNS = {"columns": {"temperature": "temp", "relative_humidity": "humidity"}}
TRAILING_DAYS, REFIT_DAYS, ISSUE_HOUR = 90, 7, 6


def measure() -> Measured:
    """Scores of the product under the protocol, and of OpenSTEF's presets."""
    history = ingested("liander")
    forecasts, spent = ours(history, settings(), plan(history))
    return {**scores(forecasts, OPENSTEF_LEVELS), "cpu_seconds": spent}, peers(history)


def peers(history: History) -> Mapping[str, Any]:
    """Scores and CPU seconds of each preset, and of the best preset of each location."""
    request = {**terms(history, plan(history), OPENSTEF_LEVELS), **COLUMNS, "country": "NL"}
    theirs = openstef(
        history, peer_frame(), request, asked_presets("lgbm xgboost"), lambda rows: scores(rows, OPENSTEF_LEVELS)
    )
    return theirs or ABSENT


def peer_frame() -> pd.DataFrame:
    """The files as they are, loads in kW."""
    parts = []
    for path in sorted(require_data("liander").glob("get_model_input_pid_*.csv.gz")):
        table = pd.read_csv(path, parse_dates=["index"]).rename(columns={"index": "start_utc"})
        node = "pid-" + path.name.removeprefix("get_model_input_pid_").partition(".")[0]
        parts.append(table.drop(columns="APX").assign(load=1000 * table["load"], node_id=node))
    return pd.concat(parts, ignore_index=True)


def plan(
    history: History,
    first: pd.Timestamp = FIRST,
    last: pd.Timestamp = LAST,
    trailing_days: int = TRAILING_DAYS,
) -> BacktestPlan:
    """UTC days from `first` to `last`, issued at 06:00 UTC of the day before; the files hold no weather forecasts."""
    return day_ahead_plan(
        history,
        first,
        last,
        ISSUE_HOUR,
        actual_weather=True,
        zone="UTC",
        refit_every_days=REFIT_DAYS,
        trailing_days=trailing_days,
    )


if __name__ == "__main__":
    run("F4", measure, BAR, STRETCH)
