"""What connections really draw: demand factors from the steps that energised ones left in their area's load."""

import numpy as np
import pandas as pd

from training.peak.config import PeakConfig
from training.peak.connections import ConnectionPolicy, Pending, energised
from training.peak.core import fit_core, past_features
from training.peak.inputs import PeakInputs

__all__ = ["learn_demand"]

_BEFORE_DAYS = 90
_SETTLED_DAYS = 90
_HIGHEST_FACTOR = 1.5


def learn_demand(inputs: PeakInputs, config: PeakConfig, policy: ConnectionPolicy) -> ConnectionPolicy:
    """The policy with demand factors drawn from those configured towards those observed.

    For each energised connection the mean of measured minus expected load in the quarter before it is compared with
    that in the quarter after its ramp; the steps are regressed on what the policy says, first for all classes
    together, then by class, each weighed against `learn_weight` connections of prior. What is expected comes from
    a past raised to today's connections, whose trend holds no growth that was connections.
    """
    if not policy.learn:
        return policy
    began = energised(inputs.applications, inputs.as_of, policy)
    steps = _steps(inputs, began, config, policy)
    if steps.empty:
        return policy
    lean = policy.learn_weight
    overall = _ratio(steps, 1.0, lean)
    factors = {}
    for name, factor in policy.demand_factor.items():
        mine = steps.loc[steps["customer_class"] == name]
        learnt = factor * (_ratio(mine, overall, lean) if len(mine) else overall)
        factors[name] = round(float(np.clip(learnt, 0.0, _HIGHEST_FACTOR)), 4)
    return policy.model_copy(update={"demand_factor": factors})


def _steps(inputs: PeakInputs, began: Pending, config: PeakConfig, policy: ConnectionPolicy) -> pd.DataFrame:
    """One row per connection with enough load on both sides: what was said and what was seen, over the node's scale."""
    rows = {str(node): row for row, node in enumerate(inputs.nodes.index)}
    ramp = policy.ramp_days
    if not any(node in rows for node in began.node_ids):
        return pd.DataFrame(columns=["customer_class", "cross", "square"])
    found = []
    core = fit_core(inputs, config, policy, anchored=False)
    features = past_features(inputs, config)
    gaps: dict[int, np.ndarray] = {}
    for k, node in enumerate(began.node_ids):
        day = int((began.first_day[k] - inputs.days[0]).days)
        if node not in rows or day < _BEFORE_DAYS or day + ramp + _SETTLED_DAYS > len(inputs.days):
            continue
        row = rows[node]
        if row not in gaps:
            gaps[row] = inputs.peak_kw[row] - core.fitted(row, *features)
        gap = gaps[row]
        before, after = gap[day - _BEFORE_DAYS : day], gap[day + ramp : day + ramp + _SETTLED_DAYS]
        if not (np.isfinite(before).any(axis=0).all() and np.isfinite(after).any(axis=0).all()):
            continue
        seen = np.nanmean(after, axis=0) - np.nanmean(before, axis=0)
        said, scale = began.block_kw[k], core.scale_kw[row]
        found.append((began.classes[k], float(seen @ said) / scale**2, float(said @ said) / scale**2))
    return pd.DataFrame(found, columns=["customer_class", "cross", "square"])


def _ratio(steps: pd.DataFrame, prior: float, lean: float) -> float:
    """Seen over said, drawn towards `prior` with the weight of `lean` connections of typical size."""
    typical = float(steps["square"].mean())
    return float((steps["cross"].sum() + lean * typical * prior) / (steps["square"].sum() + lean * typical))
