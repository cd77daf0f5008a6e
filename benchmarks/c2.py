"""C2: Yangzhong with injected theft: 1,198 enterprises, seeds 0-9, 5-fold by customer; AUC and PR-AUC.

Each fold's model learns from the labels of the other folds and from attacks of the product's own generator on their
honest customers, at the last day and at earlier ones; the readings of all are what all meters show on a day.
"""

from types import ModuleType

import numpy as np

from benchmarks.result import Measured, run, seed
from benchmarks.theft_data import FOLDS, Enterprises, enterprises, folds, injection
from training.anomaly.booster import fit_booster
from training.anomaly.config import DetectorConfig
from training.anomaly.lessons import HONEST, STOLEN, lessons

SEEDS = 10
BAR = {"auc": [(">=", 0.92)], "pr_auc": [(">=", 0.74)]}
STRETCH = {"auc": [(">=", 0.95)], "pr_auc": [(">=", 0.80)]}
PEERS = {
    "LightGBM on the folds' labels": {"auc": 0.904},
    "forest, seed 0": {"auc": 0.903, "pr_auc": 0.718},
    "IsolationForest, seed 0": {"auc": 0.775, "pr_auc": 0.253},
}


def measure() -> Measured:
    """Means over the seeds, and the AUC of each kind of attack against the honest."""
    side, first = injection(), seed(0)
    data = enterprises(side)
    told = [one_seed(data, side, number) for number in range(first, first + SEEDS)]
    metrics = {name: float(np.mean([one[name] for one in told])) for name in told[0]}
    metrics["auc_sd"] = float(np.std([one["auc"] for one in told]))
    return metrics, PEERS


def one_seed(
    data: Enterprises, side: ModuleType, number: int, config: DetectorConfig | None = None
) -> dict[str, float]:
    """AUC and PR-AUC of scores out of fold."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    config = config or DetectorConfig()
    kwh, kind, _ = side.inject(data.kwh[data.eligible], number)
    score = scores(kwh, kind > 0, number, config)
    out = {
        "auc": float(roc_auc_score(kind > 0, score)),
        "pr_auc": float(average_precision_score(kind > 0, score)),
    }
    for one in range(1, 7):
        some = (kind == 0) | (kind == one)
        out[f"auc_kind_{one}"] = float(roc_auc_score(kind[some] > 0, score[some]))
    return out


def scores(kwh: np.ndarray, stolen: np.ndarray, number: int, config: DetectorConfig) -> np.ndarray:
    """Log odds [customers] of each customer by the model of its fold."""
    config = config.model_copy(update={"seed": number})
    rows = lessons(kwh, np.where(stolen, STOLEN, HONEST), config, floor=1.0)
    fold = folds(len(kwh), number)
    out = np.zeros(len(kwh))
    # The first rows are the customers as they are, in their order.
    asked = rows.terms.iloc[: len(kwh)]
    for one in range(FOLDS):
        model = fit_booster(rows.take(fold[rows.customer] != one), config.booster, number)
        out[fold == one] = model.log_odds(asked[fold == one])
    return out


if __name__ == "__main__":
    run("C2", measure, BAR, STRETCH)
