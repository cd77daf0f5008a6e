"""A state on each kind of database, and a folder for what is published."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from features.workspace import Workspace
from serving.state import open_state
from tests.serving.ledger.conftest import quick_folder


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def state_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of an empty state."""
    if request.param == "sqlite":
        with quick_folder() as folder:
            yield f"sqlite:///{folder / 'state.db'}"
    else:
        yield str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def engine(state_url: str) -> Iterator[Engine]:
    """An empty state."""
    opened = open_state(state_url)
    yield opened
    opened.dispose()


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Nothing in it yet."""
    return Workspace(tmp_path)
