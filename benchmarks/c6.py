"""C6: planted theft, growth and a year's value in demo territories of five seeds, each by the product's own models.

Theft by `benchmarks.demo_theft`, growth by `benchmarks.demo_growth`, value by `benchmarks.demo_value`; each of them
says what it takes for truth. The bars are of the mean over the seeds; the worst of each stands beside it. SEED names
one territory alone, which then leaves no figures behind.
"""

import os
from concurrent.futures import ProcessPoolExecutor

import numpy as np

from benchmarks.demo_growth import growth_part
from benchmarks.demo_theft import theft_part
from benchmarks.demo_value import value_part
from benchmarks.result import Measured, run

SEEDS = (0, 1, 2, 3, 4)
PROCESSES = 2
BAR = {
    "theft_auc": [(">=", 0.93)],
    "theft_naive_auc": [("<=", 0.80)],
    "growth_lift": [(">=", 3.0)],
    "value_coverage": [(">=", 0.77), ("<=", 0.83)],
}


def main() -> None:
    run("C6", measure, BAR)


def measure() -> Measured:
    """Means over the territories, and the worst; what the rules anybody would try first come to."""
    asked = os.environ.get("SEED")
    with ProcessPoolExecutor(PROCESSES) as pool:
        parts = list(pool.map(_territory, (int(asked),) if asked else SEEDS))
    mean = {name: float(np.mean([one[name] for one in parts])) for name in parts[0]}
    found = {name: mean[name] for name in BAR}
    found["theft_auc_least"] = min(one["theft_auc"] for one in parts)
    found["growth_lift_least"] = min(one["growth_lift"] for one in parts)
    found["value_coverage_least"] = min(one["value_coverage"] for one in parts)
    found["value_coverage_most"] = max(one["value_coverage"] for one in parts)
    found["value_mae_cny"] = mean["value_mae_cny"]
    found["value_models"] = float(sum(one["value_model"] for one in parts))
    peers = {
        "use of the last year over the year before": {"growth_lift": mean["naive_growth_lift"]},
        "margin as last year": {"value_mae_cny": mean["naive_value_mae_cny"]},
    }
    return found, peers


def _territory(number: int) -> dict[str, float]:
    theft, growth, value = theft_part(number), growth_part(number), value_part(number)
    found = {name: theft[name] for name in ("theft_auc", "theft_naive_auc")}
    found |= {name: growth[name] for name in ("growth_lift", "naive_growth_lift")}
    found["value_coverage"], found["value_mae_cny"] = float(value["coverage"]), float(value["mae_cny"])
    found["naive_value_mae_cny"] = float(value["naive_mae_cny"])
    found["value_model"] = float(value["rule"] != "last_period")
    print(f"seed {number}: " + ", ".join(f"{name} {one:.3f}" for name, one in found.items()), flush=True)
    return found


if __name__ == "__main__":
    main()
