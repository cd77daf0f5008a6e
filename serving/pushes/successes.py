"""Whether an offer had its success, by what its service counts as one: an answer, or what the books show."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from serving.pushes.rows import ACCEPTED

__all__ = ["answered", "successes"]


def answered(contacts: pd.DataFrame, outcomes: pd.DataFrame, window_days: int, now: pd.Timestamp) -> np.ndarray:
    """1 where the customer accepted, or had it fulfilled, within the window after the contact, else 0. Any offer of the
    campaign counts for the customer it was made to: who accepts the second one was won by the first, too.

    `outcomes` has push_id, customer_id, kind, at, recorded_at; what was recorded after `now` is not known yet.
    """
    taken = outcomes[outcomes["kind"].isin(ACCEPTED) & (outcomes["recorded_at"] <= now)]
    pairs = contacts[["push_id", "customer_id", "decided_at"]].merge(taken[["customer_id", "at"]], on="customer_id")
    within = (pairs["at"] >= pairs["decided_at"]) & (
        pairs["at"] <= pairs["decided_at"] + pd.Timedelta(days=window_days)
    )
    return contacts["push_id"].isin(pairs.loc[within, "push_id"]).to_numpy(dtype=np.float64)


def successes(kinds: pd.Series, taken: np.ndarray, paid: pd.DataFrame) -> np.ndarray:
    """Success of each contact, 0 or 1, NaN where not known. `kinds` is `Service.outcome` of each; `taken` as `answered`
    tells; `paid` has PAYING_COLUMNS in the same order, NaN throughout where there are no books.
    """
    out = np.full(len(kinds), np.nan)
    for kind, judge in _JUDGES.items():
        mine = (kinds == kind).to_numpy(dtype=bool)
        out[mine] = taken[mine] if judge is None else judge(paid[mine])
    return out


def _to_app(paid: pd.DataFrame) -> np.ndarray:
    """A payment by the application, and none at a counter."""
    return _known((paid["app_after"] > 0) & (paid["counter_after"] == 0), paid["payments_after"])


def _by_order(paid: pd.DataFrame) -> np.ndarray:
    return _known(paid["autopay_after"] > 0, paid["payments_after"])


def _out_of_arrears(paid: pd.DataFrame) -> np.ndarray:
    """All that was overdue is paid; of whom nothing was overdue it is not known what the offer could do."""
    owed = paid["arrears_cny"].where(paid["arrears_cny"] > 0)
    return _known(paid["arrears_paid_cny"] >= owed - 0.01, owed)


def _known(true: pd.Series, where: pd.Series) -> np.ndarray:
    return np.where(np.isfinite(where.to_numpy(dtype=np.float64)), true.to_numpy(dtype=np.float64), np.nan)


_JUDGES: Mapping[str, Callable[[pd.DataFrame], np.ndarray] | None] = {
    "accepted": None,
    "payment_to_app": _to_app,
    "autopay": _by_order,
    "arrears_paid": _out_of_arrears,
}
