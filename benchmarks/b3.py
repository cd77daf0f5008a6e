"""B3: does released capacity hold a year later, and is more released than by last year's peak?

Demo territories; the factor comes from each territory's own earlier origins only. Two origins per territory: the
starts of its last two years. SEED=n measures seeds n, n+1, n+2. Every area with a year of load counts.

`coverage`: share of area-years in which realised peak + released capacity stays within the limit, every area counted
(nothing published releases 0), also those that were beyond their limit whatever is released (their share:
`over_limit`). `coverage_kept` judges the estimate alone: the peak stays within what was kept for it (limit − released
where something was released, the raised peak κ·P50 where nothing was left, the limit where nothing was published).
"""

import os
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.result import run, seed
from features.clock import Calendar
from features.demo import DemoConfig, Territory, simulate
from features.load.grid import Grid
from serving.decisions.kept import released_at
from serving.decisions.limits import node_limits, valid_at
from serving.decisions.pools import round_down
from training.peak import ConnectionPolicy, PeakConfig, PeakModel
from training.peak.inputs import PeakInputs

SEEDS = 3
ORIGINS = 2
YEAR_DAYS = 365
ROUND_KVA = 5.0
BAR = {"coverage": [(">=", 0.88)], "released_ratio": [(">=", 1.0)]}


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

    def coverage(self) -> float:
        return float(np.mean(self.realised + self.released <= self.limit))

    def kept(self) -> float:
        spare = np.where(self.released > 0, self.limit - self.released, np.fmax(self.raised, 0.0))
        return float(np.mean(self.realised <= np.where(np.isfinite(self.raised), spare, self.limit)))


def main() -> None:
    first = seed(0)
    run("B3", lambda: measure(range(first, first + SEEDS)), BAR)


def measure(seeds: range, origins: int = ORIGINS) -> tuple[Mapping[str, float], Mapping[str, Any]]:
    """Metrics over all seeds and origins, and the two methods at equal coverage."""
    workers = min(len(seeds), os.cpu_count() or 1, 2)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        parts = [part for found in pool.map(area_years, seeds, [origins] * len(seeds)) for part in found]
    whole = AreaYears(*(np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])))
    ours, own_factor = released_at(whole.p50, whole.realised, whole.limit, PeakConfig().target_coverage)
    thumb, thumb_factor = released_at(whole.last, whole.realised, whole.limit, PeakConfig().target_coverage)
    metrics = {
        "coverage": whole.coverage(),
        "coverage_worst": min(part.coverage() for part in parts),
        "coverage_kept": whole.kept(),
        "coverage_kept_worst": min(part.kept() for part in parts),
        "over_limit": float(np.mean(whole.realised > whole.limit)),
        "released_ratio": ours / thumb,
    }
    peers = {
        "last year's peak": {
            "covers": round(float(np.mean(whole.realised <= whole.last)), 4),
            "factor_for_95": round(thumb_factor, 4),
            "released_kva_for_95": round(thumb),
        },
        "headroom": {"factor_for_95": round(own_factor, 4), "released_kva_for_95": round(ours)},
        "seeds": [seeds[0], seeds[-1]],
        "area_years": len(whole.realised),
    }
    return metrics, peers


def area_years(number: int, origins: int) -> list[AreaYears]:
    """The last `origins` years of one territory, each forecast with what was known at its start."""
    territory = simulate(DemoConfig(seed=number))
    inputs = territory_inputs(territory)
    days = len(inputs.days)
    return [one_year(territory, inputs, days - YEAR_DAYS * back) for back in range(origins, 0, -1)]


def territory_inputs(territory: Territory) -> PeakInputs:
    """What a reader of the territory knows at its end."""
    nodes = valid_at(territory.frame("node"), territory.end).set_index("node_id").sort_index()
    loads = Grid(territory.node_ids, territory.start, 60, np.asarray(territory.load_kw, dtype=float))
    weather = Grid(territory.station_ids, territory.start, 60, territory.temperature_c)
    calendar = Calendar("Asia/Shanghai", "CN")
    applications = territory.frame("application")
    return PeakInputs.of(loads, weather, nodes, calendar, applications, PeakConfig().enough_of_block)


def one_year(territory: Territory, inputs: PeakInputs, day: int) -> AreaYears:
    """Forecast from local day number `day`, against the true peaks of the year after it."""
    past = inputs.until(day)
    model = PeakModel.fit_inputs(past, PeakConfig(), ConnectionPolicy())
    figures = model.peaks_of(past, (YEAR_DAYS,)).frame()
    factor = model.kappa("area", YEAR_DAYS).value
    now = past.as_of
    tables = [valid_at(territory.frame(name), now) for name in ("transformer", "line_segment", "tie")]
    limits = node_limits(past.nodes, *tables, peak_kva={})["limit_kva"]
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


if __name__ == "__main__":
    main()
