"""B3: does released capacity hold a year later, and is more released than by last year's peak?

Demo territories; the factor comes from each territory's own earlier origins only. Two origins per territory: the
starts of its last two years. SEED=n measures seeds n, n+1, n+2. Every area with a year of load counts.

`coverage`: share of area-years in which realised peak + released capacity stays within the limit, every area counted
(nothing published releases 0), also those that were beyond their limit whatever is released (their share:
`over_limit`). `coverage_kept` judges the estimate alone: the peak stays within what was kept for it (limit − released
where something was released, the raised peak κ·P50 where nothing was left, the limit where nothing was published).
"""

from collections.abc import Mapping
from typing import Any

from benchmarks.areayears import at_target, measure_territories, pooled
from benchmarks.result import run, seed

SEEDS = 3
ORIGINS = 2
BAR = {"coverage": [(">=", 0.88)], "released_ratio": [(">=", 1.0)]}


def main() -> None:
    first = seed(0)
    run("B3", lambda: measure(range(first, first + SEEDS)), BAR)


def measure(seeds: range, origins: int = ORIGINS) -> tuple[Mapping[str, float], Mapping[str, Any]]:
    """Metrics over all seeds and origins, and the two methods at equal coverage."""
    parts = measure_territories(seeds, origins)
    whole = pooled(parts)
    ratio, peers = at_target(whole)
    metrics = {
        "coverage": whole.within_limit(),
        "coverage_worst": min(part.within_limit() for part in parts),
        "coverage_kept": whole.kept(),
        "coverage_kept_worst": min(part.kept() for part in parts),
        "over_limit": whole.over_limit(),
        "released_ratio": ratio,
    }
    return metrics, {**peers, "seeds": [seeds[0], seeds[-1]], "area_years": len(whole.realised)}


if __name__ == "__main__":
    main()
