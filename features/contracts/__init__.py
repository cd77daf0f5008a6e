"""One declared contract per table of the lake."""

from features.contracts.codes import CODE_LISTS, Code, CodeList
from features.contracts.contract import AVAILABLE_AT, Contract, Field
from features.contracts.customers import APPLICATION, CONSUMPTION, CUSTOMER, CUSTOMER_CLASSES, METER
from features.contracts.measurements import EVENT, NODE_LOAD, WEATHER_COLUMNS, WEATHER_FORECAST, WEATHER_OBSERVED
from features.contracts.network import LINE_SEGMENT, NODE, ORG_UNIT, TIE, TRANSFORMER

__all__ = [
    "APPLICATION",
    "AVAILABLE_AT",
    "CODE_LISTS",
    "CONSUMPTION",
    "CONTRACTS",
    "CUSTOMER",
    "CUSTOMER_CLASSES",
    "EVENT",
    "LINE_SEGMENT",
    "METER",
    "NODE",
    "NODE_LOAD",
    "ORG_UNIT",
    "TIE",
    "TRANSFORMER",
    "WEATHER_COLUMNS",
    "WEATHER_FORECAST",
    "WEATHER_OBSERVED",
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
    )
}
