"""Area-years of demo territories: what was forecast at the start of a year, and the peaks that came. For B3 and F6."""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import numpy as np
import pandas as pd

from features.clock import Calendar
from features.demo import DemoConfig, Territory, simulate
from features.load.grid import Grid
from serving.decisions.kept import released_at
from serving.decisions.limits import node_limits, valid_at
from serving.decisions.pools import round_down
from training.peak import ConnectionPolicy, PeakConfig, PeakModel
from training.peak.inputs import PeakInputs

__all__ = ["AreaYears", "at_target", "measure_territories", "pooled", "territory_inputs"]

YEAR_DAYS = 365
ROUND_KVA = 5.0
_LIMITING = ("transformer", "line_segment", "tie")


@dataclass(frozen=True)
class AreaYears:
    """One row per area of one origin: realised and last year's peak, P50 and its raised value, limit, all in kVA."""

    realised: np.ndarray
    p50: np.ndarray
    raised: np.ndarray
    last: np.ndarray
    limit: np.ndarray

    @property
    def released(self) -> np.ndarray:
        return np.nan_to_num(round_down(self.limit - self.raised, ROUND_KVA))

    def covered(self) -> float:
        """Share whose peak came no higher than κ · P50; a peak that was not stated covers nothing."""
        return float(np.mean(self.realised <= self.raised))

    def within_limit(self) -> float:
        """Share whose peak and released capacity together stay within the limit."""
        return float(np.mean(self.realised + self.released <= self.limit))

    def kept(self) -> float:
        """Share whose peak stays within what was kept for it, rounding included."""
        spare = np.where(self.released > 0, self.limit - self.released, np.fmax(self.raised, 0.0))
        return float(np.mean(self.realised <= np.where(np.isfinite(self.raised), spare, self.limit)))

    def over_limit(self) -> float:
        """Share beyond its limit whatever is released."""
        return float(np.mean(self.realised > self.limit))


def measure_territories(seeds: range, origins: int) -> list[AreaYears]:
    """The last `origins` years of the territory of each seed, in order."""
    workers = min(len(seeds), os.cpu_count() or 1, 2)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return [part for found in pool.map(_one_territory, seeds, [origins] * len(seeds)) for part in found]


def pooled(parts: Sequence[AreaYears]) -> AreaYears:
    """All area-years in one."""
    return AreaYears(*(np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])))


def at_target(whole: AreaYears) -> tuple[float, Mapping[str, Any]]:
    """Released kVA over that of last year's peak, when one factor each makes both cover just the target afterwards.

    Each method's own estimate, P50 and last year's peak, is multiplied by one and the same factor for all areas, years
    and territories, chosen with the outcome in hand: neither gains by its κ, which is one for all areas of a territory.
    """
    target = PeakConfig().target_coverage
    ours, own_factor = released_at(whole.p50, whole.realised, whole.limit, target)
    thumb, thumb_factor = released_at(whole.last, whole.realised, whole.limit, target)
    peers = {
        "last year's peak": {
            "covers": round(float(np.mean(whole.realised <= whole.last)), 4),
            "factor_for_95": round(thumb_factor, 4),
            "released_kva_for_95": round(thumb),
        },
        "headroom": {"factor_for_95": round(own_factor, 4), "released_kva_for_95": round(ours)},
    }
    return ours / thumb, peers


def _one_territory(number: int, origins: int) -> list[AreaYears]:
    """The last `origins` years of one territory, each forecast with what was known at its start."""
    territory = simulate(DemoConfig(seed=number))
    inputs = territory_inputs(territory)
    days = len(inputs.days)
    return [_one_year(territory, inputs, days - YEAR_DAYS * back) for back in range(origins, 0, -1)]


def territory_inputs(territory: Territory) -> PeakInputs:
    """What a reader of the territory knows at its end."""
    nodes = valid_at(territory.frame("node"), territory.end).set_index("node_id").sort_index()
    loads = Grid(territory.node_ids, territory.start, 60, np.asarray(territory.load_kw, dtype=float))
    weather = Grid(territory.station_ids, territory.start, 60, territory.temperature_c)
    calendar = Calendar("Asia/Shanghai", "CN")
    applications = territory.frame("application")
    return PeakInputs.of(loads, weather, nodes, calendar, applications, PeakConfig().enough_of_block)


def _one_year(territory: Territory, inputs: PeakInputs, day: int) -> AreaYears:
    """Forecast from local day number `day`, against the true peaks of the year after it."""
    past = inputs.until(day)
    model = PeakModel.fit_inputs(past, PeakConfig(), ConnectionPolicy())
    figures = model.peaks_of(past, (YEAR_DAYS,)).frame()
    factor = model.kappa("area", YEAR_DAYS).value
    now = past.as_of
    transformers, segments, ties = (valid_at(territory.frame(name), now) for name in _LIMITING)
    limits = node_limits(past.nodes, transformers, segments, ties, peak_kva={})["limit_kva"]
    areas = past.nodes.index[past.nodes["kind"] == "area"]
    power_factor = past.nodes.loc[areas, "power_factor"].to_numpy(dtype=float)
    true = pd.Series(_peaks(territory.true_kw, day), index=list(territory.node_ids))
    last = pd.Series(_peaks(territory.load_kw, day - YEAR_DAYS), index=list(territory.node_ids))
    p50 = figures.loc[areas, "peak_p50_kw"].to_numpy() / power_factor
    return AreaYears(
        realised=true[areas].to_numpy() / power_factor,
        p50=p50,
        raised=factor * p50,
        last=last[areas].to_numpy() / power_factor,
        limit=limits[areas].to_numpy(),
    )


def _peaks(load_kw: np.ndarray, day: int) -> np.ndarray:
    return np.nanmax(np.asarray(load_kw, dtype=float)[:, day * 24 : (day + YEAR_DAYS) * 24], axis=1)
