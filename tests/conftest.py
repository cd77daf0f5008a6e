"""Fixtures that many tests share."""

import sqlite3
import sys
import uuid
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pandas as pd
import psycopg
import pytest
from sqlalchemy import Engine, event

from features.configs import configs_dir
from features.demo import DemoConfig, Territory, simulate
from features.lake import Lake
from tests.customer_family import LineFamily
from tests.postgres import postgres, postgres_binaries

SPACE = "parameters:\n  shift: {low: -0.3, high: 0.3}\nstudy: {folds: 2, seed: 5}\n"
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


@pytest.fixture(scope="module")
def line_family(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LineFamily]:
    """The small family of tests stands for `value`, with settings and search space of its own beside the shipped."""
    family, configs = LineFamily(), tmp_path_factory.mktemp("configs")
    for one in configs_dir().iterdir():
        (configs / one.name).symlink_to(one)
    (configs / family.config_file).write_text("ridge: 2.0\n", encoding="utf-8")
    (configs / family.space_file).write_text(SPACE, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "training.value", SimpleNamespace(VALUE=family))
        patch.setenv("HEADROOM_CONFIGS", str(configs))
        yield family


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
