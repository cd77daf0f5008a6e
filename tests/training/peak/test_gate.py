"""Two peak configurations at the gate: fitted anew at each origin, on what came before it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from training.peak import ConnectionPolicy, PeakConfig
from training.peak.inputs import PeakInputs
from training.promotion import PromotionPolicy, decide
from training.promotion.peak_losses import PeakSide, judge_peak, peak_origins, stated
from training.promotion.policy import CoverageRule, PeakWindow
from training.promotion.verdict import Compared

RULE = PeakWindow(origins=6, min_origins=5)
# The latency of fits on a machine with other work is not what these tests are about.
POLICY = PromotionPolicy.model_validate({"latency": {"negligible_seconds": 600.0, "limit_seconds": 600.0}})
ANY_COVERAGE = CoverageRule(tolerance=0.9, least=0.0, most=1.0)


@pytest.fixture(scope="module")
def quick_side(three_years: PeakInputs, quick: PeakConfig) -> PeakSide:
    return PeakSide(quick, ConnectionPolicy(), three_years)


@pytest.fixture(scope="module")
def against_bad(quick_side: PeakSide) -> Compared:
    """A sound champion against a challenger that takes every node for a gamble: its upper quantiles are too high."""
    bad = quick_side.config.model_copy(update={"node_error": 0.6})
    origins = peak_origins(quick_side.inputs, quick_side.config.min_history_days, None, RULE)
    return judge_peak(replace(quick_side, config=bad), quick_side, origins, RULE, 0.0)


def test_origins_lie_a_horizon_apart_and_after_all_that_tuning_saw(three_years: PeakInputs) -> None:
    days = len(three_years.days)
    origins = peak_origins(three_years, 350, None, RULE)
    assert origins[-1] == days - RULE.horizon_days
    assert set(np.diff(origins)) == {RULE.horizon_days}
    assert len(origins) == RULE.origins
    seen = three_years.until(origins[3]).as_of
    assert peak_origins(three_years, 350, seen, RULE) == origins[3:]
    assert peak_origins(three_years, days, None, RULE) == []


def test_a_configuration_whose_quantiles_are_far_too_wide_is_refused(against_bad: Compared) -> None:
    found = decide(against_bad, POLICY, RULE.coverage, block_days=1)
    assert found.reason.code == "WORSE"
    assert found.figures["blocks"] == RULE.origins
    assert found.figures["nodes"] == 9
    assert set(found.figures) >= {"seconds_all_champion", "seconds_all_challenger"}


def test_the_other_way_round_it_is_better(against_bad: Compared) -> None:
    turned = against_bad.losses.rename(columns={"champion": "challenger", "challenger": "champion"})
    found = decide(replace(against_bad, losses=turned), POLICY, ANY_COVERAGE, block_days=1)
    assert found.reason.code == "BETTER"


def test_the_same_configuration_passes_only_when_fresher(quick_side: PeakSide) -> None:
    origins = peak_origins(quick_side.inputs, quick_side.config.min_history_days, None, RULE)[-5:]
    compared = judge_peak(quick_side, quick_side, origins, RULE, 0.0)
    assert (compared.losses["champion"] == compared.losses["challenger"]).all()
    codes = [decide(replace(compared, fresher_days=days), POLICY, ANY_COVERAGE, 1).reason.code for days in (0.0, 31.0)]
    assert codes == ["NO_GAIN", "FRESHER"]


def test_what_is_stated_at_an_origin_stands_on_nothing_after_it(quick_side: PeakSide) -> None:
    origin = len(quick_side.inputs.days) - 62
    later = np.arange(len(quick_side.inputs.days)) >= origin
    inputs = replace(
        quick_side.inputs,
        peak_kw=quick_side.inputs.peak_kw * np.where(later, 7.0, 1.0)[None, :, None],
        weather=quick_side.inputs.weather + np.where(later, 20.0, 0.0)[None, :, None, None],
    )
    pd.testing.assert_frame_equal(
        stated(quick_side, origin, 31), stated(replace(quick_side, inputs=inputs), origin, 31)
    )
