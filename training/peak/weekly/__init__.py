"""How high will each of the coming weeks climb? Scenarios and direct quantiles of the weekly maximum, combined."""

from training.peak.weekly.config import WeeklyConfig

from training.peak.weekly.steps import LevelStep, find_steps, rebased
from training.peak.weekly.weeks import Weeks

__all__ = ["LevelStep", "WeeklyConfig", "Weeks", "find_steps", "rebased"]
