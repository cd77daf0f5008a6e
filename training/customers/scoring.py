"""Cases beside what a model says of them and loses on each: a long table, and tables by unit and origin of it."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from training.customers.cases import Cases
from training.customers.family import CustomerModel, Family

__all__ = ["CAME", "KEYS", "by_origin", "by_unit", "scored_cases", "usable_scores"]

KEYS = ["origin", "customer_id"]
CAME = "came_"
"""Before the name of a column that is said: what came of it, where the family names its `outcomes`."""
_ROWS = ["origin", "known_at", "customer_id", "unit"]


def scored_cases(one: Family, model: CustomerModel, cases: Cases) -> pd.DataFrame:
    """Origin, known_at, customer_id and unit of each case, its loss, the columns the family `says`, and what came.

    A family may name `outcomes`, a mapping from a column it says to the column of `rows` that holds what came of it.
    """
    outcomes: Mapping[str, str] = getattr(one, "outcomes", {})
    rows = cases.rows[_ROWS].reset_index(drop=True).astype({"customer_id": "str", "unit": "str"})
    if rows.empty:
        # No model need be able to say nothing of nobody.
        return rows.assign(loss=0.0, **dict.fromkeys(one.says, 0.0))
    said = model.predict(cases).reset_index(drop=True)
    rows["loss"] = one.losses(model, cases).to_numpy(dtype=float)
    came = {CAME + name: cases.rows[column].to_numpy(dtype=float) for name, column in outcomes.items()}
    return pd.concat([rows, said[list(one.says)], pd.DataFrame(came, index=rows.index)], axis=1)


def by_unit(scored: pd.DataFrame) -> pd.DataFrame:
    """One row a unit: cases, customers, how many cases have a loss, and their mean loss."""
    return _table(scored, "unit")


def by_origin(scored: pd.DataFrame) -> pd.DataFrame:
    """One row an origin, with the columns of `by_unit`."""
    return _table(scored, "origin")


def _table(scored: pd.DataFrame, key: str) -> pd.DataFrame:
    by = scored.groupby(key, sort=True)
    table = pd.DataFrame({"cases": by.size(), "customers": by["customer_id"].nunique(), "scored": by["loss"].count()})
    # A mean of groups is NaN where nothing is known, without a warning.
    return table.assign(loss=by["loss"].mean()).rename_axis(key)


def usable_scores(scores: dict[str, float]) -> dict[str, float]:
    """The scores that are numbers."""
    return {name: float(value) for name, value in scores.items() if np.isfinite(value)}
