"""A ledger on each kind of database."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from serving.ledger import Ledger
from serving.state import open_state
from tests.serving.ledger.builders import NOW, a_base


@contextmanager
def quick_folder() -> Iterator[Path]:
    """A folder in memory where there is one: thousands of transactions that each wait for a disk take minutes."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def state_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of an empty state."""
    if request.param == "sqlite":
        with quick_folder() as folder:
            yield f"sqlite:///{folder / 'state.db'}"
    else:
        yield str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def ledger(state_url: str) -> Iterator[Ledger]:
    """A ledger that stands on its first base."""
    engine = open_state(state_url)
    book = Ledger(engine)
    book.rebase(a_base(), NOW)
    yield book
    engine.dispose()
