"""Work items: what a person must look at, found anew at every run and kept in step with those that stand."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from features.clock import Calendar
from features.reconcile.policy import ReconcilePolicy
from features.reconcile.rows import framed

__all__ = ["Finding", "due_date", "kept_in_step", "settle"]


@dataclass(frozen=True)
class Finding:
    """Something wrong with a subject, as found now. `says` is what each system says, `held` what is held meanwhile."""

    kind: str
    subject: str
    says: Mapping[str, Any]
    held: str | None = None
    node_id: str | None = None
    hall_id: str | None = None

    @property
    def work_item_id(self) -> str:
        """The same for the same kind and subject."""
        return "W" + hashlib.sha256(f"{self.kind}\n{self.subject}".encode()).hexdigest()[:12]

    @property
    def told(self) -> str:
        """`says` as it stands in the table."""
        return json.dumps(self.says, ensure_ascii=False, sort_keys=True)


def kept_in_step(
    standing: pd.DataFrame, findings: Iterable[Finding], policy: ReconcilePolicy, calendar: Calendar, now: pd.Timestamp
) -> pd.DataFrame:
    """New versions of work items: those found for the first time, changed, come back, or gone.

    `standing` is the current row of every item. One that a person settled stays settled as long as the systems say
    what they said then; one that is not found any more is resolved. What did not change gives no row.
    """
    found = {finding.work_item_id: finding for finding in findings}
    known: dict[str, dict[str, Any]] = {
        row["work_item_id"]: {str(name): value for name, value in row.items()} for row in standing.to_dict("records")
    }
    rows = []
    for identifier, finding in found.items():
        old = known.get(identifier)
        if old is None or old["state"] == "resolved" or (old["state"] == "settled" and old["says"] != finding.told):
            rows.append(_opened(finding, policy, calendar, now))
        elif old["state"] == "open" and _changed(old, finding):
            fresh = {"says": finding.told, "held": finding.held, "node_id": finding.node_id}
            rows.append(old | fresh | {"hall_id": finding.hall_id, "available_at": now})
    gone = (row for identifier, row in known.items() if identifier not in found and row["state"] == "open")
    rows += [row | {"state": "resolved", "closed_at": now, "available_at": now} for row in gone]
    return framed("work_item", rows)


def _changed(old: Mapping[str, Any], finding: Finding) -> bool:
    now = (finding.told, finding.held, finding.node_id, finding.hall_id)
    before = tuple(None if pd.isna(old[name]) else old[name] for name in ("says", "held", "node_id", "hall_id"))
    return now != before


def _opened(finding: Finding, policy: ReconcilePolicy, calendar: Calendar, now: pd.Timestamp) -> dict[str, Any]:
    return {
        "work_item_id": finding.work_item_id,
        "kind": finding.kind,
        "subject": finding.subject,
        "node_id": finding.node_id,
        "hall_id": finding.hall_id,
        "says": finding.told,
        "held": finding.held,
        "state": "open",
        "opened_at": now,
        "due_at": due_date(now, policy.due_working_days[finding.kind], calendar),
        "closed_at": pd.NaT,
        "note": None,
        "available_at": now,
    }


def due_date(now: pd.Timestamp, working_days: int, calendar: Calendar) -> pd.Timestamp:
    """The same time of the day `working_days` working days later; moved working days and holidays counted."""
    # Five working days lie within at most a fortnight with a long holiday in it.
    reach = pd.date_range(calendar.local(pd.DatetimeIndex([now]))[0].normalize(), periods=3 * working_days + 30)
    off = calendar.days(reach)["off"].to_numpy(dtype=bool)
    working = [place for place in range(1, len(reach)) if not off[place]]
    return now + pd.Timedelta(days=working[working_days - 1]) if working_days else now


def settle(standing: pd.DataFrame, work_item_id: str, note: str, now: pd.Timestamp) -> pd.DataFrame:
    """The row by which a person settles an open item; KeyError where none of that name is open."""
    mine = standing[(standing["work_item_id"] == work_item_id) & (standing["state"] == "open")]
    if mine.empty:
        raise KeyError(work_item_id)
    row = mine.iloc[[0]].assign(state="settled", closed_at=now, note=note, available_at=now)
    return framed("work_item", row)
