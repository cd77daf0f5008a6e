"""Tags from one evaluation to the next: three values, hysteresis, confirmations, hold, memory, groups, evidence."""

import json
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import ConflictError, DataError
from serving.decisions.tags import HELD, State, assign
from tests.serving.decisions.tags.tagging import (
    PlainTag,
    above,
    below,
    cell_of,
    course,
    day,
    frame_of,
    inputs_of,
    sequence,
    tag,
    tags_of,
    told,
)

HYSTERESIS = tags_of(tag())
VALUE = st.one_of(st.none(), st.floats(0, 20, allow_nan=False))


def test_it_is_entered_at_one_threshold_and_left_at_another() -> None:
    assert sequence(HYSTERESIS, 9.9, 10, 8, 9.9, 7.9, 9.9, 10) == "nhhhnnh"


@given(st.lists(st.lists(st.floats(8, 9.999), min_size=8, max_size=8), min_size=1, max_size=6))
@settings(max_examples=30, deadline=None)
def test_within_the_band_nothing_ever_flips(values: list[list[float]]) -> None:
    state, _ = assign(State.empty(), inputs_of([12, 1] * 4), HYSTERESIS, day(0))
    for number, row in enumerate(values):
        state, _ = assign(state, inputs_of(row), HYSTERESIS, day(number + 1))
        assert "".join(told(state, row=place) for place in range(8)) == "hn" * 4


@given(st.lists(VALUE, min_size=1, max_size=10), st.lists(VALUE, min_size=10, max_size=10))
@settings(max_examples=25, deadline=None)
def test_what_is_stale_or_missing_is_never_false(values: list[float | None], others: list[float | None]) -> None:
    alone, both = tags_of(tag()), tags_of(tag(conditions=[above(), below()]))
    state, pair = State.empty(), State.empty()
    for number, (value, other) in enumerate(zip(values, others, strict=False)):
        stale = value is not None and value > 15
        inputs = inputs_of([value], b=pd.Series([other], dtype="float64").to_numpy())
        state, _ = assign(state, inputs, alone, day(number), {"a"} if stale else set())
        pair, _ = assign(pair, inputs, both, day(number), {"a"} if stale else set())
        not_known = value is None or stale
        assert (told(state) == "u") == not_known
        # Of two conditions, one that is known to be false is enough.
        if not_known and told(pair) == "n":
            assert other is not None
            assert other > 3


def test_of_all_one_known_false_is_enough_and_of_any_one_known_true() -> None:
    nobody = {"b": np.nan}
    assert sequence(tags_of(tag(conditions=[above(), below()])), 1, 11, **nobody) == "nu"
    assert sequence(tags_of(tag(conditions=[above(), below()], combine="any")), 1, 11, **nobody) == "uh"


def test_an_input_is_stale_when_it_is_as_of_too_long_ago_for_the_tag() -> None:
    definitions = tags_of(tag("patient", fresh_within_days=60), tag("hasty", fresh_within_days=7))
    state, _ = assign(State.empty(), inputs_of([11]), definitions, day(0), {"a": day(-30)})
    assert [told(state, column) for column in (0, 1)] == ["h", "u"]


def test_a_column_that_is_missing_and_an_endless_value_are_unknown() -> None:
    assert sequence(tags_of(tag(conditions=[above("c")])), 11) == "u"
    assert sequence(HYSTERESIS, float("inf")) == "u"


def test_confirmations_are_counted_in_a_row_for_entering_and_leaving() -> None:
    three = tags_of(tag(confirmations=3))
    assert sequence(three, 11, 11, 9, 11, 11, 11, 7, 7, 8, 7, 7, 7) == "nnnnnhhhhhhn"
    assert sequence(three, 11, None, 11, 11, 11) == "nunnh"


def test_a_row_that_takes_too_long_begins_anew() -> None:
    slow = tags_of(tag(confirmations=3, confirm_within_days=10))
    assert sequence(slow, 11, 11, 11, 11, every=5) == "nnhh"
    assert sequence(slow, 11, 11, 11, 11, every=8) == "nnnn"


def test_it_is_held_for_a_while_at_least() -> None:
    held = tags_of(tag(minimum_hold_days=21))
    assert sequence(held, 11, 1, 1, 1, 1) == "hhhnn"
    # What is not known is not told, however young it is.
    assert sequence(held, 11, None, 1, 1) == "huhn"


def test_what_was_held_is_remembered_through_not_knowing_and_forgotten_in_time() -> None:
    assert sequence(tags_of(tag(time_to_live_days=20)), 11, None, None, 9) == "huun"
    states = course(tags_of(tag(time_to_live_days=30)), 11, None, None, 9)
    assert "".join(told(one) for one in states) == "huuh"
    assert cell_of(states[-1], 0, 0)[3] == day(0)
    # No evaluation at all for so long is the same.
    assert sequence(tags_of(tag(time_to_live_days=20)), 11, 9, every=21) == "hn"
    assert sequence(tags_of(tag(time_to_live_days=21)), 11, 9, every=21) == "hh"


def test_past_its_time_to_live_nothing_is_told() -> None:
    (state,) = course(HYSTERESIS, 11)
    assert state.told(day(90))[0, 0] == HELD
    assert state.told(day(91))[0, 0] < 0


def test_a_tag_is_for_some_classes_and_unknown_of_those_of_none() -> None:
    homes = tags_of(tag(classes=["residential"]))
    classes = ["residential", "industrial", None, None]
    state, _ = assign(State.empty(), inputs_of([11, 11, 11, 1], customer_class=classes), homes, day(0))
    assert [told(state, row=row) for row in range(4)] == ["h", "n", "u", "n"]
    assert sequence(homes, 11) == "u"


