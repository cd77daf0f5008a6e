"""The demand model: linear stage, one global quantile booster, conformal calibration."""

from training.demand.config import DemandConfig
from training.demand.model import DemandModel

__all__ = ["DemandConfig", "DemandModel"]
