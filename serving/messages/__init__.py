"""The messages of the HTTP interface: what may be asked, what is answered, and the one shape of a refusal.

A request names either nodes or one org unit. The two are separate models told apart by the presence of `org_unit`,
so that the published schema says exactly what is accepted and a fault names one field.
"""

from serving.messages.capacity import CapacityAnswer, CapacityRequest, NodesCapacityRequest, UnitCapacityRequest
from serving.messages.forecast import (
    DEFAULT_QUANTILES,
    MAX_HORIZON_HOURS,
    ForecastAnswer,
    ForecastRequest,
    NodesForecastRequest,
    UnitForecastRequest,
)
from serving.messages.ingest import IngestAnswer
from serving.messages.listings import NodesAnswer, NodesQuery, PublicationsAnswer, PublicationsQuery
from serving.messages.operation import ErrorAnswer, LiveAnswer, ReadyAnswer

__all__ = [
    "DEFAULT_QUANTILES",
    "MAX_HORIZON_HOURS",
    "CapacityAnswer",
    "CapacityRequest",
    "ErrorAnswer",
    "ForecastAnswer",
    "ForecastRequest",
    "IngestAnswer",
    "LiveAnswer",
    "NodesAnswer",
    "NodesCapacityRequest",
    "NodesForecastRequest",
    "NodesQuery",
    "PublicationsAnswer",
    "PublicationsQuery",
    "ReadyAnswer",
    "UnitCapacityRequest",
    "UnitForecastRequest",
]
