"""What the service must remember, in SQL: SQLite in the workspace by default, PostgreSQL by a URL."""

from serving.state.base import UtcDateTime, metadata
from serving.state.keys import ApiKey, KeyStore
from serving.state.opening import open_state, writing

__all__ = ["ApiKey", "KeyStore", "UtcDateTime", "metadata", "open_state", "writing"]
