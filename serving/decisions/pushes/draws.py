"""Draws by lot that stay as they fell: who is left out to compare by, and whose order is drawn instead of scored.

A draw is a hash of salt, purpose and id, so that it needs no memory and comes out the same on every machine.
"""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
import pandas as pd

from serving.decisions.pushes.policy import PushPolicy

__all__ = ["draw", "explores", "left_out_of_all", "left_out_of_campaign"]

_BITS = 53
"""As many as a float holds: the largest draw is still below 1."""


def draw(salt: str, what: str, ids: Sequence[str] | np.ndarray) -> np.ndarray:
    """One number of [0, 1) for each id, float64; those of different `salt` or `what` have nothing to do with each
    other."""
    begun = blake2b(f"{salt}|{what}|".encode(), digest_size=8)
    found = np.empty(len(ids))
    for at, one in enumerate(ids):
        hashed = begun.copy()
        hashed.update(str(one).encode())
        found[at] = (int.from_bytes(hashed.digest(), "big") >> (64 - _BITS)) / 2**_BITS
    return found


def left_out_of_all(policy: PushPolicy, persons: np.ndarray) -> np.ndarray:
    """Mask of those who are never offered anything; all accounts of a person alike."""
    return _below(policy.salt, "universal", persons, policy.universal_holdout)


def left_out_of_campaign(policy: PushPolicy, campaign: str, persons: np.ndarray) -> np.ndarray:
    """Mask of those whom one campaign leaves out."""
    return _below(policy.salt, f"campaign|{campaign}", persons, policy.campaign_holdout)


def explores(policy: PushPolicy, persons: np.ndarray) -> np.ndarray:
    """Mask of those whose offers are put in order by lot."""
    return _below(policy.salt, "explore", persons, policy.explore)


def _below(salt: str, what: str, persons: np.ndarray, share: float) -> np.ndarray:
    codes, every = pd.factorize(persons)
    return (draw(salt, what, every) < share)[codes]
