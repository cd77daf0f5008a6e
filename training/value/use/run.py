"""From a lake to what each customer will use: what was known at a moment, a model of it, and its forecast."""

from dataclasses import dataclass

import pandas as pd

from features.behaviour import DailyUse, read_known
from features.clock import Calendar
from features.lake import Lake
from features.workspace import TerritorySettings
from training.value.use.config import UseConfig
from training.value.use.model import UseModel

__all__ = ["UseForecast", "forecast_of", "forecast_use"]

_QUARTER = 90


@dataclass(frozen=True)
class UseForecast:
    """`customers` (index customer_id): use_90d_kwh_day, the level of the last quarter, and expected_kwh of the season
    ahead; beside it the model, and the daily use it was learnt from and asked with.
    """

    model: UseModel
    known: DailyUse
    customers: pd.DataFrame


def forecast_use(lake: Lake, territory: TerritorySettings, config: UseConfig, at: pd.Timestamp) -> UseForecast:
    """Use of the `config.horizon_days` from the local day of `at` on, learnt from what the lake knew at `at` (UTC).

    Raises NotFoundError without customers, ModelError where their use does not reach back far enough.
    """
    known = read_known(lake, territory, at)
    calendar = Calendar(territory.time_zone, territory.country, territory.subdivision)
    return forecast_of(known.use, calendar, config)


def forecast_of(use: DailyUse, calendar: Calendar, config: UseConfig) -> UseForecast:
    """As `forecast_use`, from daily use that ends where the season begins."""
    model = UseModel.fit(use, calendar, config)
    quarter = pd.DataFrame(use.kwh[:, -_QUARTER:], dtype=float).mean(axis=1)
    columns = {"use_90d_kwh_day": quarter.to_numpy(), "expected_kwh": model.predict(use, calendar)}
    return UseForecast(model, use, pd.DataFrame(columns, pd.Index(use.customer_ids, name="customer_id")))
