"""One Delta table a contract: where it lies, how it is opened, what it is created with."""

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from features.contracts import CONTRACTS, Contract
from features.errors import DataError, HeadroomError
from features.frames import arrow_schema

if TYPE_CHECKING:
    from deltalake import DeltaTable

__all__ = ["BATCH_SEQ", "contract_of", "open_or_create", "open_table"]

BATCH_SEQ = "_batch_seq"
"""The column beside a contract's own: the version of the table in which a row came, so the order of batches."""

# History is what the fingerprint is made of, so it must outlive the format's usual thirty days.
_CONFIGURATION = {"delta.logRetentionDuration": "interval 36500 days", "delta.checkpointInterval": "20"}
_STATISTICS = "delta.dataSkippingStatsColumns"


def contract_of(table: str) -> Contract:
    """The contract of that name; DataError names the known ones."""
    if table not in CONTRACTS:
        raise DataError(table, "(table)", f"there is no such table; known: {', '.join(CONTRACTS)}", 0, "none")
    return CONTRACTS[table]


def open_table(root: Path, contract: Contract) -> "DeltaTable | None":
    """The table below `root`, or None where there is none yet; HeadroomError where it is damaged."""
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError, TableNotFoundError

    path = root / contract.name
    if not (path / "_delta_log").is_dir():
        return None
    try:
        return DeltaTable(path)
    except TableNotFoundError:
        return None
    except DeltaError as error:
        raise HeadroomError(f"{contract.name}: the table in {path} is damaged and cannot be read ({error})") from error


def open_or_create(root: Path, contract: Contract) -> "DeltaTable":
    """The table below `root`, made where there is none yet, by whoever comes first."""
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    found = open_table(root, contract)
    if found is not None:
        return found
    path = root / contract.name
    path.mkdir(parents=True, exist_ok=True)
    schema = arrow_schema(contract).append(pa.field(BATCH_SEQ, pa.int64()))
    try:
        return DeltaTable.create(path, schema, mode="ignore", configuration=_configuration(contract))
    except DeltaError:
        # Another writer created it in between; when it did not, opening says what is wrong.
        return DeltaTable(path)


def _configuration(contract: Contract) -> dict[str, str | None]:
    """The log keeps least and greatest values, and nothing is ever erased from it: so none of personal columns."""
    if not contract.personal:
        return dict(_CONFIGURATION)
    plain = [field.name for field in contract.fields if not field.personal]
    return {**_CONFIGURATION, _STATISTICS: ",".join([*plain, BATCH_SEQ])}
