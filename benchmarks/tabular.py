"""What C1 and C5 share: data through mapping and lake, folds, and the report of what the classifier found."""

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.result import RESULTS, require_data
from features.configs import config_path
from features.ingest import ingest
from features.lake import Lake
from features.workspace import Workspace
from training.tabular import TabularConfig, fit

__all__ = ["Judged", "cross_fitted", "metrics", "report", "tables"]

Folds = Iterable[tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Judged:
    """Out-of-fold probabilities, the folds they are of, and the gains of the features, means over folds."""

    probability: np.ndarray
    held: list[np.ndarray]
    gains: pd.Series
    alone: dict[str, np.ndarray]


def tables(name: str, folder: str, *wanted: str) -> dict[str, pd.DataFrame]:
    """Tables of the lake into which the mapping `name` brings the public data of `folder`."""
    source = require_data(folder)
    with tempfile.TemporaryDirectory() as place:
        workspace = Workspace(Path(place))
        ingest(config_path(f"sources/{name}.yaml"), source, workspace)
        lake = Lake(workspace.lake)
        return {table: lake.read(table) for table in wanted}


def cross_fitted(
    X: pd.DataFrame, y: np.ndarray, folds: Folds, config: TabularConfig, groups: np.ndarray | None = None
) -> Judged:
    """Fit on all folds but one and ask of that one, in turn; weights and calibration come from inner folds."""
    probability, held, gains = np.full(len(y), np.nan), [], []
    alone: dict[str, np.ndarray] = {}
    for known, asked in folds:
        model = fit(X.iloc[known], y[known], config, None if groups is None else groups[known])
        probability[asked] = model.predict(X.iloc[asked])
        held.append(asked)
        gains.append(model.gains())
        values = X.iloc[asked].to_numpy(dtype=np.float64)
        for learner, parts in model.members.items():
            single = alone.setdefault(learner, np.full(len(y), np.nan))
            single[asked] = np.mean([one.logits(values) for one in parts], axis=0)
    mean = pd.concat(gains, axis=1).mean(axis=1).sort_values(ascending=False)
    return Judged(probability, held, mean, alone)


def metrics(y: np.ndarray, judged: Judged) -> tuple[dict[str, float], dict[str, Any]]:
    """AUC and PR-AUC (average precision), means over folds; beside them those of all rows together and of the parts."""
    from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

    def over_folds(score: np.ndarray) -> dict[str, float]:
        return {
            "auc": float(np.mean([roc_auc_score(y[rows], score[rows]) for rows in judged.held])),
            "pr_auc": float(np.mean([average_precision_score(y[rows], score[rows]) for rows in judged.held])),
        }

    p = judged.probability
    pooled = {"auc": roc_auc_score(y, p), "pr_auc": average_precision_score(y, p), "brier": brier_score_loss(y, p)}
    seen = {"pooled": pooled, "said_over_found": {"ratio": p.mean() / y.mean()}}
    seen |= {f"{learner} alone": over_folds(score) for learner, score in judged.alone.items()}
    return over_folds(p), {name: {k: round(float(v), 4) for k, v in one.items()} for name, one in seen.items()}


def report(bar: str, title: str, found: Mapping[str, float], judged: Judged, y: np.ndarray) -> None:
    """A short page beside the result: the figures, how good the probabilities are, and what the trees went by."""
    ranks = pd.Series(judged.probability).rank(method="first", ascending=False).to_numpy()
    bands = np.minimum((10 * (ranks - 1) // len(y)).astype(int), 9)
    lines = [f"# {bar}: {title}", "", "| figure | value |", "|---|---|"]
    lines += [f"| {name} | {value:.4f} |" for name, value in found.items()]
    lines += ["", "| tenth of the customers | said | found |", "|---|---|---|"]
    lines += [
        f"| {band + 1} | {judged.probability[bands == band].mean():.3f} | {y[bands == band].mean():.3f} |"
        for band in range(10)
    ]
    lines += ["", "| feature | share of the gain |", "|---|---|"]
    lines += [f"| `{name}` | {share:.3f} |" for name, share in judged.gains.head(15).items()]
    (RESULTS / f"{bar}.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
