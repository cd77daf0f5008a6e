"""What shaped exports are made of: the territory, how much goes wrong by kind, and how much of the past is written."""

from pydantic import Field, field_validator

from features.clock import time_zone
from features.demo.config import DemoConfig
from features.errors import ConfigError
from features.settings import Settings

__all__ = ["KINDS", "ExportConfig", "Rates"]

_Share = Field(0.02, ge=0, le=0.5)


class Rates(Settings):
    """Share of the records (areas, customers, applications, meters) to which each kind of fault happens; 0: to none.

    Any share above 0 plants a kind at least once, where the territory has anything to plant it in.
    """

    different_id: float = _Share
    different_name: float = _Share
    capacity: float = _Share
    va_for_kva: float = _Share
    orphan: float = _Share
    two_areas: float = _Share
    moved: float = _Share
    rewired: float = _Share
    repeated_application: float = _Share
    unmatched_application: float = _Share
    full_width: float = _Share
    traditional: float = _Share
    dst: float = _Share
    sentinel: float = _Share
    batches: float = _Share
    malformed: float = _Share


KINDS = tuple(Rates.model_fields)


class ExportConfig(Settings):
    """Size, seed and faults of the exports; the same values give the same files, to the byte.

    `batches` files tell each ledger: the stock, then increments. `clock` is the time zone of the collection system;
    the shipped mapping reads Europe/Berlin. `in_topology` is the share of customers that GIS hangs on a transformer,
    `unreferenced` the share of records that keep no identifier of another system and are otherwise sound.
    """

    territory: DemoConfig = DemoConfig()
    rates: Rates = Rates()
    batches: int = Field(3, ge=2, le=12)
    load_days: int = Field(400, ge=30, le=8000)
    voltage: bool = True
    clock: str = "Europe/Berlin"
    in_topology: float = Field(0.95, ge=0, le=1)
    unreferenced: float = Field(0.1, ge=0, le=1)

    @field_validator("clock")
    @classmethod
    def _known_clock(cls, value: str) -> str:
        try:
            time_zone(value)
        except ConfigError as error:
            raise ValueError(str(error)) from error
        return value
