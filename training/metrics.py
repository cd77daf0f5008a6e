"""How forecasts are judged: pinball, rCRPS, coverage."""

import numpy as np

__all__ = ["coverage", "pinball", "rcrps"]


def pinball(actual: np.ndarray, forecast: np.ndarray, level: float) -> np.ndarray:
    """Pinball loss of each forecast of quantile `level`, in the unit of the data; NaN where a value is unknown."""
    error = actual - forecast
    return np.maximum(level * error, (level - 1) * error)


def rcrps(actual: np.ndarray, quantiles: np.ndarray, levels: tuple[float, ...]) -> float:
    """2 × mean pinball over `levels`, unweighted, over (P99 − P1) of the scored actuals of one node.

    `actual` [n], `quantiles` [n, levels]; unknown actuals are left out. NaN when none is known or they are constant.
    """
    known = np.isfinite(actual)
    if not known.any():
        return float("nan")
    seen = actual[known]
    span = np.quantile(seen, 0.99) - np.quantile(seen, 0.01)
    losses = [pinball(seen, quantiles[known, place], level).mean() for place, level in enumerate(levels)]
    return float(2 * np.mean(losses) / span) if span > 0 else float("nan")


def coverage(actual: np.ndarray, low: np.ndarray, high: np.ndarray) -> float:
    """Share of known actuals within [low, high]; NaN when none is known."""
    known = np.isfinite(actual)
    if not known.any():
        return float("nan")
    return float(((actual >= low) & (actual <= high))[known].mean())
