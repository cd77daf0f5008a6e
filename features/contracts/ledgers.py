"""What each source system says, under its own identifiers: raw material of reconciliation, never read by a model."""

from features.contracts.codes import (
    APPLICATION_KIND,
    CUSTOMER_CLASS,
)
from features.contracts.contract import Contract, Field, available, validity
from features.contracts.customers import stages
from features.contracts.ledger_codes import LEDGER_KIND, SOURCE_SYSTEM

__all__ = ["LEDGER_APPLICATION", "LEDGER_CUSTOMER", "LEDGER_LINK", "LEDGER_NODE"]


def _system() -> Field:
    return Field("system", "text", "the source system that says so", codes=SOURCE_SYSTEM)


LEDGER_NODE = Contract(
    name="ledger_node",
    meaning="A substation, feeder, area or transformer as one source system knows it, under its own identifier.",
    purpose="finding out which records of the four systems mean one thing, and where they disagree about it",
    fields=(
        _system(),
        Field("source_id", "text", "identifier within that system"),
        Field("kind", "text", "what it is", codes=LEDGER_KIND),
        Field("name", "text", "name as that system writes it", nullable=True),
        Field("location", "text", "where the equipment stands, in that system's words", nullable=True),
        Field("longitude", "float", "east of Greenwich", "deg", nullable=True, ge=-180, le=180),
        Field("latitude", "float", "north of the equator", "deg", nullable=True, ge=-90, le=90),
        # A thousand times too much for any area: whether VA were written for kVA is for reconciliation to say.
        Field("rating_kva", "float", "rating, as that system says", "kVA", nullable=True, ge=0, le=10_000_000),
        Field("hall_id", "text", "the org unit it belongs to, where that system knows", nullable=True),
        Field(
            "reference_system", "text", "the system whose identifier it keeps, too", nullable=True, codes=SOURCE_SYSTEM
        ),
        Field("reference_id", "text", "the identifier of that other system which it keeps", nullable=True),
        *validity(),
        available(),
    ),
    key=("system", "source_id", "valid_from"),
    event_time="valid_from",
)

LEDGER_LINK = Contract(
    name="ledger_link",
    meaning="What hangs on what, as one source system says: station, feeder, area, transformer, customer, meter.",
    purpose="the chain from station to customer, told by each system for itself",
    fields=(
        _system(),
        Field("child_kind", "text", "what hangs", codes=LEDGER_KIND),
        Field("child_id", "text", "its identifier within that system; a meter's or account's own number"),
        Field("parent_kind", "text", "what it hangs on", codes=LEDGER_KIND),
        Field("parent_id", "text", "that one's identifier within the same system"),
        *validity(),
        available(),
    ),
    key=("system", "child_kind", "child_id", "parent_kind", "parent_id", "valid_from"),
    event_time="valid_from",
)

LEDGER_CUSTOMER = Contract(
    name="ledger_customer",
    meaning="An account as the marketing system keeps it; on which area it hangs is in ledger_link.",
    purpose="class and agreed capacity of customers before their area is known for sure",
    fields=(
        Field("customer_id", "text", "identifier of the account (a surrogate, not a personal one)"),
        Field("customer_class", "text", "class of use", codes=CUSTOMER_CLASS),
        Field("contract_kva", "float", "agreed capacity", "kVA", nullable=True, ge=0, le=10_000_000),
        Field("hall_id", "text", "the org unit that looks after it", nullable=True),
        *validity(),
        available(),
    ),
    key=("customer_id", "valid_from"),
    event_time="valid_from",
)

LEDGER_APPLICATION = Contract(
    name="ledger_application",
    meaning="A request for supply as the marketing system keeps it, before its place in the network is known for sure.",
    purpose="telling repeated applications apart from new ones, and finding the area each is for",
    fields=(
        Field("application_id", "text", "identifier of the application"),
        Field(
            "applicant_id", "text", "surrogate of who asks: the account, or the number of an applicant", nullable=True
        ),
        Field("customer_id", "text", "the account, where one exists already", nullable=True),
        Field("site_id", "text", "code of the place supply is asked for, in the utility's register", nullable=True),
        Field("area_id", "text", "the area asked for, by the marketing system's identifier", nullable=True),
        Field("hall_id", "text", "the org unit that deals with it", nullable=True),
        Field("kind", "text", "what is asked", codes=APPLICATION_KIND),
        Field("customer_class", "text", "class of use", codes=CUSTOMER_CLASS),
        Field("requested_kva", "float", "capacity asked for, as written", "kVA", ge=0, le=1_000_000_000),
        *stages(),
        available(),
    ),
    key=("application_id",),
    event_time="submitted_at",
)
