"""The learner that grows trees side by side with random cuts, kept as plain arrays."""

from dataclasses import dataclass

import numpy as np

from training.tabular.config import ForestConfig
from training.tabular.logits import logit

__all__ = ["Forest", "fit_forest"]


@dataclass(frozen=True)
class Forest:
    """Extremely randomised trees (Geurts et al. 2006), all nodes in one row after the other.

    `feature` is -1 at a leaf; `left` and `right` are places of nodes, `roots` those where trees begin; `share` is the
    share of ones at a node. `unknown` [features] stands for values that are not known: less than any that was seen.
    """

    unknown: np.ndarray
    roots: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    share: np.ndarray
    gain: np.ndarray

    def logits(self, X: np.ndarray) -> np.ndarray:
        """Log-odds of the mean share over trees, of every row of `X` [rows × features]."""
        held = _filled(X, self.unknown)
        total, rows = np.zeros(len(X)), np.arange(len(X))
        for root in self.roots:
            node, open_rows = np.full(len(X), root), rows
            while len(open_rows):
                here = node[open_rows]
                inner = self.feature[here] >= 0
                open_rows, here = open_rows[inner], here[inner]
                below = held[open_rows, self.feature[here]] <= self.threshold[here]
                node[open_rows] = np.where(below, self.left[here], self.right[here])
            total += self.share[node]
        return logit(total / len(self.roots))

    def gains(self) -> np.ndarray:
        """Share of the gain that each feature has in the cuts."""
        return self.gain

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything the forest is, by name."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @classmethod
    def of(cls, arrays: dict[str, np.ndarray]) -> "Forest":
        """The forest whose `arrays` these are."""
        return cls(**arrays)


def fit_forest(X: np.ndarray, y: np.ndarray, config: ForestConfig, threads: int, seed: int) -> Forest:
    """Grow the trees on `y` (0 or 1), each on a draw of the rows."""
    from sklearn.ensemble import ExtraTreesClassifier

    known = np.where(np.isfinite(X), X, np.inf).min(axis=0)
    unknown = np.where(np.isfinite(known), known, 0.0) - 1.0
    model = ExtraTreesClassifier(
        config.trees,
        min_samples_leaf=config.min_leaf_rows,
        max_features=config.feature_share,
        bootstrap=config.row_share < 1,
        max_samples=config.row_share if config.row_share < 1 else None,
        n_jobs=threads,
        random_state=seed,
    )
    model.fit(_filled(X, unknown), y)
    trees = [one.tree_ for one in model.estimators_]
    starts = np.cumsum([0, *(tree.node_count for tree in trees)])
    left = np.concatenate([tree.children_left + start for tree, start in zip(trees, starts[:-1], strict=True)])
    right = np.concatenate([tree.children_right + start for tree, start in zip(trees, starts[:-1], strict=True)])
    value = np.concatenate([tree.value[:, 0, :] for tree in trees])
    return Forest(
        unknown=unknown,
        roots=starts[:-1].astype(np.int32),
        feature=np.concatenate([np.maximum(tree.feature, -1) for tree in trees]).astype(np.int16),
        # The trees were grown on values of single precision, and thresholds lie between those.
        threshold=np.concatenate([tree.threshold for tree in trees]),
        left=left.astype(np.int32),
        right=right.astype(np.int32),
        share=(value[:, -1] / value.sum(axis=1)).astype(np.float32),
        gain=np.asarray(model.feature_importances_, dtype=np.float64),
    )


def _filled(X: np.ndarray, unknown: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(X), X, unknown).astype(np.float32)
