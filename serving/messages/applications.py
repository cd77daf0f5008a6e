"""Applications against what is open: what may be asked, what is found, how the queue stands."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, Field

from serving.messages.parts import Identifier, Message

__all__ = [
    "ApplicationAnswer",
    "ApplicationsAnswer",
    "ApplicationsQuery",
    "CheckAnswer",
    "CheckRequest",
    "QueueAnswer",
    "QueueQuery",
    "QueuedApplication",
    "WithdrawRequest",
]

CustomerClass = Literal["residential", "commercial", "industrial", "agricultural", "public", "ev_charging"]
Kva = Annotated[float, Field(ge=0.001, le=1_000_000, description="capacity asked for, kVA")]
Share = Annotated[float, Field(ge=0, le=1)]


_LEAST_SHARE = 0.001


def _draws(shares: list[float] | None) -> list[float] | None:
    if shares is not None and max(shares) < _LEAST_SHARE:
        raise ValueError(f"no block draws as much as {_LEAST_SHARE} of it")
    # Less than a millionth is nothing.
    return None if shares is None else [round(share, 6) for share in shares]


Shares = Annotated[
    list[Share] | None,
    Field(
        min_length=6,
        max_length=6,
        description="share of it drawn in each four-hour block of the local day; empty: all of it at any hour",
        json_schema_extra={"contains": {"minimum": _LEAST_SHARE}},
    ),
    AfterValidator(_draws),
]
Why = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Found = Literal["constrained", "unknown", "waiting", "released", "connected", "withdrawn", "lapsed", "all"]


class CheckRequest(Message):
    """A request for supply. With an `application_id` it is an application: what does not fit enters the queue. Without
    one it is a question, and nothing is kept.
    """

    application_id: Identifier | None = Field(None, description="its number; empty: only a question")
    node_id: Identifier = Field(description="the transformer area asked for", examples=["A0001"])
    kva: Kva
    customer_class: CustomerClass
    block_share: Shares = None
    wanted_on: date | None = Field(None, description="the day supply is wanted")
    submitted_at: AwareDatetime | None = Field(None, description="when it was handed in, which orders the queue; now")
    hold: bool = Field(False, description="hold the capacity for an application that fits")


class _Standing(Message):
    binding_node_id: str | None = Field(description="the node that lacks capacity")
    binding_level: str | None = Field(description="its level: area, feeder or substation")
    reason: str | None = Field(
        description="why: the node's limit, PENDING (promises alone), QUEUED (behind an earlier one), DATA_POOR",
        examples=["FEEDER_N1"],
    )
    block: int | None = Field(description="the four-hour block of the local day in which least is left, 0 to 5")
    fits_kva: float | None = Field(description="the largest capacity of the asked shape that would fit now, kVA")
    fits_block_kva: list[float] | None = Field(description="what would fit in each four-hour block alone, kVA")


class CheckAnswer(_Standing):
    """What was found. `unknown` is neither: the data do not say."""

    application_id: str | None
    node_id: str
    outcome: Literal["fits", "constrained", "unknown"]
    state: str | None = Field(description="how it stands in the queue; null: it is not in it")
    place: int | None = Field(description="its place among those that wait for the same node, from 1")
    reservation_id: str | None = Field(description="the promise that holds capacity for it")
    beyond_horizon: bool = Field(description="true when the day wanted lies beyond what the figures look to")
    base_id: str = Field(description="the publication the figures come from, or `live-…` where a ledger changed since")
    known_at: AwareDatetime = Field(description="the moment whose knowledge they stand on")
    until: AwareDatetime = Field(description="how far they look ahead")


class ApplicationsQuery(Message):
    """Which applications of the queue to list."""

    state: Found = Field("waiting", description="how they stand; constrained and unknown are among those waiting")
    org_unit: Identifier | None = Field(None, description="only of this org unit and the units below it")
    node_id: Identifier | None = Field(None, description="only those at this area, or bound by this node")
    limit: int = Field(100, ge=1, le=1000, description="applications on a page")
    after: Identifier | None = Field(None, description="`next_after` of the page before")


class QueuedApplication(_Standing):
    """An application that was found not to fit, and how it stands."""

    application_id: str
    node_id: str
    hall_id: str | None
    customer_class: str
    requested_kva: float
    wanted_on: date | None
    submitted_at: AwareDatetime
    entered_at: AwareDatetime = Field(description="since when it is in the queue")
    waited_days: float = Field(description="days in the queue until it was released or ended, or until now")
    state: str
    outcome: str = Field(description="what was found last: constrained, unknown or fits")
    base_id: str
    checked_at: AwareDatetime
    released_at: AwareDatetime | None
    ended_at: AwareDatetime | None
    reservation_id: str | None


class ApplicationsAnswer(Message):
    """One page of the queue, in its order."""

    total: int = Field(description="applications that match, on all pages")
    next_after: str | None = Field(description="`after` of the next page; null on the last")
    applications: list[QueuedApplication]


class StepEntry(Message):
    """Something that happened to an application."""

    at: AwareDatetime
    step: str = Field(description="fits, entered, found (another finding), released, connected, withdrawn, lapsed")
    base_id: str
    by: str = Field(description="the key that did it, or what did it by itself")
    detail: dict[str, Any]


class ApplicationAnswer(Message):
    """One application and everything that happened to it."""

    application: QueuedApplication | None = Field(description="null: it never had to wait")
    steps: list[StepEntry]


class WithdrawRequest(Message):
    """Why an application leaves the queue."""

    why: Why = Field(description="for those who look later", examples=["taken back by the applicant"])


class QueueQuery(Message):
    """Of which part of the territory."""

    org_unit: Identifier | None = Field(None, description="this org unit and those below it; empty: all the key sees")


class UnitQueue(Message):
    """The queue of one org unit, units below it included; recomputed from single applications."""

    org_unit: str
    name: str
    kind: str
    waiting: int
    constrained: int
    unknown: int
    waiting_kva: float
    released: int = Field(description="released and not yet connected")
    connected: int
    withdrawn: int
    lapsed: int
    median_days: float | None = Field(description="of those that wait")
    longest_days: float | None
    released_days: float | None = Field(description="median days until release, of those that were")


class QueueAnswer(Message):
    """The queue in figures, by org unit."""

    at: AwareDatetime
    units: list[UnitQueue]
