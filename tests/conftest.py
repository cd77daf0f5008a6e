"""Fixtures that many tests share."""

import pytest

from features.demo import DemoConfig, Territory, simulate

SMALL = DemoConfig(substations=1, feeders=2, areas=8, customers=60, years=2, customer_years=1, weather_stations=2)


@pytest.fixture(scope="session")
def small_territory() -> Territory:
    """Eight areas on two feeders, two years, sixty customers: made in about a second."""
    return simulate(SMALL)
