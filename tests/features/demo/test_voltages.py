"""Voltages at meters: those of one area move together, though no level tells which area it is."""

import numpy as np
import pytest

from features.demo import DemoConfig, Territory, simulate
from features.demo.voltages import meter_voltages


@pytest.fixture(scope="module")
def volts(export_territory: Territory) -> np.ndarray:
    return meter_voltages(export_territory).voltage_v


def moves(volts: np.ndarray) -> np.ndarray:
    centred = volts - volts.mean(axis=1, keepdims=True)
    return centred / np.linalg.norm(centred, axis=1, keepdims=True)


def test_the_same_territory_has_the_same_voltages(export_territory: Territory, volts: np.ndarray) -> None:
    again = meter_voltages(export_territory)
    np.testing.assert_array_equal(again.voltage_v, volts)
    assert volts.shape == (200, 24 * 90)
    assert again.first_hour == export_territory.true_kw.shape[1] - 24 * 90
    assert np.nanmin(volts) > 150
    assert np.nanmax(volts) < 280
    np.testing.assert_allclose(volts, np.round(volts, 1), atol=1e-4)


def test_a_meter_without_its_connection_shows_nothing(export_territory: Territory, volts: np.ndarray) -> None:
    first_day = len(export_territory.days.dates) - 90
    since = np.maximum(export_territory.customers.since - first_day, 0)
    np.testing.assert_array_equal(np.isnan(volts).sum(axis=1), 24 * np.minimum(since, 90))


def test_most_meters_move_with_the_others_of_their_area_but_not_all(
    export_territory: Territory, volts: np.ndarray
) -> None:
    there = ~np.isnan(volts).any(axis=1)
    area, shape = export_territory.customers.area[there], moves(volts[there])
    together = shape @ shape.T
    np.fill_diagonal(together, np.nan)
    own = area[:, None] == area[None, :]
    assert np.nanmedian(together[own]) > np.nanmedian(together[~own]) + 0.1
    with_others = own.sum(axis=1) > 3
    nearest = np.nanargmax(together, axis=1)
    right = (area[nearest] == area)[with_others].mean()
    assert 0.7 < right < 0.999


def test_levels_do_not_tell_the_area(export_territory: Territory, volts: np.ndarray) -> None:
    level, area = np.nanmean(volts, axis=1), export_territory.customers.area
    centre = np.array([level[area == a].mean() if (area == a).any() else np.nan for a in range(48)])
    within = np.nanstd(level - centre[area])
    read = export_territory.readings.voltage_v.mean(axis=(0, 2))
    assert within > read.std()


def test_no_days_of_voltage_and_no_customers() -> None:
    small = DemoConfig(substations=1, feeders=1, areas=2, customers=5, years=2, customer_years=1, voltage_days=0)
    assert meter_voltages(simulate(small)).voltage_v.shape == (5, 0)
    none = small.model_copy(update={"customers": 0, "voltage_days": 5})
    assert meter_voltages(simulate(none)).voltage_v.shape == (0, 120)
