"""What a customer is like: features of use, money, contacts and applications, as of any date."""

from features.behaviour.build import features_at
from features.behaviour.catalogue import FEATURE_NAMES, FEATURES
from features.behaviour.declare import Feature
from features.behaviour.known import IntervalUse, Known
from features.behaviour.reading import read_known
from features.behaviour.use import DailyUse

__all__ = ["FEATURES", "FEATURE_NAMES", "DailyUse", "Feature", "IntervalUse", "Known", "features_at", "read_known"]
