"""OpenSTEF's presets, day ahead: fitted at every refit on the trailing days, issued on the days of the request.

Runs in the environment of the peers: `python openstef_presets.py FOLDER`, see benchmarks/peering.py. The frame's
index is shifted to `zone_hours` ahead of UTC before OpenSTEF sees it, for its hours and holidays follow the index.
"""

import json
import logging
import sys
import time
import warnings
from pathlib import Path

import pandas as pd
from openstef_core.datasets import TimeSeriesDataset
from openstef_core.types import LeadTime, Q
from openstef_models.presets import ForecastingWorkflowConfig, create_forecasting_workflow
from openstef_models.presets.forecasting_workflow import LocationConfig

CONTEXT = pd.Timedelta(days=14)


def main(folder: Path) -> None:
    request = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    frame = pd.read_parquet(folder / "frame.parquet")
    shift = pd.Timedelta(hours=request.get("zone_hours", 0))
    parts, cost = [], {}
    for preset in request["presets"]:
        cost[preset] = {"fit": 0.0, "predict": 0.0, "fits": 0}
        for node, part in frame.groupby("node_id"):
            table = part.drop(columns="node_id").set_index("start_utc").sort_index()
            table.index = table.index + shift
            found = backtest(table, preset, request, shift, cost[preset])
            found.index = found.index - shift
            found = found.rename_axis("start_utc").reset_index()
            parts.append(found.assign(preset=preset, node_id=node, issued_at=found["issued_at"] - shift))
            print(f"{preset} {node}: {cost[preset]}", file=sys.stderr, flush=True)
    pd.concat(parts, ignore_index=True).to_parquet(folder / "forecasts.parquet", index=False)
    (folder / "cost.json").write_text(json.dumps(cost), encoding="utf-8")


def backtest(table: pd.DataFrame, preset: str, request: dict, shift: pd.Timedelta, cost: dict) -> pd.DataFrame:
    """Every issue of the request for one node; a row a step, `qNN` columns and `issued_at`."""
    step = pd.Timedelta(minutes=request["step_minutes"])
    refits = sorted(pd.Timestamp(one) + shift for one in request["refits"])
    parts, workflow, fitted = [], None, None
    for one in request["issues"]:
        issue, first, end = (pd.Timestamp(one[name]) + shift for name in ("issue", "first", "end"))
        due = max((moment for moment in refits if moment <= issue), default=refits[0])
        if due != fitted:
            began = time.process_time()
            workflow = create_forecasting_workflow(config(preset, request))
            workflow.fit(TimeSeriesDataset(seen(table, due, request["trailing_days"], step), sample_interval=step))
            cost["fit"] += time.process_time() - began
            cost["fits"] += 1
            fitted = due
        began = time.process_time()
        asked = table.loc[issue - CONTEXT : end - step].copy()
        asked.loc[asked.index > issue - step, "load"] = float("nan")
        forecast = workflow.predict(TimeSeriesDataset(asked, sample_interval=step), forecast_start=issue)
        cost["predict"] += time.process_time() - began
        parts.append(
            named(forecast.quantiles_data.loc[first : end - step], request["quantiles"]).assign(issued_at=issue)
        )
    return pd.concat(parts)


def seen(table: pd.DataFrame, moment: pd.Timestamp, trailing_days: int | None, step: pd.Timedelta) -> pd.DataFrame:
    """The rows that had ended by `moment`, of the trailing days."""
    since = moment - pd.Timedelta(days=trailing_days) if trailing_days else table.index[0]
    return table.loc[since : moment - step]


def config(preset: str, request: dict) -> ForecastingWorkflowConfig:
    """The preset as shipped; the terms of the request, and the names of the columns, are all that is set."""
    names = {f"{name}_column": column for name, column in request.get("columns", {}).items()}
    return ForecastingWorkflowConfig(
        model_id="peer",
        model=preset,
        horizons=[LeadTime.from_string(f"PT{request['horizon_hours']}H")],
        quantiles=[Q(level) for level in request["quantiles"]],
        sample_interval=pd.Timedelta(minutes=request["step_minutes"]).to_pytimedelta(),
        location=LocationConfig(country_code=request["country"]),
        mlflow_storage=None,
        **names,
    )


def named(values: pd.DataFrame, levels: list[float]) -> pd.DataFrame:
    """The columns as our scoring names them: q05 for the level .05."""
    return values.set_axis([f"q{100 * level:02.0f}" for level in levels], axis=1)


if __name__ == "__main__":
    # Only the peer's code and its libraries run in this process: what they warn of is theirs to mend.
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    main(Path(sys.argv[1]))
