"""The model of prospects: one classifier for each outcome, or its base rate by class where too few had it."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from features.errors import ModelError
from training import tabular
from training.customers.cases import Cases
from training.prospects.config import ProspectsConfig
from training.prospects.outcomes import HEADS
from training.tabular import TabularModel

__all__ = ["SAYS", "ProspectsModel"]

SAYS = {
    "p_more_capacity": "probability that he needs more capacity within 12 months: asks for it, or grows by 30 % (0..1)",
    "p_electrify": "probability that a home begins to heat or drive by electricity within 12 months (0..1)",
    "p_leave": "probability that the account ends, or use stops for good, within 12 months (0..1)",
}
_SHRINK_CASES = 50.0
"""A class's rate weighs as many cases against that of all."""


@dataclass(frozen=True)
class ProspectsModel:
    """`rates` [outcome → class → share] and, where it was learnt, a classifier. `notes` say which outcomes were not."""

    config: ProspectsConfig
    columns: tuple[str, ...]
    rates: dict[str, dict[str, float]]
    heads: dict[str, TabularModel]
    until: pd.Timestamp
    notes: tuple[str, ...] = field(default=())

    @property
    def trained_until(self) -> pd.Timestamp:
        """UTC instant: no outcome known later was used."""
        return self.until

    @classmethod
    def fit(cls, cases: Cases, config: ProspectsConfig, trained_until: pd.Timestamp) -> "ProspectsModel":
        """Fit on all cases; a customer's cases stay together in the inner folds. Raises ModelError without cases."""
        if cases.rows.empty:
            raise ModelError("prospects cannot be learnt: there is no case with a known outcome")
        groups = pd.factorize(cases.rows["customer_id"])[0]
        rates, heads, notes = {}, {}, []
        for head in HEADS:
            y = cases.rows[head].to_numpy(dtype=np.float64)
            rates[head] = _rates(y, cases.context["class"])
            # A customer whose outcome spans several origins is one customer who had it.
            had = len(np.unique(groups[y > 0]))
            if min(had, len(np.unique(groups[y == 0]))) < config.least_cases:
                notes.append(f"{head}: {had} customers had it, {config.least_cases} are needed; its base rate is said")
                continue
            heads[head] = tabular.fit(cases.features, y, config.classifier, groups)
        return cls(config, tuple(map(str, cases.features.columns)), rates, heads, trained_until, tuple(notes))

    def predict(self, cases: Cases) -> pd.DataFrame:
        """Probabilities, columns of `SAYS`, in the order of the cases."""
        features = cases.features.reindex(columns=list(self.columns))
        classes = pd.Series(cases.context["class"])
        out = {}
        for head in HEADS:
            usual = classes.map(self.rates[head]).fillna(self.rates[head][""]).to_numpy(dtype=np.float64)
            out[f"p_{head}"] = self.heads[head].predict(features) if head in self.heads else usual
        return pd.DataFrame(out)

    def base(self, cases: Cases) -> pd.DataFrame:
        """What would be said if nothing but the class were known: the naive rule."""
        classes = pd.Series(cases.context["class"])
        return pd.DataFrame({f"p_{h}": classes.map(self.rates[h]).fillna(self.rates[h][""]) for h in HEADS})

    def gains(self) -> pd.DataFrame:
        """Share of each feature in what the trees gained, by outcome."""
        return pd.DataFrame({head: model.gains() for head, model in self.heads.items()}).fillna(0.0)

    def save(self, folder: Path) -> None:
        """Write the artifact into `folder`, which is made; the manifest comes last."""
        folder.mkdir(parents=True, exist_ok=True)
        for head, model in self.heads.items():
            model.save(folder / head)
        manifest = {
            "kind": "prospects",
            "config": self.config.model_dump(mode="json"),
            "columns": list(self.columns),
            "rates": self.rates,
            "heads": sorted(self.heads),
            "trained_until": self.until.isoformat(),
            "notes": list(self.notes),
        }
        (folder / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "ProspectsModel":
        """The model `save` wrote; raises ModelError where it is none."""
        path = folder / "manifest.json"
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ModelError(f"{path} is not a readable model manifest ({error})") from error
        if kept.get("kind") != "prospects":
            raise ModelError(f"{path} is not a model of prospects")
        return cls(
            ProspectsConfig.model_validate(kept["config"]),
            tuple(kept["columns"]),
            kept["rates"],
            {head: tabular.load(folder / head) for head in kept["heads"]},
            pd.Timestamp(kept["trained_until"]),
            tuple(kept["notes"]),
        )


def _rates(y: np.ndarray, classes: np.ndarray) -> dict[str, float]:
    """Share of cases with the outcome by class, drawn towards that of all (key ""), which is kept off 0."""
    whole = (float(y.sum()) + 0.5) / (len(y) + 1)
    out = {"": whole}
    for name in np.unique(classes):
        mine = y[classes == name]
        out[str(name)] = (float(mine.sum()) + _SHRINK_CASES * whole) / (len(mine) + _SHRINK_CASES)
    return out
