"""Fixtures that many tests share."""

import sqlite3
import uuid
from collections.abc import Iterator
from typing import Any

import pandas as pd
import psycopg
import pytest
from sqlalchemy import Engine, event

from features.demo import DemoConfig, Territory, simulate
from features.lake import Lake
from tests.postgres import postgres, postgres_binaries

SMALL = DemoConfig(substations=1, feeders=2, areas=8, customers=60, years=2, customer_years=1, weather_stations=2)


@pytest.fixture(scope="session", autouse=True)
def no_waiting_for_disks() -> None:
    """SQLite waits for the disk at every commit, so that nothing is lost when power is; no test pulls the plug."""

    @event.listens_for(Engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA synchronous=OFF")


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
    with postgres(binaries) as address:
        yield address
