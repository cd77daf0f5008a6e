"""How long an application for supply may take; `configs/policy/application_limits.yaml` holds the values in force."""

from pathlib import Path

import numpy as np
from pydantic import Field

from features.configs import config_path
from features.settings import Settings, load_settings

__all__ = ["ApplicationLimits", "StageLimits", "load_application_limits"]


class StageLimits(Settings):
    """Working days that one stage may take, by voltage and class."""

    low_voltage_residential: float = Field(gt=0, le=366, description="households at low voltage")
    low_voltage_other: float = Field(gt=0, le=366, description="all others at low voltage")
    high_voltage: float = Field(gt=0, le=366, description="single supply at high voltage")


class ApplicationLimits(Settings):
    """Frozen policy of the time limits of applications."""

    high_voltage_from_kva: float = Field(gt=0, description="capacity from which supply is at high voltage")
    reply: StageLimits = Field(description="from hand-in to the reply with the supply plan")
    end_to_end: StageLimits = Field(description="from hand-in to supply")

    def working_days(self, stage: StageLimits, customer_class: np.ndarray, requested_kva: np.ndarray) -> np.ndarray:
        """The limit of each application in one stage (`reply` or `end_to_end` of this policy)."""
        low = np.where(customer_class == "residential", stage.low_voltage_residential, stage.low_voltage_other)
        return np.asarray(np.where(requested_kva >= self.high_voltage_from_kva, stage.high_voltage, low), dtype=float)


def load_application_limits(path: Path | None = None) -> ApplicationLimits:
    """The policy of `path`, or the one in force."""
    return load_settings(ApplicationLimits, path or config_path("policy/application_limits.yaml"))
