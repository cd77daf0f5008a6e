"""How likely a node crosses a limit on one of the coming days: learnt from forecasts that were backtested."""

from training.foreseen.calibration import ForeseenCalibration
from training.foreseen.config import ForeseenConfig

__all__ = ["ForeseenCalibration", "ForeseenConfig"]
