"""What the books say of contacts, beside a slow version that looks at one customer at a time."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.pushes.paying import PAYING_COLUMNS, paying
from serving.pushes.successes import answered, applied, successes
from tests.serving.pushes.campaigned import after, bill, contacts, payment

WINDOW = 60
_TIMES = ("issued_at", "due_at", "paid_at")


def frame(rows: list[dict[str, Any]], like: dict[str, Any]) -> pd.DataFrame:
    """Rows as the lake tells them: times in UTC, text keys as categories."""
    found = pd.DataFrame(rows or [like])
    found = found.assign(customer_id=found["customer_id"].astype("category"))
    return found if rows else found.iloc[:0]


def told(bills: list[dict[str, Any]], payments: list[dict[str, Any]], count: int = 1) -> pd.DataFrame:
    """What the books say of the first customers."""
    one, other = bill("C00000", 0, after(0)), payment("C00000", 0, after(0), "app")
    return paying(contacts(count, 0), frame(bills, one), frame(payments, other), WINDOW)


def test_payments_are_counted_before_and_after_by_their_way() -> None:
    made = [payment("C00000", None, after(day), "hall") for day in (-61, -60, -59, -1, 0)]
    made += [payment("C00000", None, after(day), "app") for day in (0.1, 60, 60.1)]
    made += [payment("C00000", None, after(5), "hall", -30.0), payment("C00001", None, after(5), "hall")]
    row = told([], made).iloc[0]
    assert (row["payments_before"], row["counter_before"]) == (3, 3)
    assert (row["payments_after"], row["counter_after"], row["app_after"]) == (2, 0, 2)


def test_a_standing_order_is_known_by_its_mark_and_else_by_the_bank() -> None:
    marked = [payment("C00000", None, after(5), "app") | {"autopay": True}]
    drawn = [payment("C00001", None, after(5), "bank")]
    by_hand = [payment("C00002", None, after(5), "bank") | {"autopay": False}]
    assert told([], marked + drawn + by_hand, 3)["autopay_after"].tolist() == [1, 1, 0]


def test_bills_due_in_the_window_are_paid_on_time_or_not() -> None:
    bills = [bill("C00000", k, after(day)) for k, day in enumerate((-1, 10, 20, 30, 61))]
    paid = [payment("C00000", 1, after(10), "app"), payment("C00000", 2, after(20.1), "app")]
    paid += [payment("C00000", 3, after(29), "app", 60.0)]
    row = told(bills, paid).iloc[0]
    assert (row["due_bills"], row["due_paid_bills"], row["due_cny"], row["due_paid_cny"]) == (3, 1, 300, 100)


def test_arrears_are_what_was_overdue_and_what_of_it_came_in() -> None:
    bills = [bill("C00000", 0, after(-40)), bill("C00000", 1, after(-10)), bill("C00000", 2, after(5))]
    paid = [payment("C00000", 0, after(-35), "hall", 30.0), payment("C00000", 0, after(15), "app", 70.0)]
    paid += [payment("C00000", 1, after(61), "app"), payment("C00000", 2, after(4), "app")]
    row = told(bills, paid).iloc[0]
    assert (row["arrears_cny"], row["arrears_paid_cny"]) == (170, 70)


def test_every_contact_has_its_own_moment() -> None:
    both = pd.concat([contacts(2, 0), contacts(2, 0, "later", decided_at=after(30))], ignore_index=True)
    made = [payment("C00000", None, after(10), "app"), payment("C00001", None, after(40), "app")]
    found = paying(both, frame([], bill("C00000", 0, after(0))), frame(made, made[0]), WINDOW)
    assert found["payments_after"].tolist() == [1, 1, 0, 1]
    assert found["payments_before"].tolist() == [0, 0, 1, 0]


def test_nobody_is_nothing() -> None:
    one, other = bill("C00000", 0, after(0)), payment("C00000", 0, after(0), "app")
    assert paying(contacts(0, 0), frame([], one), frame([], other), WINDOW).columns.tolist() == list(PAYING_COLUMNS)


_DAYS = st.integers(-80, 80)


@given(
    st.lists(st.tuples(st.integers(0, 2), _DAYS), max_size=8),
    st.lists(st.tuples(st.integers(0, 2), _DAYS, st.sampled_from(["app", "hall", "bank"])), max_size=10),
)
@settings(max_examples=40, deadline=None)
def test_counts_are_as_counted_one_by_one(due: list[tuple[int, int]], paid: list[tuple[int, int, str]]) -> None:
    bills = [bill(f"C0000{who}", place, after(day)) for place, (who, day) in enumerate(due)]
    money = [payment(f"C0000{who}", None, after(day + 0.5), way) for who, day, way in paid]
    # Bills from long before anybody paid are left out of the books.
    money.append(payment("C00009", None, after(-300), "hall"))
    found = told(bills, money, 3)
    for place in range(3):
        row, mine = found.iloc[place], [(day + 0.5, way) for who, day, way in paid if who == place]
        assert row["payments_before"] == sum(-WINDOW < day <= 0 for day, _ in mine)
        assert row["counter_after"] == sum(0 < day <= WINDOW and way == "hall" for day, way in mine)
        assert row["due_bills"] == sum(0 < day <= WINDOW for who, day in due if who == place)
        assert 0 <= row["due_paid_cny"] <= row["due_cny"]
        assert 0 <= row["arrears_paid_cny"] <= row["arrears_cny"]


def outcome(push: str, customer: str, at: pd.Timestamp, kind: str = "accepted", told_at: Any = None) -> dict[str, Any]:
    return {"push_id": push, "customer_id": customer, "kind": kind, "at": at, "recorded_at": told_at or at}


def test_an_answer_counts_within_its_window_once_it_is_known() -> None:
    made = contacts(6, 0)
    ids = made["push_id"]
    rows = [
        outcome(ids[0], "C00000", after(3)),
        outcome(ids[1], "C00001", after(60.1)),
        outcome(ids[2], "C00002", after(3), "declined"),
        outcome(ids[3], "C00003", after(3), "fulfilled"),
        outcome(ids[4], "C00004", after(3), told_at=after(100)),
        outcome("another", "C00005", after(45)),
    ]
    assert answered(made, pd.DataFrame(rows), WINDOW, after(90)).tolist() == [1, 0, 0, 1, 0, 1]


def test_an_application_counts_of_those_held_out_like_of_those_sent_to() -> None:
    made = contacts(4, 4)
    rows = [(f"C{k:05d}", kind, after(day)) for k, kind, day in [(0, "increase", 3), (1, "new", 60), (4, "new", 0.1)]]
    rows += [("C00002", "decrease", after(3)), ("C00003", "increase", after(60.1)), ("C00005", "increase", after(0))]
    rows += [(None, "new", after(3)), ("C00006", "increase", after(-1)), ("C00006", "increase", after(9))]
    books = pd.DataFrame(rows, columns=["customer_id", "kind", "submitted_at"]).astype({"kind": "category"})
    books["customer_id"] = books["customer_id"].astype("category")
    assert applied(made, books, WINDOW).tolist() == [1, 1, 0, 0, 1, 0, 1, 0]
    assert np.isnan(applied(made, books.iloc[:0], WINDOW)).all()
    assert np.isnan(applied(made, books[books["submitted_at"] <= after(0)], WINDOW)).all()


@pytest.mark.parametrize(
    ("kind", "books", "success"),
    [
        ("payment_to_app", {"app_after": 1, "counter_after": 0}, 1.0),
        ("payment_to_app", {"app_after": 1, "counter_after": 1}, 0.0),
        ("payment_to_app", {"app_after": 0, "counter_after": 0}, 0.0),
        ("payment_to_app", {"payments_after": np.nan}, np.nan),
        ("autopay", {"autopay_after": 2}, 1.0),
        ("autopay", {"autopay_after": 0}, 0.0),
        ("arrears_paid", {"arrears_cny": 80.0, "arrears_paid_cny": 80.0}, 1.0),
        ("arrears_paid", {"arrears_cny": 80.0, "arrears_paid_cny": 79.0}, 0.0),
        ("arrears_paid", {"arrears_cny": 0.0, "arrears_paid_cny": 0.0}, np.nan),
        ("accepted", {}, 1.0),
        ("application", {}, 0.0),
    ],
)
def test_success_is_what_the_service_counts_as_one(kind: str, books: dict[str, float], success: float) -> None:
    paid = pd.DataFrame([dict.fromkeys(PAYING_COLUMNS, 0.0) | books])
    assert successes(pd.Series([kind]), np.ones(1), np.zeros(1), paid).tolist() == pytest.approx([success], nan_ok=True)
