"""How files, or the rows of another table, become rows of one contract."""

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from features.contracts import CONTRACTS, Contract
from features.ingest.mapping.columns import ColumnMapping, check_column
from features.ingest.mapping.layouts import Layout, LongLayout
from features.ingest.mapping.texts import OneOrMany, Pattern, Text
from features.settings import Settings

__all__ = ["DeriveMapping", "TableMapping"]


class DeriveMapping(Settings):
    """Rows made from another table of the same source: one for each distinct `id`.

    Source columns are then: the `id` column, `first` (its earliest event time) and `quantile` (the `level` quantile
    of the column `of` over its rows).
    """

    table: str
    id: str
    of: str
    level: float = Field(0.999, gt=0, lt=1)


class TableMapping(Settings):
    """How files (or another table) become rows of one contract.

    `skip_blank` names source columns of which each must hold something for the row to be a record at all; `exclude`
    drops rows by the exact text of a source column. Both are counted, and are no rows "in".
    """

    table: str
    files: OneOrMany = ()
    derive: DeriveMapping | None = None
    format: Literal["auto", "csv", "excel", "parquet"] = "auto"
    encoding: str = "utf-8"
    delimiter: str = Field(",", min_length=1, max_length=1)
    skip_lines: int = Field(0, ge=0)
    sheet: str | None = None
    file_id: Pattern | None = None
    layout: Layout = LongLayout()
    skip_blank: OneOrMany = ()
    exclude: dict[str, tuple[Text, ...]] = Field(default_factory=dict)
    columns: dict[str, ColumnMapping]

    @field_validator("columns", mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {name: {"from": column} if isinstance(column, str) else column for name, column in value.items()}

    @model_validator(mode="after")
    def _fits_its_contract(self) -> "TableMapping":
        if self.table not in CONTRACTS:
            raise ValueError(f"there is no table {self.table!r}; known: {', '.join(CONTRACTS)}")
        if bool(self.files) == (self.derive is not None):
            raise ValueError("give either files or derive")
        for name, column in self.columns.items():
            check_column(self.contract, name, column)
            loose = [other for other in column.after if other not in self.columns or self.columns[other].after]
            if loose:
                raise ValueError(f"{name} comes after {', '.join(loose)}, which this mapping must itself give")
        missing = [f.name for f in self.contract.fields if not f.nullable and f.name not in self.columns]
        if missing:
            raise ValueError(f"no mapping for {', '.join(missing)}, which {self.table} requires")
        return self

    @property
    def contract(self) -> Contract:
        return CONTRACTS[self.table]

    def sources(self) -> list[str]:
        """Every source column the mapping needs, once, pseudo-columns (with $) included."""
        needed = [name for column in self.columns.values() for name in column.sources()]
        return list(dict.fromkeys([*needed, *self.skip_blank, *self.exclude]))
