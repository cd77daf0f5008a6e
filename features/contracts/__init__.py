"""One declared contract per table of the lake."""

from features.contracts.codes import CODE_LISTS, Code, CodeList
from features.contracts.contract import AVAILABLE_AT, Contract, Field
from features.contracts.customers import APPLICATION, CONSUMPTION, CUSTOMER, CUSTOMER_CLASSES, METER
from features.contracts.measurements import EVENT, NODE_LOAD, WEATHER_COLUMNS, WEATHER_FORECAST, WEATHER_OBSERVED
from features.contracts.money import BILL, COST_TO_SERVE, PAYMENT, TARIFF
from features.contracts.network import LINE_SEGMENT, NODE, ORG_UNIT, TIE, TRANSFORMER
from features.contracts.people import APP_ACTIVITY, CONSENT, IDENTITY
from features.contracts.service import INSPECTION, SATISFACTION, WORK_ORDER

__all__ = [
    "APPLICATION",
    "APP_ACTIVITY",
    "AVAILABLE_AT",
    "BILL",
    "CODE_LISTS",
    "CONSENT",
    "CONSUMPTION",
    "CONTRACTS",
    "COST_TO_SERVE",
    "CUSTOMER",
    "CUSTOMER_CLASSES",
    "EVENT",
    "IDENTITY",
    "INSPECTION",
    "LINE_SEGMENT",
    "METER",
    "NODE",
    "NODE_LOAD",
    "ORG_UNIT",
    "PAYMENT",
    "SATISFACTION",
    "TARIFF",
    "TIE",
    "TRANSFORMER",
    "WEATHER_COLUMNS",
    "WEATHER_FORECAST",
    "WEATHER_OBSERVED",
    "WORK_ORDER",
    "Code",
    "CodeList",
    "Contract",
    "Field",
]

CONTRACTS: dict[str, Contract] = {
    contract.name: contract
    for contract in (
        ORG_UNIT,
        NODE,
        TRANSFORMER,
        LINE_SEGMENT,
        TIE,
        NODE_LOAD,
        WEATHER_OBSERVED,
        WEATHER_FORECAST,
        EVENT,
        CUSTOMER,
        METER,
        CONSUMPTION,
        APPLICATION,
        IDENTITY,
        TARIFF,
        BILL,
        PAYMENT,
        COST_TO_SERVE,
        CONSENT,
        APP_ACTIVITY,
        WORK_ORDER,
        SATISFACTION,
        INSPECTION,
    )
}
