"""What other systems say of customers beyond what the other contracts hold."""

from features.contracts.contract import Contract, Field, available

__all__ = ["CUSTOMER_ATTRIBUTE"]

CUSTOMER_ATTRIBUTE = Contract(
    name="customer_attribute",
    meaning="What another system says of a customer, by name: a number or a text.",
    purpose="features that only some utilities have, such as forecasts of a retailer, margins, or the way of sale",
    fields=(
        Field("customer_id", "text", "the account"),
        Field("attribute", "text", "what is said, by the name it has there; small letters, digits, _"),
        Field("observed_at", "utc", "the instant for which it is said"),
        Field("value_number", "float", "its value where it is a number, in the unit of the source", nullable=True),
        Field("value_text", "text", "its value where it is none", nullable=True),
        available(),
    ),
    key=("customer_id", "attribute", "observed_at"),
    event_time="observed_at",
)
