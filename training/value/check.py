"""Whether a model of the margin's change beats "as last period" at origins it has not seen: judged out of time."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from training.customers.cases import Cases
from training.value.changes import Changes, year_changes
from training.value.config import ValueConfig
from training.value.ranges import Ranges, empirical, fit_ranges, held_out, pinball

__all__ = ["Check", "check_rule"]

Rule = Literal["lightgbm", "last_period"]

_LOSSES = ("pinball", "error", "error_cny")
_LATEST = 1 / 3
"""The part of the origins that is judged by."""


@dataclass(frozen=True)
class Check:
    """What ships, why in words, and the losses it was decided by, in units of customers' size."""

    rule: Rule
    reason: str
    losses: dict[str, float]


def check_rule(cases: Cases, config: ValueConfig) -> Check:
    """Fit on cases whose outcome was known before the latest third of the origins, judge on those.

    Where no outcome of a year was known by then, years overlap, and a shorter outcome of the same customers
    stands in. Where there is none of these either nothing is proven, and last period ships.
    """
    origins = cases.origins()
    later = origins[-max(int(len(origins) * _LATEST), 1) :]
    judged = (cases.rows["origin"] >= later[0]).to_numpy(dtype=bool)
    whole = (cases.rows["known_at"] <= later[0]).to_numpy(dtype=bool)
    short_known = cases.rows["check_known_at"]
    short = (short_known <= later[0]).to_numpy(dtype=bool)
    told = f"{len(later)} origin(s) from {later[0]:%Y-%m-%d}"
    if whole.sum() >= config.least_cases:
        return _judge(cases, year_changes(cases), whole, judged, config, f"a year's change at {told}")
    if short.sum() >= config.least_cases:
        rows, context = cases.rows, cases.context
        early = Changes(
            rows["check_change"].to_numpy(dtype=float),
            rows["check_weather_share"].to_numpy(dtype=float),
            context["check_weather_foreseen"],
        )
        return _judge(cases, early, short, judged, config, f"{config.check_days} days' change at {told}, years overlap")
    return Check("last_period", f"as last period: no outcome was known before the {told}, so nothing is proven", {})


def _judge(
    cases: Cases, changes: Changes, taught: np.ndarray, judged: np.ndarray, config: ValueConfig, of: str
) -> Check:
    features, classes = cases.features.to_numpy(), cases.context["class"]
    ids = cases.rows["customer_id"].to_numpy(dtype=str)[taught]
    out = held_out(ids, config.held_out_share, config.seed)
    change, alone = changes.change, changes.alone(config.weather_gain)
    periods = None if changes.told(config.weather_gain) else 1
    ranges = fit_ranges(features[taught], alone[taught], classes[taught], out, config, periods)
    naive = Ranges(empirical(change[taught], classes[taught], config.levels))
    losses = {}
    for name, one in (("lightgbm", ranges), ("last_period", naive)):
        quantiles = one.change(features[judged], classes[judged])
        if one is ranges:
            quantiles = quantiles + config.weather_gain * changes.foreseen[judged][:, None]
        error = np.abs(change[judged] - quantiles[:, 1])
        losses[f"{name}_pinball"] = float(pinball(change[judged], quantiles, config.levels).mean())
        losses[f"{name}_error"] = float(error.mean())
        losses[f"{name}_error_cny"] = float((error * cases.context["size_cny"][judged]).mean())
    pairs = {loss: (losses[f"lightgbm_{loss}"], losses[f"last_period_{loss}"]) for loss in _LOSSES}
    told = ", ".join(f"{loss} {mine:.4g} beside {last:.4g}" for loss, (mine, last) in pairs.items())
    # In units of size every customer counts alike; in CNY a few large ones do, and there it must not lose.
    least = {loss: 1.0 if loss == "error_cny" else 1 - config.least_gain for loss in _LOSSES}
    gains = [mine < least[loss] * last for loss, (mine, last) in pairs.items()]
    if all(gains):
        return Check("lightgbm", f"the model beats last period by {of}: {told}", losses)
    return Check("last_period", f"as last period: the model does not beat it by {of}: {told}", losses)
