"""The messages of the HTTP interface: what may be asked, what is answered, and the one shape of a refusal.

A request names either nodes or one org unit. The two are separate models told apart by the presence of `org_unit`,
so that the published schema says exactly what is accepted and a fault names one field.
"""

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag

__all__ = [
    "DEFAULT_QUANTILES",
    "MAX_HORIZON_HOURS",
    "CapacityAnswer",
    "CapacityRequest",
    "ErrorAnswer",
    "ForecastAnswer",
    "ForecastRequest",
    "NodesAnswer",
    "NodesCapacityRequest",
    "NodesForecastRequest",
    "NodesQuery",
    "PublicationsAnswer",
    "PublicationsQuery",
    "ReadyAnswer",
    "UnitCapacityRequest",
    "UnitForecastRequest",
]

MAX_HORIZON_HOURS = 336
DEFAULT_QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)

Kind = Literal["substation", "feeder", "area"]
# Any printable identifier; control characters could forge log lines and no database takes NUL.
Identifier = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Quantile = Annotated[float, Field(strict=True, ge=0.01, le=0.99)]


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("Input should be a number")
    return value


# JSON knows one kind of number: 24.0 is a whole number there, "24" is none.
Whole = Annotated[int, BeforeValidator(_number)]


class Message(BaseModel):
    """A message rejects unknown keys, so that a misspelt option is never silently ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def _by_subject(body: Any) -> str:
    named = body if isinstance(body, dict) else getattr(body, "__dict__", {})
    return "unit" if "org_unit" in named else "nodes"


class _Nodes(Message):
    node_ids: list[Identifier] = Field(
        min_length=1, max_length=1000, description="the nodes asked about", examples=[["A0001", "A0002"]]
    )


class _Unit(Message):
    org_unit: Identifier = Field(description="every node of this org unit and the units below it", examples=["D1"])
    kinds: list[Kind] = Field(["area"], min_length=1, max_length=3, description="which kinds of node")


class _ForecastOptions(Message):
    horizon_hours: Whole = Field(24, ge=1, le=MAX_HORIZON_HOURS, description="how far ahead, hours")
    quantiles: list[Quantile] = Field(
        list(DEFAULT_QUANTILES), min_length=1, max_length=21, description="quantile levels, told apart to four decimals"
    )
    issue_time: AwareDatetime | None = Field(
        None,
        description="the moment the forecast is made from, with offset; no reading known later is used, though the "
        "model may have learnt from it: backtests are the way to judge one. "
        "Rounded down to an interval of the data. Empty: the moment the newest load became known",
        examples=["2025-12-31T16:00:00Z"],
    )


class NodesForecastRequest(_Nodes, _ForecastOptions):
    """Forecast some nodes."""


class UnitForecastRequest(_Unit, _ForecastOptions):
    """Forecast the nodes of an org unit."""


class _CapacityOptions(Message):
    publication: Identifier = Field(
        "latest",
        description="`latest`, the id of a publication, or `live`: computed now from the newest data, not published",
        examples=["latest"],
    )


class NodesCapacityRequest(_Nodes, _CapacityOptions):
    """Open capacity of some nodes."""


class UnitCapacityRequest(_Unit, _CapacityOptions):
    """Open capacity of the nodes of an org unit."""


ForecastRequest = Annotated[
    Annotated[NodesForecastRequest, Tag("nodes")] | Annotated[UnitForecastRequest, Tag("unit")],
    Discriminator(_by_subject),
]
CapacityRequest = Annotated[
    Annotated[NodesCapacityRequest, Tag("nodes")] | Annotated[UnitCapacityRequest, Tag("unit")],
    Discriminator(_by_subject),
]


class NodesQuery(Message):
    """Which nodes to list."""

    org_unit: Identifier | None = Field(None, description="only this org unit and the units below it")
    kind: Kind | None = Field(None, description="only this kind of node")
    limit: int = Field(100, ge=1, le=1000, description="nodes on a page")
    after: Identifier | None = Field(None, description="`next_after` of the page before")


class PublicationsQuery(Message):
    """Which publications to list, newest first."""

    limit: int = Field(50, ge=1, le=500, description="publications on a page")
    offset: int = Field(0, ge=0, le=1_000_000, description="how many newer ones to skip")


class ModelStamp(Message):
    """Which model answered."""

    name: str
    version: int = Field(description="version in the registry")
    sha256: str = Field(description="hash of the artifact")


class LoadRow(Message):
    """Load of one node over one interval."""

    start_utc: AwareDatetime = Field(description="start of the interval")
    lead_hours: float = Field(description="from the issue time to the start of the interval, hours")
    quantiles_kw: dict[str, float | None] = Field(
        description="quantile level → load, kW; negative is export",
        examples=[{"0.05": 81.2, "0.5": 97.4, "0.95": 120.3}],
    )
    reasons: list[str] = Field(description="reason codes of a degraded figure; empty when there is nothing to say")


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


class NodeCapacity(Message):
    """Open capacity of one node, what binds it, and how sure it is."""

    node_id: str
    name: str
    kind: Kind
    hall_id: str | None = Field(description="org unit the node belongs to")
    open_kva: float | None = Field(description="firm open capacity, kVA; null: not known, see reason")
    own_kva: float | None = Field(description="what the node's own limit leaves, before anything upstream binds, kVA")
    block_kva: list[float | None] = Field(description="open capacity in six four-hour blocks of the day, kVA")
    pool_kva: float | None = Field(
        description="shared pool of a feeder or substation, kVA; not to be summed with others"
    )
    peak_p50_kw: float | None = Field(description="median of the peak over the horizon, kW")
    peak_p90_kw: float | None
    peak_p95_kw: float | None
    pending_kw: float | None = Field(description="part of the median peak that approved applications will add, kW")
    limit_kw: float | None = Field(description="what the node may carry, kW")
    binding_level: str | None = Field(description="level of the node that binds")
    binding_node_id: str | None = Field(description="the node that binds: this one or one upstream")
    reason: str | None = Field(description="reason code", examples=["FEEDER_THERMAL"])
    note: str | None = Field(description="what is not known, in words")
    confidence: str | None = Field(description="HIGH, MEDIUM or LOW")
    rating_assumed: bool = Field(description="true where the rating is assumed, not from a nameplate")
    kappa: float | None = Field(description="conformal factor on the median peak")
    kappa_source: str | None
    valid_until: AwareDatetime | None


class CapacityAnswer(Message):
    """Open capacity and what it stands on. Figures of different nodes share upstream limits: never sum them."""

    live: bool = Field(description="true when computed for this answer and not published")
    publication_id: str | None = Field(description="null when live")
    created_at: AwareDatetime = Field(description="when the figures were made")
    issued_at: AwareDatetime = Field(description="the moment the figures look ahead from")
    horizon_days: int = Field(description="how far ahead the peak is looked for, days")
    model: ModelStamp
    data_fingerprint: str
    config_hash: str
    nodes: list[NodeCapacity]
    absent_node_ids: list[str] = Field(description="nodes of the org unit that are not in this publication")


class NodeEntry(Message):
    """A node of the territory."""

    node_id: str
    name: str
    kind: Kind
    parent_id: str | None = Field(description="the node that supplies it")
    hall_id: str | None = Field(description="org unit it belongs to")
    longitude: float | None
    latitude: float | None


class NodesAnswer(Message):
    """One page of nodes, in order of id."""

    total: int = Field(description="nodes that match, on all pages")
    next_after: str | None = Field(description="`after` of the next page; null on the last")
    nodes: list[NodeEntry]


class PublicationEntry(Message):
    """A publication of open capacity."""

    publication_id: str
    created_at: AwareDatetime
    issued_at: AwareDatetime
    horizon_days: int
    model: ModelStamp
    data_fingerprint: str
    config_hash: str
    nodes: int = Field(description="nodes in it")


class PublicationsAnswer(Message):
    """Publications, newest first."""

    total: int
    publications: list[PublicationEntry]


class LiveAnswer(Message):
    """The process is alive."""

    alive: bool


class ReadyAnswer(Message):
    """Everything an answer needs is there; a service that is not ready refuses with NOT_READY and names what lacks."""

    ready: bool
    notes: list[str] = Field(description="what does not stop answers but deserves a look")


class FaultyField(Message):
    """One field of the request and what is wrong with it."""

    field: str
    message: str


class ErrorBody(Message):
    """Why a request was refused."""

    code: str = Field(description="stable, for programs", examples=["UNKNOWN_NODE"])
    message: str = Field(description="for people", examples=["node A9999 is unknown"])
    fields: list[FaultyField] = Field(description="the bad fields, where the fault lies in some")
    request_id: str = Field(description="also in the X-Request-ID header and in the service's log")


class ErrorAnswer(Message):
    """The one shape of every refusal."""

    error: ErrorBody
