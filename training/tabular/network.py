"""The learner that bends smoothly: a small perceptron on normal scores, kept as plain arrays."""

import warnings
from dataclasses import dataclass

import numpy as np

from training.tabular.config import NetworkConfig

__all__ = ["Network", "Scores", "fit_network"]

_KNOTS, _REACH = 101, 3.0


@dataclass(frozen=True)
class Scores:
    """Normal scores of features: by `knots` [quantiles × features] each value becomes the deviate of its rank.

    Unknown values become 0, the middle; a feature that never varies is 0 throughout.
    """

    knots: np.ndarray

    @classmethod
    def of(cls, X: np.ndarray) -> "Scores":
        """Learn the quantiles of every feature of `X` [rows × features] from what is known of it."""
        levels = np.linspace(0, 1, _KNOTS)
        knots = np.zeros((_KNOTS, X.shape[1]))
        for place in range(X.shape[1]):
            known = X[np.isfinite(X[:, place]), place]
            if len(known):
                knots[:, place] = np.quantile(known, levels)
        return cls(knots)

    def __call__(self, X: np.ndarray) -> np.ndarray:
        """Scores of `X`, in [-3, 3]; where a value stands at several quantiles it gets the middle of them."""
        from scipy.special import ndtri

        levels, out = np.linspace(0, 1, _KNOTS), np.zeros(X.shape)
        for place in range(X.shape[1]):
            knots, values = self.knots[:, place], X[:, place]
            if knots[0] == knots[-1]:
                continue
            # From both sides, so that ties fall in the middle of the ranks they share.
            up = np.interp(values, knots, levels)
            down = 1 - np.interp(-values, -knots[::-1], levels)
            deviate = np.clip(ndtri(np.clip((up + down) / 2, 1e-6, 1 - 1e-6)), -_REACH, _REACH)
            out[:, place] = np.where(np.isfinite(values), deviate, 0.0)
        return out


@dataclass(frozen=True)
class Network:
    """A fitted perceptron: scores, the middle and spread they are brought to, and (weights, offsets) of every layer."""

    scores: Scores
    middle: np.ndarray
    spread: np.ndarray
    layers: tuple[tuple[np.ndarray, np.ndarray], ...]

    def logits(self, X: np.ndarray) -> np.ndarray:
        """Log-odds of every row of `X` [rows × features]."""
        held = (self.scores(X) - self.middle) / self.spread
        for weights, offsets in self.layers[:-1]:
            held = np.maximum(held @ weights + offsets, 0.0)
        weights, offsets = self.layers[-1]
        return np.asarray((held @ weights + offsets)[:, 0], dtype=np.float64)

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything the network is, by name."""
        out = {"knots": self.scores.knots, "middle": self.middle, "spread": self.spread}
        for place, (weights, offsets) in enumerate(self.layers):
            out |= {f"weights{place}": weights, f"offsets{place}": offsets}
        return out

    @classmethod
    def of(cls, arrays: dict[str, np.ndarray]) -> "Network":
        """The network whose `arrays` these are."""
        count = sum(name.startswith("weights") for name in arrays)
        layers = tuple((arrays[f"weights{place}"], arrays[f"offsets{place}"]) for place in range(count))
        return cls(Scores(arrays["knots"]), arrays["middle"], arrays["spread"], layers)


def fit_network(X: np.ndarray, y: np.ndarray, config: NetworkConfig, seed: int) -> Network:
    """Fit on the log-loss of `y` (0 or 1) by Adam, for a fixed number of passes."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    scores = Scores.of(X)
    held = scores(X)
    middle, spread = held.mean(axis=0), held.std(axis=0) + 1e-6
    model = MLPClassifier(
        config.layers,
        alpha=config.l2,
        learning_rate_init=config.learning_rate,
        max_iter=config.epochs,
        batch_size=min(config.batch_rows, len(y)),
        random_state=seed,
    )
    with warnings.catch_warnings():
        # The number of passes is the setting: going on until nothing changes would learn the rows by heart.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit((held - middle) / spread, y)
    return Network(scores, middle, spread, tuple(zip(model.coefs_, model.intercepts_, strict=True)))
