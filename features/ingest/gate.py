"""The gate: what a contract says of a row decides whether it may pass."""

import numpy as np
import pandas as pd

from features.contracts import AVAILABLE_AT, Contract
from features.ingest.chunks import RawChunk
from features.ingest.layouts import Readings, spread
from features.ingest.links import KnownIds, mark_orphans
from features.ingest.mapping import TableMapping
from features.ingest.reasons import reason_of_check
from features.ingest.records import Records, make_records
from features.ingest.times import TimeContext

__all__ = ["judge", "mark_broken"]

_PERIODS = (("valid_from", "valid_to"), ("start_utc", "end_utc"))
# A forecast or a planned event may be known before it begins; a measurement may not.
_MEASURED = ("node_load", "weather_observed", "consumption", "meter_voltage", "app_activity")
# One slip of the pen would stretch a territory's time axis over a century, and the lake forgets nothing. The year of
# grace is for simulated territories and for clocks that are behind.
_FIRST_METERING = pd.Timestamp("1970-01-01", tz="UTC")
_GRACE = pd.Timedelta(days=366)


def judge(
    chunk: RawChunk,
    mapping: TableMapping,
    file_id: str,
    missing: tuple[str, ...],
    context: TimeContext,
    known: KnownIds | None,
) -> tuple[Readings, Records]:
    """Make the records of raw rows and mark those that may not pass; without `known` links are not looked at."""
    readings = spread(chunk, mapping, file_id, missing)
    records = make_records(readings.frame, mapping, missing, context)
    mark_broken(mapping.contract, records)
    if known is not None:
        mark_orphans(mapping.table, records, known)
    return readings, records


def mark_broken(contract: Contract, records: Records) -> None:
    """Mark every row that breaks the contract: its schema, its periods, and the order of event and knowledge."""
    _mark_schema(contract, records)
    frame, marks = records.frame, records.marks
    for begin, end in _PERIODS:
        if begin in frame and end in frame:
            marks.add((frame[end] <= frame[begin]).to_numpy(dtype=bool), "PERIOD_REVERSED", end)
    if contract.name in _MEASURED:
        early = frame[AVAILABLE_AT] < frame[contract.event_time]
        marks.add(early.to_numpy(dtype=bool), "KNOWN_TOO_EARLY", AVAILABLE_AT)
        latest = pd.Timestamp.now(tz="UTC") + _GRACE
        for name in (contract.event_time, AVAILABLE_AT):
            odd = (frame[name] < _FIRST_METERING) | (frame[name] > latest)
            marks.add(odd.to_numpy(dtype=bool), "IMPLAUSIBLE_TIME", name)


def _mark_schema(contract: Contract, records: Records) -> None:
    import pandera.pandas as pa

    # Rows already refused would only repeat their fault as a missing value.
    refused = records.marks.refused
    judged = records.frame if not refused.any() else records.frame[~refused]
    try:
        contract.schema.validate(judged, lazy=True)
    except pa.errors.SchemaErrors as error:
        cases: pd.DataFrame = error.failure_cases
        for (column, check), found in cases.groupby(["column", "check"], sort=False):
            rows = found["index"].to_numpy(dtype=np.int64)
            records.marks.add(np.unique(rows), reason_of_check(str(check)), str(column))
