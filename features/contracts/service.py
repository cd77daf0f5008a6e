"""What customers turn to the utility with, how they found it, and what inspections find at theirs."""

from features.contracts.codes import CHANNEL, INSPECTION_KIND, INSPECTION_OUTCOME, WORK_ORDER_KIND
from features.contracts.contract import Contract, Field, available

__all__ = ["INSPECTION", "SATISFACTION", "WORK_ORDER"]

WORK_ORDER = Contract(
    name="work_order",
    meaning="Something a customer turned to the utility with (工单), from its opening to its end.",
    purpose="what people speak of, how long they wait, and what to expect of a customer",
    fields=(
        Field("work_order_id", "text", "identifier of the work order"),
        Field("customer_id", "text", "the account, where it is known", nullable=True),
        Field("node_id", "text", "the node it is about, where it is known", nullable=True),
        Field("hall_id", "text", "the org unit that deals with it", nullable=True),
        Field("kind", "text", "what sort of concern", codes=WORK_ORDER_KIND),
        Field("channel", "text", "the way it came", codes=CHANNEL),
        # Free text is not a personal field, but people put names and numbers into it.
        Field("text", "text", "as taken down; names, telephone numbers and addresses masked by the source"),
        Field("opened_at", "utc", "when the customer turned to the utility"),
        Field("due_at", "utc", "when it must be dealt with", nullable=True),
        Field("closed_at", "utc", "when it was dealt with; empty while open", nullable=True),
        Field("repeats_id", "text", "the earlier work order about the same thing", nullable=True),
        available(),
    ),
    key=("work_order_id",),
    event_time="opened_at",
)

SATISFACTION = Contract(
    name="satisfaction",
    meaning="A customer's answer to the question how content he was.",
    purpose="whether a process serves people, beside how fast it is",
    fields=(
        Field("answer_id", "text", "identifier of the answer"),
        Field("customer_id", "text", "the account, where it is known", nullable=True),
        Field("work_order_id", "text", "the work order it is about", nullable=True),
        Field("application_id", "text", "the application it is about", nullable=True),
        Field("channel", "text", "the way it was asked", codes=CHANNEL),
        Field("score", "int", "from 1, not at all, to 5, entirely", "1", ge=1, le=5),
        Field("answered_at", "utc", "when it was answered"),
        Field("text", "text", "as said; names and numbers masked by the source", nullable=True),
        available(),
    ),
    key=("answer_id",),
    event_time="answered_at",
)

INSPECTION = Contract(
    name="inspection",
    meaning="A look at a customer's supply or meter on site, and what it found.",
    purpose="labels to learn theft and faults from, and what was brought back",
    fields=(
        Field("inspection_id", "text", "identifier of the inspection"),
        Field("customer_id", "text", "the account, where it is known", nullable=True),
        Field("meter_id", "text", "the meter, where one was looked at", nullable=True),
        Field("node_id", "text", "the node, where the inspection was of an area", nullable=True),
        Field("kind", "text", "why it was made", codes=INSPECTION_KIND),
        Field("outcome", "text", "what it found", codes=INSPECTION_OUTCOME),
        Field("inspected_at", "utc", "when it was made"),
        Field("fault_since", "utc", "since when, as far as is known", nullable=True),
        Field("recovered_kwh", "float", "energy charged afterwards", "kWh", nullable=True, ge=0, le=1e9),
        Field("recovered_amount_cny", "float", "money charged afterwards", "CNY", nullable=True, ge=0, le=1e9),
        available(),
    ),
    key=("inspection_id",),
    event_time="inspected_at",
)
