"""A real PostgreSQL server of the tests' and benchmarks' own, where its programs are on the machine."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["postgres", "postgres_binaries"]


def postgres_binaries() -> Path | None:
    """The folder of a PostgreSQL server's programs, from PATH or from Debian's place for them."""
    found = shutil.which("initdb")
    places = [Path(found).parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((place for place in places if (place / "initdb").is_file()), None)


def server_user() -> str | None:
    """The server refuses root; as root it runs as another user."""
    return "nobody" if os.geteuid() == 0 else None


@contextmanager
def postgres(binaries: Path) -> Iterator[str]:
    """The address, without a database, of a fresh server; it is gone at the end."""
    user = server_user()
    # Not below pytest's folder: that one is closed to other users.
    folder = Path(tempfile.mkdtemp(prefix="headroom-pg-"))
    data = folder / "data"
    if user:
        shutil.chown(folder, user)
    folder.chmod(0o755)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def run(*command: str) -> None:
        subprocess.run(command, check=True, cwd=folder, user=user, capture_output=True, timeout=120)

    options = f"-c listen_addresses=127.0.0.1 -p {port} -k {folder} -c fsync=off"
    try:
        run(str(binaries / "initdb"), "-D", str(data), "-A", "trust", "-U", "headroom", "--no-sync")
        run(str(binaries / "pg_ctl"), "-D", str(data), "-o", options, "-l", str(folder / "log"), "-w", "start")
        yield f"postgresql://headroom@127.0.0.1:{port}"
        run(str(binaries / "pg_ctl"), "-D", str(data), "-m", "fast", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
