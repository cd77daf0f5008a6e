"""One declared contract per table of the lake."""

from features.contracts.agreed import LINK, WORK_ITEM
from features.contracts.attributes import CUSTOMER_ATTRIBUTE
from features.contracts.code import Code, CodeList
from features.contracts.codes import CODE_LISTS
from features.contracts.contract import AVAILABLE_AT, Contract, Field
from features.contracts.customers import APPLICATION, CONSUMPTION, CUSTOMER, CUSTOMER_CLASSES, METER
from features.contracts.ledgers import LEDGER_APPLICATION, LEDGER_CUSTOMER, LEDGER_LINK, LEDGER_NODE
from features.contracts.measurements import (
    EVENT,
    METER_VOLTAGE,
    NODE_LOAD,
    WEATHER_COLUMNS,
    WEATHER_FORECAST,
    WEATHER_OBSERVED,
)
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
    "CUSTOMER_ATTRIBUTE",
    "CUSTOMER_CLASSES",
    "EVENT",
    "IDENTITY",
    "INSPECTION",
    "LEDGER_APPLICATION",
    "LEDGER_CUSTOMER",
    "LEDGER_LINK",
    "LEDGER_NODE",
    "LINE_SEGMENT",
    "LINK",
    "METER",
    "METER_VOLTAGE",
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
    "WORK_ITEM",
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
        LEDGER_NODE,
        LEDGER_LINK,
        LEDGER_CUSTOMER,
        LEDGER_APPLICATION,
        NODE_LOAD,
        WEATHER_OBSERVED,
        WEATHER_FORECAST,
        EVENT,
        CUSTOMER,
        METER,
        METER_VOLTAGE,
        CONSUMPTION,
        APPLICATION,
        CUSTOMER_ATTRIBUTE,
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
        LINK,
        WORK_ITEM,
    )
}
