"""Open capacity: the golden small case, upstream binding, and what is not known."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.settings import load_settings
from serving.decisions.capacity import COLUMNS
from serving.decisions.policy import CapacityPolicy
from training.peak.kappa import Kappa

BLOCKS = [f"block_kva_{block}" for block in range(6)]
PARENTS = {"A1": "F1", "A2": "F1", "A3": "F2", "A4": "F2", "F1": "S", "F2": "S"}


def test_the_shipped_policy_is_the_default_one() -> None:
    shipped = Path(__file__).parents[3] / "configs" / "policy" / "capacity.yaml"
    assert load_settings(CapacityPolicy, shipped) == CapacityPolicy()


def test_the_golden_case(case) -> None:
    answer = case.answer()
    assert tuple(answer.reset_index().columns) == COLUMNS
    # 0.8 · rating less 1.2 · peak: 200 − 120, 252 − 180, 128 − 72, 320 − 240; above 640 − 288, 720 − 300, 800 − 576
    assert answer["own_kva"].to_dict() == {"A1": 80, "A2": 70, "A3": 55, "A4": 80, "F1": 350, "F2": 420, "S": 220}
    assert answer["open_kva"].to_dict() == {"A1": 80, "A2": 70, "A3": 55, "A4": 80, "F1": 220, "F2": 220, "S": 220}
    assert answer.loc["A1", BLOCKS].tolist() == [140, 140, 140, 140, 80, 140]
    assert answer.loc["F1", "pool_kva"] == 220
    assert np.isnan(answer.loc["A1", "pool_kva"])
    assert answer.loc["A1", ["reason", "binding_level", "binding_node_id"]].tolist() == ["AREA_THERMAL", "area", "A1"]
    assert answer.loc["F1", ["reason", "binding_node_id"]].tolist() == ["SUBSTATION_FIRM", "S"]
    assert (answer["confidence"] == "HIGH").all()
    assert (answer["valid_until"] == case.now + pd.Timedelta(days=31)).all()


def test_a_full_feeder_binds_what_hangs_on_it(case) -> None:
    answer = case.with_load("F1", 530.0).answer()
    assert answer.loc[["A1", "A2", "F1"], "open_kva"].tolist() == [0, 0, 0]
    assert answer.loc["A1", ["reason", "binding_level", "binding_node_id"]].tolist() == [
        "FEEDER_THERMAL",
        "feeder",
        "F1",
    ]
    assert answer.loc["A1", "own_kva"] == 80
    assert answer.loc["A3", "open_kva"] == 55
    # At night the feeder carries half: the flexible offer.
    assert answer.loc["A1", "block_kva_0"] == 140


LOADS = st.lists(st.floats(-50, 900), min_size=7, max_size=7)


@given(LOADS)
@settings(max_examples=25, deadline=None)
def test_no_area_is_told_more_than_anything_above_it_has(make_case, loads: list[float]) -> None:
    case = make_case()
    for node, kw in zip(sorted([*PARENTS, "S"]), loads, strict=True):
        case = case.with_load(node, kw)
    answer = case.answer()
    figures = answer[["open_kva", *BLOCKS]]
    assert (figures % 5 == 0).all().all()
    assert (figures >= 0).all().all()
    for node, above in PARENTS.items():
        assert (figures.loc[node] <= figures.loc[above]).all()
        assert answer.loc[node, "open_kva"] <= answer.loc[above, "pool_kva"]
    np.testing.assert_array_equal(answer["open_kva"], answer[BLOCKS].min(axis=1))


@given(st.floats(50, 2000), st.floats(0, 500), st.floats(0, 300), st.floats(0, 200))
@settings(max_examples=25, deadline=None)
def test_more_rating_never_gives_less_and_more_promised_never_more(
    make_case, rating: float, more: float, pending: float, further: float
) -> None:
    case = make_case().with_rating("A1-T1", rating).with_load("A1", 100.0, pending)
    told = case.answer().loc["A1", "open_kva"]
    assert case.with_rating("A1-T1", rating + more).answer().loc["A1", "open_kva"] >= told
    assert case.with_load("A1", 100.0, pending + further).answer().loc["A1", "open_kva"] <= told


def test_what_only_promises_take_is_told_as_pending(case) -> None:
    taken = case.with_load("A1", 100.0, pending_kw=70.0).answer().loc["A1"]
    assert taken[["open_kva", "reason"]].tolist() == [0, "PENDING"]
    assert taken["pending_kw"] == pytest.approx(70.0)
    above = case.with_load("F1", 240.0, pending_kw=300.0).answer()
    assert above.loc["A2", ["open_kva", "reason", "binding_node_id"]].tolist() == [0, "PENDING", "F1"]
    full = case.with_load("A1", 180.0, pending_kw=10.0).answer().loc["A1"]
    assert full["reason"] == "AREA_THERMAL"


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"known_days": 120, "enough": False}, "120 days"),
        ({"known_days": 0, "enough": False}, "no load"),
        ({"recent_share": 0.4}, "40% of the last year"),
        ({"last_day": pd.Timestamp("2024-11-01")}, "days old"),
    ],
)
def test_poor_data_is_neither_none_nor_plenty(case, facts: dict, words: str) -> None:
    answer = case.with_fact("A1", **facts).answer()
    poor = answer.loc["A1"]
    assert poor[["reason", "confidence", "binding_node_id"]].tolist() == ["DATA_POOR", "LOW", "A1"]
    assert poor[["open_kva", "own_kva", *BLOCKS]].isna().all()
    assert words in poor["note"]
    assert answer.drop("A1")["reason"].ne("DATA_POOR").all()


@pytest.mark.parametrize(("days", "confidence"), [(100, "MEDIUM"), (500, "HIGH")])
def test_a_level_step_is_told_and_a_fresh_one_makes_less_sure(case, days: int, confidence: str) -> None:
    on = case.peaks.facts.loc["A1", "last_day"] - pd.Timedelta(days=days)
    answer = case.with_fact("A1", stepped_on=on, step_factor=2.81).answer()
    plain = case.answer()
    assert answer.loc["A1", "note"] == (
        f"load stepped to 2.81 times its level on {on:%Y-%m-%d}; what came before was raised to it"
    )
    assert answer.loc["A1", "confidence"] == confidence
    assert answer.loc["A1", "open_kva"] == plain.loc["A1", "open_kva"]
    assert (answer["note"].drop("A1") == "").all()


def test_an_unknown_rating_is_data_poor(case) -> None:
    unknown = replace(case, transformers=case.transformers.iloc[1:])
    poor = unknown.answer().loc["A1"]
    assert poor["reason"] == "DATA_POOR"
    assert "rating" in poor["note"]


def test_what_is_not_known_above_makes_all_below_unknown(case) -> None:
    answer = case.with_fact("F1", known_days=50, enough=False).answer()
    assert answer.loc[["A1", "A2", "F1"], "reason"].tolist() == ["DATA_POOR"] * 3
    assert answer.loc["A1", "binding_node_id"] == "F1"
    assert answer.loc["A1", "note"].startswith("F1: 50 days")
    assert answer.loc[["A3", "S"], "open_kva"].notna().all()
    orphan = case.with_node("F1", parent_id="elsewhere").answer()
    assert orphan.loc["A1", ["reason", "binding_node_id"]].tolist() == ["DATA_POOR", "elsewhere"]


def test_areas_without_anything_above_stand_alone(case) -> None:
    flat = replace(case, nodes=case.nodes.assign(parent_id=None))
    answer = flat.answer()
    np.testing.assert_array_equal(answer["open_kva"], answer["own_kva"])


def test_export_makes_no_room(case) -> None:
    answer = case.with_load("A1", -80.0).answer()
    assert answer.loc["A1", "own_kva"] == 200
    assert answer.loc["A1", "open_kva"] == 200


def test_confidence_is_the_least_on_the_path(case) -> None:
    young = case.with_fact("F1", known_days=800).answer()
    assert young.loc[["A1", "A3"], "confidence"].tolist() == ["MEDIUM", "HIGH"]
    assumed = case.with_node("S", rating_assumed=True).answer()
    assert (assumed["confidence"] == "LOW").all()
    assert assumed["rating_assumed"].all()
    untried = replace(case, kappas=case.kappas | {"area": Kappa(1.2, "prior", 0.0)}).answer()
    assert untried.loc[["A1", "F1"], "confidence"].tolist() == ["LOW", "HIGH"]
    summed = case.with_fact("F2", summed=True).answer()
    assert summed.loc["A3", "confidence"] == "MEDIUM"


@pytest.mark.parametrize(("days", "standing"), [(365, "firm"), (731, "firm"), (732, "scenario"), (1827, "scenario")])
def test_every_row_says_whether_it_is_firm_or_a_scenario_and_why(case, days: int, standing: str) -> None:
    asked = replace(case, policy=CapacityPolicy(horizon_days=days)).with_fact("A1", known_days=0, enough=False)
    answer = asked.answer()
    assert (answer["standing"] == standing).all()
    assert answer["standing_reason"].tolist() == [None if standing == "firm" else "BEYOND_FIRM_HORIZON"] * len(answer)
    assert answer.loc["A1", "reason"] == "DATA_POOR"


def test_more_than_five_years_are_refused() -> None:
    with pytest.raises(ValueError, match="less than or equal to 1827"):
        CapacityPolicy(horizon_days=1828)


def test_the_same_inputs_give_the_same_answer(case, make_case) -> None:
    pd.testing.assert_frame_equal(case.answer(), make_case().answer())
