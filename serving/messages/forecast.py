"""Forecasts: what may be asked, what is answered, and what a median is made of."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Discriminator, Field, Tag

from serving.messages.parts import AboutNodes, AboutUnit, Identifier, Message, ModelStamp, Quantile, Whole, by_subject

__all__ = [
    "DEFAULT_QUANTILES",
    "MAX_HORIZON_HOURS",
    "AssumedEvent",
    "ForecastAnswer",
    "ForecastRequest",
    "NodesForecastRequest",
    "UnitForecastRequest",
]

MAX_HORIZON_HOURS = 336
DEFAULT_QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)


class AssumedEvent(Message):
    """An event that a forecast is to count with as if it had been told of, at all nodes or at one and those below."""

    kind: Literal["epidemic", "tariff_change", "economic", "other"]
    start_utc: AwareDatetime = Field(description="first instant of the event")
    end_utc: AwareDatetime | None = Field(None, description="first instant after it; empty: it goes on")
    node_id: Identifier | None = Field(None, description="the node it touches, with all below; empty: all nodes")


class _ForecastOptions(Message):
    horizon_hours: Whole = Field(24, ge=1, le=MAX_HORIZON_HOURS, description="how far ahead, hours")
    quantiles: list[Quantile] = Field(
        list(DEFAULT_QUANTILES), min_length=1, max_length=21, description="quantile levels, told apart to four decimals"
    )
    explain: bool = Field(False, strict=True, description="say beside every row what its median is made of")
    events: Literal["known", "none"] = Field(
        "known", description="`known`: events told of by the issue time count; `none`: as if none went on"
    )
    assumed_events: list[AssumedEvent] = Field(
        [], max_length=20, description="events to count with beside those; such a forecast is a scenario, not kept"
    )
    issue_time: AwareDatetime | None = Field(
        None,
        description="the moment the forecast is made from, with offset; no reading known later is used, though the "
        "model may have learnt from it: backtests are the way to judge one. "
        "Rounded down to an interval of the data. Empty: the moment the newest load became known",
        examples=["2025-12-31T16:00:00Z"],
    )


class NodesForecastRequest(AboutNodes, _ForecastOptions):
    """Forecast some nodes."""


class UnitForecastRequest(AboutUnit, _ForecastOptions):
    """Forecast the nodes of an org unit."""


ForecastRequest = Annotated[
    Annotated[NodesForecastRequest, Tag("nodes")] | Annotated[UnitForecastRequest, Tag("unit")],
    Discriminator(by_subject),
]


class Contributions(Message):
    """What the median is made of, kW; the five add up to it."""

    level: float = Field(description="what the node has carried lately, trend and calibration")
    calendar: float = Field(description="hour, weekday and season, on an ordinary day")
    weather: float = Field(description="the weather against that of the last week")
    recent_residual: float = Field(description="what the last readings left over what was expected of them")
    events: float = Field(description="holidays, moved working days, the Spring Festival, known events")


class LoadRow(Message):
    """Load of one node over one interval."""

    start_utc: AwareDatetime = Field(description="start of the interval")
    lead_hours: float = Field(description="from the issue time to the start of the interval, hours")
    quantiles_kw: dict[str, float | None] = Field(
        description="quantile level → load, kW; negative is export",
        examples=[{"0.05": 81.2, "0.5": 97.4, "0.95": 120.3}],
    )
    reasons: list[str] = Field(description="reason codes of a degraded figure; empty when there is nothing to say")
    median_kw: float | None = Field(None, description="only where asked to explain: the median, unrounded")
    contributions_kw: Contributions | None = Field(
        None, description="only where asked to explain: what adds up to the median; null where there is no figure"
    )


class NodeForecast(Message):
    """The forecast of one node."""

    node_id: str
    name: str
    rows: list[LoadRow]


class ForecastAnswer(Message):
    """A forecast and what it stands on."""

    issue_time: AwareDatetime
    issue_time_rule: Literal["asked", "newest_load"] = Field(
        description="`asked` for, or the moment the newest load became known"
    )
    horizon_hours: int
    step_minutes: int = Field(description="length of an interval, minutes")
    model: ModelStamp
    data_fingerprint: str = Field(description="of the lake's content; same fingerprint and model, same figures")
    nodes: list[NodeForecast]
