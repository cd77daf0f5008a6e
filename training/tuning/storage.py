"""Where a study is kept: a journal file beside the workspace's other things, or a PostgreSQL server."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from features.errors import ConfigError
from features.urls import with_driver

if TYPE_CHECKING:
    from optuna.storages import BaseStorage

__all__ = ["open_storage"]

# Any number: it only has to be the same in every process that makes the tables.
_SCHEMA_LOCK = 7_301_446_912


def open_storage(where: str | Path) -> "BaseStorage":
    """The storage at `where`: the path of a journal file, or a database URL; several processes may share either.

    Raises ConfigError when a URL cannot be used; its password is not repeated.
    """
    import optuna
    from optuna.storages import JournalStorage, RDBStorage, get_storage
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import SQLAlchemyError
    from sqlalchemy.pool import NullPool

    from training.tuning.journal import open_journal

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if isinstance(where, Path) or "://" not in where:
        return JournalStorage(open_journal(Path(where)))
    try:
        with _alone(with_driver(where)):
            # No connection is kept between the few calls of a trial, so none is left to be closed. get_storage adds
            # the cache by which finished trials are not read again and again.
            return get_storage(RDBStorage(with_driver(where), engine_kwargs={"poolclass": NullPool}))
    except (SQLAlchemyError, ImportError) as error:
        try:
            shown = make_url(where).render_as_string(hide_password=True)
        except SQLAlchemyError:
            shown = "the URL given"
        raise ConfigError(f"{shown} cannot be used as the storage of a study: {type(error).__name__}") from error


@contextmanager
def _alone(url: str) -> Iterator[None]:
    """One process at a time makes the tables on a PostgreSQL server: two at once fail there."""
    from sqlalchemy import create_engine, text
    from sqlalchemy.pool import NullPool

    engine = create_engine(url, poolclass=NullPool)
    if engine.dialect.name != "postgresql":
        yield
        return
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SCHEMA_LOCK})
        yield
