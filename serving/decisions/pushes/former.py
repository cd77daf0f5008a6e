"""What the books say of former contacts: which offers still stand, and how often a person was contacted lately."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pandas as pd

from serving.decisions.pushes.catalogue import CHANNELS
from serving.decisions.pushes.records import Moment
from serving.decisions.pushes.weigh import Weighed

__all__ = ["Lately", "lately", "standing"]


@dataclass(frozen=True)
class Lately:
    """How often each person was contacted within the windows of the policy: `by_channel` int [person, channel], `total`
    int [person]. `person` int [customer] is the place of each customer's person."""

    person: np.ndarray
    by_channel: np.ndarray
    total: np.ndarray


def standing(weighed: Weighed, former: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Rows (among those asked about) and services of offers that neither lapsed nor were answered."""
    open_yet = (former["expires_at"] > _stamp(weighed.moment)).to_numpy() & former["answered_at"].isna().to_numpy()
    those = former.loc[open_yet]
    rows = _names(weighed.wide.customer_ids[weighed.places]).get_indexer(_names(those["customer_id"]))
    services = _names(weighed.catalogue.codes).get_indexer(_names(those["service"]))
    known = (rows >= 0) & (services >= 0)
    return rows[known], services[known]


def lately(weighed: Weighed, former: pd.DataFrame) -> Lately:
    """Former contacts by person. One counts for the person the books name, and for him whose account that is now."""
    policy, now = weighed.policy, _stamp(weighed.moment)
    person, persons = pd.factorize(weighed.people.persons)
    oldest = now - timedelta(days=max(policy.per_channel_days, policy.total_days))
    those = former.loc[(former["decided_at"] > oldest).to_numpy()]
    named = _names(persons).get_indexer(_names(those["person_id"]))
    at = _names(weighed.wide.customer_ids).get_indexer(_names(those["customer_id"]))
    owner = np.where(at >= 0, person[at], named) if len(person) else named
    channel = _names(CHANNELS).get_indexer(_names(those["channel"]))
    by_channel = np.zeros((len(persons), len(CHANNELS)), dtype=np.int32)
    total = np.zeros(len(persons), dtype=np.int32)
    short, long = (
        (those["decided_at"] > now - timedelta(days=days)).to_numpy()
        for days in (policy.per_channel_days, policy.total_days)
    )
    for whom, counts in ((named, named >= 0), (owner, (owner >= 0) & (owner != named))):
        seen = counts & short & (channel >= 0)
        np.add.at(by_channel, (whom[seen], channel[seen]), 1)
        np.add.at(total, whom[counts & long], 1)
    return Lately(person, by_channel, total)


def _stamp(moment: Moment) -> pd.Timestamp:
    return pd.Timestamp(moment.now)


def _names(ids: Sequence[str] | np.ndarray | pd.Series) -> pd.Index:
    return pd.Index(np.array(ids, dtype=object), dtype=object)
