"""Where applications connect, and which transfers make room."""

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Discriminator, Field, Tag

from serving.messages.applications import CustomerClass, Kva, Shares
from serving.messages.parts import Identifier, Message

__all__ = ["AllocateAnswer", "AllocateRequest", "TransfersAnswer", "TransfersRequest"]


class _Wish(Message):
    request_id: Identifier | None = Field(None, description="its number; empty: its place in the list")
    kva: Kva
    priority: Annotated[int, Field(ge=1, le=5)] = Field(3, description="1, the most urgent, to 5")
    customer_class: CustomerClass | None = None
    submitted_at: AwareDatetime | None = Field(None, description="older ones come first among equals; now where empty")
    block_share: Shares = None


class _Numbered(_Wish):
    request_id: Identifier = Field(description="its number: what is held is held for it")


class _InArea(Message):
    node_id: Identifier = Field(description="the area it stands in")


class _AtPlace(Message):
    longitude: Annotated[float, Field(ge=-180, le=180)] = Field(description="where it stands, degrees east")
    latitude: Annotated[float, Field(ge=-90, le=90)] = Field(description="degrees north")


class AreaWish(_InArea, _Wish):
    """Who asks for an area, or for any near it."""


class PlaceWish(_AtPlace, _Wish):
    """Who asks for any area near a place."""


class NumberedAreaWish(_InArea, _Numbered):
    """Who asks for an area, or for any near it, by a number."""


class NumberedPlaceWish(_AtPlace, _Numbered):
    """Who asks for any area near a place, by a number."""


def _where(body: Any) -> str:
    named = body if isinstance(body, dict) else getattr(body, "__dict__", {})
    return "place" if "longitude" in named or "latitude" in named else "area"


def _whether(body: Any) -> str:
    told = body.get("commit", False) if isinstance(body, dict) else getattr(body, "commit", False)
    return "commit" if told is True else "ask"


Wish = Annotated[
    Annotated[AreaWish, Tag("area")] | Annotated[PlaceWish, Tag("place")],
    Discriminator(_where),
]
NumberedWish = Annotated[
    Annotated[NumberedAreaWish, Tag("area")] | Annotated[NumberedPlaceWish, Tag("place")],
    Discriminator(_where),
]


class _Allocate(Message):
    by_class: bool = Field(
        False, description="those with a class and without shares of their own draw what their class does"
    )


class AskAllocation(_Allocate):
    """Where one or many applications would connect."""

    requests: list[Wish] = Field(min_length=1, max_length=2000)
    commit: Literal[False] = Field(False, description="nothing is held")


class CommitAllocation(_Allocate):
    """Where one or many applications connect: what is assigned is held, all of it or nothing."""

    requests: list[NumberedWish] = Field(min_length=1, max_length=2000)
    commit: Literal[True] = Field(description="hold what is assigned")


AllocateRequest = Annotated[
    Annotated[AskAllocation, Tag("ask")] | Annotated[CommitAllocation, Tag("commit")],
    Discriminator(_whether),
]


class Alternative(Message):
    """An area near, the cheapest first."""

    rank: int
    node_id: str
    distance_km: float
    cost_cny: float
    room_kva: float | None = Field(description="what fits there after all others, kVA; null: not known")
    fits: bool
    assigned: bool


class Assigned(Message):
    """Where a request connects."""

    request_id: str
    node_id: str
    kva: float
    distance_km: float
    cost_cny: float
    reservation_id: str | None = Field(description="the promise that holds it; null: nothing was committed")
    alternatives: list[Alternative]


class Unserved(Message):
    """A request that connects nowhere, and why."""

    request_id: str
    kva: float
    reason: str = Field(examples=["NO_ROOM_FEEDER", "OUTBID"])
    largest_kva: float | None = Field(description="what would fit near after all others, kVA")
    largest_node_id: str | None
    largest_alone_kva: float | None = Field(description="what would fit if it were alone, kVA")
    alternatives: list[Alternative]


class AllocateAnswer(Message):
    """Where they connect. What is assigned is the best of simple rules, local search and an exact solver."""

    base_id: str = Field(description="what the room comes from: a publication, less everything promised since")
    known_at: AwareDatetime
    committed: bool
    assignments: list[Assigned]
    unserved: list[Unserved]
    totals: dict[str, float | None]
    method: str
    optimal: bool = Field(description="true: nothing serves more by weight; false: see gap")
    gap: float | None = Field(description="how far from the best at most, relative; null: not proved")


class TransfersRequest(Message):
    """For which feeder or area room is to be made."""

    node_id: Identifier = Field(description="a feeder or an area", examples=["F01"])
    publication: Identifier = Field("latest", description="`latest` or the id of a publication")


class TransferPlan(Message):
    """Switchings in order, and what they bring; every figure is confirmed by a power flow of its own."""

    steps: list[dict[str, str]] = Field(description="close this tie, then open that branch")
    before_kva: float = Field(description="largest extra load before, kVA; below zero: what would have to go")
    after_kva: float
    gain_kva: float
    keeps_limits: bool
    losses_before_kw: float
    losses_after_kw: float
    lowest_before_pu: float
    lowest_after_pu: float
    lowest_at_room_pu: float
    fullest: str | None
    fullest_share: float
    moved: list[dict[str, Any]] = Field(description="points that another feeder feeds then, and their kVA")
    moved_kva: float


class TransfersAnswer(Message):
    """Plans that make room, most gain first."""

    at: str
    feeder: str
    before_kva: float
    binding: str
    binding_at: str
    plans: list[TransferPlan]
    reason: Literal["NO_TIE", "NO_TIE_POINTS", "NO_GAIN", "VOLTAGE", "THERMAL", "NEIGHBOUR_FULL"] | None = Field(
        description="why there is no plan"
    )
    publication_id: str
    issued_at: AwareDatetime
    feeders: list[str] = Field(description="feeders that were looked at together")
    notes: list[str]
