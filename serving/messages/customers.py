"""Customers: selected by an expression, portrayed, and what an inspection found at one."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from serving.decisions.selection import MAX_LENGTH
from serving.messages.parts import Identifier, Message

__all__ = [
    "CustomerTagsAnswer",
    "CustomerTagsQuery",
    "InspectionAnswer",
    "InspectionRequest",
    "PortraitAnswer",
    "PortraitQuery",
    "TagsAnswer",
    "TagsExportRequest",
    "TagsQueryAnswer",
    "TagsQueryRequest",
]

_Expression = Annotated[
    str | None,
    Field(
        min_length=1,
        max_length=MAX_LENGTH,
        description='which customers: comparisons of columns, `tag("…")`, `in`, `is known`, `and`, `or`, `not`; '
        "empty: all the key sees",
        examples=['tag("high_value") and value_p50_cny > 1000 and not tag("may_leave")'],
    ),
]
_OrgUnit = Annotated[Identifier | None, Field(description="only customers of this org unit and the units below it")]
_Columns = Annotated[list[Identifier] | None, Field(max_length=200)]
_Snapshot = Annotated[Identifier | None, Field(description="a snapshot by its id; empty: the newest")]
Words = Annotated[str | None, Field(description="null where the other language alone was asked for")]


class SnapshotStamp(Message):
    """What an answer stands on."""

    snapshot_id: str
    as_of: AwareDatetime = Field(description="the moment whose knowledge was used")
    made_at: AwareDatetime


class Identity(Message):
    """Who a customer is, as far as it is known now."""

    name: str | None
    phone: str | None
    address: str | None


class _Selection(Message):
    expression: _Expression = None
    org_unit: _OrgUnit = None
    sort_by: Identifier | None = Field(None, description="a column of numbers; empty: by customer_id")
    descending: bool = Field(True, description="the largest first; what is unknown comes last either way")
    identity: bool = Field(False, description="name, telephone and address too, for roles that may see them")
    snapshot_id: _Snapshot = None


class TagsQueryRequest(_Selection):
    """Which customers, what of them, in which order, and which page."""

    columns: _Columns = Field(None, description="what is told of each; empty: what the expression and order look at")
    limit: int = Field(100, ge=1, le=1000, description="customers on a page")
    offset: int = Field(0, ge=0, le=100_000_000, description="how many earlier ones to skip; name the snapshot then")
    count_only: bool = Field(False, description="only how many they are")


class SelectedCustomer(Message):
    """A customer who was selected."""

    customer_id: str
    hall_id: str | None
    area_id: str | None
    customer_class: str | None
    values: dict[str, float | str | None] = Field(description="the columns that were asked for; null: not known")
    tags: list[str] = Field(description="the tags he holds, of those the key's role may see")
    identity: Identity | None = Field(description="null: not asked for, or not known")


class TagsQueryAnswer(Message):
    """A page of those selected, and how many there are."""

    snapshot: SnapshotStamp
    total: int = Field(description="customers of whom the expression is true")
    unknown: int = Field(description="customers of whom it cannot be told, because something in it is not known")
    no_consent: int = Field(description="customers left out because they forbid that tags are made of them")
    next_offset: int | None = Field(description="`offset` of the next page; null on the last")
    customers: list[SelectedCustomer]


class TagsExportRequest(_Selection):
    """Which customers, what of them, in which form."""

    columns: _Columns = Field(None, description="what is told of each; empty: all columns")
    format: Literal["csv", "parquet"] = Field("csv", description="CSV in UTF-8 with a header, or Parquet")


class TagEntry(Message):
    """A tag that may be asked for."""

    tag: str
    version: int
    kind: str = Field(description="rule, model or cluster")
    english: str
    chinese: str
    meaning_english: str
    meaning_chinese: str
    purpose: str = Field(description="what a customer's consent has to cover")
    owner: str
    held: int = Field(description="customers the key sees who hold it")
    unknown: int = Field(description="customers the key sees of whom it is not known")


class ColumnEntry(Message):
    """A column that may be asked for."""

    column: str
    kind: Literal["number", "text"]
    unit: str | None
    meaning: str | None
    chinese: str | None


class TagsAnswer(Message):
    """What an expression may speak of."""

    snapshot: SnapshotStamp
    customers: int = Field(description="customers the key sees")
    tags: list[TagEntry]
    columns: list[ColumnEntry]


class Evidence(Message):
    """An input of a tag, beside the thresholds it was held against."""

    input: str
    value: float | None
    direction: str
    enter: float
    exit: float


class StandingTag(Message):
    """A tag as it stands with a customer."""

    tag: str
    version: int
    english: Words
    chinese: Words
    status: Literal["held", "unknown"]
    since: AwareDatetime | None = Field(description="since when it stands so")
    valid_until: AwareDatetime | None
    evidence: list[Evidence]


class CustomerTagsQuery(Message):
    """Of which moment."""

    at: AwareDatetime | None = Field(None, description="as it stood then; empty: now")


class CustomerTagsAnswer(Message):
    """The tags of a customer that the key's role may see: held, or not known."""

    customer_id: str
    as_of: AwareDatetime = Field(description="the moment whose knowledge was used")
    tags: list[StandingTag]


