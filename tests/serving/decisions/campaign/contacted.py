"""Contacts of a campaign and what came of them, as frames, for the tests of its report."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from serving.decisions.campaign.told import OUTCOME_COLUMNS
from serving.decisions.pushes.codes import HELD_OUT, SENT

DECIDED = pd.Timestamp("2026-03-03T02:00Z")
NOW = datetime(2026, 6, 1, tzinfo=UTC)
HELD_SHARE = 0.145


def contacts(sent: int, held: int, **overrides: Any) -> pd.DataFrame:
    """So many sent and held out, a person each, alike in all that was known before."""
    many = sent + held
    i = np.arange(many)
    frame = pd.DataFrame(
        {
            "push_id": [f"p{k:05d}" for k in i],
            "customer_id": [f"C{k:05d}" for k in i],
            "person_id": [f"C{k:05d}" for k in i],
            "service": "time_of_use",
            "service_version": 1,
            "campaign": "tou_2026",
            "channel": np.where(i % 2 == 0, "app", "hall"),
            "reason": np.where(i < sent, SENT, np.where(i % 3 == 0, HELD_OUT[0], HELD_OUT[1])),
            "propensity": 0.1 + 0.01 * (i % 7),
            "score_cny": 5.0 + (i % 11),
            "value_cny": 20.0,
            "freed_kw": np.nan,
            "explored": i % 10 == 0,
            "decided_at": DECIDED,
        }
    )
    return frame.assign(**overrides)


def outcomes(made: pd.DataFrame, **columns: Any) -> pd.DataFrame:
    """OUTCOME_COLUMNS of contacts; not known but for the columns given."""
    frame = pd.DataFrame(np.nan, index=made.index, columns=list(OUTCOME_COLUMNS))
    return frame.assign(push_id=made["push_id"], **columns)
