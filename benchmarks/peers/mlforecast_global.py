"""mlforecast with one LightGBM per quantile over all nodes, day ahead, by its own cross-validation.

Runs in the environment of the peers: `python mlforecast_global.py FOLDER`, see benchmarks/peering.py. Lags shorter
than the horizon are left out, so that no forecast is fed with forecasts; loads that are missing are those of the week
before, as it takes no gaps. Other columns of the frame are known ahead and go in as they are.
"""

import json
import sys
import time
import warnings
from pathlib import Path

import lightgbm
import pandas as pd
from mlforecast import MLForecast

LAGS_HOURS = (48, 72, 96, 120, 144, 168, 336)
DATE_FEATURES = ["hour", "dayofweek", "month", "dayofyear"]


def main(folder: Path) -> None:
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    frame = pd.read_parquet(folder / "frame.parquet")
    began = time.process_time()
    found = forecasts(frame, request)
    cost = {"global": {"fit_and_predict": time.process_time() - began}}
    found.assign(preset="global").to_parquet(folder / "forecasts.parquet", index=False)
    (folder / "cost.json").write_text(json.dumps(cost), encoding="utf-8")


def forecasts(frame: pd.DataFrame, request: dict) -> pd.DataFrame:
    """Every issue of the request; the frame ends where the last of them does."""
    shift, steps = pd.Timedelta(hours=request["zone_hours"]), 60 // request["step_minutes"]
    table = frame.rename(columns={"node_id": "unique_id", "start_utc": "ds", "load": "y"})
    table["ds"] = (table["ds"] + shift).dt.tz_localize(None)
    table["y"] = filled(table, 168 * steps)
    lags = [hours * steps for hours in LAGS_HOURS if hours >= request["horizon_hours"]]
    models = {name(level): quantile(level) for level in request["quantiles"]}
    forecast = MLForecast(models, freq=f"{request['step_minutes']}min", lags=lags, date_features=DATE_FEATURES)
    found = forecast.cross_validation(
        table,
        n_windows=len(request["issues"]),
        h=request["horizon_hours"] * steps,
        step_size=24 * steps,
        refit=request["refit_every_days"],
        static_features=[],
    )
    step = pd.Timedelta(minutes=request["step_minutes"])
    found["issued_at"] = (found["cutoff"] + step - shift).dt.tz_localize("UTC")
    found["start_utc"] = (found["ds"] - shift).dt.tz_localize("UTC")
    lead = found["start_utc"] - found["issued_at"]
    first = pd.Timestamp(request["issues"][0]["first"]) - pd.Timestamp(request["issues"][0]["issue"])
    kept = found[lead >= first].rename(columns={"unique_id": "node_id"})
    return kept[["node_id", "issued_at", "start_utc", *models]].reset_index(drop=True)


def filled(table: pd.DataFrame, week: int) -> pd.Series:
    """Loads, those that are missing taken from the week before, and again."""
    load = table["y"]
    for _ in range(8):
        load = load.fillna(load.groupby(table["unique_id"]).shift(week))
    return load.groupby(table["unique_id"]).bfill()


def quantile(level: float) -> lightgbm.LGBMRegressor:
    return lightgbm.LGBMRegressor(objective="quantile", alpha=level, n_estimators=100, num_threads=1, verbosity=-1)


def name(level: float) -> str:
    return f"q{100 * level:02.0f}"


if __name__ == "__main__":
    # Only the peer's code and its libraries run in this process: what they warn of is theirs to mend.
    warnings.filterwarnings("ignore")
    main(Path(sys.argv[1]))
