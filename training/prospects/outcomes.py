"""What came of customers within a year: more capacity, electricity for heat or driving, or an end.

All of it is found in tables that every utility has: applications, ends of accounts, and daily use. Growth is judged
beside the customer's class, whose middle takes weather and the times out of it.
"""

import numpy as np
import pandas as pd

from training.prospects.config import OutcomeConfig

__all__ = ["HEADS", "YEAR_DAYS", "asked_for_more", "changes_of_use", "ended"]

HEADS = ("more_capacity", "electrify", "leave")
YEAR_DAYS = 365
_MONTH = 30
_WINTER = (11, 12, 1, 2, 3)


def asked_for_more(applications: pd.DataFrame, ids: pd.Index, begin: pd.Timestamp, end: pd.Timestamp) -> np.ndarray:
    """Whether each customer submitted an application for an increase after `begin`, up to `end`."""
    inside = (applications["submitted_at"] > begin) & (applications["submitted_at"] <= end)
    mine = applications[inside & (applications["kind"] == "increase")]
    return np.asarray(ids.isin(mine["customer_id"].dropna()))


def ended(customers: pd.DataFrame, ids: pd.Index, begin: pd.Timestamp, end: pd.Timestamp) -> np.ndarray:
    """Whether each account ended after `begin`, up to `end`; a change of area or capacity opens a new period."""
    last = customers.sort_values("valid_from", kind="stable").drop_duplicates("customer_id", keep="last")
    closed = last[(last["valid_to"] > begin) & (last["valid_to"] <= end)]
    return np.asarray(ids.isin(closed["customer_id"]))


def changes_of_use(
    kwh: np.ndarray, days: pd.DatetimeIndex, classes: np.ndarray, config: OutcomeConfig
) -> dict[str, np.ndarray]:
    """Per customer (bool): grew, electrified, gone; of `kwh` [customers × days], the year before and the year after.

    NaN is a day that is not known. Where too little is known nothing is said to have happened.
    """
    relative = _relative(kwh, classes, config)
    before, after = relative[:, :-YEAR_DAYS], relative[:, -YEAR_DAYS:]
    width = config.compared_days
    late = _mean(after[:, -width:], config) / _mean(before[:, -width:], config)
    lasting = np.isfinite(late)
    grew = lasting & (late >= 1 + config.growth_share)
    home = classes == "residential"
    electric = home & (_for_heat(before, after, days, config) | _sudden(relative, config))
    tail, usual = kwh[:, -config.gone_days :], _mean(kwh[:, :-YEAR_DAYS], config)
    none = np.nanmax(np.where(np.isnan(tail), 0.0, tail), axis=1) <= config.gone_share * usual
    gone = none & (usual >= config.least_kwh_day) & (np.isnan(tail).mean(axis=1) <= 1 - config.least_known_share)
    return {"grew": grew & ~electric, "electrified": electric & ~gone, "gone": gone}


def _mean(values: np.ndarray, config: OutcomeConfig) -> np.ndarray:
    """Mean of each row over what is known; NaN where that is too little."""
    known = np.isfinite(values)
    count = known.sum(axis=1)
    enough = count >= config.least_known_share * max(values.shape[1], 1)
    total = np.where(known, values, 0.0).sum(axis=1)
    return np.where(enough & (count > 0), total / np.maximum(count, 1), np.nan)


def _relative(kwh: np.ndarray, classes: np.ndarray, config: OutcomeConfig) -> np.ndarray:
    """Use in units of the year before, less what the middle of the class does; NaN where the year says too little."""
    usual = _mean(kwh[:, :-YEAR_DAYS], config)
    usual = np.where(usual >= config.least_kwh_day, usual, np.nan)
    out = kwh / usual[:, None]
    for name in np.unique(classes):
        rows = np.flatnonzero(classes == name)
        known = out[rows][np.isfinite(usual[rows])]
        if len(known) < 20:
            continue
        middle = np.full(out.shape[1], np.nan)
        some = np.isfinite(known).any(axis=0)
        middle[some] = np.nanmedian(known[:, some], axis=0)
        # Smoothed: the middle is to carry seasons and the times, no single day.
        smooth = pd.Series(middle).rolling(15, center=True, min_periods=1).mean().to_numpy()
        out[rows] /= np.where(smooth > 0.05, smooth, np.nan)
    return out


def _for_heat(before: np.ndarray, after: np.ndarray, days: pd.DatetimeIndex, config: OutcomeConfig) -> np.ndarray:
    """Winter rises, and far more than the rest of the year."""
    cold = np.isin(days.month.to_numpy(), _WINTER)
    first, then = cold[:-YEAR_DAYS], cold[-YEAR_DAYS:]
    winter = _mean(after[:, then], config) / _mean(before[:, first], config)
    rest = _mean(after[:, ~then], config) / _mean(before[:, ~first], config)
    return np.asarray((winter >= 1 + config.electric_share) & (winter >= config.winter_over_rest * rest))


def _sudden(relative: np.ndarray, config: OutcomeConfig) -> np.ndarray:
    """Use rises from one month to the next, by most of what it ever will, and stays there to the end."""
    found = np.zeros(len(relative), dtype=bool)
    end = relative.shape[1]
    for day in range(end - YEAR_DAYS, end - config.gone_days, 7):
        before = _mean(relative[:, day - config.compared_days : day], config)
        at_once = _mean(relative[:, day : day + _MONTH], config) - before
        stays = _mean(relative[:, day:], config) - before
        low = _mean(relative[:, -_MONTH:], config) - before
        enough = config.electric_share * before
        found |= (stays >= enough) & (low >= enough) & (at_once >= np.maximum(config.sudden_share * stays, enough))
    return found
