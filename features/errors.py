"""The exception tree: what a caller can do about an error decides its class."""

__all__ = [
    "ConfigError",
    "ConflictError",
    "DataError",
    "HeadroomError",
    "ModelError",
    "NotFoundError",
    "SourceError",
]


class HeadroomError(Exception):
    """Any error this product raises on purpose; its text is written for the person who reads it."""


class ConfigError(HeadroomError):
    """A settings, mapping or policy file is wrong: unknown key, bad value, unreadable YAML."""


class SourceError(HeadroomError):
    """A source file cannot be read as its mapping says: missing file, missing column, unreadable content."""


class DataError(HeadroomError):
    """Rows that cannot be used as asked; names the table, the column, the count and the first offending key."""

    def __init__(self, table: str, column: str, reason: str, count: int, first_key: object) -> None:
        super().__init__(f"{table}.{column}: {reason} in {count} row(s), first at {first_key}")
        self.table, self.column, self.reason, self.count, self.first_key = table, column, reason, count, first_key


class ConflictError(HeadroomError):
    """Something is asked for under a name that stands for something else already."""


class NotFoundError(HeadroomError):
    """A node, org unit, model version or publication that does not exist; names it."""


class ModelError(HeadroomError):
    """A model is missing, its artifact is damaged, or it cannot be trained on what it was given."""
