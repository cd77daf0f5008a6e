"""Watching a model that serves: drift of its inputs, its scores, levels that moved, readings that stay away."""

from training.watch.findings import ALARM, DATA_FAULTS, WATCH, Finding, as_frame, summary
from training.watch.policy import WatchPolicy
from training.watch.watch import Watched, watch_demand

__all__ = [
    "ALARM",
    "DATA_FAULTS",
    "WATCH",
    "Finding",
    "WatchPolicy",
    "Watched",
    "as_frame",
    "summary",
    "watch_demand",
]
