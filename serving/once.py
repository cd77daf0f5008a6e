"""A folder that is written once and whole: what publications and snapshots lie in."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

__all__ = ["write_once"]


def write_once(target: Path, fill: Callable[[Path], None]) -> bool:
    """Let `fill` write into a new folder and move that to `target` in one step; False where `target` is there already.

    A reader sees all of it or nothing, whenever the writer is killed. Two writers may race: one of them is told that
    the other was first. Raises OSError for what the machine refuses.
    """
    if target.is_dir():
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    incoming = Path(tempfile.mkdtemp(dir=target.parent, prefix=".incoming-"))
    try:
        incoming.chmod(0o755)
        fill(incoming)
        incoming.rename(target)
    except OSError:
        if not target.is_dir():
            raise
        return False
    finally:
        shutil.rmtree(incoming, ignore_errors=True)
    return True
