"""Hourly means: whole hours that begin with the moment asked for, unknown where a part is."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import ModelError
from features.load.grid import Grid
from training.outlook import hourly_means

START = pd.Timestamp("2024-01-01", tz="UTC")


@given(st.integers(0, 200), st.integers(0, 7), st.integers(0, 60), st.sampled_from([5, 10, 15, 20, 30, 60]))
def test_every_hour_is_the_mean_of_its_parts(steps: int, late: int, ahead: int, step_minutes: int) -> None:
    step = pd.Timedelta(minutes=step_minutes)
    moment = START + ahead * step
    loads = Grid(("a",), START + late * step, step_minutes, np.arange(steps, dtype=float)[None] ** 2)
    found = hourly_means(loads, moment)
    frame = pd.Series(loads.values[0], index=loads.times)
    frame = frame.groupby((loads.times - moment) // pd.Timedelta(hours=1)).agg(["mean", "size"])
    whole = frame.loc[frame["size"] == 60 // step_minutes, "mean"]
    np.testing.assert_allclose(found.values[0], whole.to_numpy())
    assert len(whole) == 0 or found.start == moment + whole.index[0] * pd.Timedelta(hours=1)


def test_an_hour_with_an_unknown_part_is_unknown() -> None:
    values = np.array([[1.0, 2.0, np.nan, 4.0]])
    assert np.isnan(hourly_means(Grid(("a",), START, 30, values), START).values).tolist() == [[False, True]]


def test_steps_that_are_no_part_of_an_hour_are_refused() -> None:
    with pytest.raises(ModelError, match="come every 120 minutes"):
        hourly_means(Grid(("a",), START, 120, np.ones((1, 4))), START)
