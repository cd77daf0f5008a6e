"""The answer of the peak model: scenarios of every node, shared, and the figures drawn from them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from training.peak.blocks import BLOCKS
from training.peak.config import PeakConfig
from training.peak.connections import ConnectionPolicy
from training.peak.core import Core
from training.peak.plan import node_error
from training.peak.uptake import UptakePolicy

__all__ = ["Peaks", "state_peaks"]

_LONGEST_GAP_DAYS = 365


@dataclass(frozen=True)
class Peaks:
    """Scenarios of the highest load of each block within each horizon, and what is known of every node's past.

    `base_kw` and `load_kw` are float64 [node, horizon, scenario, block]: without and with the connections in
    transit, NaN for nodes with too little history. `shock` [node, scenario] is the factor of the year and of the
    node's own error, median 1. `facts` is indexed by node_id in the same order: kind, known_days, last_day,
    recent_share (known share of the last 365 days), enough (bool), summed (bool: not measured, but added up),
    stepped_on (local day of the latest level step, NaT without one) and step_factor, its height.
    """

    as_of: pd.Timestamp
    horizons: tuple[int, ...]
    base_kw: np.ndarray
    load_kw: np.ndarray
    shock: np.ndarray
    facts: pd.DataFrame

    def frame(self, horizon_days: int | None = None) -> pd.DataFrame:
        """Per node: peak_p50_kw, peak_p90_kw, peak_p95_kw, base_p50_kw (without connections in transit), and the
        P50 of each block, block_p50_kw_0..5, scaled so that the highest block has the P50 of the whole day."""
        column = len(self.horizons) - 1 if horizon_days is None else self.horizons.index(horizon_days)
        load, base = self.load_kw[:, column], self.base_kw[:, column]
        whole = load.max(axis=2)
        p50 = np.median(whole, axis=1)
        shocked = whole * self.shock
        blocks = np.median(load, axis=1)
        # Days of the peak may fall in one block or another: the median of the whole is above each block's.
        lift = p50 - blocks.max(axis=1)
        result = self.facts.copy()
        result["peak_p50_kw"] = p50
        result["peak_p90_kw"] = np.maximum(np.quantile(shocked, 0.90, axis=1), p50)
        result["peak_p95_kw"] = np.maximum(np.quantile(shocked, 0.95, axis=1), p50)
        result["base_p50_kw"] = np.median(base.max(axis=2), axis=1)
        for block in range(BLOCKS):
            result[f"block_p50_kw_{block}"] = blocks[:, block] + lift
        return result

    def with_sums(self, parents: pd.Series) -> "Peaks":
        """The same, where a node never measured takes the sum of the nodes directly below it, if all are known.

        `parents` maps node_id to the node above. Highest loads are added as if they came at once, so the sum errs
        upwards; its facts are the poorest of its parts.
        """
        row_of = {str(node): row for row, node in enumerate(self.facts.index)}
        children: dict[str, list[int]] = {}
        for node, above in parents.items():
            if isinstance(above, str) and above in row_of and str(node) in row_of:
                children.setdefault(above, []).append(row_of[str(node)])
        base, load, facts = self.base_kw.copy(), self.load_kw.copy(), self.facts.copy()
        pending = {one for one in children if facts.loc[one, "known_days"] == 0}
        while ready := {one for one in pending if not pending & {self.facts.index[row] for row in children[one]}}:
            for one in sorted(ready):
                rows = children[one]
                base[row_of[one]], load[row_of[one]] = base[rows].sum(axis=0), load[rows].sum(axis=0)
                worst = facts.iloc[rows][["known_days", "last_day", "recent_share", "enough"]].min()
                facts.loc[one, worst.index] = worst
                facts.loc[one, "summed"] = True
            pending -= ready
        return replace(self, base_kw=base, load_kw=load, facts=facts)


def state_peaks(
    core: Core,
    horizons: Sequence[int],
    config: PeakConfig,
    policy: ConnectionPolicy,
    uptake: UptakePolicy | None = None,
) -> Peaks:
    """Draw the scenarios of a fitted core and the shocks of the year, and tell what each node's past is worth.

    Horizons count from the moment the inputs speak of; days between the last load and it are forecast too, a year of
    them at most: what is older than that is no longer a forecast, and `facts` tells its age. Layers of `uptake` grow
    from the last load on.
    """
    inputs = core.inputs
    stale = int((_local_day(inputs.as_of, core) - inputs.days[-1]).days) - 1
    stale = min(max(stale, 0), _LONGEST_GAP_DAYS)
    drawn = core.maxima([stale + horizon for horizon in horizons], config.scenarios, config, policy, uptake)
    ids = inputs.nodes.index.astype(str)
    own = np.stack([node_error(node, config.scenarios, config.seed) for node in ids])
    shock = np.exp(config.common_error * drawn.plan.common + config.node_error * own)
    known = np.isfinite(inputs.peak_kw).all(axis=2)
    days = np.arange(known.shape[1])
    last = np.where(known.any(axis=1), np.where(known, days, -1).max(axis=1), -1)
    facts = pd.DataFrame(
        {
            "kind": inputs.nodes["kind"].astype(str).to_numpy(),
            "known_days": known.sum(axis=1),
            "last_day": pd.DatetimeIndex([inputs.days[day] if day >= 0 else pd.NaT for day in last]),
            "recent_share": known[:, -365:].sum(axis=1) / 365,
            "enough": core.usable,
            "summed": False,
        },
        index=pd.Index(ids, name="node_id"),
    ).join(_latest_steps(core))
    return Peaks(inputs.as_of, tuple(horizons), drawn.base_kw, drawn.load_kw, shock, facts)


def _latest_steps(core: Core) -> pd.DataFrame:
    """Day and height of every node's latest level step, for the nodes that have one."""
    latest = {step.node_id: step for step in core.steps}
    columns = {
        "stepped_on": pd.Series({node: step.since for node, step in latest.items()}, dtype="datetime64[ns]"),
        "step_factor": pd.Series({node: step.factor for node, step in latest.items()}, dtype=float),
    }
    return pd.DataFrame(columns, index=pd.Index(list(latest), dtype=object))


def _local_day(moment: pd.Timestamp, core: Core) -> pd.Timestamp:
    return core.inputs.calendar.local(pd.DatetimeIndex([moment]))[0].normalize()
