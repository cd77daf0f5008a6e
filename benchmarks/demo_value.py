"""The value part of C6: margins of demo customers a year ahead, learnt from what was known a year before the end."""

import os
import tempfile
from pathlib import Path

import pandas as pd

from features.contracts import CONTRACTS
from features.demo import DemoConfig, Territory, simulate
from features.lake import Lake
from features.workspace import TerritorySettings
from training.value import VALUE, ValueConfig

__all__ = ["value_part"]

_TABLES = (
    *("org_unit", "node", "transformer", "customer", "meter", "consumption", "bill", "payment", "tariff"),
    *("cost_to_serve", "application", "work_order", "satisfaction", "app_activity", "event", "weather_observed"),
)


def value_part(seed: int, territory: Territory | None = None) -> dict[str, float | str]:
    """Coverage of P10 to P90 at the last origin with a known outcome, errors beside those of last period, what ships.

    The model learns from origins whose outcome was known at that origin. `territory`: the demo territory of that seed
    with four years of customers, where it is there already.
    """
    territory = territory or simulate(DemoConfig(customer_years=4, seed=seed))
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(Path(folder))
        for name in _TABLES:
            lake.append(name, _versions(territory, name), f"demo:{name}")
        judged = VALUE.cases(lake, TerritorySettings(), ValueConfig(most_origins=1))
        origin = judged.origins()[0]
        past = VALUE.cases(lake, TerritorySettings(), ValueConfig(), as_of=origin)
    model = VALUE.fit(past, ValueConfig(), origin)
    scores = VALUE.scores(model, judged)
    names = ("coverage", "mae_cny", "naive_mae_cny", "loss", "naive_loss", "growth_wape", "naive_growth_wape", "cases")
    out: dict[str, float | str] = {name: round(scores[name], 4) for name in names}
    return out | {"origin": f"{origin:%Y-%m-%d}", "rule": model.rule, "reason": model.check.reason}


def _versions(territory: Territory, table: str) -> pd.DataFrame:
    """All versions of a table, one per key and moment at which it became known."""
    keys = [*CONTRACTS[table].key, "available_at"]
    return territory.frame(table).drop_duplicates(keys, keep="last")


if __name__ == "__main__":
    print(value_part(int(os.environ.get("SEED") or 0)))
