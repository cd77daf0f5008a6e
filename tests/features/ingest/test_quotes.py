"""Quotes that never close: the line is told, every other row comes through; cells with line breaks stay whole."""

import io
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import SourceError
from features.ingest import read_quarantine
from features.ingest.quotes import SoundRecords

HEADER = "id,stamp,kw,remark"
NAMED = {"id": "node_id", "stamp": "start_utc", "kw": "load_kw"}


def kept(source: Any) -> list[tuple[int, str]]:
    frame = read_quarantine(source.workspace.root / "quarantine").sort_values("source_line")
    return list(zip(frame["source_line"], frame["reason"], strict=True))


def hours(source: Any) -> list[int]:
    return source.lake.read("node_load")["start_utc"].dt.hour.tolist()


@pytest.mark.parametrize(
    "broken",
    [
        'a,2024-01-01 01:00,"1,fine',
        'a,2024-01-01 01:00,1,"fine',
        '"a,2024-01-01 01:00,1,fine',
        'a,2024-01-01 01:00,"1","fine',
        'a,2024-01-01 01:00,1,"',
    ],
)
@pytest.mark.parametrize(("ending", "place"), [("\n", 1), ("\r\n", 22)])
def test_the_rows_below_a_lost_quote_are_read(
    source: Any, load_table: dict[str, Any], broken: str, ending: str, place: int
) -> None:
    rows = [f'a,2024-01-01 {hour:02}:00,1,"fine, too"' for hour in range(24)]
    rows[place] = broken
    (source.data / "load.csv").write_bytes("".join(row + ending for row in [HEADER, *rows]).encode())
    report = source.ingest(load_table).tables["node_load"]
    assert kept(source) == [(place + 2, "UNCLOSED_QUOTE")]
    assert hours(source) == [hour for hour in range(24) if hour != place]
    assert report.balanced
    assert report.rows_in == 24
    raw = read_quarantine(source.workspace.root / "quarantine")["raw"][0]
    assert "01:00" in raw


def test_a_lost_quote_in_the_last_line(source: Any, load_table: dict[str, Any]) -> None:
    source.write("load.csv", f'{HEADER}\na,2024-01-01 00:00,1,x\na,2024-01-01 01:00,1,"x')
    source.ingest(load_table)
    assert kept(source) == [(3, "UNCLOSED_QUOTE")]


def test_two_lost_quotes_do_not_make_a_cell(source: Any, load_table: dict[str, Any]) -> None:
    """Between them they could pass for one cell that holds a line break."""
    source.write("load.csv", f'{HEADER}\na,2024-01-01 00:00,1,"x\na,2024-01-01 01:00,1,"\na,2024-01-01 02:00,1,x\n')
    source.ingest(load_table)
    assert kept(source) == [(2, "UNCLOSED_QUOTE"), (3, "UNCLOSED_QUOTE")]
    assert hours(source) == [2]


def test_a_cell_may_hold_line_breaks_and_the_lines_below_keep_their_number(
    source: Any, load_table: dict[str, Any]
) -> None:
    rows = ['a,2024-01-01 00:00,1,"first line\nsecond, ""quoted""\n\nlast"', "a,2024-01-01 01:00,no,x", "a,1,2"]
    source.write("load.csv", "\n".join([HEADER, *rows]) + "\n")
    source.ingest(load_table)
    assert hours(source) == [0]
    assert kept(source) == [(6, "BAD_NUMBER"), (7, "MALFORMED_LINE")]


def test_a_header_may_hold_line_breaks(source: Any, load_table: dict[str, Any]) -> None:
    source.write("load.csv", 'text above\nid,stamp,"kw","remark\n备注"\na,2024-01-01,no,x\n')
    source.ingest({**load_table, "skip_lines": 1})
    assert kept(source) == [(4, "BAD_NUMBER")]


@pytest.mark.parametrize("header", ['id,stamp,kw,"remark', 'id,"stamp,kw,remark', '"id,stamp,kw,remark'])
@pytest.mark.parametrize("tail", ["", 'a,2024-01-02,1,"\n', 'a,2024-01-02,1,"x"\n'])
def test_a_lost_quote_in_the_header_names_file_and_line(
    source: Any, load_table: dict[str, Any], header: str, tail: str
) -> None:
    source.write("load.csv", f"above\n{header}\na,2024-01-01,1,x\n{tail}")
    with pytest.raises(SourceError, match=r"load\.csv: line 2 .*a quote in it does not close"):
        source.ingest({**load_table, "skip_lines": 1})
    assert source.lake.tables() == []


PLAIN = st.text("ab,\"' 1", max_size=5)
BREAKS = st.sampled_from(["\n", "\r\n", "\r"])


def quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if any(sign in cell for sign in ',"\r\n') else cell


@given(
    rows=st.lists(st.tuples(PLAIN, PLAIN, st.lists(st.text("xyz", max_size=3), min_size=1, max_size=4)), max_size=8),
    newline=BREAKS,
    inner=BREAKS,
    block=st.integers(1, 200),
)
@settings(max_examples=150, deadline=None)
def test_sound_text_passes_unchanged(
    rows: list[tuple[str, str, list[str]]], newline: str, inner: str, block: int
) -> None:
    """Cells with separators, quotes and line breaks, cut into blocks anywhere: nothing is set aside, lines add up."""
    records = [",".join(quoted(cell) for cell in (first, second, inner.join(lines))) for first, second, lines in rows]
    text = "".join(record + newline for record in records)
    sound = SoundRecords(io.StringIO(text, newline=""), ",", 3, 2, block)
    assert "".join(sound) == text
    assert sound.set_aside(None) == []
    breaks = [len(lines) - 1 for _, _, lines in rows]
    expected = 2 + np.arange(len(rows)) + np.cumsum([0, *breaks])[: len(rows)]
    assert sound.lines_of(np.arange(len(rows))).tolist() == expected.tolist()


@pytest.mark.parametrize("seed", range(10))
def test_any_lost_quotes_cost_their_own_lines_only(seed: int) -> None:
    rng = random.Random(seed)
    rows = [f'{n},"{n},5",x{n}' for n in range(3000)]
    lost = sorted(rng.sample(range(3000), 7))
    for at in lost:
        cells = [f"{at}", f"{at};5", f"x{at}"]
        cells[rng.randrange(3)] = '"lost'
        rows[at] = ",".join(cells)
    sound = SoundRecords(io.StringIO("\n".join(rows) + "\n", newline=""), ",", 3, 1, rng.randint(100, 9000))
    text = "".join(sound)
    assert text == "".join(row + "\n" for at, row in enumerate(rows) if at not in lost)
    assert [one.line - 1 for one in sound.set_aside(None)] == lost
    good = np.setdiff1d(np.arange(3000), lost)
    assert sound.lines_of(np.arange(len(good))).tolist() == (good + 1).tolist()
