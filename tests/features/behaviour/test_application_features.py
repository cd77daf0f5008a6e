"""Applications: what was asked for, working days against the limit, and growth of the agreed capacity."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.crowd import AT
from features.behaviour import Known
from features.behaviour.applications import application_features, working_days
from features.behaviour.known import TABLE_COLUMNS
from features.behaviour.limits import load_application_limits
from features.clock import Calendar
from features.contracts import CONTRACTS
from features.errors import ConfigError

LIMITS = load_application_limits()
CHINA = Calendar("Asia/Shanghai", "CN")
NAMES = ("application_id", "customer_id", "kind", "status", "requested_kva", "submitted_at", "energised_at")


def applications(*rows: tuple) -> pd.DataFrame:
    """(id, customer, kind, status, kVA, submitted, energised)."""
    frame = pd.DataFrame(list(rows), columns=list(NAMES)).reindex(columns=list(TABLE_COLUMNS["application"]))
    for name in ("submitted_at", "energised_at"):
        frame[name] = pd.to_datetime(frame[name]).dt.tz_localize("Asia/Shanghai").dt.tz_convert("UTC")
    frame = frame.assign(customer_class="residential", closed_at=pd.NaT, approved_at=pd.NaT)
    frame["source_constrained"] = frame["application_id"].str.endswith("c")
    for name in ("closed_at", "approved_at"):
        frame[name] = pd.to_datetime(frame[name], utc=True)
    return frame.astype({name: CONTRACTS["application"].field(name).dtype for name in frame.columns})


OLD = ("Y0", "other", "new", "energised", 8.0, "2023-01-05", "2023-01-09")


@pytest.fixture(scope="session")
def known(make_known: Callable[..., Known]) -> Known:
    return make_known(np.ones((3, 10)))


def test_working_days_skip_the_golden_week_and_count_moved_ones() -> None:
    begin = pd.Series(pd.to_datetime(["2025-09-26", "2025-09-30", "2025-11-03", "2025-11-03"]).tz_localize("UTC"))
    end = pd.Series(pd.to_datetime(["2025-09-29", "2025-10-11", "2025-11-03", "2025-11-10"]).tz_localize("UTC"))
    # Sunday the 28th was worked; the 1st to the 8th was off, Saturday the 11th was worked.
    assert working_days(CHINA, begin, end).tolist() == [2, 3, 0, 5]


def test_the_latest_application_is_held_against_its_limit(known: Known) -> None:
    rows = applications(
        OLD,
        ("Y1", "K0", "increase", "energised", 8.0, "2025-03-03", "2025-03-04"),
        ("Y2", "K0", "increase", "energised", 8.0, "2025-11-03", "2025-11-10"),
        ("Y3", "K1", "increase", "submitted", 200.0, "2025-11-24", None),
    )
    found = application_features(replace(known, applications=rows), LIMITS)
    # Five working days of three; open since Monday, now Monday again, of 38.
    assert found["application_cycle_ratio"].tolist() == pytest.approx([5 / 3, 5 / 38, np.nan], nan_ok=True)
    assert found["application_open"].tolist() == [0, 1, 0]


def test_counts_are_of_three_years_and_true_zeros_where_none_was_made(known: Known) -> None:
    rows = applications(
        OLD,
        ("Y1", "K0", "new", "energised", 8.0, "2024-03-03", "2024-03-04"),
        ("Y2c", "K0", "increase", "withdrawn", 16.0, "2025-03-03", None),
        ("Y3", "K0", "decrease", "submitted", 4.0, "2025-11-20", None),
        ("Y4", "K0", "increase", "energised", 4.0, "2022-11-20", "2022-11-30"),
    )
    found = application_features(replace(known, applications=rows), LIMITS)
    names = ["applications_36m", "requested_kva_36m", "withdrawn_36m", "constrained_36m", "application_open"]
    assert found.loc["K0", names].tolist() == [3, 24, 1, 1, 1]
    assert found.loc["K1", names].tolist() == [0, 0, 0, 0, 0]


def test_growth_is_the_ledgers_or_else_what_was_supplied(known: Known) -> None:
    rows = applications(
        OLD,
        ("Y1", "K0", "increase", "energised", 4.0, "2025-03-03", "2025-03-04"),
        ("Y2", "K1", "increase", "energised", 4.0, "2025-03-03", "2025-03-04"),
        ("Y3", "K2", "increase", "approved", 4.0, "2025-03-03", None),
    )
    customers = known.customers.assign(contract_kva=[8.0, 16.0, 8.0])
    found = application_features(replace(known, customers=customers, applications=rows), LIMITS)
    assert found["kva_growth_share"].tolist() == [0.5, 1.0, 0.0]
    unknown = customers.assign(contract_kva=np.nan, earlier_kva=np.nan)
    found = application_features(replace(known, customers=unknown, applications=rows), LIMITS)
    assert found["kva_growth_share"].isna().all()


def test_without_a_table_of_applications_nothing_is_known_of_them(known: Known) -> None:
    assert list(application_features(known, LIMITS).columns) == ["kva_growth_share"]


def test_limits_are_policy(tmp_path: Path) -> None:
    classes, kva = np.array(["residential", "commercial", "industrial"]), np.array([8.0, 50.0, 400.0])
    assert LIMITS.working_days(LIMITS.reply, classes, kva).tolist() == [3, 7, 15]
    assert LIMITS.working_days(LIMITS.end_to_end, classes, kva).tolist() == [3, 15, 38]
    wrong = tmp_path / "limits.yaml"
    wrong.write_text("high_voltage_from_kva: 160\nanswer: {}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="answer"):
        load_application_limits(wrong)


def test_an_application_of_the_future_is_none(known: Known) -> None:
    rows = applications(OLD, ("Y1", "K0", "new", "submitted", 8.0, "2026-03-03", None))
    assert rows["submitted_at"].max() > AT
    found = application_features(replace(known, applications=rows), LIMITS)
    assert found.loc["K0", ["application_open", "applications_36m"]].tolist() == [0, 0]
