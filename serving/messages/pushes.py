"""Offers of services: decided, listed, what came of them, and who wants none."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from serving.messages.applications import Why
from serving.messages.parts import Identifier, Message

__all__ = [
    "DecideAnswer",
    "DecideRequest",
    "OutcomeAnswer",
    "OutcomeRequest",
    "PushEntry",
    "PushesAnswer",
    "PushesQuery",
    "PushesReliefAnswer",
    "PushesReliefQuery",
    "ServicesAnswer",
    "WishAnswer",
    "WishRequest",
]

Channel = Literal["app", "hall"]
ScoreKind = Literal["propensity, not causal", "uplift, from outcomes drawn by lot"]
_ServiceCode = Annotated[str, Field(min_length=2, max_length=40, pattern=r"^[a-z][a-z0-9_]{1,39}$")]
_OrgUnit = Annotated[Identifier | None, Field(description="only of this org unit and the units below it")]
_Blocks = Annotated[list[float], Field(min_length=6, max_length=6)]


class DecideRequest(Message):
    """Which customers, and whether what is decided is also done."""

    customer_ids: list[Identifier] = Field(
        min_length=1, max_length=1000, description="accounts, by their surrogates", examples=[["C000001", "C000002"]]
    )
    services: list[_ServiceCode] | None = Field(
        None, min_length=1, max_length=100, description="by their codes; null: all there are", examples=[["e_bill"]]
    )
    commit: bool = Field(
        False, strict=True, description="make the offers; needs the header Idempotency-Key. Else only a question"
    )


class PushVersions(Message):
    """What a decision was made from."""

    snapshot_id: str = Field(description="the snapshot of customers")
    capacity_id: str | None = Field(description="the publication of open capacity; null: there is none")
    capacity_known_at: AwareDatetime | None = Field(description="the moment whose knowledge its figures stand on")
    catalogue_hash: str = Field(description="of the services")
    policy_hash: str = Field(description="of the rules")
    data_fingerprint: str = Field(description="of the lake")
    models: list[dict[str, str | int | float | None]] = Field(
        description="name, version and hash of every model behind the snapshot and the scores"
    )


class PushOffer(Message):
    """An offer as it is made, or would be."""

    push_id: str | None = Field(description="null: it was only asked for, and nothing can come of it")
    channel: Channel
    variant: Literal["firm", "flexible"] = Field(description="flexible: at the hours where there is room")
    campaign: str
    score_kind: ScoreKind = Field(description="what the score stands on; a propensity says who accepts, not why")
    propensity: float = Field(description="probability that it is accepted")
    uplift: float | None = Field(description="how much more probable the offer makes it; null: not known")
    value_cny: float = Field(description="of an acceptance, within a year")
    cost_cny: float = Field(description="of the contact")
    score_cny: float
    explored: bool = Field(description="its order was drawn by lot, so that more is learnt than is believed")
    adds_kva: _Blocks = Field(description="what one who accepts draws more, by four-hour block, kVA")
    most_kva: float = Field(description="the highest of `adds_kva`")
    held_kva: _Blocks = Field(description="what the offer holds meanwhile: `adds_kva` times `propensity`, kVA")
    relief_node_id: str | None = Field(description="the node without room that it is to relieve; null: none")
    freed_kw: float | None = Field(description="there, in its fullest block, from one who accepts")
    offered_at: AwareDatetime = Field(description="when it was decided")
    expires_at: AwareDatetime


class PushDecision(Message):
    """What becomes of one service."""

    service: str
    code: str = Field(description="SENT, or the first reason that speaks against it")
    english: str
    chinese: str
    node_id: str | None = Field(description="where it is a matter of room: the node that refuses")
    block: int | None = Field(description="there: the four-hour block of the local day, 0 from midnight")
    offer: PushOffer | None = Field(description="null: refused")


class DecidedCustomer(Message):
    """What becomes of every service, for one customer."""

    customer_id: str
    hall_id: str | None
    area_id: str | None
    decisions: list[PushDecision]


class DecideAnswer(Message):
    """Decisions in the order of the customers asked about."""

    run_id: str | None = Field(description="under which it is written down; null: nothing was")
    committed: bool
    repeated: bool = Field(description="true where the same had come before: nothing was changed now")
    decided_at: AwareDatetime
    versions: PushVersions
    customers: list[DecidedCustomer]


PushState = Literal["open", "lapsed", "accepted", "declined", "no_answer", "withdrawn", "fulfilled"]


class PushesQuery(Message):
    """Which offers to list, and as what."""

    org_unit: _OrgUnit = None
    customer_id: Identifier | None = Field(None, description="only to this customer")
    service: _ServiceCode | None = Field(None, description="only of this service")
    campaign: Identifier | None = Field(None, description="only of this campaign")
    channel: Channel | None = Field(None, description="only by this channel")
    state: PushState | Literal["all"] = Field(
        "open", description="open: stands and is not answered; lapsed: its time ran out; else what came of it"
    )
    held_out: bool = Field(
        False, description="would-be offers to those who are held out to compare by, too; for roles that may see them"
    )
    form: Literal["json", "ndjson"] | None = Field(
        None, description="ndjson: one object a line, for a CRM; empty: as the header Accept says"
    )
    limit: int | None = Field(
        None, ge=1, le=1000, description="offers on a page; empty: 100, and as NDJSON all there are"
    )
    offset: int = Field(0, ge=0, le=100_000_000, description="how many to skip")


class PushEntry(Message):
    """An offer, and what came of it; a line of the NDJSON, and of a publication's `pushes.ndjson`, is the same."""

    push_id: str
    run_id: str = Field(description="the run that made it")
    customer_id: str
    hall_id: str | None
    area_id: str | None
    service: str
    service_version: int
    english: str | None = Field(description="name of the service; null: it is offered no more")
    chinese: str | None
    says_english: str | None = Field(description="what the customer is told")
    says_chinese: str | None
    campaign: str
    channel: Channel
    variant: Literal["firm", "flexible"]
    reason: str = Field(description="SENT, or by which hold-out it was not")
    state: PushState
    score_kind: ScoreKind
    propensity: float
    uplift: float | None
    value_cny: float
    cost_cny: float
    score_cny: float
    explored: bool
    adds_kva: _Blocks = Field(description="what one who accepts draws more, by four-hour block, kVA")
    most_kva: float = Field(description="the highest of `adds_kva`")
    held_kva: _Blocks = Field(description="what the offer holds meanwhile, kVA")
    relief_node_id: str | None
    freed_kw: float | None
    offered_at: AwareDatetime = Field(description="when it was decided")
    expires_at: AwareDatetime
    answered_at: AwareDatetime | None
    outcome: str | None = Field(description="the last answer; null: none yet")
    versions: PushVersions


