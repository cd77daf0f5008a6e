"""What came: the highest load of a stretch, sums where nothing is measured, gaps that hide the outcome."""

import numpy as np
import pandas as pd

from features.load.grid import Grid
from training.backtests.realised import realised_kw

START = pd.Timestamp("2024-01-01", tz="UTC")


def hours(number: int) -> pd.Timestamp:
    return START + pd.Timedelta(hours=number)


def grid(**loads: list[float]) -> Grid:
    return Grid(tuple(loads), START, 60, np.array(list(loads.values()), dtype=float))


def test_the_highest_load_of_the_stretch_alone_counts() -> None:
    loads = grid(A=[9.0, 1, 2, 3, 4, 5, 4, 3, 2, 1, 1, 8])
    found = realised_kw(loads, pd.Series({"A": None}), hours(1), hours(11))
    assert found.to_dict() == {"A": 5.0}


def test_a_node_never_measured_takes_the_sum_at_each_hour_not_the_sum_of_peaks() -> None:
    loads = grid(A=[1.0, 5, 1], B=[4.0, 1, 1], F=[np.nan] * 3)
    parents = pd.Series({"A": "F", "B": "F", "F": "S", "S": None})
    found = realised_kw(loads, parents, START, hours(3))
    assert found[["F", "S"]].tolist() == [6.0, 6.0]
    measured = realised_kw(grid(A=[1.0, 5], B=[4.0, 1], F=[7.0, 7]), parents, START, hours(2))
    assert measured["F"] == 7.0


def test_a_tenth_unknown_hides_the_outcome_and_so_does_the_end_of_the_data() -> None:
    known = [1.0] * 20
    one, two = [*known[:18], np.nan, 1.0], [*known[:17], np.nan, np.nan, np.nan]
    loads = grid(A=one, B=two)
    found = realised_kw(loads, pd.Series({"A": None, "B": None, "C": None}), START, hours(20))
    assert found["A"] == 1.0
    assert np.isnan(found["B"])
    assert np.isnan(found["C"])
    assert np.isnan(realised_kw(loads, pd.Series({"A": None}), START, hours(30))["A"])


def test_parents_in_a_loop_end_somewhere() -> None:
    loads = grid(A=[1.0])
    found = realised_kw(loads, pd.Series({"A": "X", "X": "Y", "Y": "X"}), START, hours(1))
    assert found["A"] == 1.0
