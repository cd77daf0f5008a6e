"""All features of all customers at one moment: the same function for training and for serving."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from features.behaviour.around import account_features, area_features, event_features
from features.behaviour.catalogue import FEATURE_NAMES
from features.behaviour.daily import daily_features
from features.behaviour.known import Known
from features.behaviour.money import money_features

__all__ = ["features_at"]

_GROUPS: tuple[Callable[[Known], pd.DataFrame], ...] = (
    daily_features,
    money_features,
    event_features,
    account_features,
)


def features_at(known: Known) -> pd.DataFrame:
    """Index customer_id (sorted), float64 columns `FEATURE_NAMES`, NaN where a feature is not known.

    Nothing but `known` is looked at, so that a past moment gives what it gave then.
    """
    parts = {name: values for group in _GROUPS for name, values in group(known).items()}
    nothing = pd.Series(np.nan, index=known.customers.index)
    parts |= dict(area_features(known, parts.get("use_90d_kwh_day", nothing)).items())
    return pd.DataFrame({name: parts.get(name, nothing) for name in FEATURE_NAMES}, dtype=float)
