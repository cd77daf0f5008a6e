"""What supply costs and brings in: tariffs, bills, payments, and the cost of serving a customer."""

from features.contracts.codes import (
    BILL_KIND,
    CHANNEL,
    COST_ACTIVITY,
    COST_BASIS,
    TARIFF_CATEGORY,
    TARIFF_PERIOD,
)
from features.contracts.contract import Contract, Field, available, validity

__all__ = ["BILL", "COST_TO_SERVE", "PAYMENT", "TARIFF"]

# The largest single customers pay some hundred million yuan a month; beyond ten thousand million a unit is wrong.
_MOST_CNY = 1e10
_MOST_KWH = 1e10


def _amount(name: str, meaning: str, nullable: bool = False) -> Field:
    return Field(name, "float", meaning, "CNY", nullable, -_MOST_CNY, _MOST_CNY)


def _energy(name: str, meaning: str, nullable: bool = False) -> Field:
    return Field(name, "float", meaning, "kWh", nullable, -_MOST_KWH, _MOST_KWH)


TARIFF = Contract(
    name="tariff",
    meaning="The price of a tariff for one part of the day and one step of use.",
    purpose="what use costs, whether a bill is right, and what another tariff would cost",
    fields=(
        Field("tariff_id", "text", "identifier of the tariff"),
        Field("name", "text", "name as people say it"),
        Field("category", "text", "category in the catalogue of prices", codes=TARIFF_CATEGORY),
        Field("period", "text", "the part of the day", codes=TARIFF_PERIOD),
        Field("tier", "int", "step of use, from 1", "1", ge=1, le=20),
        Field("tier_from_kwh", "float", "use from which the step holds; empty: no steps", "kWh", True, 0, _MOST_KWH),
        Field("tier_months", "int", "over how many months use is counted for the step", "month", True, 1, 12),
        Field("local_hours", "text", "hours of the local day, as 08:00-11:00,17:00-22:00; empty: all", nullable=True),
        Field("energy_price_cny_per_kwh", "float", "price of energy", "CNY/kWh", ge=-100, le=100),
        Field("demand_price_cny_per_kw_month", "float", "price of demand", "CNY/(kW month)", True, 0, 10_000),
        Field("capacity_price_cny_per_kva_month", "float", "price of capacity", "CNY/(kVA month)", True, 0, 10_000),
        *validity(),
        available(),
    ),
    key=("tariff_id", "period", "tier", "valid_from"),
    event_time="valid_from",
)

BILL = Contract(
    name="bill",
    meaning="What a customer owes for one period. A correction is a bill of its own and may be negative.",
    purpose="turnover, value, and what is owed and for how long",
    fields=(
        Field("bill_id", "text", "identifier of the bill"),
        Field("customer_id", "text", "the account"),
        Field("kind", "text", "why it was made out", codes=BILL_KIND),
        Field("tariff_id", "text", "the tariff it was reckoned by"),
        Field("start_utc", "utc", "start of the period"),
        Field("end_utc", "utc", "end of the period"),
        _energy("kwh", "energy billed; negative is export, or taken back"),
        _energy("sharp_kwh", "of it in the dearest hours", nullable=True),
        _energy("peak_kwh", "of it in dear hours", nullable=True),
        _energy("flat_kwh", "of it in hours between", nullable=True),
        _energy("valley_kwh", "of it in cheap hours", nullable=True),
        Field("demand_kw", "float", "highest demand that is billed", "kW", nullable=True, ge=0, le=10_000_000),
        Field("capacity_kva", "float", "agreed capacity that is billed", "kVA", nullable=True, ge=0, le=10_000_000),
        _amount("energy_amount_cny", "for energy", nullable=True),
        _amount("demand_amount_cny", "for demand or capacity", nullable=True),
        _amount("adjustment_amount_cny", "for power factor, funds and surcharges", nullable=True),
        _amount("amount_cny", "all that is owed by this bill; negative is owed to the customer"),
        Field("issued_at", "utc", "when it was made out"),
        Field("due_at", "utc", "the instant from which it is late"),
        available(),
    ),
    key=("bill_id",),
    event_time="issued_at",
)

PAYMENT = Contract(
    name="payment",
    meaning="Money that came in from a customer, or went back. A bill may be paid in parts.",
    purpose="days to pay, arrears and their age, and the channels customers use",
    fields=(
        Field("payment_id", "text", "identifier of the payment"),
        Field("customer_id", "text", "the account"),
        Field("bill_id", "text", "the bill it pays; empty: paid ahead", nullable=True),
        Field("paid_at", "utc", "when the money came in"),
        _amount("amount_cny", "amount; negative is money given back"),
        Field("channel", "text", "the way it came", codes=CHANNEL),
        Field("autopay", "bool", "true where it was drawn by standing order", nullable=True),
        available(),
    ),
    key=("payment_id",),
    event_time="paid_at",
)

COST_TO_SERVE = Contract(
    name="cost_to_serve",
    meaning="What it cost to serve a customer over a period, by activity; the energy itself is not in it.",
    purpose="the margin a customer leaves, which is its value",
    fields=(
        Field("customer_id", "text", "the account"),
        Field("start_utc", "utc", "start of the period"),
        Field("end_utc", "utc", "end of the period"),
        Field("activity", "text", "what was done", codes=COST_ACTIVITY),
        Field("basis", "text", "how the cost came to stand here", codes=COST_BASIS),
        _amount("cost_cny", "cost"),
        available(),
    ),
    key=("customer_id", "start_utc", "activity"),
    event_time="start_utc",
)
