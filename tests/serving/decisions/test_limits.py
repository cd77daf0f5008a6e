"""Limits against hand-made figures."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.decisions.limits import node_limits, valid_at
from serving.decisions.pools import bound_by_path, round_down, supply_paths
from serving.decisions.seasons import SEASONS

NOW = pd.Timestamp("2025-01-01", tz="UTC")


def test_limits_of_the_little_network(case) -> None:
    limits = case.limits()
    assert limits.loc["A1", "limit_kva"] == pytest.approx(0.8 * 250)
    # 80 % of 800 is below 800 less the 100 kVA that F2 may hand over.
    assert limits.loc["F1"].tolist()[:1] == [pytest.approx(640)]
    assert limits.loc["F1", "limit_reason"] == "FEEDER_THERMAL"
    assert limits.loc["S", "limit_kva"] == pytest.approx(0.8 * 1000)
    assert limits.loc["S", "limit_reason"] == "SUBSTATION_FIRM"


def test_an_area_with_several_transformers_has_their_sum(case, make_frame) -> None:
    more = make_frame("transformer", [{"transformer_id": "A1-T2", "node_id": "A1", "rating_kva": 100.0, "phases": 3}])
    both = pd.concat([case.transformers, more], ignore_index=True)
    limits = node_limits(case.nodes, both, case.segments, case.ties, {})
    assert limits.loc["A1", "limit_kva"] == pytest.approx(0.8 * 350)


def test_a_duty_to_a_neighbour_can_bind_a_feeder(case, make_frame) -> None:
    tie = {"tie_id": "T1", "feeder_a_id": "F1", "feeder_b_id": "F2", "transfer_limit_kva": 400.0}
    ties = make_frame("tie", [tie])
    limits = node_limits(case.nodes, case.transformers, case.segments, ties, {"F1": 150.0, "F2": 300.0})
    # F2 carries no more than 300 kVA, so F1 never has to take over 400.
    assert limits.loc["F1", ["limit_kva", "limit_reason"]].tolist() == [pytest.approx(500), "FEEDER_N1"]
    assert limits.loc["F2", "limit_reason"] == "FEEDER_THERMAL"
    unknown = node_limits(case.nodes, case.transformers, case.segments, ties, {})
    assert unknown.loc["F1", "limit_kva"] == pytest.approx(400)


TIED = {"tie_id": "T1", "feeder_a_id": "F1", "feeder_b_id": "F2", "transfer_limit_kva": 400.0}


def by_season(**shares: list[float]) -> pd.DataFrame:
    return pd.DataFrame.from_dict(shares, orient="index", columns=list(SEASONS))


def test_a_duty_that_arises_in_another_season_leaves_more(case, make_frame) -> None:
    ties = make_frame("tie", [TIED])
    peaks = {"F1": 500.0, "F2": 300.0}
    tables = (case.nodes, case.transformers, case.segments, ties, peaks)
    shares = by_season(F1=[1.0, 0.6, 0.5, 0.6], F2=[0.4, 0.5, 1.0, 0.7])
    annual, seasonal = node_limits(*tables).loc["F1"], node_limits(*tables, shares).loc["F1"]
    assert annual[["limit_kva", "limit_reason"]].tolist() == [pytest.approx(500), "FEEDER_N1"]
    # F1 carries 800. Winter: 800 − 120; spring: 800 − 150 + 200; summer: 800 − 300 + 250; its use, 640, is less.
    assert seasonal[["limit_kva", "limit_reason"]].tolist() == [640.0, "FEEDER_THERMAL"]
    assert pd.isna(seasonal["limit_season"])
    # Where the neighbour hands over 210 in winter too, winter binds: 800 − 210.
    shares = by_season(F1=[1.0, 0.6, 0.5, 0.6], F2=[0.7, 0.5, 1.0, 0.7])
    found = node_limits(*tables, shares).loc["F1", ["limit_kva", "limit_reason", "limit_season"]]
    assert found.tolist() == [pytest.approx(590), "FEEDER_N1", "winter"]


def test_a_feeder_that_may_carry_less_in_summer_is_limited_by_its_summer(case) -> None:
    rating = {"summer": 0.8}
    shares = by_season(F1=[1.0, 0.7, 0.9, 0.7])
    limits = node_limits(case.nodes, case.transformers, case.segments, case.ties, {"F1": 400.0}, shares, rating)
    # Winter: .8 · 800; summer: .8 · .8 · 800, and the 40 kVA that it draws less than at its peak.
    assert limits.loc["F1", ["limit_kva", "limit_season"]].tolist() == [pytest.approx(552), "summer"]


def test_a_line_with_a_summer_limit_of_its_own_does_not_follow_policy(case, make_frame) -> None:
    head = {"segment_id": "1", "feeder_id": "F1", "from_id": "S", "to_id": "J", "thermal_limit_kva": 500.0}
    own = make_frame("line_segment", [head | {"thermal_limit_summer_kva": 450.0}])
    plain = make_frame("line_segment", [head])
    policy, shares = {"summer": 0.6}, by_season(F1=[1.0, 0.7, 1.0, 0.7])

    def limit(segments: pd.DataFrame, rating: dict[str, float], ties: pd.DataFrame) -> list[object]:
        found = node_limits(case.nodes, case.transformers, segments, ties, {"F1": 200.0}, shares, rating)
        return found.loc["F1", ["limit_kva", "limit_reason", "limit_season"]].tolist()

    alone = case.ties.iloc[:0]
    assert limit(plain, policy, alone) == [pytest.approx(0.8 * 300), "FEEDER_THERMAL", "summer"]
    assert limit(own, policy, alone) == limit(own, {}, alone) == [pytest.approx(0.8 * 450), "FEEDER_THERMAL", "summer"]
    # With a duty of 100 kVA: 450 − 100, less than .8 · 450.
    assert limit(own, policy, case.ties) == [pytest.approx(350), "FEEDER_N1", "summer"]


def seasonal(case, **kva: float) -> pd.DataFrame:
    """The case's transformers, those of some nodes with a summer rating of their own: node → kVA."""
    table = case.transformers.copy()
    for node, rating in kva.items():
        table.loc[table["node_id"] == node, "rating_summer_kva"] = rating
    return table


