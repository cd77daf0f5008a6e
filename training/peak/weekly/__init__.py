"""How high will each of the coming weeks climb? Scenarios and direct quantiles of the weekly maximum, combined."""

from training.peak.weekly.config import WeeklyConfig
from training.peak.weekly.model import WeeklyPeaks, weekly_peaks
from training.peak.weekly.weeks import Weeks, next_monday

__all__ = ["WeeklyConfig", "WeeklyPeaks", "Weeks", "next_monday", "weekly_peaks"]
