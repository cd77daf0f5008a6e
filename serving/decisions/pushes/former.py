"""What the books say of former contacts: which offers still stand, and how often a person was contacted lately."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd

from serving.decisions.pushes.catalogue import CHANNELS
from serving.decisions.pushes.weigh import Weighed

__all__ = ["Lately", "expected", "lately", "standing"]


@dataclass(frozen=True)
class Lately:
    """How often each person was contacted within the windows of the policy: `by_channel` int [person, channel], `total`
    int [person]. `person` int [asked] is the place of each customer's person."""

    person: np.ndarray
    by_channel: np.ndarray
    total: np.ndarray


def standing(weighed: Weighed, former: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Rows (among those asked about) and services of offers that have not lapsed, answered or not."""
    return _pairs(weighed, former, _stands(weighed, former))


def expected(weighed: Weighed, former: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """As `standing`, of those alone that may still bring what they are to bring: who declined frees nothing."""
    return _pairs(weighed, former, _stands(weighed, former) & former["answered_at"].isna().to_numpy(dtype=bool))


def _stands(weighed: Weighed, former: pd.DataFrame) -> np.ndarray:
    return (former["expires_at"] > pd.Timestamp(weighed.moment.now)).to_numpy(dtype=bool)


def _pairs(weighed: Weighed, former: pd.DataFrame, stood: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rows = _places(weighed.wide.customer_ids[weighed.places], former["customer_id"], stood)
    services = _places(weighed.catalogue.codes, former["service"], stood)
    known = (rows >= 0) & (services >= 0)
    return rows[known], services[known]


def lately(weighed: Weighed, former: pd.DataFrame) -> Lately:
    """Former contacts by person. One counts for the person the books name, and for him whose account that is now."""
    policy, everybody = weighed.policy, weighed.people.persons
    person, persons = pd.factorize(everybody[weighed.places])
    short, long = (_since(weighed, former, days) for days in (policy.per_channel_days, policy.total_days))
    those = short | long
    named = _places(persons, former["person_id"], those)
    # All accounts of the persons asked about, whether it is those that are asked about or not.
    holder = pd.Index(persons, dtype=object).get_indexer(_names(everybody))
    theirs = np.flatnonzero(holder >= 0)
    account = _places(weighed.wide.customer_ids[theirs], former["customer_id"], those)
    owner = np.array([*holder[theirs], -1])[account]
    channel = _places(CHANNELS, former["channel"], those)
    by_channel = np.zeros((len(persons), len(CHANNELS)), dtype=np.int32)
    total = np.zeros(len(persons), dtype=np.int32)
    for whom, counts in ((named, named >= 0), (owner, (owner >= 0) & (owner != named))):
        seen = counts & short[those] & (channel >= 0)
        np.add.at(by_channel, (whom[seen], channel[seen]), 1)
        np.add.at(total, whom[counts & long[those]], 1)
    return Lately(person, by_channel, total)


def _since(weighed: Weighed, former: pd.DataFrame, days: int) -> np.ndarray:
    """Mask of the contacts of the last `days`."""
    return (former["decided_at"] > pd.Timestamp(weighed.moment.now) - timedelta(days=days)).to_numpy(dtype=bool)


def _places(among: Sequence[str] | np.ndarray, column: pd.Series, those: np.ndarray) -> np.ndarray:
    """Where the values of some rows of a column stand in a list; -1 for one that is not in it."""
    return pd.Index(np.array(among, dtype=object), dtype=object).get_indexer(_names(column[those]))


def _names(column: pd.Series | np.ndarray) -> pd.Index:
    return pd.Index(np.array(column, dtype=object), dtype=object)
