"""Means over spans of the last days, for many customers at once, from running sums."""

import numpy as np

__all__ = ["Pair", "Spans"]


class Spans:
    """Running sums of `values` [n × days]; spans are told in days before the end: (28, 0) is the last 28 days."""

    def __init__(self, values: np.ndarray) -> None:
        self.days = values.shape[1]
        self.cum = np.zeros((len(values), self.days + 1))
        np.cumsum(values, axis=1, out=self.cum[:, 1:])

    def mean(self, since: int, until: int = 0) -> np.ndarray:
        """Mean [n] of the days from `since` to `until` days before the end."""
        begin, end = max(self.days - since, 0), self.days - until
        return np.asarray((self.cum[:, end] - self.cum[:, begin]) / (end - begin))

    def between(self, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Mean of each customer's own span of days, [n]; places count from the first day."""
        rows = np.arange(len(self.cum))
        return np.asarray((self.cum[rows, end] - self.cum[rows, begin]) / np.maximum(end - begin, 1))

    def around(self, begin: np.ndarray, back: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(means from each day of `begin` [k] to the end, means from `back` [k] to `begin`), both [n × k]."""
        first, middle, last = self.cum[:, back], self.cum[:, begin], self.cum[:, [self.days]]
        return (last - middle) / (self.days - begin), (middle - first) / (begin - back)


class Pair:
    """Scatter of two series and their correlation over spans."""

    def __init__(self, one: np.ndarray, other: np.ndarray) -> None:
        self.one, self.other = Spans(one), Spans(other)
        self.one_square, self.other_square = Spans(one * one), Spans(other * other)
        self.product = Spans(one * other)

    def spread(self, since: int, until: int = 0) -> np.ndarray:
        """Standard deviation [n] of the first series."""
        return np.sqrt(np.maximum(self.one_square.mean(since, until) - self.one.mean(since, until) ** 2, 0))

    def correlation(self, since: int, until: int = 0) -> np.ndarray:
        """Correlation [n]; 0 where a series is constant."""
        mean, other = self.one.mean(since, until), self.other.mean(since, until)
        spread = np.sqrt(np.maximum(self.other_square.mean(since, until) - other**2, 0))
        shared = self.product.mean(since, until) - mean * other
        return np.asarray(shared / np.maximum(self.spread(since, until) * spread, 1e-4))
