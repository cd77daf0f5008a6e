"""Means over spans of the last days, for many customers at once, from running sums."""

import numpy as np

__all__ = ["Spans", "correlation", "safe_ratio"]


class Spans:
    """Running sums of `values` [n × days]; spans are told in days before the end: (28, 0) is the last 28 days."""

    def __init__(self, values: np.ndarray) -> None:
        self.days = values.shape[1]
        self.cum = np.zeros((len(values), self.days + 1))
        np.cumsum(values, axis=1, out=self.cum[:, 1:])

    def mean(self, since: int, until: int = 0) -> np.ndarray:
        """Mean [n] of the days from `since` to `until` days before the end."""
        begin, end = max(self.days - since, 0), self.days - until
        return (self.cum[:, end] - self.cum[:, begin]) / (end - begin)


def safe_ratio(above: np.ndarray, below: np.ndarray, least: float = 1e-6) -> np.ndarray:
    """`above` / `below`, where `below` is kept from zero."""
    return above / np.maximum(below, least)


def correlation(one: Spans, other: Spans, product: Spans, squares: tuple[Spans, Spans], span: tuple[int, int]) -> np.ndarray:
    """Correlation [n] over a span, from running sums of two series, their product and their squares; 0 if constant."""
    mean_one, mean_other = one.mean(*span), other.mean(*span)
    spread_one = np.sqrt(np.maximum(squares[0].mean(*span) - mean_one**2, 0))
    spread_other = np.sqrt(np.maximum(squares[1].mean(*span) - mean_other**2, 0))
    shared = product.mean(*span) - mean_one * mean_other
    return shared / np.maximum(spread_one * spread_other, 1e-4)
