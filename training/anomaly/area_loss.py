"""Areas that lose more than they used to, and which of their customers may be the cause."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from training.anomaly.cases import trimmed
from training.anomaly.evidence import Evidence, evidence
from training.anomaly.localise import localise, unexplained_kwh
from training.anomaly.lost import gap_kwh
from training.anomaly.windows import WindowConfig, filled, view_of

__all__ = ["AREA_COLUMNS", "RECENT_DAYS", "Suspects", "area_losses", "reads_of", "suspects_of"]

RECENT_DAYS = 28
"""A loss is judged by the mean of so many days."""

AREA_COLUMNS = ("area_id", "customers", "lost_kwh_day", "usual_kwh_day", "ratio", "area_kwh_day")


@dataclass(frozen=True)
class Suspects:
    """`table` as `training.anomaly.localise.localise` gives it, its `row` a place among all customers; `unexplained`
    [window] kWh of each day; `reasons` by row of the table."""

    table: pd.DataFrame
    unexplained: np.ndarray
    reasons: tuple[tuple[Evidence, ...], ...]


def reads_of(kwh: np.ndarray) -> np.ndarray:
    """Readings [n × days] as the terms take them: from the first day on that most are known, nothing unknown."""
    return filled(trimmed(kwh))


def area_losses(read: np.ndarray, areas: np.ndarray, area_kwh: pd.DataFrame, window: int) -> pd.DataFrame:
    """Areas by how far their unexplained loss of the last RECENT_DAYS stands out of its own past; most first.

    `read` [customers × days] kWh, `areas` [customers]; `area_kwh` index area_id, one column a day of `read`, NaN where
    not known. Columns AREA_COLUMNS: usual_kwh_day is what nineteen in twenty of such means before the window stayed
    below, in size; ratio the loss over it. An area of which half of the days before are not known is left out.
    """
    rows = []
    for area_id, energy in area_kwh.iterrows():
        mine = areas == area_id
        known = np.isfinite(energy.to_numpy(dtype=float))
        if not mine.any() or known[:-window].mean() < 0.5 or known[-RECENT_DAYS:].mean() < 0.5:
            continue
        loss = unexplained_kwh(energy.to_numpy(dtype=float), read[mine].sum(axis=0), window)
        recent = float(np.nanmean(loss[-RECENT_DAYS:]))
        means = pd.Series(loss[:-window]).rolling(RECENT_DAYS, min_periods=RECENT_DAYS // 2).mean().abs()
        usual = max(float(means.quantile(0.95)), 1e-6)
        told = (area_id, int(mine.sum()), recent, usual, recent / usual, float(np.nanmean(energy.iloc[-RECENT_DAYS:])))
        rows.append(told)
    frame = pd.DataFrame(rows, columns=list(AREA_COLUMNS))
    return frame.sort_values(["ratio", "area_id"], ascending=[False, True], ignore_index=True)


def suspects_of(
    read: np.ndarray,
    members: np.ndarray,
    area_kwh: np.ndarray,
    scores: np.ndarray,
    config: WindowConfig,
    end_day: pd.Timestamp,
) -> Suspects:
    """Customers of one area by how much of its unexplained loss each may be the cause of.

    `read` [customers × days] of everybody (like customers are looked for among them), `members` their places,
    `area_kwh` [days], `scores` [customers] the theft score (unknown: 0).
    """
    window = config.window_days
    view = view_of(read[members], read, config, members)
    unexplained = unexplained_kwh(area_kwh[-read.shape[1] :], read[members].sum(axis=0), window)[-window:]
    table = localise(unexplained, gap_kwh(view), np.nan_to_num(scores[members]))
    told = evidence(view, end_day)
    reasons = tuple(tuple(told[row]) for row in table["row"])
    return Suspects(table.assign(row=members[table["row"].to_numpy()]), unexplained, reasons)
