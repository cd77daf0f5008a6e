"""How much worse one model is than another on the same days: relative differences of losses, with paired intervals.

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
    """`blocks`: relative difference, DataFrame node × block, NaN where unknown; `left_out`: why nodes are not in it."""

    blocks: pd.DataFrame
    champion: pd.Series
    challenger: pd.Series
    left_out: dict[str, str]

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


def pair_up(losses: pd.DataFrame, block_days: int, min_node_share: float) -> Paired:
    """Relative differences by node and block from `losses`: node_id, day, champion, challenger (mean loss of the day).

    Every difference is taken over the mean of both losses of its node, so that nodes count alike whatever their
    size, and swapping the two models only changes the sign. Days on which either loss is unknown are left out for
    both; nodes with too few blocks, or no loss at all, are left out and named.
    """
    champion = losses.pivot(index="node_id", columns="day", values="champion").sort_index(axis=1)
    challenger = losses.pivot(index="node_id", columns="day", values="challenger").sort_index(axis=1)
    known = champion.notna() & challenger.notna()
    champion, challenger = champion.where(known), challenger.where(known)
    scale = (champion.mean(axis=1) + challenger.mean(axis=1)) / 2
    number = block_numbers(champion.shape[1], block_days)
    difference = (challenger - champion).div(scale.where(scale > 0), axis=0)
    blocks = difference.T.groupby(number).mean().T
    enough = blocks.notna().sum(axis=1) >= max(2, min_node_share * blocks.shape[1])
    left_out = {str(node): _why(known.loc[node].any(), scale[node]) for node in blocks.index[~enough]}
    kept = blocks.index[enough]
    return Paired(blocks.loc[kept], champion.mean(axis=1)[kept], challenger.mean(axis=1)[kept], left_out)


def _why(any_known: bool, scale: float) -> str:
    if not any_known:
        return "no known load or no forecast"
    return "too few days with known load" if scale > 0 else "neither model errs at all"
