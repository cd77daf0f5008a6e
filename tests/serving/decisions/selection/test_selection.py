"""Expressions: what they say of single customers, in three values; what is wrong with others; and any text at all."""

import math
import time
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.decisions.selection import (
    SelectionError,
    Texts,
    Wide,
    best,
    check,
    judge,
    literals,
    names_of,
    parse,
    tags_of,
)

CLASSES = ("residential", "commercial", "industrial")
TAGS = ("high_value", "may_leave")


def wide(n: int = 60, seed: int = 0) -> Wide:
    rng = np.random.default_rng(seed)

    def numbers() -> np.ndarray:
        values = rng.integers(-3, 4, n).astype(float)
        values[rng.random(n) < 0.25] = np.nan
        return values

    classes = pd.Series(rng.choice([*CLASSES, None], n), dtype="str")
    halls = pd.Series(rng.choice(["H1", "H2", None], n), dtype="str")
    return Wide(
        np.array([f"C{i:04d}" for i in range(n)]),
        {"a": numbers(), "b": numbers()},
        {"customer_class": Texts.of(classes, CLASSES), "hall_id": Texts.of(halls)},
        {name: rng.integers(-1, 2, n).astype(np.int8) for name in TAGS},
    )


def selected(text: str, frame: Wide) -> list[bool | None]:
    """True, False or None of every customer."""
    tree = parse(text)
    check(tree, frame)
    found = judge(tree, frame)
    assert not (found.true & found.false).any()
    return [True if t else False if f else None for t, f in zip(found.true, found.false, strict=True)]


# The oracle: Python's own expression of the same thing, one customer at a time, with None for unknown.
def both(*parts: bool | None) -> bool | None:
    return False if False in parts else None if None in parts else True


def either(*parts: bool | None) -> bool | None:
    return True if True in parts else None if None in parts else False


def turned(part: bool | None) -> bool | None:
    return None if part is None else not part


def row_of(frame: Wide, i: int) -> dict[str, Any]:
    row: dict[str, Any] = {k: None if math.isnan(v[i]) else float(v[i]) for k, v in frame.numbers.items()}
    row |= {k: v.listed(np.array([i]))[0] for k, v in frame.texts.items()}
    return row | {k: {1: True, 0: False, -1: None}[int(v[i])] for k, v in frame.tags.items()}


SIGNS = {
    "<": lambda x, y: x < y,
    "<=": lambda x, y: x <= y,
    ">": lambda x, y: x > y,
    ">=": lambda x, y: x >= y,
    "==": lambda x, y: x == y,
    "!=": lambda x, y: x != y,
}
Claim = tuple[str, Any]


def compared(name: str, sign: str, value: float, turn: bool) -> Claim:
    text = f"{value:g} {sign} {name}" if turn else f"{name} {sign} {value:g}"

    def of(row: dict[str, Any]) -> bool | None:
        x = row[name]
        return None if x is None else SIGNS[sign](value, x) if turn else SIGNS[sign](x, value)

    return text, of


def columns_compared(sign: str) -> Claim:
    return f"a {sign} b", lambda row: None if None in (row["a"], row["b"]) else SIGNS[sign](row["a"], row["b"])


def member(names: list[str], turn: bool) -> Claim:
    text = f"customer_class {'not ' * turn}in ({', '.join(map(repr, names))})"
    plain = lambda row: None if row["customer_class"] is None else row["customer_class"] in names  # noqa: E731
    return text, (lambda row: turned(plain(row))) if turn else plain


def known(name: str, turn: bool) -> Claim:
    what = f'tag("{name}")' if name in TAGS else name
    return f"{what} is {'unknown' if turn else 'known'}", lambda row: (row[name] is None) == turn


LEAVES = st.one_of(
    st.builds(compared, st.sampled_from(["a", "b"]), st.sampled_from(list(SIGNS)), st.integers(-3, 3), st.booleans()),
    st.builds(columns_compared, st.sampled_from(list(SIGNS))),
    st.builds(member, st.lists(st.sampled_from(CLASSES), min_size=1, max_size=3), st.booleans()),
    st.builds(known, st.sampled_from(["a", "customer_class", *TAGS]), st.booleans()),
    st.sampled_from(TAGS).map(lambda name: (f'tag("{name}")', lambda row: row[name])),
    st.sampled_from(["==", "!="]).flatmap(
        lambda sign: st.just(
            (
                f'hall_id {sign} "H1"',
                lambda row: None if row["hall_id"] is None else (row["hall_id"] == "H1") == (sign == "=="),
            )
        )
    ),
)


def joined(word: str, how: Any) -> Any:
    def made(parts: list[Claim]) -> Claim:
        return "(" + f" {word} ".join(text for text, _ in parts) + ")", lambda row: how(*(of(row) for _, of in parts))

    return made


EXPRESSIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(joined("and", both)),
        st.lists(inner, min_size=2, max_size=3).map(joined("or", either)),
        inner.map(lambda one: (f"not {one[0]}", lambda row: turned(one[1](row)))),
    ),
    max_leaves=8,
)


@given(EXPRESSIONS, st.integers(0, 5))
@settings(max_examples=80, deadline=None)
def test_an_expression_says_of_all_what_it_says_of_each(claim: Claim, seed: int) -> None:
    text, of = claim
    frame = wide(40, seed)
    assert selected(text, frame) == [of(row_of(frame, i)) for i in range(40)]


