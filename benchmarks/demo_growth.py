"""C6, growth: does the top tenth by p_more_capacity hold those whose planted growth lies in the next 12 months?

A demo territory with four years of daily use. The test origin is 12 months before the end; the model learns from
earlier origins whose outcome was known by then. True are customers whose planted growth (`truth/growth`, kind grow)
begins within the 12 months after the origin, or began at most 180 days before it: the first half of its year, in which
use has risen by less than half of what it will.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.result import seed
from features.configs import config_path
from features.demo import DemoConfig, Territory, simulate, write_territory
from features.ingest import ingest
from features.lake import Lake
from features.lake.held import HeldLake
from features.workspace import Workspace
from training.prospects import PROSPECTS, ProspectsConfig
from training.prospects.build import case_at
from training.prospects.family import top_decile_lift

__all__ = ["growth_of", "growth_part"]

EARLY_DAYS, YEAR_DAYS = 180, 365


def growth_part(number: int) -> dict[str, float]:
    """Lift of the top tenth, and what it stands on, for the territory of one seed."""
    territory = simulate(DemoConfig(customer_years=4, forecast_days=1, voltage_days=0, seed=number))
    with tempfile.TemporaryDirectory() as place:
        folder, workspace = Path(place) / "files", Workspace(Path(place) / "workspace")
        write_territory(territory, folder)
        ingest(config_path("sources/demo.yaml"), folder, workspace)
        return growth_of(territory, Lake(workspace.lake), workspace)


def growth_of(territory: Territory, lake: Lake, workspace: Workspace) -> dict[str, float]:
    """The same of a territory that is in a lake already."""
    config, settings = ProspectsConfig(), workspace.territory()
    held = HeldLake(lake)
    origin = territory.days.utc(len(territory.days.dates) - YEAR_DAYS)
    cases = PROSPECTS.cases(held, settings, config, as_of=origin)
    model = PROSPECTS.fit(cases, config, origin)
    asked = PROSPECTS.asked(held, settings, config, origin)
    truth = territory.truth["growth"]
    begun = (truth["start_utc"] - origin) / pd.Timedelta(days=1)
    growing = truth[(truth["kind"] == "grow") & (begun >= -EARLY_DAYS) & (begun < YEAR_DAYS)]
    y = asked.rows["customer_id"].isin(growing["customer_id"]).to_numpy(dtype=float)
    later = asked.rows["customer_id"].isin(growing.loc[begun[growing.index] >= 0, "customer_id"]).to_numpy(dtype=float)
    p = model.predict(asked)["p_more_capacity"].to_numpy()
    naive = np.nan_to_num(asked.features["year_on_year_share"].to_numpy(), nan=-9.0)
    judged = PROSPECTS.scores(model, case_at(held, settings, config, origin))
    return {
        "growth_lift": top_decile_lift(y, p),
        "growth_share": float(y.mean()),
        "naive_growth_lift": top_decile_lift(y, naive),
        "not_yet_begun_lift": top_decile_lift(later, p),
        "cases": float(len(cases.rows)),
        "base_rates": float(len(model.notes)),
        **{name: value for name, value in judged.items() if name.endswith(("_auc", "_rate", "_said", "_lift"))},
    }


if __name__ == "__main__":
    print(json.dumps({name: round(value, 4) for name, value in growth_part(seed(0)).items()}), file=sys.stdout)
