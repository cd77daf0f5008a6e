"""The lake: the only place where tables are read and written; Delta tables below one folder."""

import hashlib
import itertools
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from features.contracts import AVAILABLE_AT, CONTRACTS, Contract
from features.errors import DataError, HeadroomError
from features.frames import arrow_schema, as_contract, empty_frame, from_arrow, to_arrow

if TYPE_CHECKING:
    from deltalake import DeltaTable

__all__ = ["Lake", "content_digest"]

BATCH_SEQ = "_batch_seq"
_ATTEMPTS = 50
# History is what the fingerprint is made of, so it must outlive the format's usual thirty days.
_CONFIGURATION = {"delta.logRetentionDuration": "interval 36500 days", "delta.checkpointInterval": "20"}


class Lake:
    """Versioned tables of the contracts.

    Invariants: nothing is ever changed or removed, rows are only added; a batch is visible whole or not at all, and
    once; among rows with one key the *current* one has the latest `available_at`, then the latest batch.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def append(self, table: str, frame: pd.DataFrame, batch: str) -> int:
        """Add one batch in one atomic commit; return the rows written, 0 when the batch is already in.

        `frame` has exactly the contract's columns, at most one row per key and `available_at`. Raises DataError when
        it has not, or when a batch of that name is in with other content.
        """
        contract = _contract(table)
        data = to_arrow(contract, as_contract(contract, frame))
        return self.append_stream(table, lambda: iter([data]), batch, content_digest(contract, data))

    def append_stream(self, table: str, chunks: Callable[[], Iterable[pa.Table]], batch: str, digest: str) -> int:
        """Like `append`, for Arrow tables too large to hold; `digest` identifies the content of the whole batch.

        `chunks` is called again for every attempt: two writers of one table race for the next version, and the one
        that loses writes anew.
        """
        from deltalake.exceptions import CommitFailedError

        contract = _contract(table)
        for attempt in range(_ATTEMPTS):
            target = self._open_or_create(contract)
            seen = target.transaction_version(batch)
            if seen is not None:
                _same_content(contract, batch, seen, digest)
                return 0
            try:
                return _commit(target, contract, chunks(), batch, digest)
            except CommitFailedError:
                time.sleep(random.uniform(0, 0.01 * 2 ** min(attempt, 6)))
        raise HeadroomError(f"{table}: the batch could not be committed in {_ATTEMPTS} attempts; other writers hold it")

    def has_batch(self, table: str, batch: str) -> bool:
        """Whether the batch is in."""
        target = self._open(_contract(table))
        return target is not None and target.transaction_version(batch) is not None

    def tables(self) -> list[str]:
        """Names of the tables that hold at least one batch."""
        opened = ((name, self._open(contract)) for name, contract in CONTRACTS.items())
        return sorted(name for name, target in opened if target is not None and target.version() > 0)

    def versions(
        self,
        table: str,
        *,
        columns: Sequence[str] | None = None,
        as_of: pd.Timestamp | None = None,
        where: Mapping[str, Sequence[str]] | None = None,
        since: pd.Timestamp | None = None,
    ) -> pd.DataFrame:
        """Every version available at `as_of`, ordered by `available_at`, then batch; text keys are categoricals.

        Written one after the other into an array, the last version of a key stays. `where` keeps rows whose text
        column holds one of the given values, `since` those whose event time is at or after it.
        """
        contract = _contract(table)
        names = list(contract.columns if columns is None else columns)
        target = self._open(contract)
        if target is None or target.version() == 0:
            return empty_frame(contract, names)
        wanted = list(dict.fromkeys([*names, AVAILABLE_AT, BATCH_SEQ]))
        frame = from_arrow(contract, _scan(target, contract, wanted, _filter(contract, as_of, where, since)))
        order = _version_order(frame)
        frame = frame if order is None else frame.take(order).reset_index(drop=True)
        return frame[names]

    def read(
        self,
        table: str,
        *,
        as_of: pd.Timestamp | None = None,
        columns: Sequence[str] | None = None,
        where: Mapping[str, Sequence[str]] | None = None,
        since: pd.Timestamp | None = None,
    ) -> pd.DataFrame:
        """One row per key, sorted by key: the current one, or the latest that was available at `as_of`."""
        contract = _contract(table)
        names = list(contract.columns if columns is None else columns)
        wanted = list(dict.fromkeys([*contract.key, *names]))
        frame = self.versions(table, columns=wanted, as_of=as_of, where=where, since=since)
        frame = frame.take(_latest_per_key(frame, contract.key))
        texts = {name: "str" for name in names if contract.field(name).kind == "text"}
        return frame[names].astype(texts).reset_index(drop=True)

    def valid(self, table: str, *, at: pd.Timestamp, as_of: pd.Timestamp | None = None) -> pd.DataFrame:
        """The rows of `read` that hold at `at`: `valid_from` ≤ at < `valid_to`, one per thing they describe.

        Where a source opened a new period without closing the old one, the period that began last holds.
        """
        contract = _contract(table)
        if "valid_from" not in contract.columns:
            raise DataError(table, "valid_from", "the table has no validity period", 0, "none")
        frame = self.read(table, as_of=as_of)
        frame = frame[(frame["valid_from"] <= at) & ~(frame["valid_to"] <= at)]
        thing = [name for name in contract.key if name != "valid_from"]
        return frame.drop_duplicates(thing, keep="last").reset_index(drop=True)

    def fingerprint(self) -> str:
        """Twelve hexadecimal digits of every batch's name and content: the same input gives the same figure."""
        batches = []
        for name, contract in CONTRACTS.items():
            target = self._open(contract)
            history = [] if target is None else target.history()
            batches += [(name, c["batch"], c["digest"]) for c in history if "batch" in c]
        text = "\n".join("\t".join(batch) for batch in sorted(batches))
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def _open(self, contract: Contract) -> "DeltaTable | None":
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError, TableNotFoundError

        path = self.root / contract.name
        if not (path / "_delta_log").is_dir():
            return None
        try:
            return DeltaTable(path)
        except TableNotFoundError:
            return None
        except DeltaError as error:
            raise HeadroomError(
                f"{contract.name}: the table in {path} is damaged and cannot be read ({error})"
            ) from error

    def _open_or_create(self, contract: Contract) -> "DeltaTable":
        from deltalake import DeltaTable
        from deltalake.exceptions import DeltaError

        found = self._open(contract)
        if found is not None:
            return found
        path = self.root / contract.name
        path.mkdir(parents=True, exist_ok=True)
        schema = arrow_schema(contract).append(pa.field(BATCH_SEQ, pa.int64()))
        try:
            return DeltaTable.create(path, schema, mode="ignore", configuration=_CONFIGURATION)
        except DeltaError:
            # Another writer created it in between; when it did not, opening says what is wrong.
            return DeltaTable(path)


