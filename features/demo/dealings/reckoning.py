"""Energy and money in whole numbers, so that parts add up and amounts are right to the cent."""

import numpy as np

from features.demo.dealings.tariffs import Tariff, prices_of

__all__ = ["PERIODS", "energy_cents", "split_hundredths"]

PERIODS = ("sharp", "peak", "flat", "valley")


def split_hundredths(total: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Whole hundredths of a kWh by period that add up to `total`; -1 for those whose shares are all 0."""
    split = np.round(total[:, None] * share).astype(np.int64)
    # What rounding left goes to the period with most use, where nobody sees it.
    largest = share.argmax(axis=1)
    split[np.arange(len(total)), largest] += total - split.sum(axis=1)
    split[share.sum(axis=1) < 0.5] = -1
    return split


def energy_cents(tariff: Tariff, changed: bool, total: np.ndarray, split: np.ndarray, stepped: bool) -> np.ndarray:
    """Cents for energy (hundredths of a kWh), halves rounded away from zero; without `stepped` the first step holds."""
    prices = prices_of(tariff, changed)
    if tariff.hours:
        millionths = sum(split[:, PERIODS.index(period)] * price for period, price in prices.items())
    else:
        millionths = total * prices["all"]
        for below, above in zip(tariff.prices, tariff.prices[1:], strict=False):
            beyond = np.maximum(total - 100 * (above.tier_from_kwh or 0), 0) if stepped else 0
            millionths = millionths + beyond * (above.price - below.price)
    return np.sign(millionths) * ((np.abs(millionths) + 5000) // 10_000)
