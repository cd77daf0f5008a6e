"""Connecting to the state, with its schema brought up to date, and transactions that are going to write."""

import sqlite3
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.exc import ArgumentError, OperationalError

from features.errors import ConfigError
from features.urls import with_driver
from serving.state.base import metadata

__all__ = ["HEAD", "open_state", "writing"]

HEAD = "v0007"
"""The newest revision of the schema. Written here, so that a state that has it is opened without Alembic's import."""

_VERSIONS = "schema_version"
_MIGRATIONS = Path(__file__).parent / "migrations"
# Any number: it only has to be the same in every process that brings the schema up to date.
_SCHEMA_LOCK = 7_301_446_911
_WAIT_SECONDS = 30
# Alembic keeps what it works on in module variables.
_ONE_AT_A_TIME = threading.Lock()
_WRITES = "headroom_writes"


def open_state(url: str) -> Engine:
    """Connect to the state at `url` and bring its tables up to date; ConfigError when it cannot be reached."""
    try:
        address = with_driver(url)
        waiting = {"timeout": _WAIT_SECONDS} if address.startswith("sqlite") else {}
        engine = create_engine(address, pool_pre_ping=True, connect_args=waiting)
    except (ArgumentError, ModuleNotFoundError) as error:
        raise ConfigError(f"the state URL cannot be used: {error}") from error
    if engine.dialect.name == "sqlite":
        _own_transactions(engine)
    try:
        with engine.connect() as connection:
            known = _revision(connection)
        if known != HEAD:
            with _ONE_AT_A_TIME, writing(engine) as connection:
                _bring_up_to_date(connection)
        if engine.dialect.name == "sqlite":
            _write_ahead(engine)
    except OperationalError as error:
        engine.dispose()
        raise ConfigError(
            f"the state at {engine.url.render_as_string(hide_password=True)} cannot be opened: {error.orig}"
        ) from error
    return engine


def writing(engine: Engine) -> Any:
    """A transaction that is going to write, as a context manager that gives its connection.

    On SQLite it takes the write lock when it begins: one that reads first and writes then would be refused when another
    wrote in between. On PostgreSQL it is an ordinary transaction.
    """
    return engine.execution_options(**{_WRITES: True}).begin()


def _own_transactions(engine: Engine) -> None:
    """Let every transaction begin with a BEGIN of ours; the driver's own begins too late, and never locks."""

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def _began(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _write_ahead(engine: Engine) -> None:
    """Let SQLite write ahead: a commit waits once for the disk instead of three times, and readers wait for nobody.

    It stays so with the file. Where it cannot be (others hold the file now, or its file system has no shared memory)
    all goes on as before.
    """
    connection = engine.raw_connection()
    try:
        with suppress(sqlite3.OperationalError):
            connection.cursor().execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_VERSIONS):
        return None
    found = connection.execute(text(f"SELECT version_num FROM {_VERSIONS}")).scalar()
    return None if found is None else str(found)


def _bring_up_to_date(connection: Connection) -> None:
    """Run what is missing of the migrations, in this transaction; a state of a newer product is refused."""
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _SCHEMA_LOCK})
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes |= {"connection": connection, "metadata": metadata, "version_table": _VERSIONS}
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise ConfigError(f"the state was written by a newer Headroom than this: {error}") from error
