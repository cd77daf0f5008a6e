"""Layers of uptake: in the right hours and seasons, on the whole path, diverse, and nothing at all by default."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import ConfigError
from features.settings import load_settings, parse_settings
from training.peak.config import PeakConfig
from training.peak.connections import ConnectionPolicy
from training.peak.core import fit_core
from training.peak.inputs import PeakInputs
from training.peak.peaks import Peaks, state_peaks
from training.peak.uptake import PATHS, Layer, UptakePolicy, uptake_load

NIGHT = tuple(1.0 if hour < 4 else 0.0 for hour in range(24))
EVENING = tuple(1.0 if 16 <= hour < 20 else 0.0 for hour in range(24))
SHIPPED = Path(__file__).parents[3] / "configs" / "policy" / "uptake.yaml"


def policy(number: float, **values: object) -> UptakePolicy:
    """One layer of one kW each, `number` of them in every area from the end of the first day on, on every path."""
    settings = {"kw_per_adoption": 1.0, "profile": EVENING, "diversity_floor": 1.0} | values
    settings = {"per_area": {path: [number] for path in PATHS}} | settings
    return UptakePolicy(layers={"one": Layer.model_validate(settings)})


def peaks_of(inputs: PeakInputs, config: PeakConfig, uptake: UptakePolicy | None, days: int = 365) -> Peaks:
    connections = ConnectionPolicy()
    return state_peaks(fit_core(inputs, config, connections), (days,), config, connections, uptake)


@pytest.fixture(scope="module")
def plain(three_years: PeakInputs, quick: PeakConfig) -> Peaks:
    return peaks_of(three_years, quick, None)


def test_the_shipped_layers_add_nothing(three_years: PeakInputs, quick: PeakConfig, plain: Peaks) -> None:
    shipped = load_settings(UptakePolicy, SHIPPED)
    assert set(shipped.layers) == {"ev_home_charging", "heat_pumps"}
    assert not shipped.active()
    np.testing.assert_array_equal(peaks_of(three_years, quick, shipped).load_kw, plain.load_kw)


def test_evening_charging_raises_the_evening_of_its_area_and_of_all_above(
    three_years: PeakInputs, quick: PeakConfig, plain: Peaks
) -> None:
    ways = {path: [40.0, 40.0] for path in PATHS}
    factor = {f"A{k}": 0.0 for k in range(1, 6)}
    found = peaks_of(three_years, quick, policy(40.0, area_factor=factor, per_area=ways))
    more = np.median(found.load_kw - plain.load_kw, axis=2)[:, 0]
    rows = {node: k for k, node in enumerate(found.facts.index)}
    for node in ("A0", "F0", "S"):
        # Peaks may come early in the year, before all have been bought.
        assert 5.0 < more[rows[node], 4] <= 40.0
        np.testing.assert_array_equal(more[rows[node], [0, 1, 2, 3, 5]], 0.0)
    np.testing.assert_array_equal(more[[rows["A3"], rows["F1"]]], 0.0)
    # What was bought already, or will be, is no connection in transit.
    frame = found.frame()
    np.testing.assert_array_equal(frame["peak_p50_kw"], frame["base_p50_kw"])


def test_heat_pumps_draw_in_winter_and_not_in_summer() -> None:
    layer = policy(10.0, profile=NIGHT, none_above_c=15.0, full_below_c=-5.0)
    day = np.arange(1.0, 366.0)
    heat = np.broadcast_to((15 - 15 * np.cos(2 * np.pi * day / 365))[None, :, None], (50, 365, 6))
    drawn = uptake_load(layer, ["A0"], heat, day + 365, 50, 1)
    assert drawn is not None
    np.testing.assert_array_equal(drawn[:, 120:240], 0.0)
    np.testing.assert_allclose(drawn[:, 0, 0], 10 * 0.75, rtol=0.02)
    np.testing.assert_array_equal(drawn[:, :, 1:], 0.0)
    full = uptake_load(layer, ["A0"], None, day + 365, 50, 1)
    assert full is not None
    np.testing.assert_allclose(full[:, :, 0], 10.0)


def test_uptake_grows_along_its_path_and_stays_at_its_end() -> None:
    ways = {"low": [0.0, 0.0], "mid": [10.0, 30.0], "high": [20.0, 60.0]}
    layer = policy(0.0, per_area=ways).layers["one"]
    days = np.array([0.0, 0.5, 1.0, 1.5, 2.0, 9.0]) * 365.2425
    np.testing.assert_allclose(layer.adopted("mid", days), [0, 5, 10, 20, 30, 30])
    np.testing.assert_allclose(layer.adopted("high", days), [0, 10, 20, 40, 60, 60])
    np.testing.assert_array_equal(layer.adopted("low", days), 0.0)


def test_a_scenario_follows_one_path_in_every_area() -> None:
    ways = {"low": [0.0], "mid": [10.0], "high": [100.0]}
    shared = policy(0.0, per_area=ways)
    day = np.array([400.0])
    first = uptake_load(shared, ["A0"], None, day, 200, 1)
    second = uptake_load(shared, ["A1", "A2"], None, day, 200, 1)
    assert first is not None
    assert second is not None
    np.testing.assert_allclose(second, 2 * first)
    values, counts = np.unique(first[:, 0, 4], return_counts=True)
    np.testing.assert_allclose(values, [0, 10, 100])
    np.testing.assert_array_equal(counts, [50, 100, 50])


@given(st.floats(1, 500), st.floats(0.1, 1.0), st.integers(1, 6))
def test_many_draw_less_than_their_sum_and_more_never_draw_less(number: float, floor: float, areas: int) -> None:
    """Oracle: n · k · (g∞ + (1 − g∞)/√n)."""
    names = [f"A{k}" for k in range(areas)]
    drawn = uptake_load(policy(number, diversity_floor=floor), names, None, np.array([400.0]), 50, 1)
    assert drawn is not None
    count = number * areas
    expected = count * (floor + (1 - floor) / np.sqrt(count))
    np.testing.assert_allclose(drawn[:, 0, 4], expected)
    more = uptake_load(policy(number + 1, diversity_floor=floor), names, None, np.array([400.0]), 50, 1)
    assert more is not None
    assert (more >= drawn).all()


def test_kappa_knows_nothing_of_uptake(three_years: PeakInputs, quick: PeakConfig) -> None:
    from training.peak.model import PeakModel

    model = PeakModel.fit_inputs(three_years, quick, ConnectionPolicy())
    before = model.kappa("area", 365)
    model.peaks_of(three_years, (365,), policy(50.0))
    assert model.kappa("area", 365) == before


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"profile": [1.0] * 23}, "24 values"),
        ({"per_area": {"low": [1]}}, "paths missing"),
        ({"per_area": {"low": [1], "mid": [2], "high": [3], "wild": [4]}}, "unknown paths"),
        ({"per_area": {"low": [-1], "mid": [2], "high": [3]}}, "none below zero"),
        ({"area_factor": {"A1": -1}}, "factors below zero"),
        ({"none_above_c": 15}, "belong together"),
        ({"none_above_c": 5, "full_below_c": 6}, "must lie below"),
    ],
)
def test_a_layer_that_makes_no_sense_is_refused(values: dict[str, object], told: str) -> None:
    whole = {"kw_per_adoption": 1.0, "profile": [0.5] * 24} | values
    with pytest.raises(ConfigError, match=told):
        parse_settings(UptakePolicy, {"layers": {"one": whole}}, "policy")


def test_path_shares_sum_to_one() -> None:
    with pytest.raises(ConfigError, match="sum to one"):
        parse_settings(UptakePolicy, {"path_share": {"low": 0.5, "mid": 0.5, "high": 0.5}}, "policy")