@given(EXPRESSIONS)
@settings(max_examples=50, deadline=None)
def test_words_may_be_written_large_and_space_does_not_matter(claim: Claim) -> None:
    frame, text = wide(), claim[0]
    loud = text.replace(" and ", "\nAND\t").replace(" or ", " OR ").replace("not ", "NOT  ")
    assert selected(loud, frame) == selected(text, frame)


def test_and_binds_closer_than_or_and_not_closer_than_both() -> None:
    frame = wide()
    assert selected("a > 0 or a < 0 and b > 0", frame) == selected("a > 0 or (a < 0 and b > 0)", frame)
    assert selected("not a > 0 and b > 0", frame) == selected("(not (a > 0)) and b > 0", frame)
    assert selected("-1 < a <= 2", frame) == selected("a > -1 and a <= 2", frame)


@pytest.mark.parametrize(
    ("text", "position", "named"),
    [
        ("", 1, "the end"),
        ("a >", 4, "the end"),
        ("a > 1 b", 7, "'b'"),
        ("a = 1", 3, "write == to compare"),
        ("(a > 1", 7, "where ) was expected"),
        ('customer_class == "residential', 19, "does not end"),
        ("colour > 1", 1, "no column 'colour'"),
        ("a > 1 and high_value", 21, "comparison"),
        ("high_value == 1", 1, 'write tag("high_value")'),
        ('tag("high_vlaue")', 5, "near it: high_value"),
        ('customer_class == "comercial"', 19, "near it: commercial"),
        ("customer_class > 3", 16, "== or !="),
        ("customer_class == 3", 19, "in quotes"),
        ('a > "much"', 5, "is a number"),
        ("1 < 2", 3, "neither side"),
        ("a is 3", 6, "is known"),
        ("a in 3", 6, "in parentheses"),
        ("a in ()", 7, "number or a text"),
        ("a > 1e999", 5, "too large"),
        ("a.b > 1", 2, "means nothing"),
        ("__import__('os')", 11, "comparison"),
        ("tag(a, b)", 6, "where ) was expected"),
        ("customer_class == hall_id", 16, "only columns of numbers"),
    ],
)
def test_a_fault_is_told_with_its_place(text: str, position: int, named: str) -> None:
    with pytest.raises(SelectionError) as found:
        check(parse(text), wide())
    assert (found.value.position, named in str(found.value)) == (position, True), str(found.value)


def test_who_may_not_ask_for_a_column_or_a_tag_is_told_there_is_none() -> None:
    frame = wide()
    with pytest.raises(SelectionError, match=r"no tag 'may_leave'$"):
        check(parse('tag("may_leave")'), frame, tags={"high_value"})
    with pytest.raises(SelectionError, match="no column 'b'"):
        check(parse("a > 1 or b > 1"), frame, columns={"a"})


def test_too_long_and_too_deep_is_refused() -> None:
    for text in ("(" * 3000, "(" * 500 + "a > 1" + ")" * 500, "not " * 300 + "a > 1", "a > 1 or " * 400 + "a > 1"):
        with pytest.raises(SelectionError):
            parse(text)


def test_an_expression_tells_what_it_looks_at() -> None:
    tree = parse(
        'tag("high_value") and not (a > 3 or hall_id in ("H1", "H9")) and known(b) and tag(may_leave) is known'
    )
    assert names_of(tree) == {"a", "b", "hall_id"}
    assert tags_of(tree) == {"high_value", "may_leave"}
    assert sorted(map(str, literals(tree))) == ["3.0", "H1", "H9"]


PIECES = [
    "a",
    "b",
    "tag",
    "(",
    ")",
    '"high_value"',
    "not",
    "and",
    "or",
    "in",
    "is",
    "known",
    "<",
    "==",
    "1",
    "-",
    "'",
    ",",
]


@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=25).map(" ".join)))
@settings(max_examples=100, deadline=None)
def test_any_text_is_an_expression_or_refused_by_its_own_error(text: str) -> None:
    refusal = refused(text)
    if refusal is not None:
        assert 1 <= refusal.position <= len(text) + 1
        assert str(refusal).isprintable()


def refused(text: str) -> SelectionError | None:
    """Why a text is no expression; None where it is one, and can be judged."""
    frame = wide(5)
    try:
        tree = parse(text)
        check(tree, frame)
    except SelectionError as error:
        return error
    judge(tree, frame)
    return None


@pytest.mark.slow
@given(st.one_of(st.text(max_size=2100), st.lists(st.sampled_from(PIECES), max_size=400).map(" ".join)))
@settings(max_examples=2000, deadline=None)
def test_any_text_at_length(text: str) -> None:
    refused(text)


@given(
    st.lists(st.one_of(st.integers(-3, 3).map(float), st.just(math.nan)), max_size=30),
    st.booleans(),
    st.integers(0, 35),
    st.integers(0, 35),
)
def test_the_best_are_those_a_full_sort_puts_there(values: list[float], down: bool, first: int, count: int) -> None:
    def rank(i: int) -> tuple[bool, float, int]:
        value = values[i]
        return math.isnan(value), 0.0 if math.isnan(value) else -value if down else value, i

    expected = sorted(range(len(values)), key=rank)[first : first + count]
    assert list(best(np.array(values, dtype=float), down, first, count)) == expected


def test_a_hundred_thousand_customers_are_judged_in_a_blink() -> None:
    frame = wide(100_000)
    tree = parse(
        'tag("high_value") and a > 1 and not tag("may_leave") and customer_class in ("commercial", "industrial")'
    )
    spent = []
    for _ in range(5):
        started = time.perf_counter()
        judge(tree, frame)
        spent.append(time.perf_counter() - started)
    assert min(spent) < 0.02
