"""From the utility's tables to a switched network: what takes part, what is left out and why."""

import numpy as np
import pandas as pd
import pytest

from features.errors import DataError, NotFoundError
from serving.decisions.transfer import Limits, TransferPolicy, require_radial, tied_network, tied_plan

POLICY = TransferPolicy()
LOADS = {"A1": 100.0, "A2": 200.0, "A3": 300.0, "A4": 400.0, "A5": 50.0}
LIMITS = Limits({"F1": 500.0, "F2": 900.0, "F3": 600.0}, {"S": 150.0})


def nodes() -> pd.DataFrame:
    above = {"S": None, "F1": "S", "F2": "S", "F3": "S", "A1": "F1", "A2": "F1", "A3": "F2", "A4": "F2", "A5": "F3"}
    kinds = {"S": "substation", "F": "feeder", "A": "area"}
    frame = pd.DataFrame({"parent_id": above.values(), "kind": [kinds[one[0]] for one in above]}, index=list(above))
    return frame.astype("str").assign(power_factor=0.9)


def segments(**changes: object) -> pd.DataFrame:
    """F1: S - J - A1, J - A2; F2: S - J - A3 - A4; F3: S - A5."""
    rows = [
        ("L1", "F1", "S", "J"), ("L2", "F1", "J", "A1"), ("L3", "F1", "J", "A2"),
        ("M1", "F2", "S", "J"), ("M2", "F2", "J", "A3"), ("M3", "F2", "A3", "A4"),
        ("N1", "F3", "S", "A5"),
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["segment_id", "feeder_id", "from_id", "to_id"])
    return frame.assign(r_ohm=0.2, x_ohm=0.3, thermal_limit_kva=1000.0, nominal_kv=np.nan).assign(**changes)


def ties(*rows: dict[str, object]) -> pd.DataFrame:
    usual = [
        {"tie_id": "T1", "feeder_a_id": "F1", "feeder_b_id": "F2", "from_id": "A2", "to_id": "A4"},
        {"tie_id": "T2", "feeder_a_id": "F2", "feeder_b_id": "F3", "from_id": "A3", "to_id": "A5"},
    ]
    blank = {"transfer_limit_kva": 400.0, "from_id": None, "to_id": None, "r_ohm": np.nan, "x_ohm": np.nan}
    frame = pd.DataFrame([blank | row for row in (rows or usual)])
    texts = ["tie_id", "feeder_a_id", "feeder_b_id", "from_id", "to_id"]
    return frame.astype(dict.fromkeys(texts, "str"))


def tied(feeder: str = "F1", **changes: object):
    given = {"nodes": nodes(), "segments": segments(), "ties": ties(), "load_kva": LOADS, "limits": LIMITS}
    return tied_network(feeder, **{**given, "policy": POLICY, **changes})


def test_all_feeders_within_reach_stand_side_by_side() -> None:
    network = tied().network
    require_radial(network)
    assert network.feeders == ("F1", "F2", "F3")
    assert network.points == ("F1", "F2", "F3", "F1/J", "A2", "A1", "F2/J", "A3", "A4", "A5")
    assert [network.branches[i] for i in np.flatnonzero(~network.closed)] == ["T1", "T2"]
    drawn = dict(zip(network.points, np.hypot(network.p_kw, network.q_kvar), strict=True))
    assert {one: drawn[one] for one in LOADS} == pytest.approx(LOADS)
    np.testing.assert_allclose(network.p_kw, 0.9 * np.hypot(network.p_kw, network.q_kvar))
    assert network.head_kva.tolist() == [500.0, 900.0, 600.0]
    assert network.station_kva.tolist() == [pytest.approx(sum(LOADS.values()) + 150)]
    tie = network.branches.index("T1")
    assert (network.r_ohm[tie], network.limit_kva[tie]) == (0.0, 400.0)
    near = tied(policy=POLICY.model_copy(update={"reach": 1})).network
    assert near.feeders == ("F1", "F2")


