"""What a forecast is made of: contributions of five groups, in kW, that add up to its median.

The boosters are taken apart by exact Shapley values of their trees, the linear stage by its terms (see parts), both
in the proportion in which the forecast uses them. Level is what the model says of the node on average and as it
stood lately; the other groups are what moves this hour away from it. What the forecast does after the boosters has a
group of its own by rule: conformal correction, sorting of quantiles and levels between the trained ones count as
level; what a mixture of weather scenarios adds beyond the mean of its members counts as weather.
"""

from dataclasses import dataclass

import numpy as np

from features.errors import ModelError
from features.load.groups import CALENDAR, EVENTS, GROUPS, LEVEL
from features.load.issue import LINEAR, feature_groups
from training.demand.booster import Booster

__all__ = ["Explainer", "absorb", "pass_on"]

_LEVEL, _CALENDAR, _EVENTS = GROUPS.index(LEVEL), GROUPS.index(CALENDAR), GROUPS.index(EVENTS)


@dataclass(frozen=True)
class Explainer:
    """Takes the boosters apart; `variables` are the model's weather variables."""

    booster: Booster
    variables: tuple[str, ...]
    threads: int = 1

    def parts(
        self, features: np.ndarray, scale_kw: np.ndarray, linear_kw: np.ndarray, special: np.ndarray
    ) -> np.ndarray:
        """Contributions [n, H, G] in kW to the raw median of nodes that have a scale.

        `features` [n, H, F], `scale_kw` [n], `linear_kw` [n, H, G] the linear stage by groups, `special` [H] the
        targets near a special day: elsewhere the features of days off only tell an ordinary day, which is calendar.
        """
        nodes, targets, width = features.shape
        told = self.booster.contributions_kw(
            features.reshape(-1, width), np.repeat(scale_kw, targets), linear_kw.sum(axis=-1).reshape(-1), self.threads
        ).reshape(nodes, targets, width + 1)
        owners = self._owners()
        out = np.stack([told[..., :-1][..., owners == group].sum(axis=-1) for group in GROUPS], axis=-1)
        out[..., _LEVEL] += told[..., -1]
        ordinary = np.where(special, 0.0, out[..., _EVENTS])
        out[..., _CALENDAR] += ordinary
        out[..., _EVENTS] -= ordinary
        out += pass_on(told[..., :-1][..., owners == LINEAR].sum(axis=-1), linear_kw, scale_kw)
        return out + linear_kw * self.booster.linear_share

    def _owners(self) -> np.ndarray:
        groups = feature_groups(self.variables)
        unknown = [name for name in self.booster.feature_names if name not in groups]
        if unknown:
            raise ModelError(f"feature {unknown[0]} belongs to no group of an explanation ({len(unknown)} in all)")
        return np.array([groups[name] for name in self.booster.feature_names])


def pass_on(told_kw: np.ndarray, linear_kw: np.ndarray, scale_kw: np.ndarray) -> np.ndarray:
    """What the boosters make of their feature `linear` [n, H], shared out to the groups of `linear_kw` [n, H, G].

    The feature is the linear stage over the trailing level `scale_kw` [n]; what it tells is how far the stage is
    away from that level, and each group has its own part in that distance. As far as the boosters follow the
    distance, or take it back, each part is followed with its sign: heat at night stays a plus. What they make of it
    beyond the distance has no sign of its own, and is shared in proportion to the size of the parts, which, unlike
    shares of the sum, stays bounded where parts cancel.
    """
    away = linear_kw.copy()
    away[..., _LEVEL] -= scale_kw[:, None]
    total, size = away.sum(axis=-1), np.abs(away)
    followed = np.clip(np.where(total != 0, told_kw / np.where(total != 0, total, 1.0), 0.0), -1.0, 1.0)
    beyond = told_kw - followed * total
    whole = size.sum(axis=-1, keepdims=True)
    only_level = np.arange(len(GROUPS)) == _LEVEL
    shares = np.where(whole > 0, size / np.where(whole > 0, whole, 1.0), only_level)
    return followed[..., None] * away + beyond[..., None] * shares


def absorb(parts_kw: np.ndarray, median_kw: np.ndarray, group: str) -> np.ndarray:
    """The parts [..., G] with what they lack of `median_kw` [...] in `group`; NaN where there is no median."""
    out = np.where(np.isfinite(median_kw)[..., None], parts_kw, np.nan)
    out[..., GROUPS.index(group)] += median_kw - out.sum(axis=-1)
    return out
