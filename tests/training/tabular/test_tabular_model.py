"""The tabular classifier: it ranks, is calibrated, keeps groups together, and comes back from disk as it was."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.errors import ModelError
from training.tabular import BoosterConfig, ForestConfig, NetworkConfig, TabularConfig, fit, load
from training.tabular.mixing import fit_mix

SMALL = TabularConfig(
    folds=3,
    booster=BoosterConfig(rounds=40, leaves=6, learning_rate=0.1, feature_share=0.8, min_leaf_rows=20),
    forest=ForestConfig(trees=15, feature_share=0.4, min_leaf_rows=10),
    network=NetworkConfig(layers=(8,), epochs=3),
)


def planted(count: int = 1500, seed: int = 1) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Features (one of them empty, some values unknown), outcomes, and the probability each was drawn by."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((count, 5))
    p = 1 / (1 + np.exp(2.0 - 1.5 * X[:, 0] - 1.2 * (X[:, 1] > 0)))
    X[rng.random(X.shape) < 0.05] = np.nan
    X[:, 4] = np.nan
    return pd.DataFrame(X, columns=list("abcde")), (rng.random(count) < p).astype(float), p


@pytest.fixture(scope="module")
def fitted() -> tuple:
    X, y, _ = planted()
    return fit(X, y, SMALL), X, y


def test_it_ranks_unseen_rows_nearly_as_well_as_the_truth(fitted: tuple) -> None:
    from sklearn.metrics import roc_auc_score

    X, y, p = planted(seed=2)
    said = fitted[0].predict(X)
    assert roc_auc_score(y, said) > roc_auc_score(y, p) - 0.05


def test_probabilities_are_calibrated_on_unseen_rows(fitted: tuple) -> None:
    X, y, p = planted(count=4000, seed=3)
    said = fitted[0].predict(X)
    assert said.mean() == pytest.approx(y.mean(), abs=0.04)
    for low, high in ((0.0, 0.15), (0.15, 0.4), (0.4, 1.0)):
        inside = (said >= low) & (said < high)
        assert p[inside].mean() == pytest.approx(said[inside].mean(), abs=0.08)


def test_held_out_probabilities_are_less_sure_than_those_of_seen_rows(fitted: tuple) -> None:
    from sklearn.metrics import roc_auc_score

    model, X, y = fitted
    assert roc_auc_score(y, model.held_out) < roc_auc_score(y, model.predict(X))


def test_it_comes_back_from_disk_as_it_was_and_nothing_is_pickled(fitted: tuple, tmp_path: Path) -> None:
    model, X, _ = fitted
    model.save(tmp_path / "kept")
    np.testing.assert_allclose(load(tmp_path / "kept").predict(X), model.predict(X), rtol=0, atol=1e-9)
    assert {path.suffix for path in (tmp_path / "kept").iterdir()} == {".txt", ".npz", ".json"}


def test_the_same_seed_gives_the_same_and_columns_may_come_in_any_order(fitted: tuple) -> None:
    model, X, y = fitted
    again = fit(X, y, SMALL)
    np.testing.assert_array_equal(again.predict(X[list("ecabd")]), model.predict(X))


def test_what_matters_has_the_gain(fitted: tuple) -> None:
    assert fitted[0].gains().index[0] == "a"
    assert fitted[0].gains()["e"] == 0.0


def test_rows_of_a_group_are_not_judged_by_their_likes() -> None:
    # Ten copies of every row, whose outcome is pure chance: only a group kept together hides it.
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(4)
    X = pd.DataFrame(np.repeat(rng.standard_normal((120, 3)), 10, axis=0), columns=list("abc"))
    y = np.repeat((rng.random(120) < 0.4).astype(float), 10)
    nothing = {"booster": BoosterConfig(copies=0), "network": NetworkConfig(copies=0)}
    deep = ForestConfig(trees=30, min_leaf_rows=1, feature_share=0.5)
    forest = SMALL.model_copy(update=nothing | {"forest": deep})
    together = fit(X, y, forest, np.repeat(np.arange(120), 10))
    apart = fit(X, y, forest)
    assert roc_auc_score(y, apart.held_out) > 0.8
    assert roc_auc_score(y, together.held_out) < 0.7


def test_too_few_cases_and_absent_columns_are_told(fitted: tuple) -> None:
    X = planted(count=50)[0]
    with pytest.raises(ModelError, match="one outcome has 2"):
        fit(X, np.where(np.arange(50) < 2, 1.0, 0.0), SMALL)
    with pytest.raises(ModelError, match="first 'b'"):
        fitted[0].predict(X.drop(columns="b"))


def test_a_learner_that_knows_nothing_gets_no_weight_and_none_a_negative_one() -> None:
    rng = np.random.default_rng(5)
    z = rng.standard_normal(3000)
    y = (rng.random(3000) < 1 / (1 + np.exp(1 - z))).astype(float)
    mix = fit_mix(np.column_stack([z, rng.standard_normal(3000), -z + rng.standard_normal(3000)]), y, 0.0)
    assert mix.weights[0] == pytest.approx(1.0, abs=0.2)
    assert (mix.weights >= 0).all()
    assert mix.weights[1] < 0.1
    assert mix(np.column_stack([z, z * 0, z * 0])).mean() == pytest.approx(y.mean(), abs=0.05)
