"""What holds of all features: nothing from after the moment, ratios without a unit, unknown stays unknown."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.crowd import AT, crowd
from features.behaviour import FEATURE_NAMES, FEATURES, IntervalUse, Known, features_at
from features.contracts import CONTRACTS

DAY = pd.Timedelta(days=1)
LEVELS = {
    *("use_28d_kwh_day", "use_90d_kwh_day", "use_365d_kwh", "peak_kw", "base_kw"),
    *("share_of_area", "contract_use_share"),
}
"""Features that grow with use; of the ratios, those of what does not come from the customer's readings."""


@pytest.fixture(scope="session")
def whole(few: Known) -> Known:
    """Forty customers with everything, short intervals and a feeder among it."""
    rng = np.random.default_rng(0)
    start = pd.Timestamp("2025-09-01", tz="Asia/Shanghai").tz_convert("UTC")
    kwh = rng.gamma(2.0, 0.3, (few.count, 91 * 24)).astype(np.float32)
    hours = pd.date_range(start, periods=91 * 24, freq="h")
    feeder = pd.DataFrame({"F000": rng.gamma(9.0, 100.0, len(hours))}, index=hours)
    return replace(few, intervals=IntervalUse(start, 60, kwh), feeder_kw=feeder)


@pytest.fixture(scope="session")
def found(whole: Known) -> pd.DataFrame:
    return features_at(whole)


def test_every_feature_is_declared_once_and_made_from_tables_that_are(found: pd.DataFrame) -> None:
    assert len(FEATURES) >= 60
    assert len(set(FEATURE_NAMES)) == len(FEATURE_NAMES) == len({one.chinese for one in FEATURES})
    assert tuple(found.columns) == FEATURE_NAMES
    assert found.dtypes.eq("float64").all()
    assert {table for one in FEATURES for table in one.source} <= set(CONTRACTS)
    assert all(one.unit and one.window and one.meaning and one.chinese for one in FEATURES)


def test_each_feature_is_known_of_somebody_and_none_is_infinite(found: pd.DataFrame) -> None:
    assert [name for name in found.columns if found[name].isna().all()] == []
    assert not np.isinf(found.to_numpy()).any()


@settings(max_examples=12, deadline=None)
@given(size=st.sampled_from([0.125, 0.5, 3.0, 64.0]))
def test_more_use_of_the_same_kind_scales_levels_and_leaves_all_else(
    size: float, whole: Known, found: pd.DataFrame
) -> None:
    assert whole.intervals is not None
    scaled = replace(
        whole,
        use=replace(whole.use, kwh=whole.use.kwh * np.float32(size)),
        intervals=replace(whole.intervals, kwh=whole.intervals.kwh * np.float32(size)),
    )
    other = features_at(scaled)
    wanted = found.mul([size if name in LEVELS else 1.0 for name in found.columns])
    pd.testing.assert_frame_equal(other, wanted, rtol=1e-4, atol=1e-9)


def test_nothing_from_after_the_moment_changes_anything(whole: Known, found: pd.DataFrame) -> None:
    after = crowd(40, seed=9, at=AT + 200 * DAY)

    def both(name: str, time: str) -> pd.DataFrame:
        later = getattr(after, name)
        later = later[(later[time] > AT).to_numpy(dtype=bool)]
        texts = {one: "str" for one in ("customer_id", "channel") if one in later.columns}
        # Other identifiers, so that no key comes twice.
        for key in ("bill_id", "work_order_id", "application_id"):
            later = later.assign(**{key: "X" + later[key]}) if key in later.columns else later
        return pd.concat([getattr(whole, name).astype(texts), later.astype(texts)], ignore_index=True)

    future = np.full((whole.count, 30), 500.0, dtype=np.float32)
    changed = replace(
        whole,
        use=replace(whole.use, kwh=np.append(whole.use.kwh, future, axis=1)),
        temperature_c=pd.concat([whole.temperature_c, after.temperature_c.loc["2025-12-02":]]),
        bills=both("bills", "issued_at"),
        work_orders=both("work_orders", "opened_at"),
        satisfaction=both("satisfaction", "answered_at"),
        app_activity=both("app_activity", "start_utc"),
        applications=both("applications", "submitted_at"),
        events=both("events", "start_utc"),
    )
    assert len(changed.bills) > len(whole.bills)
    pd.testing.assert_frame_equal(features_at(changed), found)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 999), name=st.sampled_from(["bills", "payments", "work_orders", "events", "app_activity"]))
def test_a_table_the_territory_does_not_have_is_not_known_and_changes_no_other_group(
    seed: int, name: str, whole: Known, found: pd.DataFrame
) -> None:
    table = {"bills": "bill", "payments": "payment", "work_orders": "work_order", "events": "event"}.get(name, name)
    without = features_at(replace(whole, **{name: getattr(whole, name).head(0)}))
    of_table = [one.name for one in FEATURES if table in one.source]
    # Periods and the use of the contract come from intervals as well.
    shared = {one for one in of_table if "meter" in next(f.source for f in FEATURES if f.name == one)}
    assert without[[one for one in of_table if one not in shared]].isna().all(axis=None)
    rest = [one for one in FEATURE_NAMES if one not in of_table]
    pd.testing.assert_frame_equal(without[rest], found[rest])


def test_days_that_are_not_known_leave_their_features_unknown(make_known: Callable[..., Known]) -> None:
    kwh = np.full((1, 730), 5.0)
    kwh[0, -90:] = np.nan
    found = features_at(make_known(kwh)).iloc[0]
    unknown = ["use_28d_kwh_day", "use_90d_kwh_day", "year_on_year_share", "volatility", "vacancy_days"]
    assert found[[*unknown, "share_of_area", "use_rank_in_class"]].isna().all()
    assert found["use_365d_kwh"] == pytest.approx(365 * 5)
    assert found["use_known_share"] == pytest.approx(275 / 365)


def test_customers_do_not_depend_on_each_other_but_by_rank_and_number(whole: Known, found: pd.DataFrame) -> None:
    kept = np.arange(0, whole.count, 3)
    part = whole.rows(kept)
    own = [name for name in FEATURE_NAMES if name not in ("use_rank_in_class", "area_customers")]
    pd.testing.assert_frame_equal(features_at(part)[own], found.iloc[kept][own], rtol=1e-9)


def test_use_alone_gives_the_features_of_daily_use_and_no_others(whole: Known, found: pd.DataFrame) -> None:
    bare = features_at(Known.of_use(AT, whole.calendar, whole.use, whole.temperature_c))
    daily = [one.name for one in FEATURES if one.group == "daily use" and one.name != "use_known_share"]
    pd.testing.assert_frame_equal(bare[daily], found[daily], check_index_type=False)
    assert bare.drop(columns=[*daily, "use_known_share"]).isna().all(axis=None)
