"""Contacts: counts, repeats, days with faults and the application, against a count by hand."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks.crowd import AT
from features.behaviour import Known
from features.behaviour.contacts import contact_features
from features.behaviour.known import TABLE_COLUMNS
from features.contracts import CONTRACTS

DAY = pd.Timedelta(days=1)


def orders(*rows: tuple[str, str | None, str, float, str | None, str | None]) -> pd.DataFrame:
    """(id, customer, kind, days ago, node, repeats)."""
    names = ["work_order_id", "customer_id", "kind", "opened_at", "node_id", "repeats_id"]
    frame = pd.DataFrame(list(rows), columns=names)
    frame["opened_at"] = AT - pd.to_timedelta(frame["opened_at"], unit="D")
    frame = frame[list(TABLE_COLUMNS["work_order"])]
    return frame.astype({name: CONTRACTS["work_order"].field(name).dtype for name in frame.columns})


OLD = ("G0", None, "enquiry", 700, None, None)


@pytest.fixture(scope="session")
def known(make_known: Callable[..., Known]) -> Known:
    base = make_known(np.ones((3, 10)))
    customers = base.customers.assign(area_id=["A1", "A1", "A2"])
    return replace(base, customers=customers)


def test_counts_are_by_kind_within_the_year(known: Known) -> None:
    rows = orders(
        OLD,
        ("G1", "K0", "complaint", 10, None, None),
        ("G2", "K0", "fault", 300, None, None),
        ("G3", "K0", "enquiry", 366, None, None),
        ("G4", "K0", "praise", 20, None, None),
        ("G5", "gone", "complaint", 20, None, None),
    )
    found = contact_features(replace(known, work_orders=rows))
    names = ["contacts_12m", "complaints_12m", "faults_12m", "enquiries_12m", "requests_12m", "days_since_contact"]
    assert found.loc["K0", names].tolist() == pytest.approx([3, 1, 1, 0, 0, 10])
    assert found.loc["K1", names[:5]].tolist() == [0] * 5
    assert np.isnan(found.loc["K1", "days_since_contact"])


def test_who_comes_again_within_a_week_repeats(known: Known) -> None:
    rows = orders(
        OLD,
        ("G1", "K0", "fault", 30, None, None),
        ("G2", "K0", "fault", 24, None, None),
        ("G3", "K0", "fault", 16, None, None),
        ("G4", "K0", "complaint", 15.5, None, None),
        ("G5", "K0", "complaint", 13, None, "G3"),
        ("G6", "K1", "fault", 24, None, None),
        ("G7", "K1", "enquiry", 18, None, "G6"),
        ("G8", "K1", "request", 2, None, "G6"),
    )
    found = contact_features(replace(known, work_orders=rows))["repeats_7d_12m"]
    # G2 after G1, G5 after G4; G7 names G6 within the week, G8 three weeks later.
    assert found.tolist() == [2, 1, 0]


def test_a_day_of_fault_counts_once_whoever_reported_it(known: Known) -> None:
    rows = orders(
        OLD,
        ("G1", "K0", "fault", 30, "A1", None),
        ("G2", "K1", "fault", 30.1, "A1", None),
        ("G3", "K1", "fault", 40, None, None),
        ("G4", None, "fault", 50, "A2", None),
        ("G5", "K2", "fault", 50, None, None),
        ("G6", None, "complaint", 60, "A2", None),
    )
    found = contact_features(replace(known, work_orders=rows))["outage_days_12m"]
    assert found.tolist() == [1, 2, 1]


def test_a_year_of_which_little_was_recorded_is_not_known(known: Known) -> None:
    rows = orders(("G1", "K0", "fault", 30, None, None))
    found = contact_features(replace(known, work_orders=rows))
    assert list(found.columns) == ["days_since_contact", "satisfaction_12m"]
    assert found["satisfaction_12m"].isna().all()


def test_the_application_counts_days_and_minutes(known: Known) -> None:
    def visits(*rows: tuple[str, float, Any]) -> pd.DataFrame:
        frame = pd.DataFrame(list(rows), columns=["customer_id", "start_utc", "active_minutes"])
        return frame.assign(start_utc=AT - pd.to_timedelta(frame["start_utc"], unit="D"))

    rows = visits(("K2", 120, 1), ("K0", 3, 2.5), ("K0", 3.1, 1.0), ("K0", 80, np.nan), ("K1", 5, np.nan))
    found = contact_features(replace(known, app_activity=rows))
    assert found["app_active_days_90d"].tolist() == [2, 1, 0]
    assert found["app_minutes_90d"].tolist() == pytest.approx([3.5, np.nan, 0.0], nan_ok=True)


def test_a_crowd_is_counted_as_one_by_one(few: Known) -> None:
    found = contact_features(few)
    recent = few.work_orders[few.work_orders["opened_at"] > AT - 365 * DAY]
    zone, every = "Asia/Shanghai", few.work_orders.sort_values("opened_at")
    faults = recent[recent["kind"] == "fault"]
    day = faults["opened_at"].dt.tz_convert(zone).dt.date
    answers = few.satisfaction[few.satisfaction["answered_at"] > AT - 365 * DAY]
    for name, customer in few.customers.iterrows():
        mine = recent[recent["customer_id"] == name]
        row = found.loc[name]
        assert row["contacts_12m"] == len(mine)
        assert row["enquiries_12m"] == (mine["kind"] == "enquiry").sum()
        about = (faults["customer_id"] == name) | (faults["node_id"] == customer["area_id"])
        assert row["outage_days_12m"] == day[about].nunique()
        score = answers.loc[answers["customer_id"] == name, "score"].astype(float)
        assert row["satisfaction_12m"] == pytest.approx(score.mean() if len(score) else np.nan, nan_ok=True)
        before = every[every["customer_id"] == name].groupby("kind")["opened_at"].shift()
        assert row["repeats_7d_12m"] == (mine["opened_at"] - before.reindex(mine.index) <= 7 * DAY).sum()
