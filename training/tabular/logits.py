"""Probabilities as log-odds and back."""

import numpy as np

__all__ = ["expit", "logit"]

_EDGE = 1e-4


def logit(p: np.ndarray) -> np.ndarray:
    """Log-odds of probabilities, which are first kept within 1e-4 of 0 and 1."""
    kept = np.clip(p, _EDGE, 1 - _EDGE)
    return np.asarray(np.log(kept / (1 - kept)), dtype=np.float64)


def expit(z: np.ndarray) -> np.ndarray:
    """Probabilities of log-odds."""
    kept = np.clip(z, -35.0, 35.0)
    return np.asarray(1 / (1 + np.exp(-kept)), dtype=np.float64)
