"""A whole source: its clock, the territory it describes, its tables; read from YAML."""

from pathlib import Path

import pandas as pd
from pydantic import Field, model_validator

from features.clock import Calendar
from features.errors import ConfigError
from features.ingest.mapping.columns import MISSING
from features.ingest.mapping.tables import TableMapping
from features.ingest.mapping.texts import Text, check_zone
from features.settings import Settings, load_settings
from features.workspace import TerritorySettings

__all__ = ["SourceMapping", "load_mapping"]


class SourceMapping(Settings):
    """One source: a name, the territory it describes, the clock of its stamps, and its tables."""

    name: str = Field(pattern=r"^[a-z0-9_]+$")
    description: str = ""
    territory: TerritorySettings | None = None
    time_zone: str = "UTC"
    missing: tuple[Text, ...] = MISSING
    tables: tuple[TableMapping, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> "SourceMapping":
        check_zone(self.time_zone)
        if self.territory is not None:
            check_zone(self.territory.time_zone)
            _check_holidays(self.territory)
        fed = {table.table for table in self.tables if table.derive is None}
        for table in self.tables:
            if table.derive is not None and table.derive.table not in fed:
                raise ValueError(f"{table.table} is derived from {table.derive.table}, which no files feed")
        return self


def load_mapping(path: Path) -> SourceMapping:
    """Read a mapping; ConfigError names every key that is unknown, missing or wrong."""
    return load_settings(SourceMapping, path)


def _check_holidays(territory: TerritorySettings) -> None:
    """A country without holidays would only be found out when a model is trained, long after the ingest."""
    calendar = Calendar(territory.time_zone, territory.country, territory.subdivision)
    try:
        calendar.days(pd.DatetimeIndex(["2024-01-01"]))
    except ConfigError as error:
        raise ValueError(str(error)) from error
