"""Every knob of the outlook, with its default."""

from pydantic import Field

from features.settings import Settings

__all__ = ["GapConfig", "MemberConfig", "OutlookConfig", "ScenarioConfig", "TermsConfig"]


class TermsConfig(Settings):
    """Columns of the regressions. Temperatures are in tens of degC from 15 degC."""

    knots: tuple[float, ...] = (-1.0, -0.5, 0.0, 0.5, 1.0)
    """Where the response to temperature may bend."""
    lags: tuple[int, ...] = (1, 2, 3, 4, 6, 8, 12, 16, 20)
    """Hours back at which temperature stands in the regression beside its present value."""
    half_lives: tuple[float, ...] = (6.0, 30.0)
    """Half-lives in hours of the exponential means of temperature."""
    daylight_zone: str | None = None
    """Time zone whose summer time moves the evening light, where the clock of the data has a fixed offset."""
    year_end: bool = True
    """Whether each day from 23 December to 2 January is a day of its own."""


class MemberConfig(Settings):
    """One regression of the ensemble."""

    ridge: float = Field(2e-4, ge=0)
    """Penalty on standardised terms, relative to the weight of the data."""
    half_life_years: float = Field(5.0, gt=0)
    """Age at which a reading counts half."""
    stations: int = Field(3, ge=1)
    """How many of the best-fitting weather stations are averaged."""
    logged: bool = True
    """Whether the logarithm of load is modelled, where load stays positive."""


class GapConfig(Settings):
    """What known days tell of unknown ones."""

    reach_days: int = Field(30, ge=0)
    """Known days up to this far away are looked at; 0 leaves residuals alone."""
    smooth_hours: int = Field(1, ge=0, le=11)
    """Hours to either side over which the residual's daily shape is averaged."""


class ScenarioConfig(Settings):
    """Temperature of past years as scenarios."""

    shift_days: tuple[int, ...] = (-12, -9, -6, -3, 0, 3, 6, 9, 12)
    """Each past year comes once for each shift."""
    spread: float = Field(1.1, gt=0)
    """Factor on the scenarios' departure from their mean load: a few years show less than may come."""
    memory_hours: int = Field(240, ge=0)
    """How long the weather before the first hour is felt in the scenarios."""
    residual_months: int = Field(12, ge=1)
    """The months before, forecast by models that had not seen them, give the point model's own errors."""
    refit_months: int = Field(3, ge=1)
    level_share: float = Field(1.0, ge=0, le=1)
    """Share of those errors' mean that is taken to go on. Judge it on actual temperature: in one odd year the weather's
    luck outweighs a level."""


class OutlookConfig(Settings):
    """The outlook model."""

    terms: TermsConfig = TermsConfig()
    members: tuple[MemberConfig, ...] = Field(
        (MemberConfig(half_life_years=3.0), MemberConfig(logged=False)), min_length=1
    )
    """Their mean is the expected load; the logarithm and the load itself err differently in extreme weather."""
    gaps: GapConfig = GapConfig()
    scenarios: ScenarioConfig = ScenarioConfig()
