"""Block maxima and weather of local days."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from features.clock import Calendar
from features.load.grid import Grid
from training.peak.blocks import BLOCKS, block_maxima, block_weather


def grid(values: np.ndarray, start: str = "2024-01-01", step: int = 60) -> Grid:
    ids = tuple(f"n{k}" for k in range(len(values)))
    return Grid(ids, pd.Timestamp(start, tz="UTC"), step, values)


@given(st.integers(0, 2**32 - 1), st.sampled_from([15, 30, 60]), st.sampled_from(["UTC", "Asia/Shanghai", "-05:00"]))
def test_each_block_is_the_maximum_of_its_local_hours(seed: int, step: int, zone: str) -> None:
    rng = np.random.default_rng(seed)
    loads = grid(rng.normal(10, 30, (2, 4 * 1440 // step)), step=step)
    days, peak = block_maxima(loads, Calendar(zone), 1.0)
    local = Calendar(zone).local(loads.times)
    frame = pd.DataFrame(loads.values.T, index=local)
    key = [local.normalize(), local.hour // 4]
    slow, count = frame.groupby(key).max(), frame.groupby(key).size()
    for (day, block), row in slow.iterrows():
        found = peak[:, days.get_loc(day), block]
        if count[(day, block)] * step == 240:
            np.testing.assert_array_equal(found, row)
        else:
            assert np.isnan(found).all()


def test_half_a_block_is_unknown_not_small() -> None:
    values = np.full((1, 48), 5.0)
    values[0, 1:4] = np.nan
    values[0, 4] = np.nan
    peak = block_maxima(grid(values), Calendar("UTC"), 0.75)[1][0]
    assert np.isnan(peak[0, 0])
    assert peak[0, 1] == 5.0
    assert np.isfinite(peak[1]).all()


def test_days_of_23_and_25_hours_keep_their_blocks() -> None:
    loads = grid(np.arange(24.0 * 240)[None, :], start="2024-03-20")
    days, peak = block_maxima(loads, Calendar("Europe/Amsterdam"), 0.75)
    whole = peak[0, 1:-1]
    assert np.isfinite(whole).all()
    assert (np.diff(whole.ravel()) > 0).all()
    assert len(days) == len(peak[0])


def test_block_weather_is_mean_and_memory() -> None:
    temperature = grid(np.repeat(np.arange(10.0), 24)[None, :])
    days = pd.date_range("2024-01-01", periods=10, freq="D")
    weather = block_weather(temperature, Calendar("UTC"), days)
    assert weather.shape == (1, 10, BLOCKS, 4)
    np.testing.assert_allclose(weather[0, :, 2, 0], np.arange(10.0))
    np.testing.assert_allclose(weather[0, 5, -1, 1], 5.0)
    np.testing.assert_allclose(weather[0, 5, -1, 2], 4.0)
    np.testing.assert_allclose(weather[0, 8, -1, 3], 5.0)


def test_gaps_in_weather_are_bridged_and_silence_stays_unknown() -> None:
    values = np.stack([np.full(72, 8.0), np.full(72, np.nan)])
    values[0, 20:50] = np.nan
    weather = block_weather(grid(values), Calendar("UTC"), pd.date_range("2024-01-01", periods=3, freq="D"))
    np.testing.assert_allclose(weather[0], 8.0)
    assert np.isnan(weather[1]).all()
