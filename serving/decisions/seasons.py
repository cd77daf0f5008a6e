"""Seasons: how much of its year's peak a node reaches in each, so that duties to neighbours are met when they arise."""

import numpy as np
import pandas as pd

from features.load.history import History

__all__ = ["LINE_COLUMNS", "RATING_COLUMNS", "SEASONS", "season_shares"]

SEASONS = ("winter", "spring", "summer", "autumn")
"""December to February, March to May, June to August, September to November."""

RATING_COLUMNS = {"winter": "rating_winter_kva", "summer": "rating_summer_kva"}
"""Where the contract `transformer` keeps a rating of a season's own."""

LINE_COLUMNS = {"winter": "thermal_limit_winter_kva", "summer": "thermal_limit_summer_kva"}
"""Where the contract `line_segment` keeps a thermal limit of a season's own."""

_YEARS = 3
_FEWEST_DAYS = 60


def season_shares(history: History) -> pd.DataFrame:
    """Highest load of each season over the highest of its year, float [node, season], indexed by node_id.

    The year runs from the moment of the history backwards, three of them at most; the highest share of any stands. A
    season of which fewer than 60 days are known, in a year or at all, counts as one that reaches the year's peak: what
    is not known makes no room.
    """
    loads = history.loads
    per_day = 1440 // loads.step_minutes
    shares = np.zeros((len(loads.ids), len(SEASONS)))
    width, end = 365 * per_day, loads.values.shape[1]
    for year in range(_YEARS):
        first = end - (year + 1) * width
        if first < 0:
            break
        part = loads.values[:, first : first + width]
        month = history.calendar.local(loads.times[first : first + width]).month.to_numpy()
        shares = np.maximum(shares, _of_year(part, month % 12 // 3, _FEWEST_DAYS * per_day))
    return pd.DataFrame(np.where(shares > 0, shares, 1.0), index=list(loads.ids), columns=list(SEASONS))


def _of_year(kw: np.ndarray, season: np.ndarray, fewest: int) -> np.ndarray:
    """Shares of one year, [node, season]; 1 where too little is known."""
    whole = np.where(np.isfinite(kw), kw, -np.inf).max(axis=1, initial=-np.inf)
    found = np.ones((len(kw), len(SEASONS)))
    for one in range(len(SEASONS)):
        part = kw[:, season == one]
        most = np.where(np.isfinite(part), part, -np.inf).max(axis=1, initial=-np.inf)
        told = (np.isfinite(part).sum(axis=1) >= fewest) & (whole > 0)
        found[told, one] = np.clip(most[told] / whole[told], 0.0, 1.0)
    return found
