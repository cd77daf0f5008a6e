"""What reconciliation makes of the ledgers: links with score and evidence, and work for people where they disagree."""

from features.contracts.contract import Contract, Field, available, validity
from features.contracts.ledger_codes import LINK_METHOD, LINK_RELATION, WORK_ITEM_KIND, WORK_ITEM_STATE

__all__ = ["LINK", "WORK_ITEM"]

LINK = Contract(
    name="link",
    meaning="A link between records or things that reconciliation holds for true, with how sure it is and why.",
    purpose="one chain from station to customer that four systems agree on, and the way back to what each of them said",
    fields=(
        Field("relation", "text", "what the link says", codes=LINK_RELATION),
        Field("from_id", "text", "what is linked; a record of a system is written system:identifier"),
        Field("to_id", "text", "what it is linked to"),
        Field("score", "float", "how sure the link is; 1 is beyond doubt", "1", ge=0, le=1),
        Field("method", "text", "what decided", codes=LINK_METHOD),
        Field("evidence", "text", "what speaks for it and against it, as JSON"),
        *validity(),
        available(),
    ),
    key=("relation", "from_id", "valid_from"),
    event_time="valid_from",
)

WORK_ITEM = Contract(
    name="work_item",
    meaning="Something in the ledgers that a person must look at: systems disagree, or a record has no counterpart.",
    purpose="mending the ledgers where they are kept, with an owner and a date",
    fields=(
        Field("work_item_id", "text", "identifier, the same whenever the same thing is wrong with the same subject"),
        Field("kind", "text", "what is wrong", codes=WORK_ITEM_KIND),
        Field("subject", "text", "what it is about; a record of a system is written system:identifier"),
        Field("node_id", "text", "the node it concerns, where one is known", nullable=True),
        Field("hall_id", "text", "the org unit that must look", nullable=True),
        Field("says", "text", "what each system says, as JSON"),
        Field("held", "text", "what is held for true meanwhile; empty: nothing is", nullable=True),
        Field("state", "text", "whether it still stands", codes=WORK_ITEM_STATE),
        Field("opened_at", "utc", "when it was found"),
        Field("due_at", "utc", "when it should be settled"),
        Field("closed_at", "utc", "when the ledgers agreed, or a person settled it", nullable=True),
        Field("note", "text", "what a person wrote when settling it", nullable=True),
        available(),
    ),
    key=("work_item_id",),
    event_time="opened_at",
)
