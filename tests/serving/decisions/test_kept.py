"""Verdicts on what was told: each planted outcome is found, sums are those of plain loops."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.decisions.kept import VERDICTS, at_equal_coverage, judge, judged_table, released_at

# Limits of the golden case, kVA: A1 200, A2 252, A3 128, A4 320, F1 640, F2 720, S 800; open 80 70 55 80 220 220 220.
CAME = {"A1": 110.0, "A2": 170.0, "A3": 70.0, "A4": 230.0, "F1": 280.0, "F2": 300.0, "S": 560.0}
LAST = {"A1": 100.0, "A2": 150.0, "A3": 60.0, "A4": 200.0, "F1": 240.0, "F2": 250.0, "S": 480.0}


def judged(case, came: dict[str, float] | None = None, answer: pd.DataFrame | None = None) -> pd.DataFrame:
    told = case.answer().reset_index() if answer is None else answer
    outcome = pd.Series(CAME | (came or {}))
    return judge(told, case.nodes, outcome, pd.Series(LAST), 5.0).set_index("node_id")


def test_what_holds_is_kept_and_compared_with_foresight_and_last_year(case) -> None:
    rows = judged(case)
    assert rows["verdict"].tolist() == ["KEPT"] * 7
    a1 = rows.loc["A1"]
    assert a1[["limit_kva", "kept_kva", "slack_kva", "foresight_kva", "thumb_kva"]].tolist() == [200, 120, 90, 90, 100]
    # The substation has least: 800 − 560 with foresight, 800 − 480 by last year.
    assert rows.loc["F1", ["slack_kva", "foresight_kva", "thumb_kva"]].tolist() == [240, 240, 320]


def test_a_planted_violation_is_one_and_says_by_how_much(case) -> None:
    rows = judged(case, {"A3": 90.0})
    assert rows.loc["A3", "verdict"] == "VIOLATED"
    assert rows.loc["A3", "excess_kva"] == pytest.approx(55 - 38)
    assert rows.drop("A3")["verdict"].eq("KEPT").all()
    table = judged_table(rows.reset_index(), ["kind"])
    assert table.loc["area", ["kept", "violated", "scored"]].tolist() == [3, 1, 4]
    assert table.loc["area", "coverage"] == 0.75
    assert table.loc["area", "violated_share"] == 0.25


def test_what_breaks_above_breaks_what_was_told_below(case) -> None:
    rows = judged(case, {"F1": 600.0})
    assert rows.loc[["A1", "A2", "F1"], "verdict"].tolist() == ["VIOLATED"] * 3
    assert rows.loc[["A3", "S"], "verdict"].tolist() == ["KEPT"] * 2


def test_a_release_where_the_limit_was_passed_anyway_is_violated_and_none_is_over(case) -> None:
    assert judged(case, {"A1": 250.0}).loc["A1", "verdict"] == "VIOLATED"
    full = case.with_load("A1", 180.0)
    assert judged(full, {"A1": 250.0}).loc["A1", "verdict"] == "OVER"
    assert judged(full, {"A1": 190.0}).loc["A1", "verdict"] == "KEPT"


def test_what_is_not_known_is_neither_kept_nor_broken(case) -> None:
    rows = judged(case, {"F2": float("nan")})
    assert rows.loc[["A3", "A4", "F2"], "verdict"].tolist() == ["UNKNOWN"] * 3
    poor = judged(case.with_fact("A1", known_days=10, enough=False))
    assert poor.loc["A1", "verdict"] == "UNANSWERED"
    table = judged_table(pd.concat([rows, poor]).reset_index(), ["kind"])
    assert table.loc["area", ["nodes", "unknown", "unanswered", "scored"]].tolist() == [8, 2, 1, 5]


def test_areas_together_use_no_more_than_the_pool(case) -> None:
    rows = judged(case)
    # 80 + 70 below F1, 55 + 80 below F2: less than the pools of 220; all of them more than the substation's.
    assert rows.loc[["F1", "F2", "S"], "used_kva"].tolist() == [150, 135, 220]
    table = judged_table(judged(case, {"S": 590.0}).reset_index(), ["kind"])
    assert table.loc["substation", "used_kept"] == 0.0
    assert table.loc["feeder", "used_kept"] == 1.0
    assert np.isnan(table.loc["area", "used_kept"])


@given(st.lists(st.floats(-20, 900), min_size=7, max_size=7), st.lists(st.floats(-20, 900), min_size=7, max_size=7))
@settings(max_examples=40, deadline=None)
def test_verdicts_are_those_of_a_plain_walk_up_the_path(make_case, told: list[float], came: list[float]) -> None:
    case = make_case()
    nodes = sorted(CAME)
    for node, kw in zip(nodes, told, strict=True):
        case = case.with_load(node, kw)
    answer = case.answer()
    rows = judged(case, dict(zip(nodes, came, strict=True)), answer.reset_index())
    peak, above = dict(zip(nodes, came, strict=True)), case.nodes["parent_id"]
    for node in nodes:
        path = [node]
        while isinstance(above[path[-1]], str):
            path.append(above[path[-1]])
        limits = {one: answer.loc[one, "limit_kw"] for one in path}
        released = answer.loc[node, "open_kva"]
        holds = all(peak[one] + released <= limits[one] + 1e-6 for one in path)
        anyway = any(peak[one] > limits[one] + 1e-6 for one in path)
        expected = "VIOLATED" if released > 0 and not holds else "OVER" if anyway else "KEPT"
        assert rows.loc[node, "verdict"] == expected
        assert rows.loc[node, "verdict"] in VERDICTS


def test_at_equal_coverage_the_better_estimate_releases_more() -> None:
    rng = np.random.default_rng(3)
    came = rng.uniform(50, 100, 400)
    rows = pd.DataFrame({"realised_kva": came, "limit_kva": 200.0, "kept_kva": came * rng.normal(1.1, 0.03, 400)})
    rows["last_kva"] = came * rng.normal(0.9, 0.1, 400)
    found = at_equal_coverage(rows)
    assert found["held"] == pytest.approx(float(np.mean(came <= rows["kept_kva"])))
    assert found["released_kva"] == pytest.approx(float((200 - rows["kept_kva"]).sum()))
    raised = rows["last_kva"] * found["thumb_factor"]
    assert float(np.mean(came <= raised)) >= found["held"]
    assert float(np.mean(came <= raised * 0.999)) < found["held"]
    assert found["released_ratio"] > 1.1
    same = at_equal_coverage(rows.assign(last_kva=rows["kept_kva"]))
    assert same["released_ratio"] <= 1.0


def test_where_no_factor_covers_as_much_nothing_is_compared() -> None:
    rows = pd.DataFrame({"realised_kva": [90.0, 120.0], "limit_kva": 100.0, "kept_kva": [95.0, 130.0]})
    found = at_equal_coverage(rows.assign(last_kva=[80.0, np.nan]))
    assert found["held"] == 1.0
    assert np.isnan(found["released_ratio"])
    none = released_at(np.array([np.nan]), np.array([120.0]), np.array([100.0]), 0.95)
    assert none == (0.0, np.inf)
    assert np.isnan(at_equal_coverage(rows.iloc[:0].assign(last_kva=[]))["held"])


def test_what_room_was_kept_for_is_what_the_answer_subtracts(case) -> None:
    for kw in (-80.0, -5.0, 0.0, 150.0):
        varied = case.with_load("A1", kw)
        row = judged(varied).loc["A1"]
        assert row["limit_kva"] - row["kept_kva"] - row["own_kva"] == pytest.approx(0.0, abs=5.0)
        assert row["kept_kva"] >= 0
    assert np.isnan(judged(case.with_fact("A1", known_days=10, enough=False)).loc["A1", "kept_kva"])
