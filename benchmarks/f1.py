"""F1: GEFCom2012 day-ahead, 20 zones, a year of days fitted twice on actual temperature: the protocol of B2.

Peers: the load of a week before, and one LightGBM per quantile over all zones by mlforecast (lags from 48 hours on,
clock, mean temperature of the stations), fitted on the two years before and again at the turn of the year.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from benchmarks.b2 import REFITS, day_ahead, gefcom2012, naive, plan
from benchmarks.day_ahead import rounded, scores
from benchmarks.machine import cpu_seconds
from benchmarks.peering import ABSENT, ask, terms
from benchmarks.result import Measured, run, seed
from features.load.history import History
from training.demand import DemandConfig

BAR = {"rcrps": [("<=", 0.0245)], "coverage": [(">=", 0.88), ("<=", 0.92)], "coverage_worst": [(">=", 0.78)]}
STRETCH = {"rcrps": [("<=", 0.0235)]}
PEER_YEARS = 2


def measure() -> Measured:
    """Scores of the product, and of the peers on the same days."""
    history, config = gefcom2012(), DemandConfig(seed=seed(DemandConfig().seed))
    began = cpu_seconds()
    scored = day_ahead(history, config)
    spent = cpu_seconds() - began
    print(scored.nodes.round(4).to_string())
    found = scores(scored.forecasts, config.levels)
    return {**found, "cpu_seconds": spent}, peers(history, config.levels)


def peers(history: History, levels: tuple[float, ...]) -> Mapping[str, Any]:
    """Scores and CPU seconds of the seasonal naive and of mlforecast."""
    found = {"seasonal naive": naive(history, levels)}
    every = (REFITS[1] - REFITS[0]).days
    request = {**terms(history, plan(history), levels), "refit_every_days": every, "zone_hours": -5}
    asked = ask("mlforecast_global", peer_frame(history), request)
    if asked is None:
        return {**found, **ABSENT}
    scored = rounded(scores(asked.of("global", history), levels))
    return {**found, "mlforecast global LightGBM": {**scored, **asked.spent("global")}}


def peer_frame(history: History) -> pd.DataFrame:
    """Loads in kW until the last day that is judged, and the mean temperature of all stations."""
    loads, weather = history.loads, history.weather.actual()["temperature_c"]
    issues = sorted(plan(history).issues)
    first = loads.column(issues[0] - pd.DateOffset(years=PEER_YEARS))
    last = loads.column(issues[-1] + pd.Timedelta(hours=plan(history).horizon_hours))
    times = loads.times[first:last]
    begin = weather.column(times[0])
    temperature = weather.values[:, begin : begin + len(times)].mean(axis=0)
    return pd.concat(
        [
            pd.DataFrame({"node_id": node, "start_utc": times, "load": row[first:last], "temperature": temperature})
            for node, row in zip(loads.ids, loads.values, strict=True)
        ],
        ignore_index=True,
    )


if __name__ == "__main__":
    run("F1", measure, BAR, STRETCH)
