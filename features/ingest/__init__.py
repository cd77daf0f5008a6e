"""From a utility's own files to the contracts, by a mapping in YAML alone."""

from features.ingest.increment import Posted, TooManyRowsError, take
from features.ingest.mapping import SourceMapping, load_mapping
from features.ingest.quarantine import read_quarantine
from features.ingest.reasons import REASONS
from features.ingest.report import IngestReport, TableReport
from features.ingest.run import BATCH_ROWS, Progress, ingest
from features.ingest.scratch import clear_abandoned

__all__ = [
    "BATCH_ROWS",
    "REASONS",
    "IngestReport",
    "Posted",
    "Progress",
    "SourceMapping",
    "TableReport",
    "TooManyRowsError",
    "clear_abandoned",
    "ingest",
    "load_mapping",
    "read_quarantine",
    "take",
]
