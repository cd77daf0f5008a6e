"""Daily use: each feature is what one sees who takes a single customer and goes through its days one by one."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.behaviour import Known, features_at
from features.behaviour.daily import daily_features

DAY = pd.Timedelta(days=1)


def series(known: Known, place: int) -> pd.Series:
    values = known.use.kwh[place].astype(float)
    return pd.Series(values, index=known.use.days).reindex(pd.date_range(end=known.today - DAY, periods=730))


def mean(values: pd.Series, least: int) -> float:
    values = values.dropna()
    return float(values.mean()) if len(values) >= least else np.nan


def over(above: float, below: float) -> float:
    return above / below if below > 0 else np.nan


def facts_of(known: Known) -> pd.DataFrame:
    days = pd.date_range(end=known.today - DAY, periods=730)
    return known.calendar.days(days).assign(month=days.month)


def slow(known: Known, place: int) -> dict[str, float]:
    """Every feature of daily use of one customer but the fitted ones."""
    use, facts = series(known, place), facts_of(known)
    year = use.tail(365)
    fact = facts.tail(365)
    quiet = fact["festival"].abs() > 7
    weekday_off = fact["off"] & (fact["weekday"] < 5)
    holiday = fact["off"] & (fact["holiday"] | weekday_off)
    mild = mean(year[fact["month"].isin([4, 5, 10, 11])], 20)
    now, before = use.tail(90), use.shift(364).tail(90)
    pairs = pd.DataFrame({"now": now, "before": before}).dropna()
    apart = (now - use.shift(7).tail(90)).abs()
    began = known.calendar.local(pd.DatetimeIndex([known.customers["since"].iloc[place]]))[0].normalize()
    mine = year[year.index >= began]
    festival = facts["festival"].tail(400)
    around = facts["festival"].tail(430).abs()
    level = mean(year, 30)
    run = longest = 0
    for value in year:
        if not np.isnan(value) and not np.isnan(level):
            run = run + 1 if abs(value) <= 0.1 * abs(level) else 0
            longest = max(longest, run)
    return {
        "use_28d_kwh_day": mean(use.tail(28), 14),
        "use_90d_kwh_day": mean(now, 45),
        "use_365d_kwh": 365 * mean(year, 183),
        "year_on_year_share": over(pairs["now"].sum(), pairs["before"].sum()) - 1 if len(pairs) >= 45 else np.nan,
        "volatility": over(mean(apart, 30), mean(now, 45)),
        "summer_ratio": over(mean(year[fact["month"].isin([6, 7, 8])], 20), mild),
        "winter_ratio": over(mean(year[fact["month"].isin([12, 1, 2]) & quiet], 20), mild),
        "weekend_ratio": over(mean(year[fact["off"] & ~holiday & quiet], 12), mean(year[~fact["off"] & quiet], 30)),
        "holiday_ratio": over(mean(year[holiday & quiet], 3), mean(year[~holiday & quiet], 100)),
        "zero_day_share": float((year.dropna() == 0).mean()) if year.count() >= 30 else np.nan,
        "vacancy_days": run if year.count() >= 30 and year.tail(14).count() else np.nan,
        "longest_vacancy_days": longest if year.count() >= 30 else np.nan,
        "spring_festival_ratio": over(
            mean(use.tail(400)[festival.between(-1, 6)], 4), mean(use.tail(430)[around.between(12, 28)], 10)
        ),
        "use_known_share": float(mine.notna().mean()),
    }


def test_every_feature_is_what_its_days_say(few: Known) -> None:
    found = daily_features(few)
    expected = pd.DataFrame([slow(few, place) for place in range(few.count)], index=few.customers.index)
    pd.testing.assert_frame_equal(found[expected.columns], expected, rtol=1e-6, check_dtype=False)
    # Unknown and known cases of each must both have been seen.
    assert expected.notna().any().all()
    assert expected.drop(columns="use_known_share").isna().any().all()


def test_slopes_and_trend_are_those_of_a_fit_of_each_customer_alone(few: Known) -> None:
    found = daily_features(few)
    days = pd.date_range(end=few.today - DAY, periods=730)
    warm = few.temperature_c.reindex(days).to_numpy()
    facts = facts_of(few)
    festival = np.interp(facts["festival"], [-11, -3, 6, 16], [0, 1, 1, 0])
    years = np.arange(730) / 365.25
    design = np.column_stack(
        [np.ones(730), years, np.maximum(warm - 22, 0), np.maximum(16 - warm, 0), facts["off"], festival]
    )
    seen = 0
    for place in range(few.count):
        use = series(few, place).to_numpy()
        known = np.isfinite(use)
        row = found.iloc[place]
        if known.sum() < 300 or not use[known].mean() > 0:
            assert np.isnan(row["trend_share_year"])
            continue
        weight = np.linalg.lstsq(design[known], use[known], rcond=None)[0] / use[known].mean()
        names = ["trend_share_year", "cooling_slope_share_c", "heating_slope_share_c"]
        np.testing.assert_allclose(row[names].to_numpy(), weight[1:4], atol=1e-4)
        seen += 1
    assert seen > 30


def test_a_planted_shift_is_found_on_its_week_and_none_where_none_is(few: Known, make_known: Callable) -> None:
    rng = np.random.default_rng(1)
    weather = few.temperature_c.to_numpy()
    kwh = 10 * (1 + 0.04 * np.maximum(weather - 22, 0)) * np.exp(0.15 * rng.standard_normal((60, 730)))
    kwh[:20, -140:] *= 0.4
    kwh[20:30, -70:] *= 1.8
    kwh[59] = 0.0
    found = daily_features(make_known(kwh, temperature_c=few.temperature_c))
    assert (found["level_shift_days"].iloc[:20] - 140).abs().max() <= 7
    assert (found["level_shift_days"].iloc[20:30] - 70).abs().max() <= 7
    assert found["level_shift_share"].iloc[:20].between(-0.75, -0.45).all()
    assert found["level_shift_share"].iloc[20:30].between(0.6, 1.0).all()
    assert found["level_shift_days"].iloc[30:].isna().all()
    assert (found["level_shift_share"].iloc[30:] == 0).all()


def test_a_shift_is_the_best_of_all_splits_fitted_one_by_one(few: Known) -> None:
    found = daily_features(few)
    days = pd.date_range(end=few.today - DAY, periods=364)
    facts = facts_of(few).tail(364)
    warm = few.temperature_c.reindex(days).to_numpy()
    festival = np.interp(facts["festival"], [-11, -3, 6, 16], [0, 1, 1, 0])
    columns = [np.ones(364), np.maximum(warm - 22, 0), np.maximum(16 - warm, 0), facts["off"], festival]
    design = np.column_stack(columns).astype(float).reshape(52, 7, -1).mean(axis=1)
    for place in range(17, few.count):
        weeks = series(few, place).tail(364).to_numpy().reshape(52, 7)
        use = np.nanmean(weeks, axis=1)
        use = use / use.mean()
        best, plain = (np.inf, 0, 0.0), np.linalg.lstsq(design, use, rcond=None)[1][0]
        for split in range(4, 49):
            step = np.append(design, (np.arange(52) >= split)[:, None], axis=1)
            weight, rest, _, _ = np.linalg.lstsq(step, use, rcond=None)
            best = min(best, (rest[0], split, weight[-1]))
        moved = abs(best[2]) >= 0.2 and (plain - best[0]) / (best[0] / 46) >= 30
        row = found.iloc[place]
        assert np.isfinite(row["level_shift_days"]) == moved
        if moved:
            assert row["level_shift_days"] == 7 * (52 - best[1])
            before = max(use[: best[1]].mean(), 0.1)
            assert row["level_shift_share"] == pytest.approx(best[2] / before, rel=1e-6)


def test_a_moved_working_day_is_a_working_day_and_the_golden_week_is_a_holiday(make_known: Callable) -> None:
    days = pd.date_range(end="2025-11-30", periods=730)
    known = make_known(np.full((1, 730), 10.0))
    facts = known.calendar.days(days)
    # Sunday 2025-09-28 was worked; 2025-10-02, a Thursday, was a day off.
    assert facts.loc["2025-09-28", "moved_work"]
    assert facts.loc["2025-10-02", "off"]
    flat = daily_features(known).iloc[0]
    assert flat["weekend_ratio"] == pytest.approx(1)

    def raised(day: str) -> pd.Series:
        kwh = np.where(days == day, 1000.0, 10.0)
        return daily_features(make_known(kwh[None, :])).iloc[0]

    assert raised("2025-09-28")["weekend_ratio"] < 1
    assert raised("2025-09-27")["weekend_ratio"] > 1
    assert raised("2025-10-02")["holiday_ratio"] > 1
    assert raised("2025-10-02")["weekend_ratio"] == pytest.approx(1)
    # The first day of the Spring Festival of 2025 and a day three weeks before.
    assert raised("2025-01-29")["spring_festival_ratio"] > 1
    assert raised("2025-01-29")["holiday_ratio"] == pytest.approx(1)
    assert raised("2025-01-08")["spring_festival_ratio"] < 1


def test_outside_china_there_is_no_spring_festival(few: Known) -> None:
    elsewhere = replace(few, calendar=replace(few.calendar, country="NL"))
    assert features_at(elsewhere)["spring_festival_ratio"].isna().all()


def test_without_weather_slopes_are_unknown_and_levels_are_not(few: Known) -> None:
    found = daily_features(replace(few, temperature_c=pd.Series(dtype=float)))
    assert found[["trend_share_year", "cooling_slope_share_c", "heating_slope_share_c"]].isna().all(axis=None)
    pd.testing.assert_series_equal(found["use_90d_kwh_day"], daily_features(few)["use_90d_kwh_day"])
    assert found["level_shift_share"].notna().any()
