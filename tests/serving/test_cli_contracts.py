"""`headroom contracts`: the page in docs is what the code says, and a person finds every table, column and code."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from features.contracts import CODE_LISTS, CONTRACTS
from serving.cli import group

PAGE = Path(__file__).resolve().parents[2] / "docs" / "contracts.md"
# A bar that is not escaped ends a cell.
BAR = re.compile(r"(?<!\\)\|")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(group, ["contracts", *arguments])


def sections(page: str, mark: str) -> dict[str, str]:
    """Heading → the text below it, for headings of one depth."""
    parts = re.split(rf"(?m)^{mark} (.+)\n", page)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_page_in_docs_is_what_the_command_prints() -> None:
    result = run("--markdown")
    assert result.exit_code == 0
    # Written anew by: headroom contracts --markdown > docs/contracts.md
    assert result.stdout_bytes == PAGE.read_bytes()


def test_the_page_tells_every_column_of_every_table() -> None:
    found = sections(PAGE.read_text(encoding="utf-8"), "##")
    for name, contract in CONTRACTS.items():
        rows = [
            [cell.strip() for cell in BAR.split(line)[1:-1]] for line in found[name].splitlines() if line[:1] == "|"
        ]
        assert {len(row) for row in rows} == {7}
        told = {row[0].strip("`"): row for row in rows[2:]}
        assert list(told) == list(contract.columns)
        for field in contract.fields:
            _, _, unit, empty, bounds, codes, meaning = told[field.name]
            assert unit == ("" if field.unit == "1" else field.unit)
            assert empty == ("yes" if field.nullable else "no")
            assert (bounds == "") == (field.ge is None and field.le is None)
            assert (codes == "") == (field.codes is None)
            assert meaning == field.meaning
        assert contract.meaning in found[name]
        assert f"For: {contract.purpose}." in found[name]


def test_the_page_tells_every_code_and_every_link_within_it_leads_somewhere() -> None:
    page = PAGE.read_text(encoding="utf-8")
    lists = sections(page, "###")
    for name, codes in CODE_LISTS.items():
        for one in codes.codes:
            assert f"| `{one.code}` | {one.english} | {one.chinese} |" in lists[name]
    headings = re.findall(r"(?m)^#+ (.+)$", page)
    assert len(set(headings)) == len(headings)
    assert set(re.findall(r"\(#([^)]+)\)", page)) <= set(headings)


def test_a_person_sees_all_tables_or_one_with_its_codes() -> None:
    every = run()
    assert every.exit_code == 0
    assert all(name in every.stdout for name in CONTRACTS)
    one = run("application")
    assert one.exit_code == 0
    assert all(name in one.stdout for name in CONTRACTS["application"].columns)
    assert "已送电" in one.stdout
    assert "substation" not in one.stdout


def test_json_holds_the_tables_asked_for_and_the_lists_they_use() -> None:
    whole = json.loads(run("--json").stdout)
    assert [one["name"] for one in whole["tables"]] == list(CONTRACTS)
    part = json.loads(run("application", "--json").stdout)
    assert [one["name"] for one in part["tables"]] == ["application"]
    assert {one["name"] for one in part["codes"]} == {"application_kind", "customer_class", "application_stage"}
    asked = {one["name"]: one for one in part["tables"][0]["columns"]}
    assert (asked["requested_kva"]["unit"], asked["requested_kva"]["at_most"]) == ("kVA", 1_000_000)


@pytest.mark.parametrize("arguments", [("nonsense",), ("application", "--markdown"), ("--markdown", "--json")])
def test_what_cannot_be_shown_is_refused_with_code_2(arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.output
