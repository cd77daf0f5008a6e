"""Where a study is kept: a journal file beside the workspace's other things, or a PostgreSQL server."""

from pathlib import Path
from typing import TYPE_CHECKING

from features.errors import ConfigError
from features.urls import with_driver

if TYPE_CHECKING:
    from optuna.storages import BaseStorage

__all__ = ["open_storage"]


def open_storage(where: str | Path) -> "BaseStorage":
    """The storage at `where`: the path of a journal file, or a database URL; several processes may share either.

    Raises ConfigError when a URL cannot be used; its password is not repeated.
    """
    import optuna
    from optuna.storages import JournalStorage, get_storage
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import SQLAlchemyError

    from training.tuning.journal import open_journal

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    if isinstance(where, Path) or "://" not in where:
        return JournalStorage(open_journal(Path(where)))
    try:
        # Through get_storage, so that finished trials are kept in memory and not read again and again.
        return get_storage(with_driver(where))
    except (SQLAlchemyError, ImportError) as error:
        try:
            shown = make_url(where).render_as_string(hide_password=True)
        except SQLAlchemyError:
            shown = "the URL given"
        raise ConfigError(f"{shown} cannot be used as the storage of a study: {type(error).__name__}") from error