class PortraitQuery(Message):
    """In which language, and whether with the name."""

    language: Literal["en", "zh", "both"] = Field("both", description="language of the words")
    identity: bool = Field(False, description="name, telephone and address too, for roles that may see them")


class Sentence(Message):
    """Something said of a customer, in words and in figures."""

    code: str = Field(description="stable, for programs")
    english: Words
    chinese: Words
    figures: dict[str, float | str | None] = Field(description="the columns it stands on")


class ValueBand(Message):
    """What a customer brings in, beside others of his class. It never orders connections or repairs."""

    band: Literal["high", "medium", "low", "unknown"]
    english: Words
    chinese: Words
    p10_cny: float | None = Field(description="margin of the next 12 months: with 10 % it is less")
    p50_cny: float | None
    p90_cny: float | None
    last_cny: float | None = Field(description="margin of the last period")
    rank_in_class: float | None = Field(description="share of his class whose expected margin is less")


class OpenApplication(Message):
    """An application of his that is under way."""

    application_id: str
    node_id: str
    kind: str
    status: str
    english: Words
    chinese: Words
    requested_kva: float
    submitted_at: AwareDatetime
    expected_energised_at: AwareDatetime | None


class AreaHeadroom(Message):
    """What is open at his area, less what was promised since it was published."""

    node_id: str
    publication_id: str | None
    open_kva: float | None = Field(description="firm, at any hour; null: the data do not say")
    block_kva: list[float | None] = Field(description="in each four-hour block of the local day")
    reason: str | None
    confidence: str | None
    english: Words
    chinese: Words


class Says(Message):
    """What the customer is told."""

    english: Words
    chinese: Words


class StandingOffer(Message):
    """An offer that was made to him and still stands."""

    push_id: str = Field(description="to hand in what comes of it")
    service: str
    channel: Literal["app", "hall"]
    english: Words
    chinese: Words
    says: Says
    expires_at: AwareDatetime


class PortraitAnswer(Message):
    """All that is told of a customer at a counter."""

    customer_id: str
    snapshot: SnapshotStamp
    hall_id: str | None
    area_id: str | None
    customer_class: str | None
    contract_kva: float | None
    identity: Identity | None = Field(description="null: not asked for, or not known")
    behaviour: list[Sentence]
    value: ValueBand
    tags: list[StandingTag]
    needs: list[Sentence]
    risks: list[Sentence]
    applications: list[OpenApplication]
    headroom: AreaHeadroom | None = Field(description="null: nothing is published for his area")
    offers: list[StandingOffer] = Field(description="that stand, for roles that read offers")


class InspectionRequest(Message):
    """What a visit found."""

    inspection_id: Identifier = Field(description="its number; sent again with other values it is put right")
    customer_id: Identifier
    meter_id: Identifier | None = Field(None, description="the meter, where one was looked at")
    kind: Literal["periodic", "special", "alarm", "reported"] = Field(description="why it was made")
    outcome: Literal["in_order", "theft", "breach", "meter_fault", "wiring_fault", "hazard", "no_access"] = Field(
        description="what it found"
    )
    inspected_at: AwareDatetime = Field(description="when it was made")
    fault_since: AwareDatetime | None = Field(None, description="since when, as far as is known")
    recovered_kwh: float | None = Field(None, ge=0, le=1e9, description="energy charged afterwards, kWh")
    recovered_amount_cny: float | None = Field(None, ge=0, le=1e9, description="money charged afterwards, CNY")


class InspectionAnswer(Message):
    """It is in the lake; the next training learns from it."""

    inspection_id: str
    customer_id: str
    batch: str = Field(description="the batch of the lake that the key stands for")
    repeated: bool = Field(description="true where the same had come before: nothing was changed now")