def test_lines_carry_the_share_that_policy_says() -> None:
    limits = Limits(LIMITS.feeder_kva, {}, line_share=0.8)
    network = tied(limits=limits).network
    assert network.limit_kva[network.closed].tolist() == [800.0] * 7
    assert np.isinf(network.station_kva).all()


def test_what_no_line_reaches_and_no_area_explains_stands_at_the_head() -> None:
    short = segments().query("to_id != 'A1'")
    network = tied(segments=short, load_kva=LOADS | {"F1": 40.0}).network
    head = network.point("F1")
    assert network.p_kw[head] == pytest.approx(0.9 * 140)
    with pytest.raises(NotFoundError, match="A1 stands on no line of F1"):
        tied_plan(tied(segments=short), "F1", "A1", POLICY)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"segments": segments().query("feeder_id != 'F2'")}, "F2 takes no part: it has no line segments"),
        ({"load_kva": LOADS | {"A3": np.nan}}, "F2 takes no part: the load of 1 of its areas is not known, "
         "the first A3"),
        ({"limits": Limits({"F1": 500.0, "F2": np.nan}, {})}, "F2 takes no part: what it may carry is not known"),
        ({"segments": segments(nominal_kv=[10.0] * 3 + [20.0] * 4)}, "F2 takes no part: its voltage is another"),
        ({"nodes": nodes().drop("F2")}, "F2 takes no part: it is not a known node"),
        ({"ties": ties({"tie_id": "T", "feeder_a_id": "F1", "feeder_b_id": "F2", "from_id": "A2", "to_id": "X"})},
         "tie T is left out: X is not on the line of F2"),
        ({"ties": ties({"tie_id": "T", "feeder_a_id": "F1", "feeder_b_id": "F1", "from_id": "A2", "to_id": "A2"})},
         "tie T is left out: both its ends are one point"),
    ],
)  # fmt: skip
def test_who_takes_no_part_is_said_and_the_others_do_without(changes: dict[str, object], told: str) -> None:
    found = tied(**changes)
    assert found.notes == (told,)
    plan = tied_plan(found, "F1", "F1", POLICY)
    assert (plan.plans, plan.reason) == ((), "NO_TIE")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"segments": segments().query("feeder_id != 'F1'")}, "it has no line segments"),
        ({"load_kva": {}}, "the load of 2 of its areas is not known, the first A1"),
        ({"limits": Limits({}, {})}, "what it may carry is not known"),
        ({"segments": segments(r_ohm=np.nan)}, "resistance or reactance is not known"),
    ],
)
def test_what_must_be_known_of_the_feeder_itself(changes: dict[str, object], told: str) -> None:
    with pytest.raises(DataError, match=told):
        tied(**changes)
    with pytest.raises(NotFoundError, match="there is no feeder A1"):
        tied("A1", **changes)


def test_ties_of_which_no_table_says_where_they_stand() -> None:
    unplaced = {"tie_id": "T", "feeder_a_id": "F2", "feeder_b_id": "F1", "from_id": "A4"}
    found = tied(ties=ties(unplaced))
    assert (found.network.feeders, found.ties_without_points) == (("F1",), ("T",))
    assert tied_plan(found, "F1", "F1", POLICY).reason == "NO_TIE_POINTS"
    assert tied_plan(tied("F3", ties=ties(unplaced)), "F3", "F3", POLICY).reason == "NO_TIE"


def test_a_plan_from_tables() -> None:
    limits = Limits(LIMITS.feeder_kva | {"F1": 310.0, "F2": 1200.0}, {})
    told = tied_plan(tied(limits=limits), "F1", "A1", POLICY)
    assert (told.at, told.feeder, told.binding, told.binding_at) == ("A1", "F1", "HEAD", "F1")
    steps = [(step.close, step.open) for step in told.plans[0].steps]
    assert steps == [("T1", "L3")]
    assert [one.point for one in told.plans[0].moved] == ["A2"]
    joint = tied_plan(tied(limits=limits), "F1", "J", POLICY)
    assert joint.at == "J"
