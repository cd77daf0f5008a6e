"""Every contract: a row passes the gate whole, and what breaks it is refused for the reason the contract has for it."""

import dataclasses
import re
from collections.abc import Callable

import pandas as pd
import pytest

from features.contracts import AVAILABLE_AT, CODE_LISTS, CONTRACTS, Contract
from features.ingest.gate import mark_broken
from features.ingest.links import LINKS
from features.ingest.records import Marks, Records
from features.lake import Lake

Rows = Callable[..., pd.DataFrame]
EVERY = pytest.mark.parametrize("contract", CONTRACTS.values(), ids=list(CONTRACTS))
UNITS = {"kw": "kW", "kva": "kVA", "kwh": "kWh", "cny": "CNY", "minutes": "min", "ohm": "ohm", "kv": "kV"}


def refused(contract: Contract, frame: pd.DataFrame) -> tuple[str, str] | None:
    records = Records(frame, Marks(1))
    mark_broken(contract, records)
    return records.marks.of(0) if records.marks.refused[0] else None


@EVERY
def test_a_contract_is_whole(contract: Contract) -> None:
    assert contract.meaning.endswith(".")
    assert contract.purpose
    assert contract.columns[-1] == AVAILABLE_AT
    assert len(set(contract.columns)) == len(contract.columns)
    assert contract.event_time in contract.columns
    assert not any(contract.field(name).nullable for name in contract.key)
    assert ("valid_from" in contract.columns) == ("valid_from" in contract.key) == ("valid_to" in contract.columns)
    assert all(field.meaning for field in contract.fields)


@EVERY
def test_a_name_that_ends_in_a_unit_has_that_unit_and_a_unit_stands_in_the_name(contract: Contract) -> None:
    for field in contract.fields:
        ending = field.name.rsplit("_", 1)[-1]
        if ending in UNITS:
            expected = f"CNY/{UNITS[ending]}" if "_cny_per_" in field.name else UNITS[ending]
            assert field.unit == expected
        if field.unit in ("CNY", "kWh", "kW", "kVA", "min"):
            assert any(UNITS.get(part) == field.unit for part in field.name.split("_"))


@EVERY
def test_a_row_of_the_contract_passes_and_comes_back_from_the_lake(
    row: Rows, contract: Contract, tmp_path_factory: pytest.TempPathFactory
) -> None:
    frame = row(contract)
    assert refused(contract, frame) is None
    lake = Lake(tmp_path_factory.mktemp("lake"))
    assert lake.append(contract.name, frame, "first") == 1
    pd.testing.assert_frame_equal(lake.read(contract.name), frame)


@EVERY
def test_a_blank_that_may_not_be_blank_is_refused(row: Rows, contract: Contract) -> None:
    for field in contract.fields:
        if not field.nullable:
            assert refused(contract, row(contract, **{field.name: None})) == ("MISSING_VALUE", field.name)


@EVERY
def test_a_figure_beyond_its_bounds_is_refused(row: Rows, contract: Contract) -> None:
    for field in contract.fields:
        for bound, step, reason in ((field.ge, -1, "BELOW_BOUND"), (field.le, 1, "ABOVE_BOUND")):
            if bound is not None:
                value = int(bound) if field.kind == "int" else float(bound)
                assert refused(contract, row(contract, **{field.name: value})) is None
                assert refused(contract, row(contract, **{field.name: value + step})) == (reason, field.name)


@EVERY
def test_a_period_that_ends_before_it_begins_is_refused(row: Rows, contract: Contract) -> None:
    start = pd.Timestamp("2024-01-01", tz="UTC")
    for end in {"valid_to", "end_utc"} & set(contract.columns):
        assert refused(contract, row(contract, **{end: start})) == ("PERIOD_REVERSED", end)


def test_links_name_columns_that_exist_and_identifiers_of_tables_that_come_before() -> None:
    order = list(CONTRACTS)
    for table, links in LINKS.items():
        for column, target in links.items():
            assert column in CONTRACTS[table].columns
            assert order.index(target) <= order.index(table)
    targets = {"customer_id": "customer", "meter_id": "meter", "node_id": "node", "tariff_id": "tariff"}
    for table, contract in CONTRACTS.items():
        for column, target in targets.items():
            if column in contract.columns and table not in (target, f"ledger_{target}"):
                assert LINKS[table][column] in (target, f"ledger_{target}")


def test_every_code_list_is_in_use() -> None:
    used = {field.codes.name for contract in CONTRACTS.values() for field in contract.fields if field.codes}
    assert used == set(CODE_LISTS)


def test_what_says_who_somebody_is_stands_in_one_table() -> None:
    assert [name for name, contract in CONTRACTS.items() if contract.personal] == ["identity"]
    telling = re.compile(r"phone|mobile|email|address|document|birth|contact_name|holder")
    for name, contract in CONTRACTS.items():
        found = {column for column in contract.columns if telling.search(column)}
        assert not found or name == "identity"
    # The names that other tables hold are those of units, places, events and tariffs.
    named = {name for name, contract in CONTRACTS.items() if "name" in contract.columns}
    assert named == {"org_unit", "node", "ledger_node", "event", "tariff", "identity"}


def test_a_contract_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        CONTRACTS["bill"].name = "other"  # type: ignore[misc]
