"""Money: bills and payments of each customer reckoned one after the other say the same as the arrays."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.crowd import AT
from features.behaviour import Known
from features.behaviour.known import TABLE_COLUMNS
from features.behaviour.money import money_features
from features.contracts import CONTRACTS
from features.frames import empty_frame

DAY = pd.Timedelta(days=1)


def frame_of(table: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    names = TABLE_COLUMNS[table]
    if not rows:
        return empty_frame(CONTRACTS[table], names)
    frame = pd.DataFrame(rows).reindex(columns=list(names))
    return frame.astype({name: CONTRACTS[table].field(name).dtype for name in names})


def bill(number: int, customer: str, ago: int, amount: float, kwh: float = 100.0) -> dict[str, Any]:
    issued = AT - ago * DAY
    facts = {"bill_id": f"B{number:03d}", "customer_id": customer, "kwh": kwh, "amount_cny": amount}
    return facts | {"issued_at": issued, "due_at": issued + 16 * DAY, "start_utc": issued, "end_utc": issued}


def payment(
    number: int | None, customer: str, ago: float, amount: float, channel: str = "app", autopay: bool | None = False
) -> dict[str, Any]:
    name = None if number is None else f"B{number:03d}"
    facts = {"customer_id": customer, "bill_id": name, "paid_at": AT - ago * DAY, "amount_cny": amount}
    return facts | {"channel": channel, "autopay": autopay}


@pytest.fixture(scope="session")
def reckoned(make_known: Callable[..., Known]) -> Callable[..., pd.DataFrame]:
    known = make_known(np.ones((3, 10)))

    def reckon(bills: list[dict[str, Any]], payments: list[dict[str, Any]]) -> pd.DataFrame:
        return money_features(replace(known, bills=frame_of("bill", bills), payments=frame_of("payment", payments)))

    return reckon


# One bill long ago, paid at once, so that the records reach back far enough.
OLD = [bill(900, "other", 400, 10.0)], [payment(900, "other", 399, 10.0)]


def test_who_owes_nothing_owes_zero_and_who_was_never_billed_has_no_price(reckoned: Callable) -> None:
    found = reckoned(OLD[0] + [bill(1, "K0", 60, 50.0)], OLD[1] + [payment(1, "K0", 55, 50.0)])
    assert found.loc["K0", ["bill_12m_cny", "days_to_pay", "late_share", "arrears_cny"]].tolist() == [50, 5, 0, 0]
    nobody = found.loc["K1"]
    assert nobody[["bill_12m_cny", "billed_12m_kwh", "arrears_cny", "arrears_age_days"]].tolist() == [0, 0, 0, 0]
    unknown = ["average_price_cny_per_kwh", "days_to_pay", "late_share", "payment_channels", "counter_share", "autopay"]
    assert nobody[unknown].isna().all()


def test_what_is_not_due_yet_is_no_arrears_and_what_is_due_has_an_age(reckoned: Callable) -> None:
    rows = [bill(1, "K0", 10, 50.0), bill(2, "K1", 40, 80.0), bill(3, "K1", 70, 20.0)]
    found = reckoned(OLD[0] + rows, OLD[1] + [payment(2, "K1", 35, 30.0)])
    assert found.loc["K0", ["arrears_cny", "arrears_age_days"]].tolist() == [0, 0]
    assert np.isnan(found.loc["K0", "late_share"])
    assert found.loc["K1", ["arrears_cny", "arrears_age_days", "late_share"]].tolist() == pytest.approx([70, 54, 1])


def test_money_paid_ahead_pays_the_oldest_bill_on_the_day_it_came(reckoned: Callable) -> None:
    rows = [bill(1, "K0", 90, 60.0), bill(2, "K0", 60, 60.0), bill(3, "K0", 30, 60.0)]
    found = reckoned(OLD[0] + rows, OLD[1] + [payment(None, "K0", 100, 100.0), payment(None, "K0", 50, 30.0)])
    # The first is paid before it is made out, the second ten days after, of the third ten are covered.
    assert found.loc["K0", "days_to_pay"] == pytest.approx(5)
    assert found.loc["K0", "arrears_cny"] == pytest.approx(50)
    assert found.loc["K0", "late_share"] == pytest.approx(1 / 3)


def test_channels_are_those_of_money_that_came_in(reckoned: Callable) -> None:
    rows = [bill(n, "K0", 30 * n, 10.0) for n in range(1, 5)]
    paid = [payment(n, "K0", 30 * n - 3, 10.0, "hall" if n < 4 else "app", autopay=n == 1) for n in range(1, 5)]
    found = reckoned(OLD[0] + rows, OLD[1] + [*paid, payment(None, "K0", 1, -5.0, "bank")]).loc["K0"]
    assert found["counter_share"] == 0.75
    assert found["app_payment_share"] == 0.25
    assert found["payment_channels"] == pytest.approx(-(0.75 * np.log(0.75) + 0.25 * np.log(0.25)))
    assert found["autopay"] == 1


def test_bills_without_payments_say_what_is_billed_and_nothing_of_paying(reckoned: Callable) -> None:
    found = reckoned([bill(1, "K0", 300, 50.0)], [])
    assert set(found.columns) == {"bill_12m_cny", "billed_12m_kwh", "average_price_cny_per_kwh"}
    assert reckoned([], []).empty
    # Records of a month tell nothing of a year.
    assert "bill_12m_cny" not in reckoned([bill(1, "K0", 30, 50.0)], [payment(1, "K0", 29, 50.0)])


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_settling_is_what_a_clerk_would_reckon(data: st.DataObject, reckoned: Callable) -> None:
    who = st.sampled_from(["K0", "K1"])
    ages = data.draw(st.lists(st.tuples(who, st.integers(1, 200), st.integers(-3, 9)), max_size=8))
    bills = [bill(n, customer, ago, 10.0 * size) for n, (customer, ago, size) in enumerate(ages)]
    payments: list[dict[str, Any]] = []
    for _ in range(data.draw(st.integers(0, 10))):
        ago, amount = data.draw(st.floats(0.5, 220)), 10.0 * data.draw(st.integers(1, 12))
        number = data.draw(st.one_of(st.none(), st.sampled_from(range(len(bills))))) if bills else None
        if number is None:
            payments.append(payment(None, data.draw(who), ago, amount))
        else:
            payments.append(payment(number, bills[number]["customer_id"], ago, amount))
    found = reckoned(OLD[0] + bills, OLD[1] + payments)
    for customer in ("K0", "K1"):
        owed, days, late = clerk(customer, bills, payments)
        row = found.loc[customer]
        assert row["arrears_cny"] == pytest.approx(sum(owed.values()))
        age = max(((AT - due) / DAY for due in owed), default=0.0)
        assert row["arrears_age_days"] == pytest.approx(age)
        assert row["days_to_pay"] == pytest.approx(np.mean(days) if days else np.nan, nan_ok=True)
        assert row["late_share"] == pytest.approx(np.mean(late) if late else np.nan, nan_ok=True)


def clerk(
    customer: str, bills: list[dict], payments: list[dict]
) -> tuple[dict[pd.Timestamp, float], list[float], list[bool]]:
    """What is owed by its due day, days to pay of what was paid, whether each due bill was late."""
    mine = sorted((b for b in bills if b["customer_id"] == customer), key=lambda b: (b["issued_at"], b["bill_id"]))
    credit = [[p["paid_at"], p["amount_cny"]] for p in payments if (p["customer_id"], p["bill_id"]) == (customer, None)]
    for one in mine:
        named = [p for p in payments if p["bill_id"] == one["bill_id"]]
        over = sum(p["amount_cny"] for p in named) - one["amount_cny"]
        if over > 0:
            credit.append([max([one["issued_at"], *(p["paid_at"] for p in named)]), over])
    credit.sort(key=lambda one: one[0])
    owed: dict[pd.Timestamp, float] = {}
    days, late = [], []
    for one in mine:
        named = [p for p in payments if p["bill_id"] == one["bill_id"]]
        left, when = one["amount_cny"], [p["paid_at"] for p in named]
        left -= sum(p["amount_cny"] for p in named)
        while left > 0 and credit:
            part = min(left, credit[0][1])
            left -= part
            credit[0][1] -= part
            when.append(credit[0][0])
            if credit[0][1] == 0:
                credit.pop(0)
        paid = max([*when]) if left <= 0 and when else None
        if one["amount_cny"] <= 0:
            continue
        if paid is not None:
            days.append(max((paid - one["issued_at"]) / DAY, 0.0))
        if one["due_at"] <= AT:
            late.append(paid is None or paid > one["due_at"])
            if left > 0:
                owed[one["due_at"]] = owed.get(one["due_at"], 0.0) + left
    return owed, days, late
