"""Keys in the state, on SQLite and on a real PostgreSQL server."""

import importlib
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, inspect, text

from features.errors import ConfigError, HeadroomError, NotFoundError
from serving.access import Principal
from serving.state import KeyStore, metadata, open_state
from serving.state.opening import HEAD


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh state on each kind of database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'state.db'}"
        return
    yield request.getfixturevalue("postgres_url")


@pytest.fixture
def opened(url: str) -> Iterator[Callable[[], Engine]]:
    """A function that opens the state, as another process would."""
    engines: list[Engine] = []

    def make() -> Engine:
        engines.append(open_state(url))
        return engines[-1]

    yield make
    for engine in engines:
        engine.dispose()


def test_a_key_is_shown_once_and_only_its_hash_is_kept(opened: Callable[[], Engine]) -> None:
    engine = opened()
    made, key = KeyStore(engine).add("城东 planner", "planner", "D1")
    secret = key.split("_", 2)[2]
    with engine.connect() as connection:
        stored = [str(value) for row in connection.execute(text("SELECT * FROM api_key")) for value in row]
    assert not any(secret in value for value in stored)
    assert KeyStore(opened()).authenticate(key) == Principal(made.key_id, "planner", "D1")


def test_what_is_not_the_key_is_nobody(opened: Callable[[], Engine]) -> None:
    store = KeyStore(opened())
    _, key = store.add("one", "admin", None)
    _, other = store.add("two", "admin", None)
    swapped = "_".join([*key.split("_", 2)[:2], other.split("_", 2)[2]])
    for wrong in ("", key[:-1], key + "x", key.upper(), swapped, "hr_\x00_x", "hr__", "nonsense", "hr_" + "9" * 9_000):
        assert store.authenticate(wrong) is None


def test_a_revoked_key_is_nobody_from_then_on_and_stays_listed(opened: Callable[[], Engine]) -> None:
    store, elsewhere = KeyStore(opened()), KeyStore(opened())
    made, key = store.add("short-lived", "marketing", "H1")
    assert elsewhere.authenticate(key) is not None
    revoked = store.revoke("short-lived")
    assert elsewhere.authenticate(key) is None
    assert store.revoke(made.key_id).revoked_at == revoked.revoked_at
    (listed,) = store.all()
    assert listed == revoked
    assert listed.created_at.utcoffset() is not None
    assert listed.created_at == made.created_at
    assert not store.any_valid()


def test_names_are_never_used_twice_even_after_revocation(opened: Callable[[], Engine]) -> None:
    store = KeyStore(opened())
    store.add("one", "admin", None)
    store.revoke("one")
    with pytest.raises(HeadroomError, match="one"):
        store.add("one", "planner", None)


def test_a_name_that_is_another_key_s_id_is_not_guessed_at(opened: Callable[[], Engine]) -> None:
    store = KeyStore(opened())
    first, _ = store.add("one", "admin", None)
    store.add(first.key_id, "admin", None)
    with pytest.raises(HeadroomError, match="give the id"):
        store.revoke(first.key_id)


@pytest.mark.parametrize(("name", "role"), [("", "planner"), ("  ", "planner"), ("x", "intern")])
def test_a_key_needs_a_name_and_a_known_role(opened: Callable[[], Engine], name: str, role: str) -> None:
    with pytest.raises(ConfigError):
        KeyStore(opened()).add(name, role, None)


def test_revoking_what_does_not_exist_names_it(opened: Callable[[], Engine]) -> None:
    with pytest.raises(NotFoundError, match="ghost"):
        KeyStore(opened()).revoke("ghost")


def test_many_processes_may_open_a_new_state_and_add_keys_at_once(opened: Callable[[], Engine]) -> None:
    keys: list[str] = []
    failures: list[BaseException] = []
    together = threading.Barrier(6)

    def work(rank: int) -> None:
        together.wait()
        try:
            keys.append(KeyStore(opened()).add(f"worker {rank}", "planner", None)[1])
        except HeadroomError as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(rank,)) for rank in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    store = KeyStore(opened())
    assert len({store.authenticate(key) for key in keys}) == 6
    assert "api_key" in inspect(store.engine).get_table_names()


@pytest.mark.parametrize("url", ["nonsense", "oracle://x/y", "sqlite:////nowhere/at/all/state.db"])
def test_a_state_that_cannot_be_opened_is_a_clear_error(url: str) -> None:
    with pytest.raises(ConfigError, match="state"):
        open_state(url)


def test_a_password_never_shows_in_an_error() -> None:
    with pytest.raises(ConfigError) as caught:
        open_state("postgresql://someone:hunter2@127.0.0.1:1/none")
    assert "hunter2" not in str(caught.value)


def test_a_state_of_before_the_first_migration_keeps_what_it_holds(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'state.db'}"
    old = create_engine(url)
    metadata.tables["api_key"].create(old)
    with old.begin() as connection:
        row = {"key_id": "1", "name": "old", "role": "planner", "key_hash": "x", "created_at": datetime.now(UTC)}
        connection.execute(metadata.tables["api_key"].insert().values(row))
    old.dispose()
    engine = open_state(url)
    assert [key.name for key in KeyStore(engine).all()] == ["old"]
    assert "served_forecast" in inspect(engine).get_table_names()
    engine.dispose()


def test_the_migrations_make_what_the_code_declares(opened: Callable[[], Engine]) -> None:
    # Tables that only some commands import are declared, too.
    for declares in (
        "serving.served",
        "serving.ledger",
        "serving.queue",
        "serving.monitoring.table",
        "serving.tags.tables",
        "serving.customers.table",
        "serving.pushes.tables",
    ):
        importlib.import_module(declares)
    with opened().connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": "schema_version"})
        assert context.get_current_revision() == HEAD
        assert compare_metadata(context, metadata) == []


def test_a_state_of_a_newer_product_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'state.db'}"
    engine = open_state(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE schema_version SET version_num = 'v9999'"))
    engine.dispose()
    with pytest.raises(ConfigError, match="newer"):
        open_state(url)
