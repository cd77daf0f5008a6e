"""By how much margins changed, what of it was the weather, and what of that could be foreseen."""

from dataclasses import dataclass

import numpy as np

from training.customers.cases import Cases

__all__ = ["Changes", "year_changes"]


@dataclass(frozen=True)
class Changes:
    """`change` [n] of the margin from the last period, in units of each customer's size; by which share use changed
    for the weather that `came`, and what was `foreseen` of it at the origin."""

    change: np.ndarray
    came: np.ndarray
    foreseen: np.ndarray

    def told(self, gain: float) -> bool:
        """Whether weather is taken out of what is learnt: not where none is known."""
        return gain > 0 and bool(np.any(self.came != 0))

    def alone(self, gain: float) -> np.ndarray:
        """The change without weather, of which `gain` times the share of use reaches the margin."""
        return np.asarray(self.change - gain * self.came)


def year_changes(cases: Cases) -> Changes:
    """Of the margin the cases are about."""
    value = cases.rows["value_cny"].to_numpy(dtype=float)
    change = (value - cases.context["last_margin_cny"]) / cases.context["size_cny"]
    came = cases.rows["weather_share"].to_numpy(dtype=float)
    return Changes(np.asarray(change), came, cases.context["weather_foreseen"])
