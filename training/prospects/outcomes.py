"""What came of customers within a year: more capacity, electricity for heat or driving, or an end.

All of it is found in tables that every utility has: applications, ends of accounts, and daily use. Growth is judged
beside the customer's class, whose middle takes weather and the times out of it.
"""

import numpy as np
import pandas as pd

from training.prospects.config import OutcomeConfig

__all__ = ["HEADS", "YEAR_DAYS", "asked_for_more", "changes_of_use", "ended", "yearly_ratios"]

HEADS = ("more_capacity", "electrify", "leave")
YEAR_DAYS = 365
_BLOCK, _BLOCKS = 28, 13
_LEAST_OF_A_CLASS = 20
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
    ratio = yearly_ratios(kwh, classes, config)
    grew = _all_of(ratio[:, -3:]) >= 1 + config.growth_share
    home = classes == "residential"
    heat = home & _for_heat(ratio, days[-YEAR_DAYS:], config)
    electric = heat | (home & _sudden(ratio, config, config.sudden_share))
    # What comes almost at once is an appliance; a rise in between may be either, and counts as both.
    appliance = heat | (home & _sudden(ratio, config, (1 + config.sudden_share) / 2))
    tail, usual = kwh[:, -config.gone_days :], _mean(kwh[:, :YEAR_DAYS], config)
    known = np.isfinite(tail)
    none = np.where(known, tail, 0.0).max(axis=1) <= config.gone_share * np.nan_to_num(usual)
    gone = none & (usual >= config.least_kwh_day) & (known.mean(axis=1) >= config.least_known_share)
    return {"grew": grew & ~appliance, "electrified": electric & ~gone, "gone": gone}


def yearly_ratios(kwh: np.ndarray, classes: np.ndarray, config: OutcomeConfig) -> np.ndarray:
    """Use of each four weeks of the last year over that of the same days a year before, and over what that is in the
    middle of the class [customers × 13], oldest first; of `kwh` [customers × 730 days]. NaN where too little is known.
    """
    blocks = [slice(YEAR_DAYS - _BLOCK * (place + 1), YEAR_DAYS - _BLOCK * place) for place in range(_BLOCKS)][::-1]
    before, after = kwh[:, -2 * YEAR_DAYS : -YEAR_DAYS], kwh[:, -YEAR_DAYS:]
    out = np.full((len(kwh), _BLOCKS), np.nan)
    for place, block in enumerate(blocks):
        below, above = _mean(before[:, block], config), _mean(after[:, block], config)
        enough = below >= config.least_kwh_day
        out[enough, place] = above[enough] / below[enough]
        for name in np.unique(classes):
            rows = (classes == name) & np.isfinite(out[:, place])
            if rows.sum() >= _LEAST_OF_A_CLASS:
                out[rows, place] /= max(float(np.median(out[rows, place])), 0.05)
    return out


def _mean(values: np.ndarray, config: OutcomeConfig) -> np.ndarray:
    """Mean of each row over what is known; NaN where that is too little."""
    known = np.isfinite(values)
    count = known.sum(axis=1)
    enough = (count > 0) & (count >= config.least_known_share * values.shape[1])
    total = np.where(known, values, 0.0).sum(axis=1)
    return np.where(enough, total / np.maximum(count, 1), np.nan)


def _all_of(ratio: np.ndarray) -> np.ndarray:
    """Mean of each row, NaN where one of its values is."""
    return np.asarray(ratio.mean(axis=1))


def _for_heat(ratio: np.ndarray, days: pd.DatetimeIndex, config: OutcomeConfig) -> np.ndarray:
    """The last winter of the year rises, and far more than the warm months beside it."""
    middle = [len(days) - _BLOCK * (_BLOCKS - place) + _BLOCK // 2 for place in range(_BLOCKS)]
    cold = np.isin(days.month.to_numpy()[middle], _WINTER)
    last = np.flatnonzero(cold)[-1]
    first = last
    while first > 0 and cold[first - 1]:
        first -= 1
    winter = _all_of(ratio[:, first : last + 1])
    found = (winter >= 1 + config.electric_share) & (last - first >= 1)
    for beside in (slice(max(first - 2, 0), first), slice(last + 1, last + 3)):
        if ratio[:, beside].shape[1]:
            found &= winter >= config.winter_over_rest * _all_of(ratio[:, beside])
    return np.asarray(found)


def _sudden(ratio: np.ndarray, config: OutcomeConfig, share: float) -> np.ndarray:
    """Use rises from one four weeks to the next but one, by `share` of what it ever will, and stays there."""
    found = np.zeros(len(ratio), dtype=bool)
    for place in range(2, _BLOCKS - 2):
        before = _all_of(ratio[:, max(place - 3, 0) : place])
        rise = _all_of(ratio[:, place:]) - before
        at_once = ratio[:, place + 1] - before
        least = ratio[:, place + 1 :].min(axis=1) - before
        enough = config.electric_share * before
        found |= (rise >= enough) & (least >= enough / 2) & (at_once >= share * rise)
    return found
