"""A ledger on each kind of database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.ledger import Ledger
from serving.state import open_state
from tests.serving.ledger.builders import NOW, a_base


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def state_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty state."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'state.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def ledger(state_url: str) -> Iterator[Ledger]:
    """A ledger that stands on its first base."""
    engine = open_state(state_url)
    book = Ledger(engine)
    book.rebase(a_base(), NOW)
    yield book
    engine.dispose()
