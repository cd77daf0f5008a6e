"""What stands around a customer: events that touch it, its area, its place within its class."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.crowd import AT
from features.behaviour import Known
from features.behaviour.around import account_features, area_features, event_features
from features.contracts import CONTRACTS


@pytest.fixture(scope="session")
def known(make_known: Callable[..., Known]) -> Known:
    base = make_known(np.ones((4, 10)))
    classes = ["residential", "residential", "commercial", "residential"]
    customers = base.customers.assign(area_id=["A1", "A1", "A1", "A2"], customer_class=classes)
    areas = pd.DataFrame(
        {
            "hall_id": ["H1", "H2"],
            "feeder_id": ["F1", "F2"],
            "rating_kva": [100.0, np.nan],
            "power_factor": [0.9, 0.9],
            "peak_kw": [99.0, 10.0],
            "mean_kw_90d": [10.0, np.nan],
        },
        index=["A1", "A2"],
    )
    areas["above"] = pd.Series([("F1", "S1", "H1", "D1", "C1"), ("F2", "S1", "H2", "D1", "C1")], index=areas.index)
    return replace(base, customers=customers, areas=areas)


def events(*rows: tuple[str, str, str | None, str, str | None]) -> pd.DataFrame:
    """(kind, scope kind, scope, local start, local end)."""
    frame = pd.DataFrame(list(rows), columns=["kind", "scope_kind", "scope_id", "start_utc", "end_utc"])
    for name in ("start_utc", "end_utc"):
        frame[name] = pd.to_datetime(frame[name]).dt.tz_localize("Asia/Shanghai").dt.tz_convert("UTC")
    frame = frame.assign(event_id=[f"E{n}" for n in range(len(rows))])
    return frame.astype({name: CONTRACTS["event"].field(name).dtype for name in frame.columns})


@pytest.mark.parametrize(
    ("row", "days"),
    [
        (("epidemic", "all", None, "2025-06-01", "2025-06-11"), [10, 10, 10, 10]),
        (("economic", "customer_class", "commercial", "2025-06-01", "2025-06-11"), [0, 0, 10, 0]),
        (("other", "node", "A1", "2025-06-01 12:00", "2025-06-02 12:00"), [2, 2, 2, 0]),
        (("other", "node", "F2", "2025-11-29", None), [0, 0, 0, 2]),
        (("other", "org_unit", "D1", "2024-11-01", "2024-12-03"), [2, 2, 2, 2]),
        (("other", "org_unit", "H1", "2025-12-10", None), [0, 0, 0, 0]),
        (("tariff_change", "all", None, "2025-06-01", None), [0, 0, 0, 0]),
    ],
)
def test_an_event_touches_whom_its_scope_names_on_days_that_are_over(row: tuple, days: list[int], known: Known) -> None:
    found = event_features(replace(known, events=events(row)))["event_days_365d"]
    assert found.tolist() == days


def test_days_with_two_events_count_once(known: Known) -> None:
    rows = events(
        ("other", "all", None, "2025-06-01", "2025-06-11"), ("other", "node", "A1", "2025-06-06", "2025-06-16")
    )
    assert event_features(replace(known, events=rows))["event_days_365d"].tolist() == [15, 15, 15, 10]


def test_the_area_stands_beside_its_customers(known: Known) -> None:
    use = pd.Series([12.0, 24.0, 5.0, 12.0], index=known.customers.index)
    found = area_features(known, use)
    assert found["area_peak_utilisation"].tolist() == pytest.approx([1.1, 1.1, 1.1, np.nan], nan_ok=True)
    assert found["area_customers"].tolist() == [3, 3, 3, 1]
    assert found["share_of_area"].tolist() == pytest.approx([0.05, 0.1, 5 / 240, np.nan], nan_ok=True)
    # Two of three households use the same: they stand on one place, a class of one in its middle.
    assert found["use_rank_in_class"].tolist() == pytest.approx([2 / 6, 5 / 6, 1 / 2, 2 / 6])


def test_tenure_is_counted_from_the_first_day_of_the_account(known: Known) -> None:
    since = [AT - pd.Timedelta(hours=36)] * 4
    found = account_features(replace(known, customers=known.customers.assign(since=since)))
    assert found["tenure_days"].tolist() == [1.5] * 4
