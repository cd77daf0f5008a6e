"""Fitting the anomaly model: boosters by fold of customers, their calibration, and the daily detector."""

import numpy as np
import pandas as pd

from features.errors import ModelError
from training.anomaly.booster import fit_booster
from training.anomaly.cases import trimmed
from training.anomaly.config import DetectorConfig, LessonConfig
from training.anomaly.daily import DailyDetector, fit_daily
from training.anomaly.lessons import Lessons, attacked_copies
from training.anomaly.model import AnomalyModel, fold_of
from training.anomaly.settings import AnomalyConfig
from training.anomaly.windows import filled
from training.customers.cases import Cases

__all__ = ["fit_anomaly"]


def fit_anomaly(cases: Cases, config: AnomalyConfig, trained_until: pd.Timestamp) -> AnomalyModel:
    """Fit on cases that are held honest or not. ModelError where they are of one kind only.

    Without enough days for a threshold of alarms the model gives none, and says so.
    """
    stolen = cases.rows["stolen"].to_numpy(dtype=float)
    cases = cases.take(np.isfinite(stolen) & cases.features.notna().any(axis=1).to_numpy())
    stolen = cases.rows["stolen"].to_numpy(dtype=float) > 0.5
    if not stolen.any() or stolen.all():
        raise ModelError(f"a model of theft needs cases of both kinds; all {len(stolen)} are of one")
    fold = fold_of(cases.rows["customer_id"], config.daily.folds)
    weight = np.where(cases.rows["inspected"].to_numpy(dtype=bool), config.inspected_weight, 1.0)
    rows = Lessons(cases.features, stolen, weight, fold)
    more = Lessons.joined([rows, *_copies(cases, fold, config)])
    models, raw = [], np.zeros(len(stolen))
    for one in range(config.daily.folds):
        model = fit_booster(more.take(more.customer != one), config.booster, config.seed)
        models.append(model)
        if (fold == one).any():
            raw[fold == one] = model.log_odds(cases.features[fold == one])
    slope, offset = _calibrated(raw, stolen, weight)
    share = float(np.average(stolen, weights=weight))
    daily, told = _daily(cases, config)
    return AnomalyModel(tuple(models), slope, offset, share, daily, config, trained_until, told)


def _copies(cases: Cases, fold: np.ndarray, config: AnomalyConfig) -> list[Lessons]:
    """More attacks on what honest customers' meters showed, by origin; the customer of a lesson is its fold here."""
    honest = (cases.rows["stolen"] < 0.5).to_numpy(dtype=bool)
    detector = DetectorConfig(windows=config.windows, attacks=config.attacks, lessons=LessonConfig())
    rng = np.random.default_rng([config.seed, 3])
    parts = []
    for _, places in sorted(cases.rows.groupby("origin").indices.items()):
        read = filled(trimmed(cases.context["kwh"][places]))
        inside = np.flatnonzero(honest[places])
        if config.copies == 0 or not len(inside):
            continue
        part = attacked_copies(read, inside, config.copies, 1.0, detector, rng)
        parts.append(Lessons(part.terms, part.stolen, part.weight, fold[places][part.customer]))
    return parts


def _calibrated(raw: np.ndarray, stolen: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    """(slope, offset) of log odds on those out of fold (Platt, 1999)."""
    from sklearn.linear_model import LogisticRegression

    fit = LogisticRegression(C=1e3).fit(raw[:, None], stolen, sample_weight=weight)
    return float(fit.coef_[0, 0]), float(fit.intercept_[0])


def _daily(cases: Cases, config: AnomalyConfig) -> tuple[DailyDetector | None, str]:
    """The detector on the newest origin's readings, and what is to be said where there is none."""
    if not config.alarms:
        return None, "no alarms: the settings ask for none"
    newest = (cases.rows["origin"] == cases.rows["origin"].max()).to_numpy(dtype=bool)
    caught = (cases.rows["inspected"] & (cases.rows["stolen"] > 0.5)).to_numpy(dtype=bool)
    places = np.flatnonzero(newest & ~caught)
    read = trimmed(cases.context["kwh"][places])
    if read.shape[1] < config.daily.least_days:
        return None, f"no alarms: {read.shape[1]} days of use are known, of {config.daily.least_days} needed"
    some = np.unique(np.linspace(0, len(places) - 1, min(len(places), config.max_daily_customers)).astype(int))
    fold = fold_of(cases.rows["customer_id"].iloc[places[some]], config.daily.folds)
    try:
        return fit_daily(filled(read[some]), fold, config.daily), ""
    except ModelError as error:
        return None, f"no alarms: {error}"
