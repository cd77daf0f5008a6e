"""The fitted value model: the margin of the next 12 months with its range, and what stands beside it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from features.errors import ModelError
from training.customers.cases import Cases
from training.value.changes import year_changes
from training.value.check import Check, check_rule
from training.value.config import ValueConfig
from training.value.policy import ValuePolicy
from training.value.ranges import Ranges, empirical, fit_ranges, held_out, with_common
from training.value.sides import Sides, fit_sides

__all__ = ["SAYS", "ValueModel"]

SAYS = {
    "value_last_cny": "margin of the latest 12 months of which all bills are in, CNY",
    "value_p10_cny": "margin of the next 12 months, exceeded in 9 of 10 cases, CNY",
    "value_p50_cny": "margin of the next 12 months, as likely above as below, CNY",
    "value_p90_cny": "margin of the next 12 months, exceeded in 1 of 10 cases, CNY",
    "growth_share": "expected change of use of the next 12 months against the last, share",
    "increase_kva": "capacity he may ask for in the next 12 months: probability × kVA",
    "arrears_loss_cny": "expected debt of the next 12 months that will not be paid in time, CNY",
}


@dataclass(frozen=True)
class ValueModel:
    """`check` holds the rule that ships ("lightgbm" or "last_period"), why, and by which losses.

    It orders nothing: who is connected, who is repaired first and who is cut off is never decided by value.
    """

    config: ValueConfig
    policy: ValuePolicy
    check: Check
    ranges: Ranges
    sides: Sides
    until: pd.Timestamp

    @classmethod
    def fit(cls, cases: Cases, config: ValueConfig, policy: ValuePolicy, until: pd.Timestamp) -> "ValueModel":
        """Learn from all cases; ModelError where they are fewer than the settings ask for."""
        if len(cases.rows) < config.least_cases:
            raise ModelError(
                f"value needs {config.least_cases} cases with a known outcome, there are {len(cases.rows)}"
            )
        changes, classes = year_changes(cases), cases.context["class"]
        check = check_rule(cases, config)
        if check.rule == "lightgbm":
            ids = cases.rows["customer_id"].to_numpy(dtype=str)
            out = held_out(ids, config.held_out_share, config.seed)
            alone = changes.alone(config.weather_gain)
            periods = None if changes.told(config.weather_gain) else _periods(cases, config)
            ranges = fit_ranges(cases.features.to_numpy(), alone, classes, out, config, periods)
        else:
            ranges = Ranges(empirical(changes.change, classes, config.levels, _periods(cases, config)))
        return cls(config, policy, check, ranges, fit_sides(cases, check.rule == "lightgbm", config), until)

    @property
    def trained_until(self) -> pd.Timestamp:
        """UTC instant: no outcome known later was used."""
        return self.until

    @property
    def rule(self) -> str:
        """`lightgbm`, or `last_period` where it did not beat that out of time."""
        return self.check.rule

    def predict(self, cases: Cases) -> pd.DataFrame:
        """Columns `SAYS` in the order of the rows; NaN for accounts too new to have a last period."""
        change, common = self.ranges.change(cases.features.to_numpy(), cases.context["class"]), self.config.common_sd
        if self.rule == "lightgbm":
            gain, context = self.config.weather_gain, cases.context
            change = change + gain * context["weather_foreseen"][:, None]
            change = with_common(change, self.config.levels, np.hypot(common, gain * context["weather_sd"]))
        else:
            change = with_common(change, self.config.levels, common)
        last, size = cases.context["last_margin_cny"], cases.context["size_cny"]
        value = last[:, None] + change * size[:, None]
        columns = {"value_last_cny": last}
        columns |= {f"value_p{level}_cny": value[:, place] for place, level in enumerate((10, 50, 90))}
        columns |= self.sides.predict(cases)
        return pd.DataFrame(columns)[list(SAYS)]

    def save(self, folder: Path) -> None:
        """Write the artifact into `folder`, which is made."""
        from training.value.artifact import save_model

        save_model(self, folder)

    @classmethod
    def load(cls, folder: Path) -> "ValueModel":
        """The model `save` wrote; ModelError when it is missing or damaged."""
        from training.value.artifact import load_model

        return load_model(folder)


def _periods(cases: Cases, config: ValueConfig) -> int:
    """How many outcomes without overlap lie between the first origin and the end of the last outcome."""
    first, *_, last = [*cases.origins(), cases.origins()[-1]]
    return int((last - first) / pd.Timedelta(days=config.horizon_days)) + 1
