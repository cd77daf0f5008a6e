"""All features of all customers at one moment: the same function for training and for serving."""

import numpy as np
import pandas as pd

from features.behaviour.applications import application_features
from features.behaviour.around import account_features, area_features, event_features
from features.behaviour.catalogue import FEATURE_NAMES
from features.behaviour.contacts import contact_features
from features.behaviour.daily import daily_features
from features.behaviour.interval import interval_features
from features.behaviour.known import Known
from features.behaviour.limits import ApplicationLimits, load_application_limits
from features.behaviour.money import money_features

__all__ = ["features_at"]


def features_at(
    known: Known, centres: np.ndarray | None = None, limits: ApplicationLimits | None = None
) -> pd.DataFrame:
    """Index customer_id (sorted), float64 columns `FEATURE_NAMES`, NaN where a feature is not known.

    Nothing but `known` is looked at, so that a past moment gives what it gave then. `centres` [clusters × 24] number
    the daily shapes (default: the standard ones), `limits` are those of applications (default: the policy in force).
    """
    daily = daily_features(known)
    nothing = pd.Series(np.nan, index=known.customers.index)
    groups = (
        daily,
        interval_features(known, centres),
        money_features(known),
        contact_features(known),
        application_features(known, limits or load_application_limits()),
        event_features(known),
        area_features(known, daily.get("use_90d_kwh_day", nothing)),
        account_features(known),
    )
    parts = {str(name): values for group in groups for name, values in group.items()}
    return pd.DataFrame({name: parts.get(name, nothing) for name in FEATURE_NAMES}, dtype=float)
