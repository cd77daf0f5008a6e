"""The promise of the territory: last year's peak covers the next one in 40 to 50 % of area-years, for any seed."""

import numpy as np
import pytest

from features.demo import DemoConfig, simulate

REDUCED = DemoConfig(substations=2, feeders=8, areas=48, customers=0, years=5, weather_stations=2)


def annual_peaks(config: DemoConfig) -> np.ndarray:
    """Peaks of the areas [areas × calendar years], by the plain definition."""
    territory = simulate(config)
    hourly = territory.true_kw[-config.areas :]
    year = territory.days.hours.tz_convert("Asia/Shanghai").year
    return np.stack([hourly[:, year == y].max(axis=1) for y in sorted(set(year))], axis=1)


def covered(peaks: np.ndarray) -> float:
    return float((peaks[:, 1:] <= peaks[:, :-1]).mean())


@pytest.fixture(scope="module")
def peaks_by_seed() -> dict[int, np.ndarray]:
    return {seed: annual_peaks(REDUCED.model_copy(update={"seed": seed})) for seed in range(6)}


def test_last_years_peak_covers_the_next_in_40_to_50_percent(peaks_by_seed: dict[int, np.ndarray]) -> None:
    shares = {seed: covered(peaks) for seed, peaks in peaks_by_seed.items()}
    assert all(0.40 <= share <= 0.50 for share in shares.values()), shares


def test_errors_are_about_4_percent_in_common_and_8_percent_of_the_areas_own(
    peaks_by_seed: dict[int, np.ndarray],
) -> None:
    changes = {seed: np.diff(np.log(peaks), axis=1) for seed, peaks in peaks_by_seed.items()}
    common = np.concatenate([c.mean(axis=0) - c.mean() for c in changes.values()])
    own = np.concatenate([(c - c.mean(axis=0)).ravel() for c in changes.values()])
    assert 0.03 <= common.std() <= 0.055
    assert 0.065 <= own.std() <= 0.095


def test_the_spread_is_what_the_configuration_asks_for() -> None:
    calm = REDUCED.model_copy(
        update={"spread": REDUCED.spread.model_copy(update={"level_walk": 0.0, "season_excursion": 0.0, "growth": 0.0})}
    )

    def own(config: DemoConfig) -> float:
        change = np.diff(np.log(annual_peaks(config)), axis=1)
        return float((change - change.mean(axis=0)).std())

    assert own(calm) < own(REDUCED)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [3, 104])
def test_the_promise_holds_at_full_size(seed: int) -> None:
    assert 0.42 <= covered(annual_peaks(DemoConfig(seed=seed, customers=0))) <= 0.48
