"""What a demo territory is made of: its size, its seed, and how far its years and areas stray."""

from datetime import date

from pydantic import Field

from features.settings import Settings

__all__ = ["TIME_ZONE", "DemoConfig", "Spread", "TurnsConfig"]

TIME_ZONE = "Asia/Shanghai"


class Spread(Settings):
    """How far peaks stray from one year to the next; logs of ratios, so .04 is about 4 %.

    `year_common` is the weather's part, shared by all areas; the others are each area's own and together about 8 %:
    `level_walk` persists, `season_excursion` is gone with the season, `growth` differs between areas for good.
    `covered` is the share of area-years whose peak is no higher than the year before: it settles the growth of the
    use that was there before.
    """

    year_common: float = Field(0.04, ge=0, le=0.2)
    level_walk: float = Field(0.038, ge=0, le=0.3)
    season_excursion: float = Field(0.032, ge=0, le=0.3)
    growth: float = Field(0.01, ge=0, le=0.1)
    covered: float = Field(0.45, ge=0.2, le=0.8)


class TurnsConfig(Settings):
    """How many customers' use takes a turn in a year, as shares of all (of homes, for `electrify_share`).

    `grow_before_applying_share` is of those who ask for more capacity: how many of them grew in the months before.
    All zero gives a territory whose customers only waver.
    """

    grow_share: float = Field(0.04, ge=0, le=0.5)
    electrify_share: float = Field(0.03, ge=0, le=0.5)
    leave_share: float = Field(0.015, ge=0, le=0.5)
    grow_before_applying_share: float = Field(0.9, ge=0, le=1)


class DemoConfig(Settings):
    """Size and seed of a territory; the same values give the same territory, to the byte.

    `end` is the first local day (Asia/Shanghai) without data. Customers have daily use for `customer_years`.
    """

    substations: int = Field(3, ge=1, le=50)
    feeders: int = Field(12, ge=1, le=500)
    areas: int = Field(120, ge=1, le=20_000)
    customers: int = Field(4000, ge=0, le=1_000_000)
    years: int = Field(6, ge=2, le=20)
    customer_years: int = Field(2, ge=1, le=20)
    seed: int = Field(7, ge=0)
    end: date = date(2026, 1, 1)
    weather_stations: int = Field(3, ge=1, le=10)
    forecast_days: int = Field(60, ge=1, le=400)
    voltage_days: int = Field(90, ge=0, le=4000)
    spread: Spread = Spread()
    turns: TurnsConfig = TurnsConfig()

    @property
    def network_size(self) -> tuple[int, int, int]:
        """Substations, feeders and areas, with no more feeders than areas and no more substations than feeders."""
        feeders = min(self.feeders, self.areas)
        return min(self.substations, feeders), feeders, self.areas
