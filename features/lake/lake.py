"""The lake itself: append batches, read what was known at a moment, and tell by a fingerprint what is in it."""

import hashlib
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa

from features.contracts import AVAILABLE_AT, CONTRACTS
from features.errors import DataError, HeadroomError
from features.frames import as_contract, empty_frame, from_arrow, to_arrow
from features.lake.batches import batches_by_version, batches_known, commit_batch, content_digest, require_same_content
from features.lake.queries import latest_per_key, row_filter, scan, source_of_rows, version_order
from features.lake.tables import BATCH_SEQ, contract_of, open_or_create, open_table

__all__ = ["Lake"]

_ATTEMPTS = 50


class Lake:
    """Versioned tables of the contracts.

    Invariants: nothing is ever changed or removed, rows are only added (`erase_identity` alone removes, and a person's
    rows only); a batch is visible whole or not at all, and once; among rows with one key the *current* one has the
    latest `available_at`, then the latest batch.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def append(self, table: str, frame: pd.DataFrame, batch: str) -> int:
        """Add one batch in one atomic commit; return the rows written, 0 when the batch is already in.

        `frame` has exactly the contract's columns, at most one row per key and `available_at`. Raises DataError when
        it has not, or when a batch of that name is in with other content.
        """
        contract = contract_of(table)
        data = to_arrow(contract, as_contract(contract, frame))
        return self.append_stream(table, lambda: iter([data]), batch, content_digest(contract, data))

    def append_stream(
        self,
        table: str,
        chunks: Callable[[], Iterable[pa.Table]],
        batch: str,
        digest: str,
        note: str | None = None,
    ) -> int:
        """Like `append`, for Arrow tables too large to hold; `digest` identifies the content of the whole batch.

        A `note`, for `note_of` to give back, is in exactly when the batch is.

        `chunks` is called again for every attempt: two writers of one table race for the next version, and the one
        that loses writes anew.
        """
        from deltalake.exceptions import CommitFailedError

        contract = contract_of(table)
        for attempt in range(_ATTEMPTS):
            target = open_or_create(self.root, contract)
            seen = target.transaction_version(batch)
            if seen is not None:
                require_same_content(contract, batch, seen, digest)
                return 0
            try:
                return commit_batch(target, contract, chunks(), batch, digest, note)
            except CommitFailedError:
                time.sleep(random.uniform(0, 0.01 * 2 ** min(attempt, 6)))
        raise HeadroomError(f"{table}: the batch could not be committed in {_ATTEMPTS} attempts; other writers hold it")

    def has_batch(self, table: str, batch: str) -> bool:
        """Whether the batch is in."""
        target = open_table(self.root, contract_of(table))
        return target is not None and target.transaction_version(batch) is not None

    def batches(self, table: str) -> list[str]:
        """Names of the batches that are in, newest first."""
        target = open_table(self.root, contract_of(table))
        return [] if target is None else [name for name, _ in batches_known(target, None)]

    def note_of(self, table: str, batch: str, digest: str) -> str | None:
        """What was noted with a batch; None where it is not in, or without a note.

        Raises DataError where a batch of that name is in with other content.
        """
        contract = contract_of(table)
        target = open_table(self.root, contract)
        seen = None if target is None else target.transaction_version(batch)
        if target is None or seen is None:
            return None
        require_same_content(contract, batch, seen, digest)
        return next((commit.get("note") for commit in target.history() if commit.get("batch") == batch), None)

    def tables(self) -> list[str]:
        """Names of the tables that hold at least one batch."""
        opened = ((name, open_table(self.root, contract)) for name, contract in CONTRACTS.items())
        return sorted(name for name, target in opened if target is not None and target.version() > 0)

    def versions(
        self,
        table: str,
        *,
        columns: Sequence[str] | None = None,
        as_of: pd.Timestamp | None = None,
        where: Mapping[str, Sequence[str]] | None = None,
        since: pd.Timestamp | None = None,
        sources: bool = False,
    ) -> pd.DataFrame:
        """Every version available at `as_of`, ordered by `available_at`, then batch; text keys are categoricals.

        Written one after the other into an array, the last version of a key stays. `where` keeps rows whose text
        column holds one of the given values, `since` those whose event time is at or after it. With `sources` a
        column `source` beside the contract's names the source of each row, which its batch's name begins with.
        """
        contract = contract_of(table)
        names = list(contract.columns if columns is None else columns)
        target = open_table(self.root, contract)
        if target is None or target.version() == 0:
            empty = empty_frame(contract, names)
            return empty.assign(source=pd.Categorical([])) if sources else empty
        wanted = list(dict.fromkeys([*names, AVAILABLE_AT, BATCH_SEQ]))
        frame = from_arrow(contract, scan(target, contract, wanted, row_filter(contract, as_of, where, since)))
        order = version_order(frame)
        frame = frame if order is None else frame.take(order).reset_index(drop=True)
        if not sources:
            return frame[names]
        return frame[names].assign(source=source_of_rows(frame[BATCH_SEQ].to_numpy(), batches_by_version(target)))

    def read(
        self,
        table: str,
        *,
        as_of: pd.Timestamp | None = None,
        columns: Sequence[str] | None = None,
        where: Mapping[str, Sequence[str]] | None = None,
        since: pd.Timestamp | None = None,
        sources: bool = False,
    ) -> pd.DataFrame:
        """One row per key, sorted by key: the current one, or the latest that was available at `as_of`."""
        contract = contract_of(table)
        names = list(contract.columns if columns is None else columns)
        wanted = list(dict.fromkeys([*contract.key, *names]))
        frame = self.versions(table, columns=wanted, as_of=as_of, where=where, since=since, sources=sources)
        frame = frame.take(latest_per_key(frame, contract.key))
        texts = {name: "str" for name in names if contract.field(name).kind == "text"}
        shown = [*names, "source"] if sources else names
        return frame[shown].astype(texts).reset_index(drop=True)

    def valid(self, table: str, *, at: pd.Timestamp, as_of: pd.Timestamp | None = None) -> pd.DataFrame:
        """The rows of `read` that hold at `at`: `valid_from` ≤ at < `valid_to`, one per thing they describe.

        Where a source opened a new period without closing the old one, the period that began last holds.
        """
        contract = contract_of(table)
        if "valid_from" not in contract.columns:
            raise DataError(table, "valid_from", "the table has no validity period", 0, "none")
        frame = self.read(table, as_of=as_of)
        frame = frame[(frame["valid_from"] <= at) & ~(frame["valid_to"] <= at)]
        thing = [name for name in contract.key if name != "valid_from"]
        return frame.drop_duplicates(thing, keep="last").reset_index(drop=True)

    def fingerprint(self, as_of: pd.Timestamp | None = None, tables: Iterable[str] | None = None) -> str:
        """Twelve hexadecimal digits of every batch's name and content (of some `tables`, where given): the same input
        gives the same figure.

        With `as_of`, of the batches of which at least one row was available then: what is read as of a moment has the
        same fingerprint whatever comes in later. Personal tables are left out: nothing is made of them, and it must not
        change when a person is erased.
        """
        batches, wanted = [], set(CONTRACTS if tables is None else tables)
        for name, contract in CONTRACTS.items():
            if name not in wanted:
                continue
            target = None if contract.personal else open_table(self.root, contract)
            known = [] if target is None else batches_known(target, as_of)
            batches += [(name, batch, digest) for batch, digest in known]
        text = "\n".join("\t".join(batch) for batch in sorted(batches))
        return hashlib.sha256(text.encode()).hexdigest()[:12]
