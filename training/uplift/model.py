"""The model of uplift of one service, and whether it is used."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from features.errors import ModelError
from training.uplift.config import UpliftConfig
from training.uplift.learner import Learnt, learn
from training.uplift.qini import Qini, qini
from training.uplift.trees import Trees
from training.uplift.trial import Trial

__all__ = ["UpliftModel"]

_TREES, _MANIFEST = "effect.txt", "manifest.json"


@dataclass(frozen=True)
class UpliftModel:
    """`effect` tells what an offer changes, by `columns` in their order; `average` is what it changes over all.

    `qini` is that of `judged` contacts nothing was learnt from: the model is used only where its lower end is above
    zero.
    """

    service: str
    config: UpliftConfig
    columns: tuple[str, ...]
    effect: Trees
    average: float
    qini: Qini
    judged: int
    until: pd.Timestamp

    @property
    def ships(self) -> bool:
        """Whether it may sort customers."""
        return self.qini.low > 0

    @property
    def said(self) -> str:
        """Why it is used or not, in one sentence."""
        found = f"{self.qini.coefficient:.4f} ({self.config.confidence:.0%} interval {self.qini.low:.4f} to "
        found = f"Qini {found}{self.qini.high:.4f}) on {self.judged} contacts it had not seen"
        if self.ships:
            return f"{found}: it sorts customers by what an offer of {self.service} changes, and is used."
        return f"{found}: that it sorts customers is not shown, so the propensity score of {self.service} stays."

    @classmethod
    def fit(cls, trial: Trial, config: UpliftConfig) -> tuple["UpliftModel", Learnt]:
        """The model and what was learnt on the way. Raises ModelError where too few were drawn, or took it."""
        sent, held = trial.counts()
        successes = int(trial.success.sum())
        if min(sent, held) < config.least_persons or successes < config.least_successes:
            raise ModelError(
                f"uplift of {trial.service} cannot be learnt yet: {sent} persons sent to, {held} held out, {successes} "
                f"successes; {config.least_persons} in each arm and {config.least_successes} successes are needed. The "
                "propensity score stays."
            )
        learnt = learn(trial, config)
        model = cls(
            service=trial.service,
            config=config,
            columns=tuple(map(str, trial.features.columns)),
            effect=learnt.effect,
            average=learnt.average,
            qini=qini(learnt.judged, config.draws, config.confidence, config.seed),
            judged=len(learnt.judged.told),
            until=trial.until,
        )
        return model, learnt

    def predict(self, features: pd.DataFrame) -> np.ndarray:
        """Probability, of each row, that an offer makes somebody take it (0..1); columns by name, absent is unknown."""
        X = features.reindex(columns=list(self.columns)).to_numpy(dtype=np.float64)
        return np.clip(self.effect.predict(X), 0.0, 1.0)

    def gains(self) -> pd.DataFrame:
        """Share of each feature in what the trees gained."""
        return pd.DataFrame({"effect": self.effect.gains()}, index=pd.Index(self.columns, name="feature"))

    def save(self, folder: Path) -> None:
        """Write the artifact into `folder`, which is made; the manifest comes last."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _TREES).write_text(self.effect.text, encoding="utf-8")
        manifest = {
            "kind": "uplift",
            "service": self.service,
            "config": self.config.model_dump(mode="json"),
            "columns": list(self.columns),
            "average": self.average,
            "qini": asdict(self.qini),
            "judged": self.judged,
            "trained_until": self.until.isoformat(),
        }
        (folder / _MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "UpliftModel":
        """The model `save` wrote; raises ModelError where it is none."""
        path = folder / _MANIFEST
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            text = (folder / _TREES).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise ModelError(f"{path} is not a readable model manifest ({error})") from error
        if kept.get("kind") != "uplift":
            raise ModelError(f"{path} is not a model of uplift")
        return cls(
            kept["service"],
            UpliftConfig.model_validate(kept["config"]),
            tuple(kept["columns"]),
            Trees(text),
            kept["average"],
            Qini(**kept["qini"]),
            kept["judged"],
            pd.Timestamp(kept["trained_until"]),
        )