def test_a_summer_rating_binds_only_as_far_as_summer_is_reached(case) -> None:
    tables = (case.nodes, seasonal(case, A1=150.0), case.segments, case.ties, {"A1": 100.0})
    # Nothing is known of its seasons: summer is taken for the peak of the year.
    unknown = node_limits(*tables).loc["A1", ["limit_kva", "limit_season"]]
    assert unknown.tolist() == [pytest.approx(120), "summer"]
    # Summer: .8 · 150, and the 30 kVA it draws less than at its peak in winter, which leaves .8 · 250.
    found = node_limits(*tables, by_season(A1=[1.0, 0.8, 0.7, 0.8])).loc["A1", ["limit_kva", "limit_season"]]
    assert found.tolist() == [pytest.approx(150), "summer"]
    deep = node_limits(*tables, by_season(A1=[1.0, 0.8, 0.0, 0.8])).loc["A1", ["limit_kva", "limit_season"]]
    assert deep.tolist() == [pytest.approx(200), "winter"]


def test_a_substation_loses_the_largest_of_each_season(case) -> None:
    table = case.transformers.copy()
    large = table["node_id"] == "S"
    table.loc[large, "rating_winter_kva"] = [1300.0, 1100.0]
    table.loc[large, "rating_summer_kva"] = [900.0, 700.0]
    tables = (case.nodes, table, case.segments, case.ties)
    found = node_limits(*tables, {}).loc["S", ["limit_kva", "limit_reason", "limit_season"]]
    assert found.tolist() == [pytest.approx(0.8 * 700), "SUBSTATION_FIRM", "summer"]
    shares = by_season(S=[1.0, 0.9, 0.5, 0.9])
    cold = node_limits(*tables, {"S": 800.0}, shares).loc["S", ["limit_kva", "limit_season"]]
    # Winter .8 · 1100; spring .8 · 1000 + 80; summer .8 · 700 + 400.
    assert cold.tolist() == [pytest.approx(880), "winter"]


@given(st.lists(st.floats(0, 1), min_size=4, max_size=4), st.floats(0, 900))
@settings(max_examples=30, deadline=None)
def test_without_ratings_of_seasons_seasons_change_no_transformer_limit(make_case, shares, peak: float) -> None:
    case = make_case()
    nodes = [node for node, kind in case.nodes["kind"].items() if kind != "feeder"]
    table = by_season(**dict.fromkeys(nodes, shares))
    peaks = dict.fromkeys(nodes, peak)
    plain = node_limits(case.nodes, case.transformers, case.segments, case.ties, {}).loc[nodes]
    found = node_limits(case.nodes, case.transformers, case.segments, case.ties, peaks, table).loc[nodes]
    pd.testing.assert_frame_equal(found, plain)


