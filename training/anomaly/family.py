"""The anomaly family: theft and abnormal use, as jobs, gate, backtest, tuning and watching ask for it."""

from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd

from features.errors import ModelError, NotFoundError
from features.lake import Lake
from features.workspace import TerritorySettings
from training.anomaly.cases import asked_at, cases_at, joined, origins
from training.anomaly.fitting import fit_anomaly
from training.anomaly.model import SAYS, AnomalyModel
from training.anomaly.settings import AnomalyConfig
from training.customers.cases import Cases
from training.customers.family import CustomerModel

__all__ = ["ANOMALY", "AnomalyFamily"]


class AnomalyFamily:
    """Whether meters show what is used: a score, alarms of the day, and the energy that is lost."""

    name: ClassVar[str] = "anomaly"
    config_type: ClassVar[type[AnomalyConfig]] = AnomalyConfig
    config_file: ClassVar[str] = "anomaly.yaml"
    space_file: ClassVar[str] = "anomaly.space.yaml"
    says: ClassVar[dict[str, str]] = SAYS
    horizon_days: ClassVar[int] = 90

    def cases(
        self, lake: Lake, territory: TerritorySettings, config: AnomalyConfig, as_of: pd.Timestamp | None = None
    ) -> Cases:
        """Customers at the newest origins: inspected ones by what was found, of the others half attacked by ourselves.

        Raises NotFoundError where daily use does not reach back far enough for one origin.
        """
        chosen = origins(lake, territory, config, as_of)
        parts = []
        for one in chosen:
            try:
                parts.append(cases_at(lake, territory, config, one, as_of))
            except NotFoundError:
                # Nobody's use was known then for long enough; a later origin may do.
                continue
        if not parts:
            days = config.least_days + config.horizon_days
            raise NotFoundError(f"no case of anomaly: the lake holds less than {days} days of customers' use")
        return joined(parts)

    def asked(self, lake: Lake, territory: TerritorySettings, config: AnomalyConfig, at: pd.Timestamp) -> Cases:
        """All customers of `at`, without an outcome."""
        return asked_at(lake, territory, config, at)

    def fit(self, cases: Cases, config: AnomalyConfig, trained_until: pd.Timestamp) -> AnomalyModel:
        """Fit on all cases; without enough days for alarms the model gives none, and says so."""
        return fit_anomaly(cases, config, trained_until)

    def losses(self, model: CustomerModel, cases: Cases) -> pd.Series:
        """Log loss of each case, among cases as they are made (about half of them attacked)."""
        odds = _anomaly(model).case_odds(cases)
        stolen = cases.rows["stolen"].to_numpy(dtype=float)
        return pd.Series(np.logaddexp(0.0, np.where(stolen > 0.5, -odds, odds)) + 0 * stolen, name="loss")

    def scores(self, model: CustomerModel, cases: Cases) -> dict[str, float]:
        """AUC and average precision beside those of the fall of 90 days against last year's or those before."""
        from sklearn.metrics import average_precision_score

        odds = _anomaly(model).case_odds(cases)
        stolen = cases.rows["stolen"].to_numpy(dtype=float)
        known = np.isfinite(odds) & np.isfinite(stolen)
        fall = -cases.features["year_90"].fillna(cases.features["use_90"]).to_numpy(dtype=float)
        looked = known & cases.rows["inspected"].to_numpy(dtype=bool)
        loss = self.losses(model, cases).to_numpy()
        share = float(stolen[known].mean()) if known.any() else float("nan")
        out = {"cases": float(known.sum()), "inspected": float(looked.sum()), "stolen_share": share}
        out["loss"] = float(loss[known].mean()) if known.any() else float("nan")
        out["auc"], out["naive_auc"] = _auc(stolen, odds, known), _auc(stolen, fall, known)
        out["inspected_auc"] = _auc(stolen, odds, looked)
        both = known.any() and 0 < share < 1
        out["pr_auc"] = float(average_precision_score(stolen[known] > 0.5, odds[known])) if both else float("nan")
        return out

    def load(self, folder: Path) -> AnomalyModel:
        """The fitted model of an artifact folder."""
        return AnomalyModel.load(folder)


def _anomaly(model: CustomerModel) -> AnomalyModel:
    if not isinstance(model, AnomalyModel):
        raise ModelError(f"{type(model).__name__} is no anomaly model")
    return model


def _auc(stolen: np.ndarray, score: np.ndarray, chosen: np.ndarray) -> float:
    from sklearn.metrics import roc_auc_score

    chosen = chosen & np.isfinite(score)
    if not chosen.any() or np.ptp(stolen[chosen]) == 0:
        return float("nan")
    return float(roc_auc_score(stolen[chosen] > 0.5, score[chosen]))


ANOMALY = AnomalyFamily()
