"""How high will load climb? Scenarios of peaks, shared by all nodes, and the factor that makes them honest."""

from training.peak.config import PeakConfig
from training.peak.connections import ConnectionPolicy
from training.peak.model import PeakModel
from training.peak.peaks import Peaks
from training.peak.uptake import UptakePolicy

__all__ = ["ConnectionPolicy", "PeakConfig", "PeakModel", "Peaks", "UptakePolicy"]
