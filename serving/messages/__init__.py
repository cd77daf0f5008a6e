"""The messages of the HTTP interface: what may be asked, what is answered, and the one shape of a refusal.

A request names either nodes or one org unit. The two are separate models told apart by the presence of `org_unit`,
so that the published schema says exactly what is accepted and a fault names one field.
"""

from serving.messages.applications import (
    ApplicationAnswer,
    ApplicationsAnswer,
    ApplicationsQuery,
    CheckAnswer,
    CheckRequest,
    QueueAnswer,
    QueuedApplication,
    QueueQuery,
    WithdrawRequest,
)
from serving.messages.capacity import CapacityAnswer, CapacityRequest, NodesCapacityRequest, UnitCapacityRequest
from serving.messages.connecting import AllocateAnswer, AllocateRequest, TransfersAnswer, TransfersRequest
from serving.messages.customers import (
    CustomerTagsAnswer,
    CustomerTagsQuery,
    InspectionAnswer,
    InspectionRequest,
    PortraitAnswer,
    PortraitQuery,
    TagsAnswer,
    TagsExportRequest,
    TagsQueryAnswer,
    TagsQueryRequest,
)
from serving.messages.events import DigestAnswer, DigestQuery, EventsAnswer, EventsQuery
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
from serving.messages.promises import (
    ChangeRequest,
    NoticeEntry,
    NoticesAnswer,
    NoticesQuery,
    ReservationEntry,
    ReservationsAnswer,
    ReservationsQuery,
)

__all__ = [
    "DEFAULT_QUANTILES",
    "MAX_HORIZON_HOURS",
    "AllocateAnswer",
    "AllocateRequest",
    "ApplicationAnswer",
    "ApplicationsAnswer",
    "ApplicationsQuery",
    "CapacityAnswer",
    "CapacityRequest",
    "ChangeRequest",
    "CheckAnswer",
    "CheckRequest",
    "CustomerTagsAnswer",
    "CustomerTagsQuery",
    "DigestAnswer",
    "DigestQuery",
    "ErrorAnswer",
    "EventsAnswer",
    "EventsQuery",
    "ForecastAnswer",
    "ForecastRequest",
    "IngestAnswer",
    "InspectionAnswer",
    "InspectionRequest",
    "LiveAnswer",
    "NodesAnswer",
    "NodesCapacityRequest",
    "NodesForecastRequest",
    "NodesQuery",
    "NoticeEntry",
    "NoticesAnswer",
    "NoticesQuery",
    "PortraitAnswer",
    "PortraitQuery",
    "PublicationsAnswer",
    "PublicationsQuery",
    "QueueAnswer",
    "QueueQuery",
    "QueuedApplication",
    "ReadyAnswer",
    "ReservationEntry",
    "ReservationsAnswer",
    "ReservationsQuery",
    "TagsAnswer",
    "TagsExportRequest",
    "TagsQueryAnswer",
    "TagsQueryRequest",
    "TransfersAnswer",
    "TransfersRequest",
    "UnitCapacityRequest",
    "UnitForecastRequest",
    "WithdrawRequest",
]
