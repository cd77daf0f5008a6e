"""Fixtures that many tests share."""

import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import psycopg
import pytest

from features.demo import DemoConfig, Territory, simulate
from features.lake import Lake

SMALL = DemoConfig(substations=1, feeders=2, areas=8, customers=60, years=2, customer_years=1, weather_stations=2)


@pytest.fixture(scope="session")
def small_territory() -> Territory:
    """Eight areas on two feeders, two years, sixty customers: made in about a second."""
    return simulate(SMALL)


@pytest.fixture(scope="session")
def small_tables(small_territory: Territory) -> dict[str, pd.DataFrame]:
    """The tables of the small territory that peaks and open capacity are made from, all versions."""
    names = ("org_unit", "node", "transformer", "line_segment", "tie", "weather_observed", "application", "node_load")
    return {name: small_territory.frame(name) for name in names}


@pytest.fixture(scope="session")
def small_lake(small_tables: dict[str, pd.DataFrame], tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake that holds `small_tables`; no test may add to it."""
    lake = Lake(tmp_path_factory.mktemp("small") / "lake")
    for name, frame in small_tables.items():
        lake.append(name, frame, "first")
    return lake


def postgres_binaries() -> Path | None:
    """The folder of a PostgreSQL server's programs, from PATH or from Debian's place for them."""
    found = shutil.which("initdb")
    places = [Path(found).parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((place for place in places if (place / "initdb").is_file()), None)


def server_user() -> str | None:
    """The server refuses root; as root it runs as another user."""
    return "nobody" if os.geteuid() == 0 else None


@pytest.fixture
def postgres_url(postgres_server: str) -> str:
    """An empty database of the test's own."""
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(f"{postgres_server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"{postgres_server}/{name}"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address, without a database, of a fresh PostgreSQL server of the tests' own."""
    binaries = postgres_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL server programs on this machine (Debian: postgresql)")
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