def test_of_a_group_one_is_held_the_one_held_before() -> None:
    bands = tags_of(
        tag("high", group="band", conditions=[above(enter=10, leave=8)]),
        tag("low", group="band", conditions=[below("a", enter=10, leave=12)]),
    )
    found = ["".join(told(one, column) for column in (0, 1)) for one in course(bands, 10, 9, 7, 11, 12.5, 11)]
    assert found == ["hn", "hn", "nh", "nh", "hn", "hn"]


def test_customers_come_and_those_who_go_become_unknown() -> None:
    first, _ = assign(State.empty(), inputs_of({"B": 11, "D": 1}), HYSTERESIS, day(0))
    second, changes = assign(first, inputs_of({"C": 11, "A": 1, "B": 11}), HYSTERESIS, day(1))
    assert list(second.customers) == ["A", "B", "C", "D"]
    assert [told(second, row=row) for row in range(4)] == ["n", "h", "h", "u"]
    assert list(changes["customer_id"]) == ["C", "D"]
    nobody, changes = assign(second, inputs_of({}), HYSTERESIS, day(2))
    assert [told(nobody, row=row) for row in range(4)] == ["u"] * 4
    assert len(changes) == 3


def test_another_version_begins_anew_and_a_tag_that_is_gone_is_let_go() -> None:
    before, _ = assign(State.empty(), inputs_of([9, 11]), tags_of(tag(conditions=[above(enter=9)])), day(0))
    after, changes = assign(before, inputs_of([9, 11]), tags_of(tag(version=2), tag("new")), day(1))
    assert [told(after, row=row) for row in (0, 1)] == ["n", "h"]
    assert cell_of(after, 1, 0)[3] == day(1)
    assert list(changes.query("tag == 'tag'")["status"]) == ["released", "held"]
    assert list(changes.query("tag == 'tag'")["version"]) == [2, 2]
    gone, changes = assign(after, inputs_of([9, 11]), tags_of(tag("new")), day(2))
    assert gone.tags == ("new",)
    assert changes[["tag", "status", "customer_id"]].to_numpy().tolist() == [["tag", "released", "C1"]]


@given(st.lists(VALUE, min_size=1, max_size=8), st.integers(1, 3))
@settings(max_examples=25, deadline=None)
def test_the_same_again_changes_nothing_once_confirmed(values: list[float | None], confirmations: int) -> None:
    definitions = tags_of(tag(confirmations=confirmations), tag("other", conditions=[above(), below()]))
    inputs = inputs_of(values, b=2.0)
    state = State.empty()
    for number in range(confirmations):
        state, _ = assign(state, inputs, definitions, day(number))
    again, changes = assign(state, inputs, definitions, day(confirmations))
    assert changes.empty
    assert not again.cells.differs(state.cells).any()


def test_a_change_tells_on_what_it_stands() -> None:
    definitions = tags_of(tag(conditions=[above(), below()]))
    state, changes = assign(State.empty(), inputs_of([11.25], b=np.nan), definitions, day(0))
    (row,) = changes.to_dict("records")
    assert json.loads(row["evidence"]) == [["a", 11.25, "above", 10, 8], ["b", None, "below", 3, 5]]
    assert (row["status"], row["since"], row["version"]) == ("unknown", day(0), 1)
    _, changes = assign(state, inputs_of([11.25], b=1.0), definitions, day(7))
    (row,) = changes.to_dict("records")
    assert (row["status"], row["since"], row["valid_until"]) == ("held", day(7), day(97))
    assert json.loads(row["evidence"])[1] == ["b", 1, "below", 3, 5]


def test_time_goes_forward_and_a_customer_stands_once() -> None:
    state, _ = assign(State.empty(), inputs_of([11]), HYSTERESIS, day(0))
    for now in (day(0), day(0) - timedelta(seconds=1)):
        with pytest.raises(ConflictError, match="not later"):
            assign(state, inputs_of([11]), HYSTERESIS, now)
    twice = pd.concat([inputs_of([11]), inputs_of([1])])
    with pytest.raises(DataError, match="stands twice"):
        assign(state, twice, HYSTERESIS, day(1))


RULES = st.builds(
    lambda **told: tag(conditions=told.pop("conditions"), **told),
    conditions=st.sampled_from([[above()], [above(), below()], [above(enter=12, leave=12)]]),
    combine=st.sampled_from(["all", "any"]),
    confirmations=st.integers(1, 3),
    confirm_within_days=st.sampled_from([5, 20, 60]),
    minimum_hold_days=st.sampled_from([0, 10, 30]),
    time_to_live_days=st.sampled_from([12, 40, 90]),
)
CUSTOMERS = 12
LEVEL = st.sampled_from([None, 1.0, 4.0, 7.0, 9.0, 11.0, 13.0])
ROWS = st.lists(st.fixed_dictionaries({"a": LEVEL, "b": LEVEL}), min_size=CUSTOMERS, max_size=CUSTOMERS)


@given(RULES, st.lists(st.tuples(st.integers(1, 25), ROWS), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_all_customers_at_once_are_as_each_followed_by_hand(rule: Any, evaluations: list[Any]) -> None:
    definitions, state = tags_of(rule), State.empty()
    plain = [PlainTag(rule) for _ in range(CUSTOMERS)]
    now = day(0)
    for days, rows in evaluations:
        now += timedelta(days=days)
        state, _ = assign(state, frame_of(rows), definitions, now)
        for one, values in zip(plain, rows, strict=True):
            one.see(values, now)
        assert [cell_of(state, row, 0) for row in range(CUSTOMERS)] == [one.cell() for one in plain]
