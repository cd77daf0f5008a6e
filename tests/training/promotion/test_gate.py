"""The gate on made-up losses of known worth: what it lets pass, what it refuses, and how often chance fools it."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.configs import config_path
from features.errors import ConfigError
from features.settings import load_settings, parse_settings
from training.promotion import Compared, Pair, PromotionPolicy, decide
from training.promotion.paired import block_numbers, interval, pair_up
from training.promotion.verdict import PROMOTED, REFUSED

POLICY = PromotionPolicy()
SAME = Pair(0.9, 0.9)


def compared(champion: np.ndarray, challenger: np.ndarray, fresher_days: float = 0.0) -> Compared:
    """From losses [node, day]."""
    nodes, days = champion.shape
    frame = pd.DataFrame(
        {
            "node_id": np.repeat([f"N{row}" for row in range(nodes)], days),
            "day": np.tile(np.arange(days), nodes),
            "champion": champion.ravel(),
            "challenger": challenger.ravel(),
        }
    )
    return Compared(frame, SAME, {"all": Pair(0.2, 0.2)}, fresher_days)


def noisy(change: float, seed: int = 0, nodes: int = 20, days: int = 28, noise: float = 0.05) -> Compared:
    """Nodes of very different size; the challenger loses `change` more, with noise that all nodes of a day share."""
    rng = np.random.default_rng(seed)
    size = 10 ** rng.uniform(-1, 3, nodes)[:, None]
    weather = 1 + 0.3 * rng.random(days)
    factor = np.exp(rng.normal(0, noise, days) + rng.normal(0, noise, (nodes, days)))
    return compared(size * weather, size * weather * (1 + change) * factor)


def swapped(one: Compared) -> Compared:
    losses = one.losses.rename(columns={"champion": "challenger", "challenger": "champion"})
    return replace(one, losses=losses, coverage=Pair(one.coverage.challenger, one.coverage.champion))


def test_the_shipped_policy_is_the_default_written_out() -> None:
    assert load_settings(PromotionPolicy, config_path("policy/promotion.yaml")) == POLICY


@pytest.mark.parametrize(("field", "value"), [("min_window_days", 40), ("block_days", 6), ("margin", -0.1)])
def test_a_policy_that_cannot_judge_is_refused(field: str, value: float) -> None:
    with pytest.raises(ConfigError, match=field.split("_")[0]):
        parse_settings(PromotionPolicy, {field: value}, "policy")


@pytest.mark.parametrize(
    ("change", "fresher_days", "code"),
    [(-0.10, 0, "BETTER"), (-0.10, 30, "BETTER"), (0.10, 0, "WORSE"), (0.10, 30, "WORSE"), (0.0, 30, "UNSURE")],
)
def test_the_code_says_what_is_true(change: float, fresher_days: float, code: str) -> None:
    noise = 0.20 if code == "UNSURE" else 0.03
    found = decide(replace(noisy(change, noise=noise), fresher_days=fresher_days), POLICY)
    assert found.reason.code == code
    assert found.accepted == (code == "BETTER")
    assert found.figures["difference"] == pytest.approx(change, abs=0.07)


@given(seed=st.integers(0, 10_000), change=st.floats(-0.2, 0.2), nodes=st.integers(1, 12))
@settings(max_examples=25, deadline=None)
def test_of_two_models_at_most_one_is_better_and_swapping_turns_every_difference(
    seed: int, change: float, nodes: int
) -> None:
    there = decide(noisy(change, seed, nodes), POLICY)
    back = decide(swapped(noisy(change, seed, nodes)), POLICY)
    assert {there.reason.code, back.reason.code} != {"BETTER"}
    assert there.figures["difference"] == pytest.approx(-back.figures["difference"], abs=1e-12)
    assert there.figures["difference_low"] == pytest.approx(-back.figures["difference_high"], abs=1e-12)
    assert there.figures["difference_whole"] == pytest.approx(-back.figures["difference_whole"], abs=1e-12)


@given(seed=st.integers(0, 10_000), factor=st.floats(1e-3, 1e5))
@settings(max_examples=20, deadline=None)
def test_the_unit_of_the_load_changes_nothing(seed: int, factor: float) -> None:
    one = noisy(-0.02, seed)
    scaled = one.losses.assign(champion=one.losses["champion"] * factor, challenger=one.losses["challenger"] * factor)
    there, here = decide(replace(one, losses=scaled), POLICY), decide(one, POLICY)
    assert there.reason.code == here.reason.code
    columns = ["difference", "low", "high", "worse_by"]
    pd.testing.assert_frame_equal(there.table[columns].sort_index(), here.table[columns].sort_index())


@pytest.mark.parametrize(("fresher_days", "code"), [(0, "NO_GAIN"), (6, "NO_GAIN"), (7, "FRESHER")])
def test_an_identical_model_passes_only_when_fresher(fresher_days: float, code: str) -> None:
    loss = 1 + np.random.default_rng(1).random((5, 28))
    found = decide(compared(loss, loss, fresher_days), POLICY)
    assert found.reason.code == code
    held = {check.name: check.passed for check in found.checks}
    assert held["non_inferior"]
    assert not held["better"]


def test_one_catastrophic_node_is_not_outvoted_by_a_hundred_better_ones() -> None:
    one = noisy(-0.05, nodes=100)
    broken = one.losses["challenger"].where(one.losses["node_id"] != "N7", one.losses["challenger"] * 8)
    found = decide(replace(one, losses=one.losses.assign(challenger=broken)), POLICY)
    assert found.reason.code == "NODE_WORSE"
    assert found.table.index[0] == "N7"
    assert "N7" in found.reason.sentence
    assert decide(one, POLICY).accepted


def test_a_very_bad_day_is_not_outvoted_by_many_better_ones() -> None:
    loss = 1 + np.random.default_rng(1).random((8, 28))
    challenger = 0.8 * loss
    challenger[:, 17] *= 25
    found = decide(compared(loss, challenger), POLICY)
    assert found.reason.code == "BAD_DAYS"
    assert found.figures["difference_high"] < 0 < found.figures["difference_whole"]


@pytest.mark.parametrize(
    ("coverage", "held"),
    [
        (Pair(0.90, 0.92), True),
        (Pair(0.90, 0.93), False),
        (Pair(0.90, 0.87), False),
        (Pair(0.80, 0.79), True),
        (Pair(0.80, 0.995), False),
        (Pair(0.60, 0.65), False),
        (Pair(float("nan"), float("nan")), False),
    ],
)
def test_coverage_may_not_stray_further_than_the_champions(coverage: Pair, held: bool) -> None:
    found = decide(replace(noisy(-0.1), coverage=coverage), POLICY)
    assert found.accepted == held
    assert found.reason.code == ("BETTER" if held else "COVERAGE")


@pytest.mark.parametrize(
    ("latency", "held"),
    [
        ({"all": Pair(1.0, 1.4)}, True),
        ({"all": Pair(1.0, 1.6)}, False),
        ({"all": Pair(29.0, 31.0)}, False),
        ({"one": Pair(0.001, 0.09)}, True),
        ({"one": Pair(1.9, 2.1)}, False),
    ],
)
def test_a_slow_challenger_is_refused(latency: dict[str, Pair], held: bool) -> None:
    found = decide(replace(noisy(-0.1), latency=latency), POLICY)
    assert found.reason.code == ("BETTER" if held else "LATENCY")


def test_nodes_without_truth_are_left_out_and_counted() -> None:
    one = noisy(-0.1, nodes=6)
    losses = one.losses.assign(challenger=one.losses["challenger"].where(one.losses["node_id"] != "N2"))
    losses.loc[(losses["node_id"] == "N3") & (losses["day"] >= 10), "champion"] = np.nan
    found = decide(replace(one, losses=losses), POLICY)
    assert found.accepted
    assert (found.figures["nodes"], found.figures["nodes_left_out"]) == (4, 2)
    assert pair_up(losses, POLICY.block_days, POLICY.min_node_share).left_out == {
        "N2": "no known load or no forecast",
        "N3": "too few days with known load",
    }


@pytest.mark.parametrize("days", [0, 4, 14])
def test_too_little_truth_is_a_refusal_with_its_reason(days: int) -> None:
    one = noisy(-0.5)
    found = decide(replace(one, losses=one.losses[one.losses["day"] < days]), POLICY)
    assert found.reason.code == "NO_TRUTH"
    assert not found.accepted


def test_every_code_is_explained() -> None:
    assert not set(PROMOTED) & set(REFUSED)
    assert {"BETTER", "FRESHER", "FIRST", "FORCED"} <= set(PROMOTED)


@given(days=st.integers(1, 90), block=st.integers(1, 14))
@settings(max_examples=50, deadline=None)
def test_blocks_are_whole_in_order_and_of_nearly_equal_length(days: int, block: int) -> None:
    numbers = block_numbers(days, block)
    lengths = np.bincount(numbers)
    assert len(numbers) == days
    assert (np.diff(numbers) >= 0).all()
    assert lengths.max() - lengths.min() <= 1
    assert days < block or lengths.min() >= block


def test_the_interval_is_students() -> None:
    from scipy.stats import ttest_1samp

    values = np.random.default_rng(3).normal(1, 2, 9)
    found = interval(np.append(values, np.nan), 0.8)
    expected = ttest_1samp(values, 0).confidence_interval(0.8)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.observations == 9


def error_rate(draw: Callable[[np.random.Generator], np.ndarray], times: int) -> float:
    """How often the interval of a mean that is truly 0 lies below 0."""
    rng, hits = np.random.default_rng(11), 0
    number = block_numbers(POLICY.window_days, POLICY.block_days)
    for _ in range(times):
        days = draw(rng)
        blocks = np.bincount(number, days) / np.bincount(number)
        hits += interval(blocks, POLICY.confidence).high < 0
    return hits / times


@pytest.mark.parametrize(("lasting", "most"), [(0.0, 0.12), (0.3, 0.16), (0.6, 0.22)])
def test_an_equal_model_is_seldom_taken_for_better(lasting: float, most: float) -> None:
    """Claimed: 10 % at each end. Days that are alike raise it, which blocks of days keep within bounds; between
    trained models of a demo territory the difference of one day and the next correlates by .15 to .30.
    """

    def draw(rng: np.random.Generator) -> np.ndarray:
        days, out = rng.standard_t(5, POLICY.window_days), np.empty(POLICY.window_days)
        out[0] = days[0]
        for day in range(1, len(days)):
            out[day] = lasting * out[day - 1] + np.sqrt(1 - lasting**2) * days[day]
        return out

    rate = error_rate(draw, 800)
    assert 0.06 <= rate <= most


def test_a_worse_model_passes_for_better_almost_never() -> None:
    codes = [decide(noisy(0.03, seed, noise=0.04), POLICY).reason.code for seed in range(60)]
    assert codes.count("BETTER") <= 1
    codes = [decide(replace(noisy(0.03, seed, noise=0.04), fresher_days=60), POLICY) for seed in range(60)]
    assert sum(one.accepted for one in codes) <= 4
