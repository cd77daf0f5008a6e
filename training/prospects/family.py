"""The prospects family: who will need more capacity, electrify or leave, as jobs, gate and tuning ask for it."""

from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd

from features.lake import Lake
from features.lake.held import HeldLake
from features.workspace import TerritorySettings
from training.customers.cases import Cases
from training.customers.family import CustomerModel
from training.prospects.build import asked_at, case_at, joined, origins
from training.prospects.config import ProspectsConfig
from training.prospects.model import SAYS, ProspectsModel
from training.prospects.outcomes import HEADS, YEAR_DAYS
from training.tabular.logits import logit

__all__ = ["PROSPECTS", "ProspectsFamily", "top_decile_lift"]


class ProspectsFamily:
    """Three probabilities of every customer, each calibrated on cases that the parts of the model had not seen."""

    name: ClassVar[str] = "prospects"
    config_type: ClassVar[type[ProspectsConfig]] = ProspectsConfig
    config_file: ClassVar[str] = "prospects.yaml"
    space_file: ClassVar[str] = "prospects.space.yaml"
    says: ClassVar[dict[str, str]] = SAYS
    horizon_days: ClassVar[int] = YEAR_DAYS
    outcomes: ClassVar[dict[str, str]] = {f"p_{head}": head for head in HEADS}
    """Columns of the cases that tell what came of columns of `says`."""

    def cases(
        self, lake: Lake, territory: TerritorySettings, config: ProspectsConfig, as_of: pd.Timestamp | None = None
    ) -> Cases:
        """Every customer at every origin whose outcome was known at `as_of`, oldest origin first."""
        held = HeldLake(lake)
        chosen = origins(held, territory, config, as_of)
        return joined([case_at(held, territory, config, at) for at in chosen])

    def asked(self, lake: Lake, territory: TerritorySettings, config: ProspectsConfig, at: pd.Timestamp) -> Cases:
        """All customers of `at`, without an outcome."""
        return asked_at(lake, territory, config, at)

    def fit(self, cases: Cases, config: ProspectsConfig, trained_until: pd.Timestamp) -> ProspectsModel:
        """Fit on all cases; an outcome that too few had is said by its base rate, which the model's notes tell."""
        return ProspectsModel.fit(cases, config, trained_until)

    def losses(self, model: CustomerModel, cases: Cases) -> pd.Series:
        """Log-loss of each case, the mean over the three outcomes."""
        return pd.Series(_losses(model.predict(cases), cases), name="loss")

    def scores(self, model: CustomerModel, cases: Cases) -> dict[str, float]:
        """Log-loss and, of each outcome, AUC and lift of the top tenth; beside them those of the class's base rate."""
        told = model.predict(cases)
        out = {"cases": float(len(cases.rows)), "loss": float(np.nanmean(_losses(told, cases)))}
        if isinstance(model, ProspectsModel):
            out["naive_loss"] = float(np.nanmean(_losses(model.base(cases), cases)))
            out["base_rates"] = float(len(HEADS) - len(model.heads))
        grown = cases.features["year_on_year_share"].to_numpy() if "year_on_year_share" in cases.features else None
        for head in HEADS:
            y, p = cases.rows[head].to_numpy(dtype=np.float64), told[f"p_{head}"].to_numpy()
            out |= {f"{head}_rate": float(y.mean()), f"{head}_said": float(p.mean())}
            out |= {f"{head}_auc": _auc(y, p), f"{head}_lift": top_decile_lift(y, p)}
            if grown is not None:
                # The rule anybody would try: who grew last year grows, who shrank leaves.
                out[f"naive_{head}_auc"] = _auc(y, np.nan_to_num(-grown if head == "leave" else grown))
        return out

    def load(self, folder: Path) -> ProspectsModel:
        """The fitted model of an artifact folder."""
        return ProspectsModel.load(folder)


def _losses(told: pd.DataFrame, cases: Cases) -> np.ndarray:
    y = cases.rows[list(HEADS)].to_numpy(dtype=np.float64)
    z = logit(told[[f"p_{head}" for head in HEADS]].to_numpy())
    return np.asarray((np.logaddexp(0.0, z) - y * z).mean(axis=1))


def _auc(y: np.ndarray, score: np.ndarray) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(y, score)) if 0 < y.sum() < len(y) else float("nan")


def top_decile_lift(y: np.ndarray, score: np.ndarray) -> float:
    """How much more often the tenth with the highest scores has it than all do; NaN where nobody does."""
    if not y.sum():
        return float("nan")
    top = np.argsort(-score, kind="stable")[: max(len(score) // 10, 1)]
    return float(y[top].mean() / y.mean())


PROSPECTS = ProspectsFamily()
