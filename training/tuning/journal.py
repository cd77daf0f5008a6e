"""The journal file of a study: shared by processes any of which may be killed at any moment.

Imports Optuna, so it is imported only where a study is opened.
"""

import os
from pathlib import Path
from typing import BinaryIO

from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

from training.tuning.locks import lock_file

__all__ = ["JournalLock", "open_journal"]

_CHUNK_BYTES = 65_536


def open_journal(path: Path) -> JournalFileBackend:
    """Optuna's journal in `path`, which a process killed in the middle of a line neither stops nor corrupts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return JournalFileBackend(str(path), JournalLock(path))


class JournalLock(JournalFileOpenLock):
    """Held by whoever writes; Optuna's own locks outlive a killed process and are taken by force after half a minute.

    The kernel gives this one back the moment its holder dies: nothing expires, nothing is cleaned up. Half a line
    that a killed holder left at the end was never acknowledged to anyone: readers leave it out, and it is cut off
    here, before the next line is written, so that the two do not run into one.
    """

    def __init__(self, journal: Path) -> None:
        super().__init__(str(journal))
        self._journal = journal
        self._handle: int | None = None

    def acquire(self) -> bool:
        """Wait for the lock, then mend the end of the journal; always True."""
        handle = lock_file(self._journal.with_name(self._journal.name + ".lock"))
        try:
            _cut_torn_line(self._journal)
        except OSError:
            os.close(handle)
            raise
        self._handle = handle
        return True

    def release(self) -> None:
        """Give the lock back."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def _cut_torn_line(journal: Path) -> None:
    with journal.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        end = _end_of_last_line(file, size)
        if end < size:
            file.truncate(end)
            os.fsync(file.fileno())


def _end_of_last_line(file: BinaryIO, size: int) -> int:
    """Where the last whole line ends; 0 when there is none."""
    end = size
    while end > 0:
        # The last byte alone first: nearly always it ends a line.
        begin = end - 1 if end == size else max(end - _CHUNK_BYTES, 0)
        file.seek(begin)
        found = file.read(end - begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        end = begin
    return 0
