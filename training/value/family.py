"""The value family: what a customer is worth, as jobs, gate, backtest, tuning and watching ask for it.

Value never orders connections or repairs: who is supplied, when, and who is mended first is no question of margin.
"""

from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd

from features.clock import Calendar
from features.configs import config_path
from features.lake import Lake
from features.settings import load_settings
from features.workspace import TerritorySettings
from training.customers.cases import Cases
from training.customers.family import CustomerModel
from training.value.build import asked_at, case_at, joined
from training.value.changes import year_changes
from training.value.config import ValueConfig
from training.value.model import SAYS, ValueModel
from training.value.periods import origins
from training.value.policy import ValuePolicy
from training.value.ranges import Ranges, pinball, with_common

__all__ = ["VALUE", "ValueFamily"]


class ValueFamily:
    """Margin of the next 12 months after cost to serve and bad debt, growth, more capacity, and debt that is lost."""

    name: ClassVar[str] = "value"
    config_type: ClassVar[type[ValueConfig]] = ValueConfig
    config_file: ClassVar[str] = "value.yaml"
    space_file: ClassVar[str] = "value.space.yaml"
    says: ClassVar[dict[str, str]] = SAYS
    horizon_days: ClassVar[int] = 365
    outcomes: ClassVar[dict[str, str]] = {
        **{f"value_p{level}_cny": "value_cny" for level in (10, 50, 90)},
        "arrears_loss_cny": "bad_debt_cny",
    }
    """Columns of the cases that tell what came of columns of `says`."""

    def cases(
        self, lake: Lake, territory: TerritorySettings, config: ValueConfig, as_of: pd.Timestamp | None = None
    ) -> Cases:
        """Every customer at every origin whose outcome was known at `as_of`, oldest origin first.

        Raises NotFoundError where bills do not reach back far enough for one origin.
        """
        policy = self.policy(config)
        calendar = Calendar(territory.time_zone, territory.country, territory.subdivision)
        chosen = origins(lake, calendar, config, policy, as_of)
        return joined([case_at(lake, territory, config, policy, one) for one in chosen])

    def asked(self, lake: Lake, territory: TerritorySettings, config: ValueConfig, at: pd.Timestamp) -> Cases:
        """All customers of `at`, without an outcome."""
        return asked_at(lake, territory, config, self.policy(config), at)

    def fit(self, cases: Cases, config: ValueConfig, trained_until: pd.Timestamp) -> ValueModel:
        """Fit on all cases; ships "as last period", and says why, where the model is not proven to beat it."""
        return ValueModel.fit(cases, config, self.policy(config), trained_until)

    def losses(self, model: CustomerModel, cases: Cases) -> pd.Series:
        """Mean pinball loss of P10, P50 and P90 of each case, in units of the customer's size."""
        told = model.predict(cases)
        quantiles = told[["value_p10_cny", "value_p50_cny", "value_p90_cny"]].to_numpy()
        value, size = cases.rows["value_cny"].to_numpy(dtype=float), cases.context["size_cny"]
        return pd.Series(pinball(value / size, quantiles / size[:, None], (0.1, 0.5, 0.9)), name="loss")

    def scores(self, model: CustomerModel, cases: Cases) -> dict[str, float]:
        """Errors, coverage and losses beside those of "as last period"; `rule_last_period` is 1 where that ships."""
        told = model.predict(cases)
        value, last = cases.rows["value_cny"].to_numpy(dtype=float), cases.context["last_margin_cny"]
        known = np.isfinite(value) & np.isfinite(told["value_p50_cny"].to_numpy())
        low, middle, high = (told[f"value_p{level}_cny"].to_numpy() for level in (10, 50, 90))
        growth, naive = told["growth_share"].to_numpy(), cases.context["last_kwh"]
        kwh = cases.rows["kwh"].to_numpy(dtype=float)
        asked = (cases.rows["increase_kva"] > 0).to_numpy(dtype=float)
        out = {
            "cases": float(known.sum()),
            "mae_cny": _mean(np.abs(value - middle), known),
            "naive_mae_cny": _mean(np.abs(value - last), known),
            "coverage": _mean((value >= low) & (value <= high), known),
            "loss": _mean(self.losses(model, cases).to_numpy(), known),
            "growth_wape": _mean(np.abs(naive * (1 + growth) - kwh), known) / max(_mean(kwh, known), 1e-9),
            "naive_growth_wape": _mean(np.abs(naive - kwh), known) / max(_mean(kwh, known), 1e-9),
            "increase_lift": _lift(told["increase_kva"].to_numpy()[known], asked[known]),
            "rule_last_period": float(getattr(model, "rule", "") == "last_period"),
        }
        if isinstance(model, ValueModel):
            seen = Ranges(model.ranges.seen).change(cases.features.to_numpy(), cases.context["class"])
            seen = with_common(seen, model.config.levels, model.config.common_sd)
            out["naive_loss"] = _mean(pinball(year_changes(cases).change, seen, model.config.levels), known)
        return out

    def load(self, folder: Path) -> ValueModel:
        """The fitted model of an artifact folder."""
        return ValueModel.load(folder)

    def policy(self, config: ValueConfig) -> ValuePolicy:
        """The policy the settings name."""
        return load_settings(ValuePolicy, config_path(config.policy_file))


def _mean(values: np.ndarray, known: np.ndarray) -> float:
    return float(np.mean(values[known])) if known.any() else float("nan")


def _lift(score: np.ndarray, asked: np.ndarray) -> float:
    """How much more often the tenth with the highest scores asks than all do; NaN where nobody does."""
    if not len(asked) or not asked.any():
        return float("nan")
    top = np.argsort(-score, kind="stable")[: max(len(score) // 10, 1)]
    return float(asked[top].mean() / asked.mean())


VALUE = ValueFamily()
