"""The anomaly model: a theft score, alarms of the day, and lost energy, of customers it has not learnt from."""

import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.errors import ModelError
from features.settings import parse_settings
from training.anomaly.alarms import alarm_days
from training.anomaly.booster import Booster
from training.anomaly.cases import trimmed
from training.anomaly.daily import DailyDetector
from training.anomaly.lost import lost_kwh
from training.anomaly.settings import AnomalyConfig
from training.anomaly.windows import filled, view_of
from training.customers.cases import Cases

__all__ = ["SAYS", "AnomalyModel", "fold_of"]

SAYS = {
    "theft_score": "chance that the meter does not show the use, by theft or a fault (0..1)",
    "alarm": "1 where the daily score is above its threshold today, else 0",
    "alarm_days": "days since the alarm began, unknown without one",
    "lost_kwh_p10": "energy used and not shown since use fell, P10 (kWh); unknown without suspicion",
    "lost_kwh_p50": "energy used and not shown since use fell, P50 (kWh); unknown without suspicion",
    "lost_kwh_p90": "energy used and not shown since use fell, P90 (kWh); unknown without suspicion",
}
_LOST = ["lost_kwh_p10", "lost_kwh_p50", "lost_kwh_p90"]
_LOOK_BACK = 60
FORMAT = 1


def fold_of(customer_ids: pd.Series, folds: int) -> np.ndarray:
    """The fold of each customer, the same for ever: by a checksum of its id."""
    return np.array([zlib.crc32(str(one).encode()) % folds for one in customer_ids], dtype=int)


@dataclass(frozen=True)
class AnomalyModel:
    """`models` by fold: each customer is scored by one that has not learnt from it.

    `slope` and `offset` make log odds of a case out of raw ones, among cases of which `stolen_share` are stolen;
    `daily` is None where the readings were too few for alarms: then there are none, which `told` says.
    """

    models: tuple[Booster, ...]
    slope: float
    offset: float
    stolen_share: float
    daily: DailyDetector | None
    config: AnomalyConfig
    until: pd.Timestamp
    told: str = ""

    @property
    def trained_until(self) -> pd.Timestamp:
        """UTC instant: no outcome known later was used."""
        return self.until

    def case_odds(self, cases: Cases) -> np.ndarray:
        """Log odds [rows] among cases as the model learnt from; NaN for customers of whom too little is known."""
        fold = fold_of(cases.rows["customer_id"], len(self.models))
        known = cases.features.notna().any(axis=1).to_numpy()
        out = np.full(len(fold), np.nan)
        for one, model in enumerate(self.models):
            mine = known & (fold == one)
            if mine.any():
                out[mine] = self.offset + self.slope * model.log_odds(cases.features[mine])
        return out

    def predict(self, cases: Cases) -> pd.DataFrame:
        """Columns of `SAYS` for each case. Like customers are looked for among the cases of the same origin."""
        shift = _logit(self.config.prior_share) - _logit(self.stolen_share)
        score = 1 / (1 + np.exp(-(self.case_odds(cases) + shift)))
        out = pd.DataFrame(np.nan, index=range(len(score)), columns=list(SAYS))
        out["theft_score"] = score
        for _, places in cases.rows.groupby("origin").indices.items():
            read = trimmed(cases.context["kwh"][places])
            if read.shape[1] < self.config.least_days:
                continue
            read = filled(read)
            fold = fold_of(cases.rows["customer_id"].iloc[places], len(self.models))
            out.loc[places, ["alarm", "alarm_days"]] = self._alarms(read, fold)
            out.loc[places, _LOST] = self._lost(read, score[places])
        alarm = (out["alarm"] == 1).to_numpy()
        out.loc[~(alarm | (score >= self.config.told_from_score)), _LOST] = np.nan
        out.loc[~np.isfinite(score), ["alarm", "alarm_days", *_LOST]] = np.nan
        return out

    def _alarms(self, read: np.ndarray, fold: np.ndarray) -> np.ndarray:
        """alarm and alarm_days [n × 2]; only those alarmed today are looked back at."""
        if self.daily is None:
            return np.full((len(read), 2), np.nan)
        days, smooth = read.shape[1], self.daily.config.smooth_days
        today = self.daily.scores(read, fold, range(days - smooth + 1, days + 1))[:, -1] > self.daily.threshold
        since = np.full(len(read), np.nan)
        rows = np.flatnonzero(today)
        if len(rows):
            back = range(max(days - _LOOK_BACK, self.daily.config.windows.window_days + 60), days + 1)
            since[rows] = alarm_days(self.daily.scores(read, fold, back, rows), self.daily.threshold)
        return np.stack([today.astype(float), since], axis=1)

    def _lost(self, read: np.ndarray, score: np.ndarray) -> np.ndarray:
        """Lost kWh [n × 3], told of suspects only; the others are the honest ones that its range is measured by."""
        suspect = score >= self.config.told_from_score
        return np.asarray(lost_kwh(view_of(read, read, self.config.windows), ~suspect).to_numpy())

    def gains(self) -> pd.DataFrame:
        """Share of the gain of each term, the most telling first."""
        total = sum((pd.Series(model.gains()) for model in self.models[1:]), pd.Series(self.models[0].gains()))
        share = (total / max(total.sum(), 1e-12)).sort_values(ascending=False, kind="stable")
        return share.rename_axis("feature").rename("gain").reset_index()

    def save(self, folder: Path) -> None:
        """Write the artifact; the manifest comes last, so that a torn write is noticed."""
        folder.mkdir(parents=True, exist_ok=True)
        for number, model in enumerate(self.models):
            model.save(folder / f"theft-{number}")
        for number, model in enumerate(self.daily.models if self.daily else ()):
            model.save(folder / f"daily-{number}")
        manifest = {
            "format": FORMAT,
            "kind": "anomaly",
            "slope": self.slope,
            "offset": self.offset,
            "stolen_share": self.stolen_share,
            "threshold": None if self.daily is None else self.daily.threshold,
            "folds": [len(self.models), 0 if self.daily is None else len(self.daily.models)],
            "trained_until": self.until.isoformat(),
            "told": self.told,
            "config": self.config.model_dump(mode="json"),
        }
        (folder / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "AnomalyModel":
        """What `save` wrote. ModelError where it is missing or of another kind."""
        path = folder / "manifest.json"
        if not path.is_file():
            raise ModelError(f"{folder}: no anomaly model is kept here")
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if (told.get("kind"), told.get("format")) != ("anomaly", FORMAT):
            raise ModelError(f"{path}: kind {told.get('kind')!r}, format {told.get('format')!r} cannot be read")
        config = parse_settings(AnomalyConfig, told["config"], str(path))
        theft, daily = told["folds"]
        detector = None
        if daily:
            models = tuple(Booster.load(folder / f"daily-{one}") for one in range(daily))
            detector = DailyDetector(models, told["threshold"], config.daily)
        return cls(
            tuple(Booster.load(folder / f"theft-{one}") for one in range(theft)),
            told["slope"],
            told["offset"],
            told["stolen_share"],
            detector,
            config,
            pd.Timestamp(told["trained_until"]),
            told["told"],
        )


def _logit(share: float) -> float:
    return float(np.log(share / (1 - share)))
