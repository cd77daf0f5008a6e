"""The contract reference: every table with its columns, and every code list, told from the declarations themselves."""

from collections.abc import Iterable, Sequence

from features.contracts import CODE_LISTS, CONTRACTS, CodeList, Contract, Field

__all__ = ["COLUMNS", "column_rows", "markdown"]

COLUMNS = ("column", "type", "unit", "may be empty", "bounds", "codes", "meaning")
_TYPES = {"text": "text", "float": "number", "int": "whole number", "bool": "yes/no", "utc": "instant (UTC)"}
_HEAD = """\
# The tables

What every table holds, by its columns. This page is made from the code: `headroom contracts --markdown` writes it, and
a test holds it to that. How a utility's own files are brought to these tables is in [sources.md](sources.md).

A **key** column is never empty. Every table ends with `available_at`: nothing uses a row before that moment, and two
rows with the same key and another `available_at` are two versions of one fact. A row that breaks its contract goes to
quarantine: `MISSING_VALUE`, `EMPTY_KEY`, `BELOW_BOUND`, `ABOVE_BOUND` or `UNKNOWN_CODE`.
"""


def column_rows(contract: Contract) -> list[tuple[str, ...]]:
    """One row of texts for each column of the contract, under `COLUMNS`."""
    return [_column(field) for field in contract.fields]


def _column(field: Field) -> tuple[str, ...]:
    empty = "yes" if field.nullable else "no"
    codes = field.codes.name if field.codes is not None else ""
    # A count or a share has the unit 1, which says nothing to a reader.
    unit = "" if field.unit == "1" else field.unit
    return (field.name, _TYPES[field.kind], unit, empty, _bounds(field), codes, field.meaning)


def _bounds(field: Field) -> str:
    if field.ge is not None and field.le is not None:
        return f"{field.ge:,.12g} to {field.le:,.12g}"
    if field.ge is not None:
        return f"at least {field.ge:,.12g}"
    return f"at most {field.le:,.12g}" if field.le is not None else ""


def markdown() -> str:
    """The whole reference as one Markdown page, ending with a line break."""
    tables = "\n".join(_table_section(contract) for contract in CONTRACTS.values())
    lists = "\n".join(_codes_section(codes) for codes in CODE_LISTS.values())
    return f"{_HEAD}\n{_contents()}\n{tables}\n## Code lists\n\n{lists}"


def _contents() -> str:
    rows = [(f"[{one.name}](#{one.name})", one.meaning, one.purpose) for one in CONTRACTS.values()]
    return _grid(("table", "a row is", "for"), rows)


def _table_section(contract: Contract) -> str:
    key = ", ".join(f"`{name}`" for name in contract.key)
    about = f"{contract.meaning}\n\nFor: {contract.purpose}. Key: {key}. Time of the event: `{contract.event_time}`.\n"
    personal = ", ".join(f"`{field.name}`" for field in contract.fields if field.personal)
    if personal:
        about += (
            f"\nPersonal, and in no other table: {personal}. How a person is erased: [operations.md](operations.md).\n"
        )
    rows = []
    for name, kind, unit, empty, bounds, codes, meaning in column_rows(contract):
        linked = f"[{codes}](#{codes})" if codes else ""
        rows.append((f"`{name}`", kind, unit, empty, bounds, linked, meaning))
    return f"## {contract.name}\n\n{about}\n{_grid(COLUMNS, rows)}"


def _codes_section(codes: CodeList) -> str:
    users = [
        f"`{contract.name}.{field.name}`"
        for contract in CONTRACTS.values()
        for field in contract.fields
        if field.codes is codes
    ]
    rows = [(f"`{one.code}`", one.english, one.chinese) for one in codes.codes]
    used = f" In {', '.join(users)}." if users else ""
    return f"### {codes.name}\n\n{codes.meaning}{used}\n\n{_grid(('code', 'English', '中文'), rows)}"


def _grid(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; a bar within a cell would end it."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)
