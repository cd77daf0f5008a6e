"""Which events a forecast is asked to count with, in the words of the model."""

import pandas as pd

from serving.messages import NodesForecastRequest, UnitForecastRequest
from training.demand.effects import AS_KNOWN, EventScenario

__all__ = ["scenario_of"]


def scenario_of(request: NodesForecastRequest | UnitForecastRequest) -> EventScenario:
    """Which events the forecast is to count with."""
    if not request.assumed_events:
        return AS_KNOWN if request.events == "known" else EventScenario(known=False)
    rows = [
        {
            "kind": one.kind,
            "scope_kind": "all" if one.node_id is None else "node",
            "scope_id": one.node_id,
            "start_utc": one.start_utc,
            "end_utc": one.end_utc,
        }
        for one in request.assumed_events
    ]
    table = pd.DataFrame(rows)
    stamps = {name: pd.to_datetime(table[name], utc=True) for name in ("start_utc", "end_utc")}
    return EventScenario(request.events == "known", table.assign(**stamps))
