"""The scratch folder of one ingest: held by one process at a time, found again after a kill, cleared when forgotten."""

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from features.errors import HeadroomError
from features.ingest.cursor import CURSOR

__all__ = ["clear_abandoned", "scratch"]

_PREFIX, _LOCK = "ingest-", "lock"
# A killed ingest is mostly run again within days; without a lock a folder may be one that is just being made.
_KEPT_SECONDS, _MADE_SECONDS = 7 * 86_400, 3_600


@contextlib.contextmanager
def scratch(root: Path, source: str, plan: str, *, wait: bool = False) -> Iterator[Path]:
    """A folder below `root`, on the workspace's own disk, that is the same one for the same plan of a source.

    It is removed when the work is done, or refused (HeadroomError): then another run could only find the same. After a
    kill, or any other error, it stays for the next run of the plan. While another process holds it, this one waits, or
    HeadroomError is raised. Folders of killed runs that nobody takes up again are cleared first.
    """
    root.mkdir(parents=True, exist_ok=True)
    folder = root / f"{_PREFIX}{source}-{plan}"
    _clear(root, keep=folder, source=source)
    lock = _held(folder, wait)
    if lock is None:
        raise HeadroomError(f"the same files are being ingested by another process, which holds {folder}")
    with lock:
        try:
            yield folder
        except HeadroomError:
            _remove(folder)
            raise
        _remove(folder)


def clear_abandoned(root: Path) -> int:
    """Remove what killed ingests left below `root`, whatever its age; return the folders removed.

    A folder that a process holds stays.
    """
    return _clear(root)


def _clear(root: Path, keep: Path | None = None, source: str | None = None) -> int:
    """Without a source every folder that nobody holds; with one those of it with another plan, and forgotten ones."""
    removed = 0
    for folder in sorted(path for path in root.glob(f"{_PREFIX}*") if path.is_dir() and path != keep):
        own = source is not None and folder.name.rpartition("-")[0] == f"{_PREFIX}{source}"
        if (source is not None and not own and _age(folder) < _KEPT_SECONDS) or _being_made(folder):
            continue
        lock = _held(folder)
        if lock is not None:
            with lock:
                _remove(folder)
            removed += 1
    return removed


def _remove(folder: Path) -> None:
    # The cursor first: a kill in the midst must not leave one that speaks of files that are gone.
    (folder / CURSOR).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def _age(folder: Path) -> float:
    """Seconds since something was last put into the folder."""
    try:
        return time.time() - folder.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _being_made(folder: Path) -> bool:
    return not (folder / _LOCK).exists() and _age(folder) < _MADE_SECONDS


def _held(folder: Path, wait: bool = False) -> IO[bytes] | None:
    """The folder's lock, now held by this process until it closes it or ends; None while another holds it."""
    path = folder / _LOCK
    while True:
        try:
            folder.mkdir(exist_ok=True)
            lock = path.open("wb")
        except (FileExistsError, FileNotFoundError):
            # Cleared by another in between, be it while the folder was found to be there.
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            lock.close()
            return None
        # Who cleared the folder in between removed the file that is locked here: take the new one.
        if _is_at(path, lock):
            return lock
        lock.close()


def _is_at(path: Path, lock: IO[bytes]) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(lock.fileno()))
    except FileNotFoundError:
        return False
