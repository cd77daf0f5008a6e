"""Who a customer is, what he allows, and what he does in the application."""

from features.contracts.codes import APP_ACTION, CHANNEL, CONSENT_PURPOSE, DOCUMENT_KIND
from features.contracts.contract import Contract, Field, available, validity

__all__ = ["APP_ACTIVITY", "CONSENT", "IDENTITY"]


def _personal(name: str, meaning: str) -> Field:
    return Field(name, "text", meaning, nullable=True, personal=True)


IDENTITY = Contract(
    name="identity",
    meaning="The person or business behind an account. Every other table knows the account's surrogate alone.",
    purpose="a person at a counter or on a visit who must know whom to speak to; no feature and no model reads it",
    fields=(
        Field("customer_id", "text", "the account, by its surrogate"),
        _personal("name", "name of the person or business"),
        _personal("phone", "telephone number"),
        _personal("address", "postal address, or that of the supply"),
        Field("document_kind", "text", "what document the number is of", nullable=True, codes=DOCUMENT_KIND),
        _personal("document_id", "number of the document"),
        *validity(),
        available(),
    ),
    key=("customer_id", "valid_from"),
    event_time="valid_from",
)

CONSENT = Contract(
    name="consent",
    meaning="What a customer allows or forbids, for one purpose by one channel. No row is no consent.",
    purpose="whether the utility may turn to a customer, for what, and how",
    fields=(
        Field("customer_id", "text", "the account"),
        Field("purpose", "text", "what for", codes=CONSENT_PURPOSE),
        Field("channel", "text", "by which way", codes=CHANNEL),
        Field("granted", "bool", "true: allowed; false: forbidden"),
        *validity(),
        available(),
    ),
    key=("customer_id", "purpose", "channel", "valid_from"),
    event_time="valid_from",
)

APP_ACTIVITY = Contract(
    name="app_activity",
    meaning="What a customer did in the mobile application over one interval (a local day, or shorter).",
    purpose="whether a customer can be reached there, and what for",
    fields=(
        Field("customer_id", "text", "the account"),
        Field("start_utc", "utc", "start of the interval"),
        Field("end_utc", "utc", "end of the interval"),
        Field("action", "text", "what was done", codes=APP_ACTION),
        Field("count", "int", "how often", "1", ge=0, le=1_000_000),
        Field("active_minutes", "float", "how long the application was open for it", "min", True, 0, 1_000_000),
        available(),
    ),
    key=("customer_id", "start_utc", "action"),
    event_time="start_utc",
)
