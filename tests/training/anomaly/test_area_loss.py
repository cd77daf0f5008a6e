"""Areas whose own meter saw more than before come first, and in them the customer who was planted."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from training.anomaly.area_loss import AREA_COLUMNS, area_losses, suspects_of
from training.anomaly.windows import WindowConfig

MakeCrowd = Callable[..., np.ndarray]
CONFIG = WindowConfig(window_days=90, history_days=360, turned=False)
END = pd.Timestamp("2025-07-01")


@pytest.fixture(scope="module")
def town(make_crowd: MakeCrowd) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """Six areas of forty; in A3 customer 150 shows two fifths of his use for 50 days. Losses and lamps are constant."""
    true = make_crowd(customers=240)
    areas = np.repeat([f"A{one}" for one in range(6)], 40)
    rng = np.random.default_rng(4)
    energy = {
        area: 1.05 * (mine := true[areas == area].sum(axis=0)) + 40 + rng.normal(0, 0.004 * mine.mean(), len(mine))
        for area in np.unique(areas)
    }
    shown = true.copy()
    shown[150, -50:] *= 0.4
    return shown, areas, pd.DataFrame.from_dict(energy, orient="index")


def test_the_area_with_a_thief_stands_out(town: tuple[np.ndarray, np.ndarray, pd.DataFrame]) -> None:
    read, areas, energy = town
    frame = area_losses(read, areas, energy, CONFIG.window_days)
    assert list(frame.columns) == list(AREA_COLUMNS)
    assert len(frame) == 6
    assert frame["area_id"].iloc[0] == "A3"
    assert frame["ratio"].iloc[0] > 2 * frame["ratio"].iloc[1]
    assert (frame["ratio"] == frame["lost_kwh_day"] / frame["usual_kwh_day"]).all()


def test_an_area_that_is_not_known_is_left_out(town: tuple[np.ndarray, np.ndarray, pd.DataFrame]) -> None:
    read, areas, energy = town
    gone = energy.copy()
    gone.loc["A3", gone.columns[:200]] = np.nan
    gone.loc["A4", gone.columns[-28:]] = np.nan
    assert set(area_losses(read, areas, gone, CONFIG.window_days)["area_id"]) == {"A0", "A1", "A2", "A5"}


def test_the_thief_is_the_first_suspect_and_the_days_say_why(
    town: tuple[np.ndarray, np.ndarray, pd.DataFrame],
) -> None:
    read, areas, energy = town
    members = np.flatnonzero(areas == "A3")
    scores = np.full(len(read), 0.1)
    scores[members[0]] = np.nan
    found = suspects_of(read, members, energy.loc["A3"].to_numpy(), scores, CONFIG, END)
    assert found.table["row"].iloc[0] == 150
    assert sorted(found.table["row"]) == members.tolist()
    assert len(found.unexplained) == CONFIG.window_days
    assert len(found.reasons) == len(members)
    assert found.reasons[0][0].code == "USE_FELL"
    stolen = read[150, -50:].sum() * (1 / 0.4 - 1)
    assert found.unexplained[-50:].sum() == pytest.approx(stolen, rel=0.5)
