"""Checks that look at each row by itself."""

import numpy as np
import pandas as pd

from features.contracts import AVAILABLE_AT, CONTRACTS
from features.quality.checks.outcome import Outcome, of_rows
from features.quality.reading import Tables
from features.quality.rules import Present, Rule, Soon, Within

__all__ = ["present", "soon", "within"]


def present(tables: Tables, rule: Rule, check: Present, examples: int) -> Outcome:
    """Rows in which none of the columns is empty."""
    rows = tables.rows(rule.table, check.columns, check.days)
    empty = np.zeros(len(rows), dtype=bool)
    for name in check.columns:
        empty |= (rows[name].isna() | (rows[name].astype("str") == "")).to_numpy(dtype=bool)
    return of_rows(tables, rule.table, rows, empty, examples)


def within(tables: Tables, rule: Rule, check: Within, examples: int) -> Outcome:
    """Rows whose value lies within the bounds; rows without a value are not checked."""
    rows = tables.rows(rule.table, [check.column], check.days)
    rows = rows[rows[check.column].notna()].reset_index(drop=True)
    values = rows[check.column].to_numpy(dtype=float)
    low = -np.inf if check.at_least is None else check.at_least
    high = np.inf if check.at_most is None else check.at_most
    return of_rows(tables, rule.table, rows, (values < low) | (values > high), examples)


def soon(tables: Tables, rule: Rule, check: Soon, examples: int) -> Outcome:
    """The first version of every fact, by how long after its event it was known."""
    contract = CONTRACTS[rule.table]
    rows = tables.versions(rule.table, check.days)
    rows = rows.sort_values(AVAILABLE_AT, kind="stable").drop_duplicates(list(contract.key), ignore_index=True)
    delay = rows[AVAILABLE_AT] - rows[contract.event_time]
    late = (delay > pd.Timedelta(hours=check.hours)).to_numpy(dtype=bool)
    return of_rows(tables, rule.table, rows, late, examples)