def content_digest(contract: Contract, data: pa.Table) -> str:
    """Fifteen hexadecimal digits of the values of an Arrow table of the contract."""
    digest = hashlib.sha256()
    for field in contract.fields:
        array = data.column(field.name).combine_chunks()
        digest.update(field.name.encode() + array.is_null().cast(pa.int8()).to_numpy(zero_copy_only=False).tobytes())
        if field.kind == "text":
            array = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
            digest.update("\x00".join(array.dictionary.to_pylist()).encode())
            array = array.indices
        elif field.kind in ("utc", "bool"):
            array = array.cast(pa.int64())
        digest.update(array.fill_null(0).to_numpy(zero_copy_only=False).tobytes())
    return digest.hexdigest()[:15]


def _contract(table: str) -> Contract:
    if table not in CONTRACTS:
        raise DataError(table, "(table)", f"there is no such table; known: {', '.join(CONTRACTS)}", 0, "none")
    return CONTRACTS[table]


def _same_content(contract: Contract, batch: str, seen: int, digest: str) -> None:
    if seen != int(digest, 16):
        raise DataError(contract.name, "(batch)", "a batch of this name is in with other content", 1, batch)


def _commit(target: "DeltaTable", contract: Contract, chunks: Iterable[pa.Table], batch: str, digest: str) -> int:
    from deltalake import CommitProperties, Transaction, write_deltalake

    sequence = target.version() + 1
    counted = [0]
    stream = _with_sequence(contract, chunks, sequence, counted)
    first = next(stream)
    reader = pa.RecordBatchReader.from_batches(first.schema, itertools.chain([first], stream))
    # No silent rebase: the sequence number in the rows must be the version they land in.
    commit = CommitProperties(
        custom_metadata={"batch": batch, "digest": digest},
        max_commit_retries=0,
        app_transactions=[Transaction(batch, int(digest, 16))],
    )
    write_deltalake(target, reader, mode="append", commit_properties=commit)
    return counted[0]


