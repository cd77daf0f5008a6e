"""Code lists: every code has a meaning in both languages, and the gate lets no other word pass."""

from collections.abc import Callable

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.contracts import CODE_LISTS, CONTRACTS, CodeList
from features.ingest.gate import mark_broken
from features.ingest.records import Marks, Records

Rows = Callable[..., pd.DataFrame]
CODED = [(contract.name, one.name) for contract in CONTRACTS.values() for one in contract.fields if one.codes]


def judged(table: str, frame: pd.DataFrame) -> tuple[str, str] | None:
    """Reason and column for which the gate refuses the only row of a frame; None where it passes."""
    records = Records(frame, Marks(1))
    mark_broken(CONTRACTS[table], records)
    return records.marks.of(0) if records.marks.refused[0] else None


@pytest.mark.parametrize("codes", CODE_LISTS.values(), ids=list(CODE_LISTS))
def test_a_code_list_says_what_each_code_means_in_both_languages(codes: CodeList) -> None:
    assert codes.meaning
    assert len(set(codes.values)) == len(codes.values) > 0
    for one in codes.codes:
        assert one.english.isascii()
        assert any("\u4e00" <= sign <= "\u9fff" for sign in one.chinese)
        assert one.code.isascii()
        assert " " not in one.code


def test_contracts_refer_to_declared_lists_only() -> None:
    for table, column in CODED:
        codes = CONTRACTS[table].field(column).codes
        assert codes is not None
        assert CODE_LISTS[codes.name] is codes


@pytest.mark.parametrize(("table", "column"), CODED)
def test_the_gate_lets_the_codes_of_the_list_pass(row: Rows, table: str, column: str) -> None:
    codes = CONTRACTS[table].field(column).codes
    assert codes is not None
    for code in codes.values:
        assert judged(table, row(CONTRACTS[table], **{column: code})) is None


@pytest.mark.parametrize(("table", "column"), CODED)
def test_the_gate_refuses_every_other_word(row: Rows, table: str, column: str) -> None:
    codes = CONTRACTS[table].field(column).codes
    assert codes is not None
    # What people write for a code, and what is near to one, is no code: that is for the mapping to say.
    near = [codes.codes[0].chinese, codes.values[0].swapcase(), f" {codes.values[0]}", ""]
    for word in near:
        assert judged(table, row(CONTRACTS[table], **{column: word})) == ("UNKNOWN_CODE", column)


@given(word=st.text(max_size=12))
def test_a_word_passes_exactly_when_it_is_in_the_list(row: Rows, word: str) -> None:
    application = CONTRACTS["application"]
    stages = CODE_LISTS["application_stage"].values
    found = judged("application", row(application, status=word))
    assert found == (None if word in stages else ("UNKNOWN_CODE", "status"))
