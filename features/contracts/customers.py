"""Customers, their meters and use, and their applications for supply."""

from features.contracts.codes import APPLICATION_KIND, APPLICATION_STAGE, CUSTOMER_CLASS, METER_PHASE
from features.contracts.contract import Contract, Field, available, validity

__all__ = ["APPLICATION", "CONSUMPTION", "CUSTOMER", "CUSTOMER_CLASSES", "METER"]

CUSTOMER_CLASSES = CUSTOMER_CLASS.values

CUSTOMER = Contract(
    name="customer",
    meaning="An account with a meter on an area; the link to the area can change.",
    purpose="the mix of classes below a node, by which nodes are like each other",
    fields=(
        Field("customer_id", "text", "identifier of the account (a surrogate, not a personal one)"),
        Field("area_id", "text", "the transformer area it hangs on"),
        Field("customer_class", "text", "class of use", codes=CUSTOMER_CLASS),
        Field("contract_kva", "float", "agreed capacity", "kVA", nullable=True, ge=0),
        *validity(),
        available(),
    ),
    key=("customer_id", "valid_from"),
    event_time="valid_from",
)

METER = Contract(
    name="meter",
    meaning="A meter and the account it measures.",
    purpose="the way from energy to the account and its area",
    fields=(
        Field("meter_id", "text", "identifier of the meter"),
        Field("customer_id", "text", "the account it measures"),
        Field("phase", "text", "phase it hangs on", nullable=True, codes=METER_PHASE),
        *validity(),
        available(),
    ),
    key=("meter_id", "valid_from"),
    event_time="valid_from",
)

CONSUMPTION = Contract(
    name="consumption",
    meaning="Energy through a meter over one interval (a local day, or shorter).",
    purpose="what single customers use",
    fields=(
        Field("meter_id", "text", "the meter"),
        Field("start_utc", "utc", "start of the interval"),
        Field("end_utc", "utc", "end of the interval"),
        Field("kwh", "float", "energy used; negative is export", "kWh", ge=-1e8, le=1e8),
        available(),
    ),
    key=("meter_id", "start_utc"),
    event_time="start_utc",
)


def stages() -> tuple[Field, ...]:
    """How far an application has come, and when it came there."""
    return (
        Field("status", "text", "where it stands", codes=APPLICATION_STAGE),
        Field("submitted_at", "utc", "when it was handed in"),
        Field("surveyed_at", "utc", "when the site was surveyed", nullable=True),
        Field("approved_at", "utc", "when the supply plan was approved", nullable=True),
        Field("energised_at", "utc", "when supply began", nullable=True),
        Field("closed_at", "utc", "when it was rejected or withdrawn", nullable=True),
        Field("expected_energised_at", "utc", "when supply is planned to begin", nullable=True),
        Field("source_constrained", "bool", "what the source system says of constraint", nullable=True),
    )


APPLICATION = Contract(
    name="application",
    meaning="A request for supply (业扩报装). Constraint here is what the source says, not our finding.",
    purpose="load that is promised and not yet there, and what comes of promises",
    fields=(
        Field("application_id", "text", "identifier of the application"),
        Field("customer_id", "text", "the account, where one exists already", nullable=True),
        Field("node_id", "text", "the area asked for"),
        Field("kind", "text", "what is asked", codes=APPLICATION_KIND),
        Field("customer_class", "text", "class of use", codes=CUSTOMER_CLASS),
        Field("requested_kva", "float", "capacity asked for", "kVA", ge=0, le=1_000_000),
        *stages(),
        available(),
    ),
    key=("application_id",),
    event_time="submitted_at",
)
