"""How much worse one model is than another on the same days: relative differences of losses, with paired intervals.

The difference of a node and day is (challenger − champion) over the mean of both losses of that node and day. So
nodes count alike whatever their size, days whatever their weather, and swapping the models only changes the sign.
One very bad day weighs no more than another here; that is looked at apart, by the losses of the whole window.

All nodes of a day move together (they share its weather), and a day is much like the day before. So the nodes are
averaged first and neighbouring days stand together as one observation: the interval is Student's t on the means of
blocks of days (Ibragimov and Müller, Journal of Business & Economic Statistics 28, 2010), which stays honest for a
handful of blocks where resampling a handful of them does not.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

__all__ = ["Interval", "Paired", "block_numbers", "interval", "pair_up"]


@dataclass(frozen=True)
class Interval:
    """A mean, the ends of its two-sided interval, and the number of observations; NaN where there are under two."""

    mean: float
    low: float
    high: float
    observations: int


@dataclass(frozen=True)
class Paired:
    """`blocks`: mean relative difference, DataFrame node × block, NaN where unknown; `champion` and `challenger`: mean
    loss of each node over the days of both; `left_out`: why nodes are not in it.
    """

    blocks: pd.DataFrame
    champion: pd.Series
    challenger: pd.Series
    left_out: dict[str, str]

    def whole(self) -> pd.Series:
        """Relative difference of the losses of the whole window by node: here bad days count as much as they cost."""
        return (self.challenger - self.champion) / ((self.challenger + self.champion) / 2)

    def means(self) -> np.ndarray:
        """Each block's mean over its nodes, all nodes alike [block]."""
        return np.asarray(self.blocks.mean(axis=0), dtype=float)


def block_numbers(days: int, block_days: int) -> np.ndarray:
    """Number of the block of each day in order: as many blocks as fit whole, their lengths as equal as can be."""
    count = max(days // block_days, 1)
    return np.repeat(np.arange(count), [len(part) for part in np.array_split(np.arange(days), count)])


def interval(values: np.ndarray, confidence: float) -> Interval:
    """Student's t interval of the mean of `values`, NaN left out; no width where all are alike."""
    from scipy.stats import t

    known = values[np.isfinite(values)]
    if len(known) < 2:
        nan = float("nan")
        return Interval(float(known[0]) if len(known) else nan, nan, nan, len(known))
    mean, error = float(known.mean()), float(known.std(ddof=1) / np.sqrt(len(known)))
    reach = error * float(t.ppf((1 + confidence) / 2, len(known) - 1))
    return Interval(mean, mean - reach, mean + reach, len(known))


def pair_up(losses: pd.DataFrame, block_days: int, min_node_share: float, over_node: bool = False) -> Paired:
    """Relative differences by node and block from `losses`: node_id, day, champion, challenger (mean loss of the day).

    Days on which either loss is unknown, or neither model errs, are left out for both; nodes with too few blocks are
    left out and named. `over_node`: differences are over the mean loss of the node on all days known, where that of
    single days is mostly near nothing (rare outcomes).
    """
    champion = losses.pivot(index="node_id", columns="day", values="champion").sort_index(axis=1)
    challenger = losses.pivot(index="node_id", columns="day", values="challenger").sort_index(axis=1)
    middle = (champion + challenger) / 2
    known = middle.notna()
    base = middle.mul(0).add(middle.mean(axis=1), axis=0) if over_node else middle
    difference = ((challenger - champion) / base).where(base > 0)
    number = block_numbers(champion.shape[1], block_days)
    blocks = difference.T.groupby(number).mean().T
    enough = blocks.notna().sum(axis=1) >= max(2, min_node_share * blocks.shape[1])
    left_out = {
        str(node): _why(known.loc[node].any(), blocks.loc[node].notna().any()) for node in blocks.index[~enough]
    }
    kept = blocks.index[enough]
    mean = [side.where(known).mean(axis=1)[kept] for side in (champion, challenger)]
    return Paired(blocks.loc[kept], mean[0], mean[1], left_out)


def _why(any_known: bool, any_error: bool) -> str:
    if not any_known:
        return "no known load or no forecast"
    return "too few days with known load" if any_error else "neither model errs at all"
