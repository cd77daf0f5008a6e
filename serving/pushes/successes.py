"""Whether an offer had its success, by what its service counts as one: an answer, or what the books show."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from serving.pushes.rows import ACCEPTED

__all__ = ["answered", "applied", "successes"]

_MORE = ("new", "increase")
"""Applications that ask for supply, or for more of it."""


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


def applied(contacts: pd.DataFrame, applications: pd.DataFrame, window_days: int) -> np.ndarray:
    """1 where the customer handed in an application for supply, or for more of it, within the window after the
    decision, else 0; by the books alone, so that those who were held out are measured like those sent to. NaN
    where no later application of anybody is known.

    `applications` has customer_id, kind, submitted_at, as they are known.
    """
    if applications.empty:
        return np.full(len(contacts), np.nan)
    more = applications[applications["kind"].isin(_MORE) & applications["customer_id"].notna()]
    asked = more[["customer_id", "submitted_at"]].astype({"customer_id": "object"})
    pairs = contacts[["push_id", "customer_id", "decided_at"]].merge(asked, on="customer_id")
    since = pairs["submitted_at"] - pairs["decided_at"]
    within = (since > pd.Timedelta(0)) & (since <= pd.Timedelta(days=window_days))
    found = contacts["push_id"].isin(pairs.loc[within, "push_id"]).to_numpy(dtype=np.float64)
    return np.where(contacts["decided_at"] < applications["submitted_at"].max(), found, np.nan)


def successes(kinds: pd.Series, taken: np.ndarray, asked: np.ndarray, paid: pd.DataFrame) -> np.ndarray:
    """Success of each contact, 0 or 1, NaN where not known. `kinds` is `Service.outcome` of each; `taken` as `answered`
    tells, `asked` as `applied`; `paid` has PAYING_COLUMNS in the same order, NaN throughout where there are no books.
    """
    out = np.full(len(kinds), np.nan)
    told = {"accepted": taken, "application": asked}
    told |= {kind: judge(paid) for kind, judge in _JUDGES.items()}
    for kind, success in told.items():
        mine = (kinds == kind).to_numpy(dtype=bool)
        out[mine] = success[mine]
    return out


def _to_app(paid: pd.DataFrame) -> np.ndarray:
    """A payment by the application, and none at a counter."""
    return _known((paid["app_after"] > 0) & (paid["counter_after"] == 0), paid["payments_after"])


def _by_order(paid: pd.DataFrame) -> np.ndarray:
    return _known(paid["autopay_after"] > 0, paid["payments_after"])


def _out_of_arrears(paid: pd.DataFrame) -> np.ndarray:
    """All that was overdue is paid; of whom nothing was overdue it is not known what the offer could do."""
    owed = paid["arrears_cny"].where((paid["arrears_cny"] > 0) & paid["arrears_paid_cny"].notna())
    return _known(paid["arrears_paid_cny"] >= owed - 0.01, owed)


def _known(true: pd.Series, where: pd.Series) -> np.ndarray:
    return np.where(np.isfinite(where.to_numpy(dtype=np.float64)), true.to_numpy(dtype=np.float64), np.nan)


_JUDGES: Mapping[str, Callable[[pd.DataFrame], np.ndarray]] = {
    "payment_to_app": _to_app,
    "autopay": _by_order,
    "arrears_paid": _out_of_arrears,
}