@given(
    st.lists(st.floats(0.05, 1), min_size=8, max_size=8),
    st.floats(0, 900),
    st.floats(0, 900),
)
@settings(max_examples=30, deadline=None)
def test_whatever_the_seasons_the_limit_holds_in_each(make_case, make_frame, shares, own: float, other: float) -> None:
    case, ties = make_case(), make_frame("tie", [TIED])
    table = by_season(F1=[1.0, *shares[1:4]], F2=shares[4:])
    tables = (case.nodes, case.transformers, case.segments, ties, {"F1": own, "F2": other})
    limit = node_limits(*tables, table).loc["F1", "limit_kva"]
    # What may be added on top of the year's peak fits, season by season, with what F2 hands over then.
    for mine, theirs in zip(table.loc["F1"], table.loc["F2"], strict=True):
        if limit > own:
            assert mine * own + (limit - own) + min(400.0, theirs * other) <= 800 + 1e-6
    assert limit >= node_limits(*tables).loc["F1", "limit_kva"] - 1e-9


def test_a_feeder_is_limited_where_it_begins(case, make_frame) -> None:
    segments = make_frame(
        "line_segment",
        [
            {"segment_id": "1", "feeder_id": "F1", "from_id": "S", "to_id": "J", "thermal_limit_kva": 500.0},
            {"segment_id": "2", "feeder_id": "F1", "from_id": "J", "to_id": "A1", "thermal_limit_kva": 90.0},
        ],
    )
    limits = node_limits(case.nodes, case.transformers, segments, case.ties, {})
    assert limits.loc["F1", "limit_kva"] == pytest.approx(0.8 * 500)
    assert limits.loc["F2", "limit_kva"] == pytest.approx(0.8 * 900)


def test_ties_to_another_substation_help_the_firm_capacity(case, make_frame) -> None:
    nodes = case.nodes.copy()
    nodes.loc["F2", "parent_id"] = "S2"
    limits = node_limits(nodes, case.transformers, case.segments, case.ties, {})
    assert limits.loc["S", "limit_kva"] == pytest.approx(0.8 * (1000 + 100))
    inner = node_limits(case.nodes, case.transformers, case.segments, case.ties, {})
    assert inner.loc["S", "limit_kva"] == pytest.approx(0.8 * 1000)


def test_an_unknown_rating_is_unknown_not_zero(case) -> None:
    none = case.transformers.iloc[:0]
    limits = node_limits(case.nodes, none, case.segments, case.ties, {})
    assert np.isnan(limits.loc[["A1", "S"], "limit_kva"]).all()
    assumed = case.with_node("A1", rating_kva=120.0, rating_assumed=True)
    found = node_limits(assumed.nodes, none, case.segments, case.ties, {}).loc["A1"]
    assert found["limit_kva"] == pytest.approx(96.0)
    assert found["rating_assumed"]


def test_a_rating_in_kva_is_kw_by_the_power_factor(case) -> None:
    limits = case.with_node("A1", power_factor=0.9).limits()
    assert limits.loc["A1", "limit_kw"] == pytest.approx(0.9 * limits.loc["A1", "limit_kva"])


def test_only_rows_that_hold_now_count(case, make_frame) -> None:
    day = pd.Timedelta(days=1)
    one = {"transformer_id": "X", "node_id": "A1", "phases": 3}
    table = make_frame(
        "transformer",
        [
            one | {"rating_kva": 1.0, "valid_to": NOW - day},
            one | {"rating_kva": 2.0, "valid_from": NOW - day},
            one | {"rating_kva": 3.0, "valid_from": NOW - day, "available_at": NOW - day},
            one | {"rating_kva": 4.0, "valid_from": NOW - day, "available_at": NOW + day},
            one | {"rating_kva": 5.0, "valid_from": NOW + day},
        ],
    )
    assert valid_at(table, NOW)["rating_kva"].tolist() == [3.0]


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.none() | st.sampled_from("abcdefg"), min_size=1),
    st.integers(0, 2**32 - 1),
)
def test_a_path_ends_at_the_top_at_the_unknown_or_where_it_closes(parents: dict, seed: int) -> None:
    paths = supply_paths(parents)
    rng = np.random.default_rng(seed)
    own = {node: float(rng.integers(-50, 500)) for node in parents}
    for node, path in paths.items():
        assert path[0] == node
        assert len(set(path)) == len(path)
        for below, above in pairwise(path):
            assert parents[below] == above
        least, binding = bound_by_path(own, path)
        if set(path) <= set(parents):
            assert least == min(own[one] for one in path) == own[binding]
        else:
            assert np.isnan(least)
            assert binding not in parents


@given(st.floats(-100, 1e6), st.sampled_from([1.0, 5.0, 10.0]))
def test_rounding_is_down_to_a_multiple_and_never_below_zero(kva: float, step: float) -> None:
    found = float(round_down(np.array([kva]), step)[0])
    assert found % step == 0
    assert found >= 0
    assert found <= max(kva, 0) + 1e-6
    assert kva < found + step
