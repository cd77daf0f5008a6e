"""The mapping of a source: which files feed which tables, and how each column is made. YAML only, no code."""

from features.ingest.mapping.columns import MISSING, ColumnMapping, TimeParts
from features.ingest.mapping.layouts import HoursLayout, LongLayout, WideLayout
from features.ingest.mapping.source import SourceMapping, load_mapping
from features.ingest.mapping.tables import DeriveMapping, TableMapping

__all__ = [
    "MISSING",
    "ColumnMapping",
    "DeriveMapping",
    "HoursLayout",
    "LongLayout",
    "SourceMapping",
    "TableMapping",
    "TimeParts",
    "WideLayout",
    "load_mapping",
]
