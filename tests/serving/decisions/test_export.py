"""Open capacity of areas whose net load goes negative: figures for all of them, and no room made of sunshine."""

import numpy as np
import pandas as pd
import pytest

from features.clock import Calendar
from features.load.grid import Grid, Versions
from features.load.history import History
from features.load.weather import Weather
from serving.decisions.capacity import capacity_answer
from serving.decisions.policy import CapacityPolicy
from serving.decisions.seasons import SEASONS, season_shares
from training.peak import PeakConfig, PeakModel
from training.peak.blocks import BLOCKS

QUICK = PeakConfig(
    scenarios=64, calibration_scenarios=50, origins=2, origin_step_days=180, horizons_days=(31, 365), harmonics=2
)
RATING_KVA, UTILISATION = 200.0, 0.8
NOON = 2
"""The block from eight o'clock to noon."""


@pytest.fixture(scope="module")
def history() -> History:
    """Three years of a plain area, one that exports at noon, and a plant that never draws."""
    start, steps = pd.Timestamp("2022-01-01", tz="UTC"), 24 * 365 * 3
    hours = np.arange(steps)
    season = np.sin(2 * np.pi * (hours / 24 - 80) / 365.25)
    rng = np.random.default_rng(3)
    sky = np.repeat(rng.uniform(0.4, 1.0, steps // 24), 24)
    sun = (0.7 + 0.3 * season) * np.maximum(np.sin(2 * np.pi * (hours - 4) / 24), 0) * sky
    use = 60 + 15 * np.sin(2 * np.pi * (hours - 13) / 24) + rng.normal(0, 2, steps)
    loads = Grid(("PLAIN", "PLANT", "ROOFS"), start, 60, np.stack([use, -40 * sun - 1.0, use - 150 * sun]))
    nodes = pd.DataFrame(
        {
            "name": list(loads.ids),
            "kind": "area",
            "parent_id": None,
            "hall_id": None,
            "power_factor": 0.95,
            "allowed_utilisation": UTILISATION,
            "rating_kva": RATING_KVA,
            "rating_assumed": False,
            "weather_station_id": None,
        },
        index=pd.Index(loads.ids, name="node_id"),
    )
    return History(Versions.from_grid(loads), Weather({}), nodes, Calendar("UTC", "CN"), loads.end)


@pytest.fixture(scope="module")
def answer(history: History) -> pd.DataFrame:
    model = PeakModel.fit(history, QUICK)
    return capacity_answer(history, {}, model, CapacityPolicy(), history.as_of).set_index("node_id")


def test_every_area_has_its_figure(answer: pd.DataFrame) -> None:
    assert (answer["reason"] == "AREA_THERMAL").all()
    assert np.isfinite(answer[["open_kva", "peak_p50_kw", "peak_p95_kw"]].to_numpy()).all()
    assert (answer["peak_p50_kw"] <= answer["peak_p95_kw"]).all()


def test_the_peak_of_a_plant_that_never_draws_is_not_raised_to_nothing(answer: pd.DataFrame) -> None:
    assert answer.at["PLANT", "peak_p50_kw"] <= 0
    assert answer.at["PLANT", "open_kva"] == RATING_KVA * UTILISATION


def test_export_at_noon_makes_no_room(answer: pd.DataFrame) -> None:
    limit = RATING_KVA * UTILISATION
    blocks = answer[[f"block_kva_{block}" for block in range(BLOCKS)]]
    assert (blocks <= limit).all(axis=None)
    assert (blocks >= 0).all(axis=None)
    # The evening peak is the same with and without roofs, and decides.
    assert answer.at["ROOFS", "open_kva"] == pytest.approx(answer.at["PLAIN", "open_kva"], abs=10)
    assert answer.at["ROOFS", f"block_kva_{NOON}"] >= answer.at["PLAIN", f"block_kva_{NOON}"]


def test_seasons_of_an_exporter_are_those_of_what_it_draws(history: History) -> None:
    shares = season_shares(history)
    assert shares.loc["PLANT"].tolist() == [1.0] * len(SEASONS)
    assert ((shares.loc["ROOFS"] > 0.8) & (shares.loc["ROOFS"] <= 1)).all()
