"""What watching finds: one row a finding, in words a person can act on."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import pandas as pd

__all__ = ["ALARM", "COLUMNS", "DATA_FAULTS", "WATCH", "Finding", "as_frame", "summary"]

ALARM, WATCH = "alarm", "watch"

DATA_FAULTS = frozenset(
    {
        *("STATION_OFF", "STATION_STUCK", "READINGS_MISSING", "READINGS_LATE", "STALE_NODE", "STALE_WEATHER"),
        *("FEATURE_MISSING", "STALE_TABLE"),
    }
)
"""Kinds that a technician mends, not a training run."""


@dataclass(frozen=True)
class Finding:
    """One thing that is not as usual.

    `kind` is a stable code; `subject` the node, station or kind of node; `since` the first day it shows, in UTC;
    `statistic`, `usual` and `threshold` are in `unit`, and an alarm is |statistic − usual| > threshold.
    """

    kind: str
    subject: str
    since: pd.Timestamp
    statistic: float
    usual: float
    threshold: float
    unit: str
    severity: str
    sentence: str


COLUMNS = tuple(Finding.__dataclass_fields__)


def as_frame(findings: Iterable[Finding]) -> pd.DataFrame:
    """The findings, alarms first, then by how far they lie beyond their threshold."""
    rows = sorted(findings, key=lambda one: (one.severity != ALARM, -_size(one), one.kind, one.subject))
    return pd.DataFrame([asdict(one) for one in rows], columns=list(COLUMNS))


def summary(frame: pd.DataFrame) -> dict[str, int]:
    """How many alarms and notices there are, and alarms by kind."""
    alarms = frame[frame["severity"] == ALARM]
    by_kind = {str(kind): int(count) for kind, count in alarms["kind"].value_counts().sort_index().items()}
    return {"alarms": len(alarms), "notices": int((frame["severity"] == WATCH).sum()), **by_kind}


def _size(one: Finding) -> float:
    return abs(one.statistic - one.usual) / one.threshold if one.threshold > 0 else 0.0
