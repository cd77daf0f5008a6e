"""The classifier: learners fitted once per inner fold, mixed and calibrated on the folds they had not seen."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.errors import ModelError
from training.tabular.booster import Booster, fit_booster
from training.tabular.config import TabularConfig
from training.tabular.forest import Forest, fit_forest
from training.tabular.mixing import Mix, fit_mix
from training.tabular.network import Network, fit_network

__all__ = ["TabularModel", "fit", "load"]

Member = Booster | Forest | Network
FORMAT = 1


@dataclass(frozen=True)
class TabularModel:
    """A fitted classifier. `members` holds the fitted parts of each learner, over folds and copies.

    Calibration was found on parts that each saw all folds but one; what answers is the mean of all of them, which
    varies a little less: probabilities are, if anything, too cautious.
    """

    config: TabularConfig
    columns: tuple[str, ...]
    members: dict[str, tuple[Member, ...]]
    mix: Mix
    held_out: np.ndarray
    """Probability of every training case by parts that had not seen it, in the order of the rows; not stored."""

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Probability of each row of `X`; raises ModelError when a column the model knows is absent."""
        absent = [name for name in self.columns if name not in X.columns]
        if absent:
            raise ModelError(f"the features lack {len(absent)} columns of the model, first {absent[0]!r}")
        values = X[list(self.columns)].to_numpy(dtype=np.float64)
        logits = [np.mean([one.logits(values) for one in parts], axis=0) for parts in self.members.values()]
        return self.mix(np.column_stack(logits))

    def gains(self) -> pd.Series:
        """Share of each feature in what the trees gained by their cuts, largest first; empty without trees."""
        trees = [one for parts in self.members.values() for one in parts if not isinstance(one, Network)]
        if not trees:
            return pd.Series(dtype=np.float64)
        mean = np.mean([one.gains() for one in trees], axis=0)
        return pd.Series(mean, index=list(self.columns)).sort_values(ascending=False, kind="stable")

    def save(self, folder: Path) -> None:
        """Write texts of trees, one file of arrays and a manifest into `folder`, which is made; nothing is pickled."""
        folder.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, np.ndarray] = {"mix": np.append(self.mix.weights, self.mix.offset)}
        for learner, parts in self.members.items():
            for place, part in enumerate(parts):
                if isinstance(part, Booster):
                    (folder / f"{learner}-{place}.txt").write_text(part.text, encoding="utf-8")
                else:
                    arrays |= {f"{learner}-{place}-{name}": array for name, array in part.arrays().items()}
        np.savez_compressed(folder / "arrays.npz", allow_pickle=False, **arrays)
        kinds = {name: [_kind(part) for part in parts] for name, parts in self.members.items()}
        manifest = {
            "format": FORMAT,
            "kind": "tabular",
            "config": self.config.model_dump(mode="json"),
            "columns": list(self.columns),
            "members": kinds,
        }
        (folder / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")


def fit(X: pd.DataFrame, y: np.ndarray, config: TabularConfig, groups: np.ndarray | None = None) -> TabularModel:
    """Fit on `X` (numbers, NaN where unknown) and `y` (0 or 1).

    Rows of one group stay in one inner fold, so that calibration is honest about customers that are alike. Raises
    ModelError where a class has fewer cases than there are folds.
    """
    y = np.asarray(y, dtype=np.float64)
    least = int(min(y.sum(), len(y) - y.sum()))
    if least < config.folds:
        raise ModelError(f"{config.folds} folds need as many cases of either outcome; one outcome has {least}")
    values, columns = X.to_numpy(dtype=np.float64), tuple(map(str, X.columns))
    learners = _learners(config)
    if not learners:
        raise ModelError("every learner of the classifier is left out (copies: 0)")
    members: dict[str, list[Member]] = {name: [] for name in learners}
    logits = np.zeros((len(y), len(learners)))
    for fold, (known, held) in enumerate(_folds(y, groups, config)):
        for column, (name, (copies, learn)) in enumerate(learners.items()):
            parts = [learn(values[known], y[known], 1000 * config.seed + 10 * fold + copy) for copy in range(copies)]
            members[name] += parts
            logits[held, column] = np.mean([one.logits(values[held]) for one in parts], axis=0)
    mix = fit_mix(logits, y, config.mix_l2)
    return TabularModel(config, columns, {name: tuple(parts) for name, parts in members.items()}, mix, mix(logits))


def load(folder: Path) -> TabularModel:
    """The model that `TabularModel.save` wrote; raises ModelError where it is none."""
    path = folder / "manifest.json"
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} is not a readable model manifest ({error})") from error
    if manifest.get("kind") != "tabular" or manifest.get("format") != FORMAT:
        raise ModelError(f"{path} is not a tabular model of format {FORMAT}")
    with np.load(folder / "arrays.npz", allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    members: dict[str, tuple[Member, ...]] = {}
    for learner, kinds in manifest["members"].items():
        members[learner] = tuple(_read(folder, arrays, learner, place, kind) for place, kind in enumerate(kinds))
    mix = Mix(arrays["mix"][:-1], float(arrays["mix"][-1]))
    config = TabularConfig.model_validate(manifest["config"])
    return TabularModel(config, tuple(manifest["columns"]), members, mix, np.empty(0))


def _kind(part: Member) -> str:
    return {Booster: "booster", Forest: "forest", Network: "network"}[type(part)]


def _read(folder: Path, arrays: dict[str, np.ndarray], learner: str, place: int, kind: str) -> Member:
    if kind == "booster":
        return Booster((folder / f"{learner}-{place}.txt").read_text(encoding="utf-8"))
    start = f"{learner}-{place}-"
    mine = {name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)}
    return Network.of(mine) if kind == "network" else Forest.of(mine)


def _learners(config: TabularConfig) -> dict[str, tuple[int, Any]]:
    """Copies and fitting function of each learner that takes part."""
    threads = config.threads
    every: dict[str, tuple[int, Any]] = {
        "booster": (config.booster.copies, lambda X, y, seed: fit_booster(X, y, config.booster, threads, seed)),
        "forest": (config.forest.copies, lambda X, y, seed: fit_forest(X, y, config.forest, threads, seed)),
        "network": (config.network.copies, lambda X, y, seed: fit_network(X, y, config.network, seed)),
    }
    return {name: one for name, one in every.items() if one[0]}


def _folds(y: np.ndarray, groups: np.ndarray | None, config: TabularConfig) -> list[tuple[np.ndarray, np.ndarray]]:
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    if groups is None:
        return list(StratifiedKFold(config.folds, shuffle=True, random_state=config.seed).split(y, y))
    return list(StratifiedGroupKFold(config.folds, shuffle=True, random_state=config.seed).split(y, y, groups))
