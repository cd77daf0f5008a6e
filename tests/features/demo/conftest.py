"""A territory with enough customers for what is rare among them."""

import pytest

from features.demo import DemoConfig, Territory, simulate


@pytest.fixture(scope="session")
def town() -> Territory:
    """Thirty areas and nine hundred customers with two years of use: made in about a second."""
    return simulate(DemoConfig(substations=1, feeders=6, areas=30, customers=900, years=2, weather_stations=1))
