"""What the service holds of customers in memory: the newest snapshot, open applications, who forbids profiling."""

import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from features.errors import HeadroomError
from serving.customers.snapshot import Snapshot, customers_folder, list_snapshots
from serving.holdings import Holdings, Kept, Stamp, folder_stamp
from serving.refusals import NotReadyError, UnknownPublicationError

__all__ = ["CustomerHoldings"]

_log = logging.getLogger("headroom.service")
_ENDED = ("energised", "rejected", "withdrawn")
_APPLICATION = ("application_id", "node_id", "kind", "status", "requested_kva", "submitted_at", "expected_energised_at")


class CustomerHoldings:
    """Everything is kept by what it was made from, so that an ingest or a snapshot shows without a restart."""

    def __init__(self, holdings: Holdings, wall_clock: Callable[[], pd.Timestamp] = lambda: pd.Timestamp.now(tz="UTC")):
        self.holdings, self.wall_clock = holdings, wall_clock
        self._lists: Kept[Stamp, list[Snapshot]] = Kept(lambda _: list_snapshots(holdings.workspace))
        # The same object for the same id, so that its columns are read once.
        self._snapshots: Kept[str, Snapshot] = Kept(self._listed, size=2)
        self._applications: Kept[str, dict[str, list[dict[str, Any]]]] = Kept(lambda _: self._read_applications())
        self._consents: Kept[str, pd.DataFrame] = Kept(lambda _: self._read_consents())
        self._forbidding: Kept[tuple[str, int], frozenset[str]] = Kept(self._read_forbidding)
        self._masks: Kept[tuple[str, str, int], np.ndarray] = Kept(self._forbidden, size=4)

    def snapshot(self, snapshot_id: str | None = None) -> Snapshot:
        """A snapshot by its id, or the newest; NotReadyError while there is none."""
        known = self._list()
        if not known:
            raise NotReadyError("nothing is said of customers yet: `headroom publish tags` writes it down")
        if snapshot_id is None:
            return self._snapshots.get(known[-1].id)
        if snapshot_id not in {one.id for one in known}:
            raise UnknownPublicationError(f"snapshot {snapshot_id} is unknown")
        return self._snapshots.get(snapshot_id)

    def snapshot_at(self, at: pd.Timestamp) -> Snapshot | None:
        """The newest snapshot that is of no later moment than `at`; None where there is none."""
        known = [one for one in self._list() if one.as_of <= at]
        return self._snapshots.get(known[-1].id) if known else None

    def applications(self, customer_id: str) -> list[dict[str, Any]]:
        """A customer's applications that are under way, oldest first."""
        return self._applications.get(self.holdings.fingerprint()).get(customer_id, [])

    def forbidden(self, snapshot: Snapshot) -> np.ndarray:
        """Mask over a snapshot's customers: who forbids, now, that tags and scores are made of him."""
        return self._masks.get((self.holdings.fingerprint(), snapshot.id, self._minute()))

    def forbidding(self) -> frozenset[str]:
        """All who forbid it now, whether a snapshot knows them or not."""
        return self._forbidding.get((self.holdings.fingerprint(), self._minute()))

    def _minute(self) -> int:
        # What is allowed can begin or end at any moment; a minute is soon enough.
        return int(self.wall_clock().timestamp() // 60)

    def warm(self) -> None:
        """Read the newest snapshot and what is looked up beside it, where there is one that can be read."""
        try:
            self._warm()
        except HeadroomError as error:
            _log.warning("customers are not warm: %s", error)

    def _warm(self) -> None:
        known = self._list()
        if known:
            _ = self._snapshots.get(known[-1].id).wide
            self.forbidden(self._snapshots.get(known[-1].id))
            self.applications("")

    def _list(self) -> list[Snapshot]:
        return self._lists.get(folder_stamp([customers_folder(self.holdings.workspace)]))

    def _listed(self, snapshot_id: str) -> Snapshot:
        found = next(one for one in self._list() if one.id == snapshot_id)
        _ = found.wide
        return found

    def _read_applications(self) -> dict[str, list[dict[str, Any]]]:
        frame = self.holdings.lake.read("application", columns=["customer_id", *_APPLICATION])
        frame = frame[~frame["status"].isin(_ENDED) & frame["customer_id"].notna()]
        frame = frame.sort_values(["submitted_at", "application_id"], kind="stable")
        found: dict[str, list[dict[str, Any]]] = {}
        for record in frame.to_dict("records"):
            found.setdefault(str(record.pop("customer_id")), []).append({str(k): v for k, v in record.items()})
        return found

    def _read_consents(self) -> pd.DataFrame:
        return self.holdings.lake.read("consent", where={"purpose": ["profiling"]})

    def _read_forbidding(self, key: tuple[str, int]) -> frozenset[str]:
        fingerprint, minute = key
        frame = self._consents.get(fingerprint)
        at = pd.Timestamp((minute + 1) * 60, unit="s", tz="UTC")
        frame = frame[(frame["valid_from"] <= at) & ~(frame["valid_to"] <= at)]
        # Where a new period began without the old one closed, the one that began last holds.
        frame = frame.drop_duplicates(["customer_id", "channel"], keep="last")
        return frozenset(frame.loc[~frame["granted"].astype(bool), "customer_id"].astype(str))

    def _forbidden(self, key: tuple[str, str, int]) -> np.ndarray:
        fingerprint, snapshot_id, minute = key
        wide = self._snapshots.get(snapshot_id).wide
        mask: np.ndarray = pd.Index(wide.customer_ids).isin(self._forbidding.get((fingerprint, minute)))
        return mask
