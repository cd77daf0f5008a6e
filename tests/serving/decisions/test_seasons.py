"""Shares of the year's peak by season, from planted years."""

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from features.clock import Calendar
from features.load.grid import Grid, Versions
from features.load.history import History
from features.load.weather import Weather
from serving.decisions.policy import CapacityPolicy
from serving.decisions.seasons import SEASONS, season_shares

LEVEL = {"winter": 80.0, "spring": 50.0, "summer": 100.0, "autumn": 60.0}


def planted(years: int, **more: float) -> tuple[pd.DatetimeIndex, np.ndarray]:
    times = pd.date_range(end="2025-01-01", periods=365 * 24 * years, freq="h", tz="UTC", inclusive="both")
    season = times.month.to_numpy() % 12 // 3
    return times, np.array([(LEVEL | more)[one] for one in SEASONS])[season]


def history(times: pd.DatetimeIndex, *rows: np.ndarray) -> History:
    grid = Grid(tuple(f"N{place}" for place in range(len(rows))), times[0], 60, np.stack(rows))
    nodes = pd.DataFrame({"kind": "feeder"}, index=list(grid.ids))
    return History(Versions.from_grid(grid), Weather({}), nodes, Calendar("UTC", "CN"), grid.end)


def test_each_season_has_its_share_of_the_peak() -> None:
    found = season_shares(history(*planted(1)))
    assert found.loc["N0"].to_dict() == pytest.approx({"winter": 0.8, "spring": 0.5, "summer": 1.0, "autumn": 0.6})


def test_of_several_years_the_highest_share_stands() -> None:
    times, kw = planted(2)
    kw = kw.copy()
    kw[: len(kw) // 2] = np.where(kw[: len(kw) // 2] == LEVEL["spring"], 90.0, kw[: len(kw) // 2])
    assert season_shares(history(times, kw)).loc["N0", "spring"] == pytest.approx(0.9)


def test_a_season_that_is_hardly_known_makes_no_room() -> None:
    times, kw = planted(1)
    gap = np.where((kw == LEVEL["autumn"]) & (times.day.to_numpy() > 10), np.nan, kw)
    found = season_shares(history(times, kw, gap))
    assert found.loc["N1", "autumn"] == 1.0
    assert found.loc["N1", "winter"] == pytest.approx(0.8)


def test_less_than_a_year_says_nothing() -> None:
    times, kw = planted(1)
    assert (season_shares(history(times[:-24], kw[:-24])) == 1.0).all(axis=None)


def test_a_node_that_only_exports_has_no_seasons() -> None:
    times, kw = planted(1)
    assert (season_shares(history(times, -kw)) == 1.0).all(axis=None)


def test_a_season_of_another_name_is_refused() -> None:
    with pytest.raises(ValidationError, match="no season is called monsoon"):
        CapacityPolicy(line_rating={"monsoon": 0.9})
