"""What one who accepts draws more or less, in kW and in whole VA, in each four-hour block of the local day."""

import numpy as np

from serving.decisions.pushes.catalogue import Load, Service

__all__ = ["adds_va", "held_va", "load_known", "load_kw"]

_HAIR = 1e-6
"""VA: what a quotient is off by must not become a whole one."""


def load_kw(load: Load, own_kw: np.ndarray) -> np.ndarray:
    """kW [customers, block] that an acceptance adds, below zero frees; NaN where it hangs on a load that is unknown."""
    share = np.array(load.own_share)
    # A block in which nothing hangs on the own load is known whatever that is.
    return np.array(load.kw) + np.where(share == 0, 0.0, share * own_kw)


def load_known(service: Service, own_kw: np.ndarray) -> np.ndarray:
    """Mask of the customers of whom the service's load is known, as offered firmly and flexibly."""
    loads = [service.load] if service.flexible is None else [service.load, service.flexible]
    return np.logical_and.reduce([np.isfinite(load_kw(load, own_kw)).all(axis=1) for load in loads])


def adds_va(kw: np.ndarray, power_factor: float) -> np.ndarray:
    """Whole VA [..., block] that a load draws more, rounded up; nothing where it frees."""
    return np.ceil(np.clip(kw, 0.0, None) * 1000 / power_factor - _HAIR) + 0.0


def held_va(added_va: np.ndarray, propensity: np.ndarray) -> np.ndarray:
    """What an offer holds of the room: `added_va` [offers, block] times the probability of acceptance, rounded up."""
    return np.ceil(added_va * np.asarray(propensity)[..., None] - _HAIR) + 0.0