class PushesAnswer(Message):
    """A page of offers, the newest first."""

    total: int
    next_offset: int | None = Field(description="`offset` of the next page; null on the last")
    pushes: list[PushEntry]


class ServiceEntry(Message):
    """A service that may be offered."""

    service: str
    version: int
    campaign: str
    english: str
    chinese: str
    says_english: str
    says_chinese: str
    classes: list[str] = Field(description="customer classes it is for; empty: all")
    eligible: str = Field(description="the expression over tags, value and features that says for whom it is")
    kw: list[float] = Field(description="what one who accepts draws more in each four-hour block; below zero: less")
    own_share: list[float] = Field(description="the same as a share of his own load; both add up")
    flexible: bool = Field(description="whether it is offered at some hours only where there is no room at all")
    adds_load: bool
    frees_load: bool
    acceptance: float = Field(description="share that is assumed to accept, before tags and outcomes")
    value_cny: float = Field(description="of an acceptance, within a year")
    cost_cny: dict[Channel, float] = Field(description="of one contact, by channel")
    purpose: str = Field(description="what a customer's consent has to cover")
    valid_days: int
    outcome: str = Field(description="what counts as its success")


class ServicesAnswer(Message):
    """Everything that may be offered, in the catalogue's order."""

    catalogue_hash: str
    services: list[ServiceEntry]


class PushesReliefQuery(Message):
    """Of which part of the network."""

    org_unit: _OrgUnit = None


class ReliefNode(Message):
    """A node without room, and what the offers that free load there are expected to release."""

    node_id: str
    kind: str | None
    block: int = Field(description="its fullest four-hour block of the local day, 0 from midnight")
    left_kva: float = Field(description="what is left after everything promised and the queue; below zero: missing")
    queued_kva: float = Field(description="what waits for it")
    missing_kva: float = Field(description="what would have to be freed until it is constrained no more")
    offers: int = Field(description="offers made that relieve it")
    accepted: float = Field(description="how many of them are expected to be accepted")
    freed_kva: _Blocks = Field(description="what those free, by four-hour block, kVA")
    opened_kva: _Blocks = Field(description="how much of it is open then: what a node is over its limit comes first")


class ReliefServed(Message):
    """An application that waits now and would fit then."""

    application_id: str
    node_id: str
    kva: float
    binding_node_id: str | None = Field(description="what stands in its way now")
    binding_level: str | None
    block: int | None


class PushesReliefAnswer(Message):
    """What the newest publication of offers would release, of the units the key sees."""

    run_id: str
    decided_at: AwareDatetime
    nodes: list[ReliefNode]
    applications: list[ReliefServed]


class OutcomeRequest(Message):
    """What came of an offer."""

    push_id: str = Field(pattern=r"^[0-9a-f]{20}$", description="the offer", examples=["0123456789abcdef0123"])
    outcome: Literal["accepted", "declined", "no_answer", "withdrawn", "fulfilled"] = Field(
        description="fulfilled: the service is there; withdrawn: by either side"
    )
    at: AwareDatetime = Field(description="when it came")
    kw_freed: float | None = Field(None, ge=0, le=1e6, description="peak load that it took away, as measured, kW")
    value_cny: float | None = Field(None, ge=-1e9, le=1e9, description="what it brought, CNY")
    why: Why | None = Field(None, description="for those who look later")


class OutcomeAnswer(Message):
    """It is written down."""

    push_id: str
    outcome: str
    at: AwareDatetime
    repeated: bool = Field(description="true where the same had come before: nothing was changed now")
    room: Literal["held", "no_room", "freed", "none"] = Field(
        description="what became of the room: held in full for good, or not there in full; freed; none was needed"
    )


class WishRequest(Message):
    """Whether a customer wants to be left alone."""

    wish: bool = Field(strict=True, description="true: no offers any more; false: offers are welcome again")
    why: Why = Field(description="for those who look later", examples=["said so at the counter"])


class WishAnswer(Message):
    """What a customer wishes, as it stands."""

    customer_id: str
    wish: bool = Field(description="true: no offers")
    at: AwareDatetime | None = Field(description="since when; null: nothing was ever said")
    by: str | None = Field(description="the key that handed it in")
    why: str | None
