"""Supervised models of one row per customer: several learners, mixed and calibrated on what they had not seen."""

from training.tabular.config import BoosterConfig, ForestConfig, NetworkConfig, TabularConfig
from training.tabular.model import TabularModel, fit, load

__all__ = ["BoosterConfig", "ForestConfig", "NetworkConfig", "TabularConfig", "TabularModel", "fit", "load"]
