"""Features at an issue time: an oracle for the lags, names for every column, no look ahead."""

import numpy as np
import pandas as pd
import pytest

from features.clock import Calendar
from features.load.issue import LINEAR_DAYS, PAST_DAYS, IssueInputs, build_features, feature_names, scale_of
from features.load.level import relevel
from features.load.weather import WeatherWindow

CALENDAR = Calendar("Asia/Shanghai", "CN")
ISSUE = pd.Timestamp("2024-03-10 22:00", tz="UTC")


def inputs(per_day: int = 24, nodes: int = 3, seed: int = 1, **changes: object) -> IssueInputs:
    rng = np.random.default_rng(seed)
    offsets = np.arange(0, 3 * per_day)
    step = 24 * 60 // per_day
    local = CALENDAR.local(pd.DatetimeIndex(ISSUE + pd.to_timedelta(offsets * step, unit="min")))
    days = pd.date_range(local[0].normalize() - pd.Timedelta(days=9), local[-1].normalize())
    width = LINEAR_DAYS * per_day
    window = WeatherWindow(
        ("W1", "W2"),
        ISSUE - pd.Timedelta(days=LINEAR_DAYS),
        step,
        {"temperature_c": rng.normal(15, 5, (2, width + len(offsets)))},
    )
    values: dict[str, object] = {
        "past_kw": rng.uniform(5, 15, (nodes, PAST_DAYS * per_day)),
        "past_linear_kw": rng.uniform(5, 15, (nodes, width)),
        "future_linear_kw": rng.uniform(5, 15, (nodes, len(offsets))),
        "offsets": offsets,
        "steps_per_day": per_day,
        "weather": window,
        "group_weights": np.array([[1.0, 0.0], [0.5, 0.5]]),
        "node_group": np.arange(nodes) % 2,
        "recentring": np.ones(nodes),
        "local_targets": local,
        "days": CALENDAR.days(days),
    }
    return IssueInputs(**(values | changes))


@pytest.mark.parametrize("per_day", [24, 48, 96])
def test_lags_are_those_a_slow_search_finds(per_day: int) -> None:
    given = inputs(per_day)
    features, scale = build_features(given)
    names = feature_names(("temperature_c",))
    assert features.shape[2] == len(names)
    past = given.past_kw
    for offset in (0, 5, per_day - 1, per_day, 2 * per_day + 3):
        day = next(past[:, -back] for back in range(1, 8 * per_day) if (offset + back) % per_day == 0)
        week = next(past[:, -back] for back in range(1, 8 * per_day) if (offset + back) % (7 * per_day) == 0)
        row = dict(zip(names, features[:, offset].T, strict=True))
        np.testing.assert_allclose(row["load_day"], day / scale, rtol=1e-6)
        np.testing.assert_allclose(row["load_week"], week / scale, rtol=1e-6)
        np.testing.assert_allclose(row["lead_hours"], offset * 24 / per_day)
        phase = [past[:, -back] for back in range(1, 28 * per_day + 1) if (offset + back) % (7 * per_day) == 0]
        np.testing.assert_allclose(row["load_howeek_mean4"], np.mean(phase, axis=0) / scale, rtol=1e-5)


def test_weather_columns_follow_the_nodes_group() -> None:
    given = inputs()
    features, _ = build_features(given)
    names = feature_names(("temperature_c",))
    now = features[:, :, names.index("temperature_c_now")]
    stations = given.weather.values["temperature_c"][:, LINEAR_DAYS * 24 :]
    np.testing.assert_allclose(now[0], stations[0], rtol=1e-5)
    np.testing.assert_allclose(now[1], stations.mean(axis=0), rtol=1e-5)
    mean = features[0, 30, names.index("temperature_c_mean24")]
    whole = given.weather.values["temperature_c"][0]
    at = LINEAR_DAYS * 24 + 30
    assert mean == pytest.approx(whole[at - 23 : at + 1].mean(), rel=1e-5)


def test_a_node_without_recent_load_has_no_scale_and_others_are_untouched() -> None:
    past = inputs().past_kw.copy()
    past[1] = np.nan
    features, scale = build_features(inputs(past_kw=past))
    whole, _ = build_features(inputs())
    assert np.isnan(scale).tolist() == [False, True, False]
    np.testing.assert_array_equal(features[[0, 2]], whole[[0, 2]])


def test_export_has_a_positive_scale() -> None:
    assert (scale_of(-inputs().past_kw, 24) > 0).all()


def test_relevel_finds_a_jump_and_leaves_weather_alone() -> None:
    linear = np.full((3, 14 * 24), 10.0)
    load = linear.copy()
    load[0, -72:] *= 3.0
    load[1, -72:] *= 1.2
    load[2, -72:] = np.nan
    np.testing.assert_allclose(relevel(load, linear, 24), [3.0, 1.0, 1.0])