def _with_sequence(
    contract: Contract, chunks: Iterable[pa.Table], sequence: int, counted: list[int]
) -> Iterator[pa.RecordBatch]:
    """Record batches with the batch order as last column; at least one, so that an empty batch is remembered too."""
    empty = to_arrow(contract, empty_frame(contract))
    for chunk in itertools.chain(chunks, [empty]):
        plain = chunk.cast(arrow_schema(contract))
        counted[0] += plain.num_rows
        full = plain.append_column(BATCH_SEQ, pa.repeat(pa.scalar(sequence, pa.int64()), plain.num_rows))
        yield from full.combine_chunks().to_batches() or [pa.RecordBatch.from_pylist([], schema=full.schema)]


def _scan(target: "DeltaTable", contract: Contract, columns: list[str], row_filter: Any) -> pa.Table:
    from pyarrow.dataset import ParquetReadOptions

    texts = {name for name in contract.key if contract.field(name).kind == "text"}
    options = ParquetReadOptions(dictionary_columns=texts, coerce_int96_timestamp_unit="us")
    dataset = target.to_pyarrow_dataset(parquet_read_options=options)
    return dataset.to_table(columns=columns, filter=row_filter).unify_dictionaries()


def _filter(
    contract: Contract,
    as_of: pd.Timestamp | None,
    where: Mapping[str, Sequence[str]] | None,
    since: pd.Timestamp | None,
) -> Any:
    from pyarrow.dataset import field

    parts: list[Any] = []
    instant = pa.timestamp("us", "UTC")
    if as_of is not None:
        parts.append(field(AVAILABLE_AT) <= pa.scalar(as_of.tz_convert("UTC").to_pydatetime(), instant))
    if since is not None:
        parts.append(field(contract.event_time) >= pa.scalar(since.tz_convert("UTC").to_pydatetime(), instant))
    for name, values in (where or {}).items():
        parts.append(field(name).isin(pa.array(list(values), pa.string())))
    combined = None
    for part in parts:
        combined = part if combined is None else combined & part
    return combined


def _version_order(frame: pd.DataFrame) -> np.ndarray | None:
    """The stable order by (`available_at`, batch); None when the rows already have it."""
    known = frame[AVAILABLE_AT].astype("int64").to_numpy()
    sequence = frame[BATCH_SEQ].to_numpy()
    later, same = known[1:] > known[:-1], known[1:] == known[:-1]
    if bool(np.all(later | (same & (sequence[1:] >= sequence[:-1])))):
        return None
    if len(frame) and sequence.min() == sequence.max():
        return np.argsort(known, kind="stable")
    return np.lexsort((sequence, known))


def _latest_per_key(frame: pd.DataFrame, key: tuple[str, ...]) -> np.ndarray:
    """Positions of the last row of each key, sorted by key."""
    columns = []
    for name in key:
        values = frame[name]
        if isinstance(values.dtype, pd.CategoricalDtype):
            values = values.cat.reorder_categories(sorted(values.cat.categories)).cat.codes
        columns.append(values.astype("int64").to_numpy())
    order = _sorted(columns)
    changes = np.zeros(max(len(order) - 1, 0), dtype=bool)
    for column in columns:
        ranked = column[order]
        changes |= ranked[1:] != ranked[:-1]
    return order[np.append(changes, True)] if len(order) else order


def _sorted(columns: list[np.ndarray]) -> np.ndarray:
    """The stable order by several columns; where they fit side by side into 63 bits, by one sort instead of many."""
    if not len(columns[0]):
        return np.zeros(0, dtype=np.intp)
    packed, room = np.zeros(len(columns[0]), dtype=np.int64), 1
    for column in columns:
        low = int(column.min())
        span = int(column.max()) - low + 1
        room *= span
        if room >= 2**63:
            return np.lexsort(columns[::-1])
        packed = packed * span + (column - low)
    return np.argsort(packed, kind="stable")
