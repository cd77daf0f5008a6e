"""The conformal factor: what it rests on, how it leans on the prior, and what it covers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.settings import load_settings
from training.peak.config import PeakConfig
from training.peak.inputs import PeakInputs
from training.peak.kappa import Evidence, conformal_factor
from training.peak.rolling import gather_evidence, outcome_kw

CONFIG = PeakConfig()


def evidence(log_ratio: np.ndarray, step: int = 365, kinds: str = "area") -> Evidence:
    origins, nodes = log_ratio.shape
    ids = tuple(f"n{k}" for k in range(nodes))
    return Evidence(400 + step * np.arange(origins), (365,), ids, (kinds,) * nodes, log_ratio[:, :, None])


def test_the_shipped_configuration_is_the_default_one() -> None:
    assert load_settings(PeakConfig, Path(__file__).parents[3] / "configs" / "peak.yaml") == CONFIG


def test_without_outcomes_the_prior_speaks_and_says_so() -> None:
    found = conformal_factor(evidence(np.full((2, 5), np.nan)), "area", 365, 0.95, CONFIG)
    assert found.value == pytest.approx(CONFIG.prior_kappa["area"])
    assert found.source.startswith("prior")
    assert found.years == 0
    missing = conformal_factor(evidence(np.zeros((2, 5))), "feeder", 365, 0.95, CONFIG)
    assert missing.value == pytest.approx(CONFIG.prior_kappa["feeder"])


@pytest.mark.parametrize(("shift", "name"), [(0.3, "found"), (-0.3, "prior")])
def test_beyond_two_years_a_shorter_horizon_stands_in_no_lower_than_the_prior(shift: float, name: str) -> None:
    seen = evidence(shift + 0.02 * np.random.default_rng(1).standard_normal((3, 30)))
    year = conformal_factor(seen, "area", 365, 0.95, CONFIG)
    assert conformal_factor(seen, "area", 731, 0.95, CONFIG) == year
    far = conformal_factor(seen, "area", 1826, 0.95, CONFIG)
    assert far.value == pytest.approx({"found": year.value, "prior": CONFIG.prior_kappa["area"]}[name])
    assert far.value >= year.value
    assert far.years == 0
    assert far.source.startswith(
        "stands in for 1826 days, for which nothing is calibrated, no lower than the prior: 3 "
    )


def test_a_long_horizon_that_was_calibrated_speaks_for_itself() -> None:
    seen = evidence(0.02 * np.random.default_rng(1).standard_normal((3, 30)))
    long = replace(seen, horizons=(1826,))
    assert conformal_factor(long, "area", 1826, 0.95, CONFIG).years > 1
    assert conformal_factor(long, "area", 1827, 0.95, CONFIG).years == 0


def test_overlapping_origins_are_not_more_years() -> None:
    rng = np.random.default_rng(0)
    apart = conformal_factor(evidence(0.1 * rng.standard_normal((3, 50))), "area", 365, 0.95, CONFIG)
    close = conformal_factor(evidence(0.1 * rng.standard_normal((3, 50)), step=30), "area", 365, 0.95, CONFIG)
    assert apart.years == pytest.approx(3.0, abs=0.01)
    assert close.years == pytest.approx(425 / 365.25, abs=0.01)


@given(st.integers(0, 10_000), st.floats(0.6, 0.98), st.floats(0.001, 0.019))
@settings(max_examples=30)
def test_more_coverage_asks_for_a_larger_factor(seed: int, coverage: float, more: float) -> None:
    found = evidence(0.1 * np.random.default_rng(seed).standard_normal((3, 40)))
    low = conformal_factor(found, "area", 365, coverage, CONFIG).value
    high = conformal_factor(found, "area", 365, coverage + more, CONFIG).value
    assert high >= low >= 1.0


def test_the_factor_covers_an_unseen_year_about_as_often_as_it_claims() -> None:
    rng = np.random.default_rng(7)
    config = CONFIG.model_copy(update={"prior_kappa": {"area": float(np.exp(1.645 * np.hypot(0.08, 0.04)))}})
    covered = []
    for _ in range(200):
        years = 0.04 * rng.standard_normal(5)[:, None] + 0.08 * rng.standard_normal((5, 100))
        factor = conformal_factor(evidence(years[:4]), "area", 365, 0.95, config).value
        covered.append((years[4] <= np.log(factor)).mean())
    assert 0.93 <= np.mean(covered) <= 0.98


def test_many_years_outweigh_the_prior() -> None:
    rng = np.random.default_rng(1)
    found = conformal_factor(evidence(0.3 + 0.02 * rng.standard_normal((20, 60))), "area", 365, 0.95, CONFIG)
    assert np.exp(0.3) * 0.98 < found.value < np.exp(0.3 + 0.1)


def test_evidence_comes_from_earlier_origins_only(four_years: PeakInputs, quick: PeakConfig) -> None:
    from training.peak.connections import ConnectionPolicy

    found = gather_evidence(four_years, quick, ConnectionPolicy())
    assert found.log_ratio.shape == (len(found.origin_day), 9, 2)
    assert (found.origin_day >= quick.min_history_days).all()
    assert (found.origin_day + 365 <= len(four_years.days)).all()
    assert np.isfinite(found.log_ratio).all()
    assert np.abs(found.log_ratio).max() < 0.35


@given(st.integers(0, 2_000), st.integers(0, 100))
@settings(max_examples=60)
def test_evidence_of_a_past_day_holds_complete_outcomes_only(day: int, seed: int) -> None:
    """Oracle: origin by origin and horizon by horizon."""
    rng = np.random.default_rng(seed)
    origins, horizons = np.sort(rng.integers(0, 1_500, 5)), (31, 365)
    whole = Evidence(origins, horizons, ("a", "b"), ("area", "area"), rng.standard_normal((5, 2, 2)))
    seen = whole.until(day)
    expected = {
        (int(origin), horizon): whole.log_ratio[k, :, column].tolist()
        for k, origin in enumerate(origins)
        for column, horizon in enumerate(horizons)
        if origin + horizon <= day
    }
    found = {
        (int(origin), horizon): seen.log_ratio[k, :, column].tolist()
        for k, origin in enumerate(seen.origin_day)
        for column, horizon in enumerate(horizons)
        if np.isfinite(seen.log_ratio[k, :, column]).all()
    }
    assert found == expected


def test_an_outcome_full_of_gaps_is_unknown() -> None:
    peak = np.ones((2, 100, 6))
    peak[0, :15] = np.nan
    peak[1, 3] = np.nan
    np.testing.assert_array_equal(np.isnan(outcome_kw(peak)), [True, False])
