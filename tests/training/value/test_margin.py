"""The margin against a slow and obvious version, and its parts against cases worked out by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.configs import config_path
from features.settings import load_settings
from training.value.margin import COMPONENTS, margins, open_debt
from training.value.policy import ValuePolicy

ORIGIN = pd.Timestamp("2024-01-01", tz="UTC")
POLICY = ValuePolicy(purchase_cost_by_class={"residential": 0.3}, bad_after_days=30)
DAY = pd.Timedelta(days=1)

bill = st.tuples(
    st.sampled_from("ABC"),
    st.integers(-200, 400),
    st.integers(1, 60),
    st.integers(-3000, 20000).map(lambda cents: cents / 100),
    st.integers(5, 40),
)
payment = st.tuples(
    st.sampled_from("ABC"),
    st.one_of(st.none(), st.integers(0, 11)),
    st.integers(-200, 450),
    st.integers(-2000, 15000).map(lambda cents: cents / 100),
)
cost = st.tuples(st.sampled_from("ABC"), st.integers(-100, 300), st.integers(20, 90), st.integers(0, 90))


def bill_frame(rows: list[tuple[str, int, int, float, int]]) -> pd.DataFrame:
    """Customer, first day after the origin, days, amount, days from its end until it is due; 2 kWh to the CNY."""
    names = [f"B{place}" for place in range(len(rows))]
    begin = [ORIGIN + one[1] * DAY for one in rows]
    end = [at + one[2] * DAY for at, one in zip(begin, rows, strict=True)]
    due = [at + one[4] * DAY for at, one in zip(end, rows, strict=True)]
    frame = pd.DataFrame({"bill_id": pd.Series(names, dtype="str"), "customer_id": [one[0] for one in rows]})
    frame["start_utc"], frame["end_utc"], frame["due_at"] = pd.DatetimeIndex(begin), pd.DatetimeIndex(end), due
    return frame.assign(kwh=[2 * one[3] for one in rows], amount_cny=[one[3] for one in rows])


def payment_frame(rows: list[tuple[str, int | None, int, float]]) -> pd.DataFrame:
    """Customer, number of the bill or None, day after the origin, amount."""
    bills = pd.Series([None if one[1] is None else f"B{one[1]}" for one in rows], dtype="str")
    paid = pd.to_datetime(pd.Series([ORIGIN + one[2] * DAY for one in rows], dtype="datetime64[us, UTC]"))
    frame = pd.DataFrame({"customer_id": pd.Series([one[0] for one in rows], dtype="str"), "bill_id": bills})
    return frame.assign(paid_at=paid, amount_cny=np.array([one[3] for one in rows], dtype=float))


def cost_frame(rows: list[tuple[str, int, int, int]]) -> pd.DataFrame:
    """Customer, first day after the origin, days, CNY."""
    begin = pd.Series([ORIGIN + one[1] * DAY for one in rows], dtype="datetime64[us, UTC]")
    end = pd.Series([ORIGIN + (one[1] + one[2]) * DAY for one in rows], dtype="datetime64[us, UTC]")
    frame = pd.DataFrame({"customer_id": pd.Series([one[0] for one in rows], dtype="str")})
    return frame.assign(start_utc=begin, end_utc=end, cost_cny=np.array([one[3] for one in rows], dtype=float))


def part(begin: pd.Timestamp, end: pd.Timestamp, low: pd.Timestamp, high: pd.Timestamp) -> float:
    """Day by day: which part of begin..end lies within low..high."""
    days = pd.date_range(begin, end - DAY, freq="D")
    return sum(low <= day < high for day in days) / len(days)


def slow_open(bills: pd.DataFrame, payments: pd.DataFrame, judged: pd.Timestamp) -> list[float]:
    """Pay bill by bill, as a clerk would."""
    left = {row["bill_id"]: row["amount_cny"] for _, row in bills.iterrows()}
    credit = dict.fromkeys("ABC", 0.0)
    for _, row in payments.iterrows():
        if row["paid_at"] > judged:
            continue
        if pd.isna(row["bill_id"]):
            credit[row["customer_id"]] += row["amount_cny"]
        elif row["bill_id"] in left:
            left[row["bill_id"]] -= row["amount_cny"]
    for _, row in bills.iterrows():
        if left[row["bill_id"]] < 0:
            credit[row["customer_id"]] -= left[row["bill_id"]]
            left[row["bill_id"]] = 0.0
    for _, row in bills.sort_values("due_at", kind="stable").iterrows():
        taken = min(max(credit[row["customer_id"]], 0.0), left[row["bill_id"]])
        credit[row["customer_id"]] -= taken
        left[row["bill_id"]] -= taken
    return [left[name] for name in bills["bill_id"]]


@settings(max_examples=40, deadline=None)
@given(st.lists(bill, min_size=1, max_size=12), st.lists(payment, max_size=12), st.lists(cost, max_size=6))
def test_it_is_what_a_clerk_would_reckon(bills: list, payments: list, costs: list) -> None:
    start, end, judged = ORIGIN, ORIGIN + 365 * DAY, ORIGIN + 400 * DAY
    billed, came, served = bill_frame(bills), payment_frame(payments), cost_frame(costs)
    classes = pd.Series({"A": "residential", "B": "industrial"})
    told = margins(billed, came, served, POLICY, start, end, judged, classes)
    left = slow_open(billed, came, judged)
    closed = 1.0
    if costs:
        first, last = max(served["start_utc"].min(), start), min(served["end_utc"].max(), end)
        closed = (end - start) / (last - first) if last > first else 1.0
    for name in "ABC":
        mine = [
            (row, debt) for (_, row), debt in zip(billed.iterrows(), left, strict=True) if row["customer_id"] == name
        ]
        shares = [part(row["start_utc"], row["end_utc"], start, end) for row, _ in mine]
        if not any(shares):
            assert name not in told.index
            continue
        revenue = sum(share * row["amount_cny"] for share, (row, _) in zip(shares, mine, strict=True))
        price = {"A": 0.3}.get(name, 0.4) / 0.95
        late = [row["due_at"] + 30 * DAY <= judged for row, _ in mine]
        bad = sum(share * debt for share, (_, debt), old in zip(shares, mine, late, strict=True) if old)
        cost_cny = closed * sum(
            part(row["start_utc"], row["end_utc"], start, end) * row["cost_cny"]
            for _, row in served.iterrows()
            if row["customer_id"] == name
        )
        wanted = [2 * revenue, revenue, 2 * revenue * price, cost_cny, bad]
        wanted.append(wanted[1] - sum(wanted[2:]))
        assert told.loc[name, list(COMPONENTS)].to_numpy() == pytest.approx(wanted, abs=0.02)


def test_a_correction_takes_from_what_is_owed() -> None:
    bills = bill_frame([("A", 0, 30, 100.0, 16), ("A", 0, 30, -40.0, 16)])
    assert open_debt(bills, payment_frame([]), ORIGIN + 200 * DAY).tolist() == [60.0, 0.0]
    told = margins(bills, payment_frame([]), cost_frame([]), POLICY, ORIGIN, ORIGIN + 365 * DAY)
    assert told.loc["A", "revenue_cny"] == 60.0
    assert told.loc["A", "bad_debt_cny"] == 60.0


def test_debt_is_bad_only_once_it_is_old() -> None:
    bills, judged = bill_frame([("A", 0, 30, 100.0, 16)]), ORIGIN + 70 * DAY
    told = margins(bills, payment_frame([]), cost_frame([]), POLICY, ORIGIN, ORIGIN + 60 * DAY, judged)
    assert told.loc["A", "bad_debt_cny"] == 0.0
    later = margins(bills, payment_frame([]), cost_frame([]), POLICY, ORIGIN, ORIGIN + 60 * DAY, judged + 6 * DAY)
    assert later.loc["A", "bad_debt_cny"] == 100.0


def test_no_bills_no_rows() -> None:
    none = bill_frame([("A", 0, 30, 100.0, 16)]).iloc[:0]
    assert margins(none, payment_frame([]), cost_frame([]), POLICY, ORIGIN, ORIGIN + 365 * DAY).empty


def test_the_shipped_policy_is_that_of_the_code() -> None:
    assert load_settings(ValuePolicy, config_path("policy/value.yaml")) == ValuePolicy()
