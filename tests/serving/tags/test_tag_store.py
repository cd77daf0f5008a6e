"""What runs recorded is read back for any past moment as it was assigned; nothing is recorded twice or changed."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import func, select

from features.errors import ConfigError, ConflictError, NotFoundError
from serving.decisions.tags import HELD, NOT_HELD, Definitions, State, assign
from serving.state import open_state
from serving.tags import TagStore, tag_customers
from serving.tags.tables import tag_assignment, tag_run
from tests.serving.decisions.tags.tagging import INPUTS, WORDS, above, below, day, inputs_of, tag, tags_of

CUSTOMERS = 40
CLUSTER = {
    "columns": ["b", "c"],
    "count": 2,
    "far": 0.8,
    "names": [
        {"code": code, "name": WORDS, "centre": {"b": at, "c": at}} for code, at in (("small", 3.0), ("large", 8.0))
    ],
}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TagStore]:
    """A fresh store on each kind of database."""
    sqlite = request.param == "sqlite"
    url = f"sqlite:///{tmp_path / 'state.db'}" if sqlite else request.getfixturevalue("postgres_url")
    engine = open_state(url)
    yield TagStore(engine)
    engine.dispose()


def definitions_at(run: int) -> Definitions:
    """Tags of every kind; one changes its version on the way, one goes and comes back."""
    tags = [
        tag("slow", confirmations=2, minimum_hold_days=10, conditions=[above(), below()]),
        tag("short", time_to_live_days=12),
        tag("high", group="band", conditions=[above(enter=11, leave=9)]),
        tag("low", group="band", conditions=[below("a", enter=11, leave=12)]),
        tag("pattern", kind="cluster", conditions=[], cluster=CLUSTER),
        tag("revised", version=1 if run < 4 else 2, conditions=[above(enter=10 if run < 4 else 6, leave=6)]),
    ]
    return Definitions.of(tags if run in (3, 4) else [*tags, tag("passing", conditions=[above("c")])], INPUTS)


def inputs_at(run: int) -> pd.DataFrame:
    """Customers come and go, values wander, some are not known."""
    rng = np.random.default_rng(run)
    size = rng.uniform(0, 15, (CUSTOMERS, 3))
    size[rng.random(size.shape) < 0.15] = np.nan
    ids = [f"C{place:02d}" for place in rng.permutation(CUSTOMERS)]
    frame = pd.DataFrame(size, columns=["a", "b", "c"], index=pd.Index(ids, name="customer_id"))
    return frame[rng.random(CUSTOMERS) < 0.6 + 0.1 * (run % 4)]


def moment(run: int) -> datetime:
    return day(6 * run if run < 6 else 40 + 6 * run)


def fill(store: TagStore, runs: int = 9) -> list[State]:
    """Record some runs; the states as the pure decisions have them, without any store."""
    states, state = [], State.empty()
    for run in range(runs):
        stale = {"b"} if run == 5 else set()
        tag_customers(inputs_at(run), stale, definitions_at(run), store, moment(run), day(400))
        state, _ = assign(state, inputs_at(run), definitions_at(run), moment(run), stale)
        states.append(state)
    return states


def test_every_past_moment_is_read_back_as_it_was_assigned(store: TagStore) -> None:
    states = fill(store)
    for run, state in enumerate(states):
        for at in (moment(run), moment(run) + timedelta(days=5)):
            found = store.state(at)
            assert found.tags == state.tags
            assert found.same(state), run
    assert store.state().same(states[-1])
    assert store.state(moment(0) - timedelta(seconds=1)).same(State.empty())
    assert [one.as_of for one in store.runs()] == [moment(run) for run in reversed(range(9))]


def test_only_changes_are_written(store: TagStore) -> None:
    inputs, rows = inputs_at(1), []
    for run in range(4):
        tag_customers(inputs, (), definitions_at(0), store, day(run), day(400))
        with store.engine.connect() as connection:
            rows.append(connection.execute(select(func.count()).select_from(tag_assignment)).scalar_one())
    # The second run completes confirmations; after that nothing moves.
    assert rows[0] < rows[1] == rows[2] == rows[3]


def test_what_is_told_of_one_customer_is_what_is_told_of_all(store: TagStore) -> None:
    for run, state in enumerate(fill(store)):
        standing = store.standing(moment(run))
        assert list(standing.columns) == ["customer_id", "tag", "status", "since", "valid_until", "evidence"]
        by_customer = dict(iter(standing.groupby("customer_id")))
        for row, customer in enumerate(state.customers[::4]):
            told = {one.tag: one for one in store.held(customer, moment(run))}
            status = state.cells.status[4 * row]
            there = {name: "held" if one == HELD else "unknown" for name, one in zip(state.tags, status, strict=True)}
            there = {name: one for (name, one), code in zip(there.items(), status, strict=True) if code != NOT_HELD}
            assert {name: one.status for name, one in told.items()} == there
            part = by_customer.get(customer, standing[:0])
            assert dict(zip(part["tag"], part["status"], strict=True)) == there
            for line in part.to_dict("records"):
                one = told[line["tag"]]
                assert (line["since"], one.valid_until is None) == (one.since, pd.isna(line["valid_until"]))
                assert [tuple(each.values()) for each in one.evidence] == [
                    tuple(each) for each in json.loads(line["evidence"])
                ]


def test_evidence_and_words_are_those_of_the_version_it_was_assigned_by(store: TagStore) -> None:
    old = tag(name={"english": "old words", "chinese": "旧名"})
    new = tag(version=2, name={"english": "new words", "chinese": "新名"}, conditions=[above(enter=11)])
    tag_customers(inputs_of([10.5, 12]), (), tags_of(old), store, day(0), day(0))
    tag_customers(inputs_of([10.5, 12]), (), tags_of(new), store, day(7), day(7))
    (before,) = store.held("C0", day(6))
    assert (before.english, before.chinese, before.version) == ("old words", "旧名", 1)
    assert before.evidence == ({"input": "a", "value": 10.5, "direction": "above", "enter": 10, "exit": 8},)
    assert (before.since, before.valid_until, before.assigned_as_of) == (day(0), day(90), day(0))
    assert store.held("C0", day(7)) == []
    (after,) = store.held("C1", day(8))
    assert (after.english, after.version, after.evidence[0]["enter"]) == ("new words", 2, 11)
    assert store.definition("tag", 1) == old
    assert [one.english for one in store.definitions(day(1))] == ["old words"]
    with pytest.raises(NotFoundError, match="version 3 of tag"):
        store.definition("tag", 3)


def test_what_has_outlived_itself_is_told_as_unknown(store: TagStore) -> None:
    tag_customers(inputs_of([11]), (), tags_of(tag(time_to_live_days=20)), store, day(0), day(0))
    tag_customers(inputs_of([9]), (), tags_of(tag(time_to_live_days=20)), store, day(10), day(10))
    assert [(one.status, one.valid_until) for one in store.held("C0", day(30))] == [("held", day(30))]
    assert [(one.status, one.valid_until, one.since) for one in store.held("C0", day(31))] == [
        ("unknown", None, day(30))
    ]


def test_the_same_twice_is_one_run(store: TagStore) -> None:
    first = tag_customers(inputs_of([11, 1]), {"b"}, tags_of(), store, day(0), day(1))
    again = tag_customers(inputs_of([11, 1]).iloc[::-1], ["b"], tags_of(), store, day(0), day(2))
    assert (first.new, again.new) == (True, False)
    assert again.run == first.run
    assert {name: first.counts["tag"][name] for name in ("held", "unknown")} == {"held": 1, "unknown": 0}
    tag_customers(inputs_of([11, 1]), {"b"}, tags_of(), store, day(3), day(3))
    assert not tag_customers(inputs_of([11, 1]), {"b"}, tags_of(), store, day(0), day(4)).new
    assert len(store.runs()) == 2


@pytest.mark.parametrize(
    ("values", "stale", "definitions", "at"),
    [
        ([11, 2], (), tags_of(), day(0)),
        ([11, 1], {"a"}, tags_of(), day(0)),
        ([11, 1], (), tags_of(tag(version=2)), day(0)),
        ([11, 1], (), tags_of(), day(-1)),
    ],
)
def test_other_inputs_for_a_moment_recorded_are_refused(
    store: TagStore, values: list[float], stale: set[str], definitions: Definitions, at: datetime
) -> None:
    tag_customers(inputs_of([11, 1]), (), tags_of(), store, day(0), day(0))
    with pytest.raises(ConflictError, match="tag a later moment"):
        tag_customers(inputs_of(values), stale, definitions, store, at, day(9))
    assert len(store.runs()) == 1


def test_a_definition_does_not_change_within_its_version(store: TagStore) -> None:
    tag_customers(inputs_of([11]), (), tags_of(), store, day(0), day(0))
    with pytest.raises(ConfigError, match="version 1 did not"):
        tag_customers(inputs_of([11]), (), tags_of(tag(owner="somebody else")), store, day(1), day(1))


def test_a_run_that_another_came_before_is_refused_whole(store: TagStore, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = TagStore(store.engine)
    tag_customers(inputs_of([1]), (), tags_of(), store, day(0), day(0))
    stale_state = store.state()
    newest = store.newest()
    monkeypatch.setattr(store, "state", lambda: stale_state)
    monkeypatch.setattr(store, "newest", lambda at=None: newest)
    tag_customers(inputs_of([11]), (), tags_of(), elsewhere, day(1), day(1))
    with pytest.raises(ConflictError, match="meanwhile"):
        tag_customers(inputs_of([12]), (), tags_of(), store, day(2), day(2))
    with store.engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(tag_run)).scalar_one() == 2
        assert connection.execute(select(func.count()).select_from(tag_assignment)).scalar_one() == 1


def test_a_customer_is_not_known_before_a_run_saw_him(store: TagStore) -> None:
    with pytest.raises(NotFoundError, match="C0"):
        store.held("C0")
    tag_customers(inputs_of({"C0": 1}), (), tags_of(), store, day(0), day(0))
    tag_customers(inputs_of({"C0": 1, "C1": 1}), (), tags_of(), store, day(5), day(5))
    assert store.held("C0", day(0)) == store.held("C1") == []
    with pytest.raises(NotFoundError, match="C1"):
        store.held("C1", day(4))
    assert store.standing(day(-1)).empty
