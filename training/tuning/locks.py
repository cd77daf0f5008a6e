"""A lock between processes that the kernel gives back when its holder dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["lock_file", "locked"]


def lock_file(path: Path) -> int:
    """Wait for the lock of `path` and return its file descriptor; closing it, or dying, gives the lock back."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
    except BaseException:
        os.close(handle)
        raise
    return handle


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of `path` for a block."""
    handle = lock_file(path)
    try:
        yield
    finally:
        os.close(handle)
