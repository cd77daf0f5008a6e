"""Open capacity: what may be asked, what is answered."""

from typing import Annotated

from pydantic import AwareDatetime, Discriminator, Field, Tag

from serving.messages.parts import AboutNodes, AboutUnit, Identifier, Kind, Message, ModelStamp, by_subject

__all__ = ["CapacityAnswer", "CapacityRequest", "NodesCapacityRequest", "UnitCapacityRequest"]


class _CapacityOptions(Message):
    publication: Identifier = Field(
        "latest",
        description="`latest` (the newest firm one, a scenario where none is), the id of a publication, or `live`: "
        "computed now from the newest data, not published",
        examples=["latest"],
    )


class NodesCapacityRequest(AboutNodes, _CapacityOptions):
    """Open capacity of some nodes."""


class UnitCapacityRequest(AboutUnit, _CapacityOptions):
    """Open capacity of the nodes of an org unit."""


CapacityRequest = Annotated[
    Annotated[NodesCapacityRequest, Tag("nodes")] | Annotated[UnitCapacityRequest, Tag("unit")],
    Discriminator(by_subject),
]


class NodeCapacity(Message):
    """Open capacity of one node, what binds it, and how sure it is."""

    node_id: str
    name: str
    kind: Kind
    hall_id: str | None = Field(description="org unit the node belongs to")
    open_kva: float | None = Field(description="open capacity at any hour, kVA; null: not known, see reason")
    published_kva: float | None = Field(
        None, description="what was published; open_kva is less by what has been promised since"
    )
    reserved_kva: float | None = Field(
        None, description="promised at the node since, kVA; null: an older publication, told as it was then"
    )
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
    limit_season: str | None = Field(
        None, description="the season that sets the limit, be it by a feeder's duty to a neighbour or by a rating"
    )
    voltage_kva: float | None = Field(
        None, description="what voltage along the feeder leaves at an area, kVA; null: no line is known, or no limit"
    )
    voltage_node_id: str | None = Field(None, description="the point of the line whose voltage is then lowest")
    voltage_at: AwareDatetime | None = Field(
        None, description="the hour of the last year whose loads, raised to what is kept for, decide it"
    )
    binding_level: str | None = Field(description="level of the node that binds")
    binding_node_id: str | None = Field(description="the node that binds: this one or one upstream")
    reason: str | None = Field(description="reason code", examples=["FEEDER_THERMAL"])
    note: str | None = Field(description="what is not known, or that the load stepped to another level, in words")
    confidence: str | None = Field(description="HIGH, MEDIUM or LOW")
    standing: str | None = Field(
        None, description="firm, or scenario where the horizon is beyond two years; null: an older publication, firm"
    )
    standing_reason: str | None = Field(None, description="why it is a scenario", examples=["BEYOND_FIRM_HORIZON"])
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
