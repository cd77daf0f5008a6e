"""What the exports of the four systems are made of, and how much is wrong with them."""

from pydantic import Field, field_validator

from features.clock import time_zone
from features.demo.config import DemoConfig
from features.settings import Settings

__all__ = ["ExportConfig", "FaultRates"]


def _rate() -> float:
    share: float = Field(0.02, ge=0, le=0.5)
    return share


class FaultRates(Settings):
    """The share of the records a kind of fault can strike that it does strike."""

    different_id: float = _rate()
    missing_id: float = _rate()
    different_name: float = _rate()
    capacity: float = _rate()
    va_for_kva: float = _rate()
    orphan: float = _rate()
    stranger: float = _rate()
    two_areas: float = _rate()
    moved: float = _rate()
    mislinked: float = _rate()
    rewired: float = _rate()
    repeated_application: float = _rate()
    unmatched_application: float = _rate()
    full_width: float = _rate()
    traditional: float = _rate()
    dst: float = _rate()
    sentinel: float = _rate()
    malformed: float = _rate()
    late: float = _rate()
    repeated_row: float = _rate()

    @classmethod
    def all(cls, share: float) -> "FaultRates":
        """The same share of every kind."""
        return cls(**dict.fromkeys(cls.model_fields, share))


class ExportConfig(Settings):
    """A territory and the faults of its exports.

    `collection_zone` is the clock of the collection system's maker: one that is put forward and back. Readings reach
    back `load_days` and `use_days`; `voltage` says whether meters' hourly voltages are written, for as many days as
    the territory has them. Ledgers come as a stock and `increments` later files.
    """

    territory: DemoConfig = DemoConfig()
    rates: FaultRates = FaultRates()
    collection_zone: str = "Europe/Berlin"
    load_days: int = Field(400, ge=1)
    use_days: int = Field(730, ge=1)
    voltage: bool = True
    increments: int = Field(3, ge=0, le=12)

    @field_validator("collection_zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        time_zone(value)
        return value
