"""Segments as a tree, and in words why they are none."""

import numpy as np
import pytest

from serving.decisions.voltage import read_line

GOOD = [("1", "S", "J1"), ("3", "J1", "A1"), ("2", "J1", "J2"), ("4", "J2", "A2")]


@pytest.fixture
def segments(make_frame):
    def build(rows, **values):
        one = {"feeder_id": "F1", "r_ohm": 0.3, "x_ohm": 0.4, "thermal_limit_kva": 500.0} | values
        return make_frame(
            "line_segment", [one | dict(zip(("segment_id", "from_id", "to_id"), r, strict=True)) for r in rows]
        )

    return build


def test_a_tree_is_read_from_its_head(segments) -> None:
    line, fault = read_line("F1", frozenset({"S", "F1"}), segments(GOOD), 10.0)
    assert fault == ""
    assert line is not None
    assert set(line.points) == {"J1", "J2", "A1", "A2"}
    for place, above in enumerate(line.above):
        assert above < place
    way = line.feeds[:, line.place("A2")]
    assert {line.points[i] for i in np.flatnonzero(way)} == {"J1", "J2", "A2"}
    np.testing.assert_allclose(line.r, 0.3 / 1e5)


def test_what_is_cut_off_is_not_in_the_tree(segments) -> None:
    line, fault = read_line("F1", frozenset({"S"}), segments([r for r in GOOD if r[0] != "2"]), 10.0)
    assert fault == ""
    assert line is not None
    assert set(line.points) == {"J1", "A1"}
    apart = segments([*GOOD, ("5", "X", "Y"), ("6", "Y", "X")])
    assert set(read_line("F1", frozenset({"S"}), apart, 10.0)[0].points) == {"J1", "J2", "A1", "A2"}


@pytest.mark.parametrize(
    ("rows", "values", "words"),
    [
        ([*GOOD, ("5", "A1", "A2")], {}, "lead to A2 in more than one way"),
        ([*GOOD, ("5", "A2", "S")], {}, "lead to S in more than one way"),
        ([*GOOD, ("5", "S", "J1")], {}, "lead to J1 in more than one way"),
        (GOOD, {"r_ohm": None}, "not known of 4 line segments, the first 1"),
        (GOOD, {"x_ohm": -0.1}, "not known of 4 line segments"),
        (GOOD, {"r_ohm": 0.0, "x_ohm": 0.0}, "no impedance at all"),
        (GOOD[1:], {}, "no line segment of F1 starts at S"),
    ],
)
def test_what_is_no_tree_is_said_in_words(segments, rows, values, words: str) -> None:
    line, fault = read_line("F1", frozenset({"S"}), segments(rows, **values), 10.0)
    assert line is None
    assert words in fault


def test_a_nominal_voltage_is_the_segments_own_or_the_policys(segments) -> None:
    own, _ = read_line("F1", frozenset({"S"}), segments(GOOD, nominal_kv=20.0), 10.0)
    assert own.nominal_kv == 20.0
    np.testing.assert_allclose(own.r, 0.3 / 4e5)
    mixed = segments(GOOD, nominal_kv=20.0)
    mixed.loc[0, "nominal_kv"] = 10.0
    assert "2 nominal voltages" in read_line("F1", frozenset({"S"}), mixed, 10.0)[1]
