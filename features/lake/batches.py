"""Batches: one atomic commit each, remembered by name and content, in an order that every row carries."""

import hashlib
import itertools
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from features.contracts import AVAILABLE_AT, Contract
from features.errors import DataError
from features.frames import arrow_schema, empty_frame, to_arrow
from features.lake.tables import BATCH_SEQ

if TYPE_CHECKING:
    from deltalake import DeltaTable

__all__ = ["batches_by_version", "batches_known", "commit_batch", "content_digest", "require_same_content"]


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


def require_same_content(contract: Contract, batch: str, seen: int, digest: str) -> None:
    """Raise DataError unless the batch that is in, known by its transaction's number, has this content."""
    if seen != int(digest, 16):
        raise DataError(contract.name, "(batch)", "a batch of this name is in with other content", 1, batch)


def commit_batch(
    target: "DeltaTable",
    contract: Contract,
    chunks: Iterable[pa.Table],
    batch: str,
    digest: str,
    note: str | None = None,
) -> int:
    """Write one batch as the next version and return its rows; CommitFailedError where another writer was first.

    A `note` is kept in the same commit.
    """
    from deltalake import CommitProperties, Transaction, write_deltalake

    sequence = target.version() + 1
    counted = [0]
    stream = _with_sequence(contract, chunks, sequence, counted)
    first = next(stream)
    reader = pa.RecordBatchReader.from_batches(first.schema, itertools.chain([first], stream))
    # No silent rebase: the sequence number in the rows must be the version they land in.
    commit = CommitProperties(
        custom_metadata={"batch": batch, "digest": digest, **({} if note is None else {"note": note})},
        max_commit_retries=0,
        app_transactions=[Transaction(batch, int(digest, 16))],
    )
    # A table made before the contract got a column gets it with the first batch that has it.
    grown = None if set(first.schema.names) <= {one.name for one in target.schema().fields} else "merge"
    write_deltalake(target, reader, mode="append", schema_mode=grown, commit_properties=commit)
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


def batches_known(target: "DeltaTable", as_of: pd.Timestamp | None) -> list[tuple[str, str]]:
    """Name and digest of every batch, or of those of which at least one row was available at `as_of`."""
    commits = [commit for commit in target.history() if "batch" in commit]
    if as_of is not None:
        known = _versions_known(target, as_of)
        commits = [commit for commit in commits if commit["version"] in known]
    return [(commit["batch"], commit["digest"]) for commit in commits]


def batches_by_version(target: "DeltaTable") -> dict[int, str]:
    """Name of the batch that came with each version of the table."""
    return {int(commit["version"]): str(commit["batch"]) for commit in target.history() if "batch" in commit}


def _versions_known(target: "DeltaTable", as_of: pd.Timestamp) -> set[int]:
    """The versions of the table in which rows came that were available at `as_of`; from the files' statistics."""
    files = pa.table(target.get_add_actions(flatten=True)).select([f"min.{BATCH_SEQ}", f"min.{AVAILABLE_AT}"])
    known = files.to_pandas().dropna()
    return {int(version) for version in known.loc[known[f"min.{AVAILABLE_AT}"] <= as_of, f"min.{BATCH_SEQ}"]}
