"""Scenarios of a tree: marginals kept, dependence from the past, sums that agree."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, spearmanr

from training.hierarchy.scenarios import coherent, joint, normal_scores
from training.hierarchy.tree import Tree

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
TREE = Tree.of(("a1", "a2", "a3", "f", "s"), {"a1": "f", "a2": "f", "a3": "s", "f": "s", "s": None})


def normal_quantiles(mean: np.ndarray, sd: np.ndarray) -> np.ndarray:
    """[N, 1, levels] of normal forecasts."""
    return (mean[:, None] + sd[:, None] * norm.ppf(LEVELS))[:, None, :]


class TestScores:
    @given(st.floats(-2.9, 2.9), st.floats(-50, 50), st.floats(0.1, 20))
    def test_a_normal_forecast_gives_the_standard_score_back(self, score: float, mean: float, sd: float) -> None:
        quantiles = mean + sd * norm.ppf(LEVELS)
        found = normal_scores(np.array([mean + sd * score]), quantiles[None], LEVELS)
        assert found[0] == pytest.approx(score, abs=1e-6)

    def test_what_is_unknown_stays_unknown(self) -> None:
        assert np.isnan(normal_scores(np.array([np.nan]), np.arange(5.0)[None], LEVELS)).all()


class TestJoint:
    def test_each_node_keeps_its_own_quantiles(self) -> None:
        scores = np.random.default_rng(1).normal(size=(400, 5, 1))
        quantiles = normal_quantiles(np.arange(5.0), np.arange(1.0, 6.0))
        scenarios = joint(quantiles, scores, LEVELS)
        found = np.quantile(scenarios, LEVELS, axis=0)
        np.testing.assert_allclose(np.moveaxis(found, 0, -1), quantiles, atol=0.15)

    def test_nodes_go_together_as_they_did(self) -> None:
        rng = np.random.default_rng(2)
        common = rng.normal(size=(300, 1, 1))
        scores = np.concatenate([common, common, rng.normal(size=(300, 1, 1))], axis=1)
        scenarios = joint(normal_quantiles(np.zeros(3), np.ones(3)), scores, LEVELS)[..., 0]
        assert spearmanr(scenarios[:, 0], scenarios[:, 1]).statistic == pytest.approx(1.0)
        assert abs(spearmanr(scenarios[:, 0], scenarios[:, 2]).statistic) < 0.2

    def test_a_silent_past_follows_the_others(self) -> None:
        scores = np.random.default_rng(3).normal(size=(50, 2, 1))
        scores[:, 1] = np.nan
        scenarios = joint(normal_quantiles(np.zeros(2), np.ones(2)), scores, LEVELS)[..., 0]
        np.testing.assert_allclose(scenarios[:, 0], scenarios[:, 1])


class TestCoherent:
    @settings(deadline=None, max_examples=30)
    @given(st.integers(0, 10_000), st.floats(0, 0.3))
    def test_totals_agree_in_every_scenario(self, seed: int, share: float) -> None:
        rng = np.random.default_rng(seed)
        shares = np.array([share if node == "s" else 0.0 for node in TREE.ids])
        summing = TREE.summing(shares)
        moved = coherent(rng.normal(50, 9, (40, 5, 3)), summing)
        row = {node: moved[:, place] for place, node in enumerate(TREE.ids)}
        np.testing.assert_allclose(row["f"], row["a1"] + row["a2"])
        np.testing.assert_allclose(row["s"], (1 + share) * (row["f"] + row["a3"]))

    def test_what_agrees_already_is_left_alone(self) -> None:
        summing = TREE.summing(np.zeros(5))
        leaves = np.random.default_rng(4).normal(20, 3, (60, 3, 2))
        agreeing = np.einsum("nl,klh->knh", summing, leaves)
        np.testing.assert_allclose(coherent(agreeing, summing), agreeing, atol=1e-6)

    def test_a_sharp_parent_pulls_vague_children(self) -> None:
        rng = np.random.default_rng(5)
        summing = TREE.summing(np.zeros(5))
        vague = rng.normal(100, 30, (500, 5, 1))
        for node, mean in (("f", 260.0), ("s", 360.0)):
            vague[:, TREE.ids.index(node)] = rng.normal(mean, 1.0, (500, 1))
        moved = coherent(vague, summing)
        assert moved[:, TREE.ids.index("f")].mean() == pytest.approx(260, abs=2)
        assert moved[:, TREE.ids.index("a1")].mean() == pytest.approx(130, abs=6)
