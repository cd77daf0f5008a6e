"""A customer's next level as one linear combination of his past ones, by least absolute error."""

import numpy as np

__all__ = ["least_absolute"]

_PASSES = 30
_RIDGE = 1e-4
_NEAR = 0.02


def least_absolute(levels: np.ndarray, target: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Coefficients [F] that make sum(weight × |target - levels @ coefficients|) small.

    Iteratively reweighted least squares (Schlossmacher 1973) with a trace of ridge; errors below `_NEAR` of a
    customer's size count as alike.
    """
    solved, errors = np.zeros(levels.shape[1]), np.abs(target)
    for _ in range(_PASSES):
        weighted = levels * (weight / np.maximum(errors, _NEAR))[:, None]
        gram = weighted.T @ levels
        gram[np.diag_indices_from(gram)] += np.trace(gram) * _RIDGE
        solved = np.linalg.solve(gram, weighted.T @ target)
        errors = np.abs(target - levels @ solved)
    return solved
