"""`headroom contracts`: what every table of the lake holds, told from the code."""

from typing import TYPE_CHECKING, Any

import click

from features.errors import NotFoundError
from serving.cli.options import json_option, print_json

if TYPE_CHECKING:
    from features.contracts import CodeList, Contract

__all__ = ["command"]


@click.command()
@click.argument("table", required=False)
@click.option("--markdown", "as_markdown", is_flag=True, help="Print the whole reference page (docs/contracts.md).")
@json_option
def command(table: str | None, as_markdown: bool, as_json: bool) -> None:
    """Show the tables, or the columns of one TABLE: type, unit, bounds, codes and meaning.

    A utility's own files are mapped to these columns (see `headroom ingest`). What a contract does not allow goes to
    quarantine.
    """
    from features.contracts import CODE_LISTS, CONTRACTS

    if as_markdown and (table is not None or as_json):
        raise click.UsageError("--markdown is the whole page: it takes no TABLE and no --json")
    if table is not None and table not in CONTRACTS:
        raise NotFoundError(f"there is no table {table}; known: {', '.join(CONTRACTS)}")
    contracts = list(CONTRACTS.values()) if table is None else [CONTRACTS[table]]
    if as_markdown:
        from features.contracts.reference import markdown

        click.echo(markdown(), nl=False)
    elif as_json:
        used = {one.codes for contract in contracts for one in contract.fields}
        lists = [_codes(one) for one in CODE_LISTS.values() if one in used]
        print_json({"tables": [_plain(one) for one in contracts], "codes": lists})
    elif table is None:
        _show_tables(contracts)
    else:
        _show_columns(CONTRACTS[table])


def _show_tables(contracts: "list[Contract]") -> None:
    from serving.cli.tables import show_table

    rows = [[one.name, ", ".join(one.key), len(one.fields), one.meaning, one.purpose] for one in contracts]
    show_table(f"{len(rows)} tables", ["table", "key", "columns", "a row is", "for"], rows, ["columns"])


def _show_columns(contract: "Contract") -> None:
    from features.contracts.reference import COLUMNS, column_rows
    from serving.cli.tables import show_table

    title = f"{contract.name}: {contract.meaning}"
    show_table(title, COLUMNS, column_rows(contract))
    for codes in dict.fromkeys(one.codes for one in contract.fields if one.codes is not None):
        rows = [[one.code, one.english, one.chinese] for one in codes.codes]
        show_table(f"{codes.name}: {codes.meaning}", ["code", "English", "中文"], rows)


def _plain(contract: "Contract") -> dict[str, Any]:
    columns = [
        {
            "name": one.name,
            "type": one.kind,
            "unit": one.unit,
            "nullable": one.nullable,
            "at_least": one.ge,
            "at_most": one.le,
            "codes": None if one.codes is None else one.codes.name,
            "meaning": one.meaning,
        }
        for one in contract.fields
    ]
    told = {"name": contract.name, "meaning": contract.meaning, "purpose": contract.purpose}
    return {**told, "key": list(contract.key), "event_time": contract.event_time, "columns": columns}


def _codes(codes: "CodeList") -> dict[str, Any]:
    words = [{"code": one.code, "english": one.english, "chinese": one.chinese} for one in codes.codes]
    return {"name": codes.name, "meaning": codes.meaning, "codes": words}
