"""What points to what: the columns of each table whose values must be known in another table."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from features.contracts import CONTRACTS
from features.ingest.records import Records
from features.lake import Lake

__all__ = ["LINKS", "KnownIds", "mark_orphans"]

LINKS: dict[str, dict[str, str]] = {
    "org_unit": {"parent_id": "org_unit"},
    "node": {"hall_id": "org_unit", "parent_id": "node"},
    "transformer": {"node_id": "node"},
    "line_segment": {"feeder_id": "node"},
    "tie": {"feeder_a_id": "node", "feeder_b_id": "node"},
    "node_load": {"node_id": "node"},
    "customer": {"area_id": "node"},
    "ledger_application": {"customer_id": "ledger_customer"},
    "meter": {"customer_id": "customer"},
    "meter_voltage": {"meter_id": "meter"},
    "consumption": {"meter_id": "meter"},
    "application": {"customer_id": "customer", "node_id": "node"},
    "customer_attribute": {"customer_id": "customer"},
    "identity": {"customer_id": "customer"},
    "bill": {"customer_id": "customer", "tariff_id": "tariff"},
    # Not the bill: an extract begins in the midst of a life, and all bills ever made are too many to keep in mind.
    "payment": {"customer_id": "customer"},
    "cost_to_serve": {"customer_id": "customer"},
    "consent": {"customer_id": "customer"},
    "app_activity": {"customer_id": "customer"},
    "work_order": {"customer_id": "customer", "node_id": "node", "hall_id": "org_unit"},
    "satisfaction": {"customer_id": "customer", "work_order_id": "work_order", "application_id": "application"},
    "inspection": {"customer_id": "customer", "meter_id": "meter", "node_id": "node"},
    "work_item": {"node_id": "node", "hall_id": "org_unit"},
}
"""Table → column → the table that must hold the value as the first column of its key."""

_ID = {target: CONTRACTS[target].key[0] for links in LINKS.values() for target in links.values()}


_LEDGERS = {"node": ("ledger_node", "source_id"), "customer": ("ledger_customer", "customer_id")}
"""Where an identifier is known before reconciliation has settled what it hangs on."""


@dataclass
class KnownIds:
    """Identifiers in the lake and in the accepted rows of this source.

    A table that neither has is not checked: a utility may send readings long before it sends its network.
    """

    lake: Lake
    _ids: dict[str, set[str]] = field(default_factory=dict)

    def of(self, table: str) -> set[str]:
        """The identifiers known of a table."""
        if table not in self._ids:
            self._ids[table] = set(self.lake.read(table, columns=[_ID[table]])[_ID[table]])
            if table in _LEDGERS:
                ledger, column = _LEDGERS[table]
                self._ids[table] |= set(self.lake.read(ledger, columns=[column])[column])
        return self._ids[table]

    def add(self, table: str, frame: pd.DataFrame) -> None:
        """Remember the identifiers of accepted rows."""
        if table in _ID:
            self.of(table).update(frame[_ID[table]].unique())
        for target, (ledger, column) in _LEDGERS.items():
            if table == ledger:
                self.of(target).update(frame[column].unique())

    def add_all(self, table: str, frames: Callable[[], Iterable[pd.DataFrame]]) -> None:
        """Remember those of many frames, which are only made where the table's identifiers are pointed to."""
        if table in _ID:
            for frame in frames():
                self.add(table, frame)


def mark_orphans(table: str, records: Records, known: KnownIds) -> None:
    """Mark the rows that point to something no table holds."""
    for column, target in LINKS.get(table, {}).items():
        if target == table:
            _mark_own(table, column, records, known)
        elif known.of(target):
            _mark(records, column, known.of(target))


def _mark(records: Records, column: str, ids: set[str]) -> bool:
    values = records.frame[column]
    codes, kinds = pd.factorize(values)
    orphan = np.append([kind not in ids for kind in kinds], False).astype(bool)[codes]
    orphan &= ~records.marks.refused
    records.marks.add(orphan, "ORPHAN_LINK", column)
    return bool(orphan.any())


def _mark_own(table: str, column: str, records: Records, known: KnownIds) -> None:
    """Links within one table: a refused parent orphans its children, so look again until nothing changes."""
    while True:
        own = set(records.frame.loc[~records.marks.refused, _ID[table]].unique())
        if not _mark(records, column, own | known.of(table)):
            return
