"""Foreseen events: opened when a crossing is likely, kept through small doubts, ended by the fact or by the day."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from features.settings import Settings

__all__ = ["COLUMNS", "KINDS", "Followed", "ForeseenPolicy", "Happened", "crossing_limits", "follow"]

KINDS = ("heavy", "overload")
KEY = ["node_id", "kind", "day"]
COLUMNS = (*KEY, "start_utc", "probability", "expected_worst", "lead_days", "limit_kw")
Happened = Collection[tuple[str, str, pd.Timestamp]]
"""Real events: node_id, kind and local day."""


class ForeseenPolicy(Settings):
    """From which probability on a crossing is told of, and what counts as one."""

    open_at: float = Field(0.5, gt=0, le=1, description="opened from this probability on")
    keep_at: float = Field(0.3, ge=0, le=1, description="kept while the probability is at least this")
    longest_lead_days: int = Field(7, ge=1, le=13, description="days further ahead open nothing")
    heavy: float = Field(0.8, gt=0, description="utilisation of the rating from which on a node is heavily loaded")
    overload: float = Field(1.0, gt=0, description="utilisation of the rating from which on a node is overloaded")

    @model_validator(mode="after")
    def _ordered(self) -> "ForeseenPolicy":
        if self.keep_at > self.open_at:
            raise ValueError(f"keep_at {self.keep_at} is above open_at {self.open_at}: what opens would not be kept")
        if self.heavy > self.overload:
            raise ValueError(f"heavy {self.heavy} is above overload {self.overload}")
        return self


@dataclass(frozen=True)
class Followed:
    """`open`: the foreseen events in force; `ended`: those that were in force before, with `outcome`.

    Outcomes: `superseded` (the real event came), `passed` (the day is over and it did not), `withdrawn` (no longer
    likely enough).
    """

    open: pd.DataFrame
    ended: pd.DataFrame


def crossing_limits(rating_kw: pd.Series, policy: ForeseenPolicy) -> pd.DataFrame:
    """One row a node and kind: node_id, kind, rating_kw, limit_kw (kW; NaN where the rating is not known).

    `rating_kw` by node_id: the sum of its transformers' ratings times its power factor, as known at the issue.
    """
    parts = [
        pd.DataFrame(
            {
                "node_id": rating_kw.index.astype(str),
                "kind": kind,
                "rating_kw": rating_kw.to_numpy(dtype=float),
                "limit_kw": rating_kw.to_numpy(dtype=float) * float(getattr(policy, kind)),
            }
        )
        for kind in KINDS
    ]
    return pd.concat(parts, ignore_index=True).sort_values(["node_id", "kind"], ignore_index=True)


def follow(
    before: pd.DataFrame | None,
    chances: pd.DataFrame,
    policy: ForeseenPolicy,
    today: pd.Timestamp,
    happened: Happened = (),
) -> Followed:
    """The foreseen events after `chances`, given those in force `before` (COLUMNS; None at the start).

    `chances` has COLUMNS, one row a node, kind and day, probability NaN where none can be told. An event opens at
    `open_at` and is kept, with its new figures, down to `keep_at`. One of which nothing new is told (no row, or NaN)
    stays as it was until its day, a local date, is before `today`; a day that is today already is settled by what
    happens, no longer by forecasts. An event that happened supersedes it, and is not foreseen again on that day. The
    same arguments give the same frames, in order of day, node and kind.
    """
    old = _keyed(before)
    new = _keyed(chances)
    real = pd.MultiIndex.from_tuples([(str(node), kind, day) for node, kind, day in happened], names=KEY)
    told = new[new["probability"].notna()]
    days = told.index.get_level_values("day")
    told = told[(days > today) & (days <= today + pd.Timedelta(days=policy.longest_lead_days))]
    least = np.where(told.index.isin(old.index), policy.keep_at, policy.open_at)
    likely = told[told["probability"].to_numpy(dtype=float) >= least]
    silent = old[~old.index.isin(told.index)]
    silent = silent[silent.index.get_level_values("day") >= today]
    held = _joined(likely, silent)
    held = held[~held.index.isin(real)]
    return Followed(_plain(held), _ended(old, held.index, real, today))


def _ended(old: pd.DataFrame, held: pd.Index, real: pd.Index, today: pd.Timestamp) -> pd.DataFrame:
    gone = old[~old.index.isin(held)]
    over = gone.index.get_level_values("day") < today
    outcome = np.where(gone.index.isin(real), "superseded", np.where(over, "passed", "withdrawn"))
    return _plain(gone.assign(outcome=pd.Series(outcome, index=gone.index, dtype=object)))


def _joined(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Rows of both; empty frames have no say in the dtypes."""
    parts = [part for part in (one, other) if len(part)]
    return pd.concat(parts) if parts else one


def _keyed(frame: pd.DataFrame | None) -> pd.DataFrame:
    if frame is None:
        frame = pd.DataFrame({name: [] for name in COLUMNS})
    return frame[list(COLUMNS)].assign(day=pd.to_datetime(frame["day"])).set_index(KEY)


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.reset_index().sort_values(["day", "node_id", "kind"], ignore_index=True)
