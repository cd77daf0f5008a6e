"""Allocation: no limit broken, nobody twice, no worse than simple rules, as good as trying everything."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.decisions.allocation import NOWHERE, allocate, fifo, great_circle_km, greedies, plane_km, solve
from tests.serving.decisions.allocation.conftest import Case, breaks, least_by_trying, weighted

QUICK = settings(max_examples=20, deadline=None)


@st.composite
def cases(draw: st.DrawFn, most: int = 6) -> Case:
    """Two to four areas, feeders and a substation that may bind, requests firm or not, some of them large."""
    kva = st.sampled_from([0.0, 30.0, 55.5, 80.0, 120.0, float("nan")])
    case = Case(open_kva=tuple(draw(st.lists(kva, min_size=2, max_size=4))))
    case = case.with_policy(candidates=draw(st.integers(1, 4)), seconds=2)
    for node in ("F0", "F1", "S"):
        if len(case.open_kva) > 2 or node != "F1":
            case = case.with_room(node, tuple(draw(st.sampled_from([60.0, 100.0, 150.0, 500.0])) for _ in range(6)))
    for _ in range(draw(st.integers(1, most))):
        share = st.sampled_from([0.0, 0.4, 1.0])
        shares = {f"block_share_{block}": draw(share) for block in range(1, 6)} | {"block_share_0": 0.5}
        firm = draw(st.booleans())
        size, at = draw(st.sampled_from([10.0, 25.0, 40.0, 55.5, 70.0, 130.0])), draw(st.floats(0, 3))
        case = case.asking(size, at, priority=draw(st.integers(1, 5)), **({} if firm else shares))
    return case


def placed_in(case: Case) -> dict[str, str]:
    told = case.answer().assignments
    return dict(zip(told["request_id"], told["node_id"], strict=True))


@QUICK
@given(cases())
def test_no_limit_is_broken_and_everybody_is_told_once(case: Case) -> None:
    told, asked = case.answer(), case.request_frame()
    placed = dict(zip(told.assignments["request_id"], told.assignments["node_id"], strict=True))
    assert breaks(case, placed) == []
    everybody = [*told.assignments["request_id"], *told.unserved["request_id"]]
    assert sorted(everybody) == sorted(asked["request_id"])
    assert told.totals["served_kva"] + told.totals["unserved_kva"] == pytest.approx(asked["kva"].sum())
    assert told.totals["weighted_unserved_kva"] == pytest.approx(weighted(case, placed))


@QUICK
@given(cases())
def test_no_simple_rule_does_better_and_none_breaks_a_limit(case: Case) -> None:
    problem = case.problem()
    ours = problem.score(solve(problem).assignment)
    for assignment in [fifo(problem), *greedies(problem).values()]:
        served = np.flatnonzero(assignment != NOWHERE)
        assert breaks(case, {problem.request_ids[one]: problem.area_ids[assignment[one]] for one in served}) == []
        assert ours <= problem.score(assignment)


@QUICK
@given(cases(most=5))
def test_it_is_as_good_as_trying_everything(case: Case) -> None:
    told = case.answer()
    assert told.totals["weighted_unserved_kva"] == pytest.approx(least_by_trying(case), abs=1e-3)
    assert told.optimal


@QUICK
@given(cases(most=5), st.randoms())
def test_names_and_the_order_of_rows_do_not_matter(case: Case, random) -> None:
    problem = case.problem()
    rows = case.request_frame().sample(frac=1, random_state=random.randrange(1000))
    told = allocate(rows, case.room_frame(), case.paths, case.place_frame(), case.policy, plane_km)
    assert told.totals == case.answer().totals
    assert problem.request_ids == tuple(rows.sort_values("submitted_at")["request_id"])


@QUICK
@given(st.floats(0, 3), st.lists(st.sampled_from([20.0, 50.0, 90.0]), min_size=2, max_size=4))
def test_one_application_goes_to_the_cheapest_place_that_fits(at: float, open_kva: list[float]) -> None:
    case = Case(tuple(open_kva)).asking(50.0, at)
    able = [one for one, kva in enumerate(open_kva) if kva >= 50]
    told = case.answer()
    if not able:
        assert told.unserved["reason"].tolist() == ["NO_ROOM_AREA"]
        return
    row = told.assignments.iloc[0]
    distance = min(abs(one - at) for one in able)
    assert row["distance_km"] == pytest.approx(distance)
    assert row["cost_cny"] == pytest.approx(120_000 * distance + 300 * 50)


def test_blocks_of_the_day_are_kept_apart() -> None:
    by_night = {f"block_share_{block}": float(block == 0) for block in range(6)}
    by_day = {f"block_share_{block}": float(block != 0) for block in range(6)}
    case = Case((100.0,)).asking(100.0, **by_night).asking(100.0, **by_day).asking(10.0)
    assert placed_in(case) == {"R0": "A0", "R1": "A0"}


def test_a_feeder_binds_though_its_areas_have_room() -> None:
    case = Case().with_room("F0", 120.0).asking(80.0, 0.0).asking(80.0, 1.0)
    assert set(placed_in(case).values()) & {"A2", "A3"}
    assert len(placed_in(case)) == 2


def test_weight_decides_who_is_served_and_age_between_equals() -> None:
    assert set(placed_in(Case((100.0,)).asking(90.0, priority=4).asking(90.0, priority=1))) == {"R1"}
    assert set(placed_in(Case((100.0,)).asking(90.0).asking(90.0))) == {"R0"}


def test_two_swap_places_where_that_is_cheaper() -> None:
    case = Case((60.0, 60.0)).asking(50.0, 0.9).asking(50.0, 0.0)
    assert placed_in(case) == {"R0": "A1", "R1": "A0"}


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        (Case().with_policy(max_distance_km=2).asking(10.0, 50.0), "NO_CANDIDATE_NEAR"),
        (Case((float("nan"), float("nan"))).asking(10.0), "DATA_POOR"),
        (Case((100.0,)).with_room("F0", float("nan")).asking(10.0), "DATA_POOR"),
        (Case((20.0, 10.0)).asking(30.0), "NO_ROOM_AREA"),
        (Case((50.0, 50.0)).with_room("F0", 20.0).asking(30.0), "NO_ROOM_FEEDER"),
        (Case((50.0, 50.0)).with_room("S", 20.0).asking(30.0), "NO_ROOM_SUBSTATION"),
        (Case((50.0,)).asking(50.0, priority=1).asking(30.0), "OUTBID"),
    ],
)
def test_who_is_not_served_is_told_why(case: Case, reason: str) -> None:
    told = case.answer().unserved
    assert told["reason"].tolist() == [reason]


def test_the_largest_that_fits_is_told_now_and_alone() -> None:
    told = Case((50.0, 30.0)).asking(45.0, priority=1).asking(40.0, priority=5).answer().unserved.iloc[0]
    assert (told["largest_kva"], told["largest_node_id"]) == (pytest.approx(30.0), "A1")
    assert told["largest_alone_kva"] == pytest.approx(50.0)


def test_missing_data_is_neither_plenty_nor_nothing() -> None:
    told = Case((float("nan"), float("nan"))).asking(10.0).answer()
    assert told.unserved["largest_kva"].isna().all()
    assert told.unserved["largest_node_id"].isna().all()
    assert told.alternatives.empty


def test_alternatives_are_ranked_and_say_what_is_left() -> None:
    told = Case((50.0, 100.0, 100.0, float("nan"))).asking(40.0).asking(90.0, 1.0).answer().alternatives
    first = told[told["request_id"] == "R0"]
    assert first["node_id"].tolist() == ["A0", "A2", "A1"]
    assert first["fits"].tolist() == [True, True, False]
    assert first["room_kva"].tolist() == pytest.approx([50.0, 100.0, 10.0])
    assert first["assigned"].tolist() == [True, False, False]


def test_an_area_asked_for_is_where_the_applicant_stands() -> None:
    case = Case().asking(40.0, float("nan"), node_id="A2", latitude=float("nan"))
    told = case.answer().assignments.iloc[0]
    assert (told["node_id"], told["distance_km"]) == ("A2", 0.0)


def test_great_circle_distances() -> None:
    # Beijing to Shanghai, and one degree along the equator.
    assert great_circle_km(116.4074, 39.9042, 121.4737, 31.2304) == pytest.approx(1067, abs=2)
    assert great_circle_km(0.0, 0.0, 1.0, 0.0) == pytest.approx(111.195, abs=0.001)


def test_nobody_asks_and_nothing_is_told() -> None:
    case = Case().asking(1.0)
    empty = case.request_frame().iloc[:0]
    told = allocate(empty, case.room_frame(), case.paths, case.place_frame(), case.policy, plane_km)
    assert told.assignments.empty
    assert told.unserved.empty
    assert told.totals["requests"] == 0
    assert isinstance(told.alternatives, pd.DataFrame)
