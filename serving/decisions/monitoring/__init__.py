"""Online monitoring of nodes: batches of readings in, events that open, go on, close and are withdrawn out."""

from serving.decisions.monitoring.codes import EVENT_CHANGE, EVENT_STATE, NODE_EVENT_KIND
from serving.decisions.monitoring.events import EVENT_COLUMNS, event_id
from serving.decisions.monitoring.policy import Duration, MonitoringPolicy
from serving.decisions.monitoring.state import MonitoringState, MonitoringUpdate

__all__ = [
    "EVENT_CHANGE",
    "EVENT_COLUMNS",
    "EVENT_STATE",
    "NODE_EVENT_KIND",
    "Duration",
    "MonitoringPolicy",
    "MonitoringState",
    "MonitoringUpdate",
    "event_id",
]
