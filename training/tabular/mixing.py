"""How much each learner counts: a logistic regression on log-odds of cases that the learners had not seen."""

from dataclasses import dataclass

import numpy as np

from training.tabular.logits import expit

__all__ = ["Mix", "fit_mix"]


@dataclass(frozen=True)
class Mix:
    """`weights` (not negative) of the learners' log-odds and an `offset`: together a calibrated probability."""

    weights: np.ndarray
    offset: float

    def __call__(self, logits: np.ndarray) -> np.ndarray:
        """Probabilities of `logits` [rows × learners]."""
        return expit(logits @ self.weights + self.offset)


def fit_mix(logits: np.ndarray, y: np.ndarray, l2: float) -> Mix:
    """Stacking with Platt's scaling in one (Wolpert 1992, Platt 1999): log-loss over weights that cannot be negative.

    `l2` draws the weights of the learners, each in units of its spread, to one another: learners that say nearly the
    same must not be played off against each other on the noise of a few cases.
    """
    from scipy.optimize import minimize

    spread = logits.std(axis=0) + 1e-9
    held, count = (logits - logits.mean(axis=0)) / spread, logits.shape[1]

    def loss(at: np.ndarray) -> tuple[float, np.ndarray]:
        weights, offset = at[:-1], at[-1]
        z = held @ weights + offset
        apart = weights - weights.mean()
        value = float(np.logaddexp(0.0, z).sum() - (y * z).sum()) + l2 * float(apart @ apart)
        error = expit(z) - y
        return value, np.append(held.T @ error + 2 * l2 * apart, error.sum())

    rate = np.clip(y.mean(), 1e-4, 1 - 1e-4)
    start = np.append(np.full(count, 0.5 / count), np.log(rate / (1 - rate)))
    bounds = [(0.0, None)] * count + [(None, None)]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    weights = found.x[:-1] / spread
    return Mix(weights, float(found.x[-1] - logits.mean(axis=0) @ weights))
