"""Customers in groups: blocks that are independent of each other, and units large enough to be looked at alone."""

import hashlib

import numpy as np
import pandas as pd

__all__ = ["OTHERS", "block_of", "cell_losses", "pooled_units"]

OTHERS = "others"


def block_of(customer_ids: pd.Series, blocks: int) -> np.ndarray:
    """Number of each customer's block, 0 … blocks − 1, by a hash of the id: the same in every process and version.

    All cases of a customer, whatever their origin, are in one block: he is much like himself a quarter later.
    """
    places, ids = pd.factorize(customer_ids.astype(str))
    digests = (hashlib.blake2b(one.encode(), digest_size=8).digest() for one in ids)
    numbers = np.array([int.from_bytes(digest, "big") % blocks for digest in digests], dtype=int)
    return numbers[places]


def pooled_units(units: pd.Series, customer_ids: pd.Series, least: int) -> pd.Series:
    """The unit of each case, those with fewer than `least` customers together as `others`."""
    customers = customer_ids.astype(str).groupby(units.astype(str)).nunique()
    small = set(customers.index[customers < least])
    return units.astype(str).where(~units.astype(str).isin(small), OTHERS)


def cell_losses(scored: pd.DataFrame, names: list[str], blocks: int, least: int) -> pd.DataFrame:
    """Mean of the columns `names` by unit (`node_id`, small ones pooled) and block of customers (`day`).

    `scored` has customer_id and unit. Cases in which any of `names` is unknown are left out of all of them.
    """
    known = scored[scored[names].notna().all(axis=1)]
    unit = pooled_units(known["unit"], known["customer_id"], least).rename("node_id")
    block = pd.Series(block_of(known["customer_id"], blocks), index=known.index, name="day")
    return known[names].groupby([unit, block]).mean().reset_index()
