"""Tags: dated, explained statements about customers, with memory; three values, so that not knowing is never no."""

from serving.decisions.tags.assign import assign
from serving.decisions.tags.changes import CHANGE_STATUSES
from serving.decisions.tags.clusters import Centre, Centres
from serving.decisions.tags.columns import all_columns, columns_of
from serving.decisions.tags.definitions import (
    Cluster,
    ClusterName,
    Condition,
    Definitions,
    TagDefinition,
    TagFile,
    Words,
)
from serving.decisions.tags.state import HELD, NOT_HELD, UNKNOWN, Cells, Column, State

__all__ = [
    "CHANGE_STATUSES",
    "HELD",
    "NOT_HELD",
    "UNKNOWN",
    "Cells",
    "Centre",
    "Centres",
    "Cluster",
    "ClusterName",
    "Column",
    "Condition",
    "Definitions",
    "State",
    "TagDefinition",
    "TagFile",
    "Words",
    "all_columns",
    "assign",
    "columns_of",
]
