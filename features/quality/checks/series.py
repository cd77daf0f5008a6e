"""Checks of readings one after the other: gaps, meters that stand still, spikes, use below zero."""

import numpy as np
import pandas as pd

from features.contracts import CONTRACTS
from features.quality.checks.outcome import Outcome, nothing, of_counts, of_rows
from features.quality.reading import Tables
from features.quality.rules import Moving, NoSpike, NotNegative, Rule, Unbroken

__all__ = ["moving", "no_spike", "not_negative", "runs", "unbroken"]

_MAD = 1.4826


def _series(tables: Tables, rule: Rule, columns: list[str], days: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Rows in order of thing and time, and the number of each row's thing."""
    rows = tables.rows(rule.table, columns, days)
    thing = CONTRACTS[rule.table].key[0]
    rows = rows.sort_values([thing, CONTRACTS[rule.table].event_time], kind="stable", ignore_index=True)
    return rows, pd.factorize(rows[thing])[0]


def unbroken(tables: Tables, rule: Rule, check: Unbroken, examples: int) -> Outcome:
    """Intervals between the first and the last reading of each thing; the missing ones fail."""
    rows, thing = _series(tables, rule, [], check.days)
    if len(rows) < 2:
        return nothing()
    time = rows[CONTRACTS[rule.table].event_time].astype("int64").to_numpy()
    step, same = np.diff(time), np.diff(thing) == 0
    if not same.any():
        return nothing()
    kinds, counts = np.unique(step[same], return_counts=True)
    usual = kinds[counts.argmax()]
    missing = np.where(same, np.maximum(np.round(step / usual) - 1, 0), 0).astype(np.int64)
    after = rows.iloc[1:].reset_index(drop=True)
    gap = missing > 0
    shown = of_rows(tables, rule.table, after, gap, examples)
    units = tables.units(rule.table, rows)
    counts_of = pd.DataFrame(
        {
            "source": rows["source"].astype("str"),
            "unit": units,
            "checked": 1 + np.append(0, missing),
            "failed": np.append(0, missing),
        }
    )
    return of_counts(counts_of, shown.examples)


def runs(values: np.ndarray, thing: np.ndarray) -> np.ndarray:
    """Length of the run of equal values that each value of a thing is part of."""
    if not len(values):
        return np.zeros(0, dtype=np.int64)
    begins = np.append(True, (np.diff(values) != 0) | (np.diff(thing) != 0))
    number = np.cumsum(begins) - 1
    return np.bincount(number)[number]


def moving(tables: Tables, rule: Rule, check: Moving, examples: int) -> Outcome:
    """Days of use, of which those fail that repeat one value for long: a meter that stands still.

    A run of zeros counts where the meter showed use before it within the days looked at: an account that never used
    anything is empty, not broken.
    """
    rows, thing = _series(tables, rule, ["kwh"], check.days)
    kwh = rows["kwh"].to_numpy(dtype=float)
    still = runs(kwh, thing) >= check.running_days
    if not len(kwh):
        return nothing()
    total = np.cumsum(kwh > 0)
    first = np.searchsorted(thing, np.arange(thing.max() + 1))
    used = total - (total[first] - (kwh[first] > 0))[thing] > 0
    return of_rows(tables, rule.table, rows, still & ((kwh != 0) | used), examples)


def no_spike(tables: Tables, rule: Rule, check: NoSpike, examples: int) -> Outcome:
    """Values near the usual ones of their thing, on a scale on which twice and half are as far from one."""
    rows, thing = _series(tables, rule, [check.column], check.days)
    if rows.empty:
        return nothing()
    size = np.log1p(np.abs(rows[check.column].to_numpy(dtype=float)))
    by = pd.Series(size).groupby(thing)
    middle = by.transform("median").to_numpy()
    spread = _MAD * pd.Series(np.abs(size - middle)).groupby(thing).transform("median").to_numpy()
    # A thing that hardly ever changes has no spread of its own; a tenth is change enough.
    high = size - middle > check.spreads * np.maximum(spread, 0.1)
    return of_rows(tables, rule.table, rows, high, examples)


def not_negative(tables: Tables, rule: Rule, check: NotNegative, examples: int) -> Outcome:
    """Use that is not below zero; who feeds in as a habit is not judged."""
    rows, thing = _series(tables, rule, ["kwh"], check.days)
    below = rows["kwh"].to_numpy(dtype=float) < 0
    share = pd.Series(below, dtype=float).groupby(thing).transform("mean").to_numpy()
    judged = share <= check.exporter_share
    return of_rows(tables, rule.table, rows[judged].reset_index(drop=True), below[judged], examples)
