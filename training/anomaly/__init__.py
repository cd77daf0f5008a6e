"""Theft and other abnormal use: attacks to learn from, daily scores, alarms, lost energy, evidence and places."""

from training.anomaly.family import ANOMALY, AnomalyFamily
from training.anomaly.model import AnomalyModel
from training.anomaly.settings import AnomalyConfig

__all__ = ["ANOMALY", "AnomalyConfig", "AnomalyFamily", "AnomalyModel"]
