"""Allocation in a territory: the ground, requests from rows, the answer."""

import numpy as np
import pandas as pd
import pytest

from features.errors import DataError
from serving.decisions.allocation import AllocationPolicy
from serving.desk.allocating import (
    allocate_in,
    allocation_answer,
    class_shares_of,
    ground_of,
    request_frame,
)
from serving.holdings import Node, Territory
from training.peak.connections import ConnectionPolicy

POLICY = AllocationPolicy(seconds=2)


def territory(**unplaced: str | None) -> Territory:
    """A substation, one feeder, three areas about a kilometre apart."""
    spots = {"A1": (116.0, 40.0), "A2": (116.01, 40.0), "A3": (116.02, 40.0), "F": (None, None), "S": (None, None)}
    above = {"A1": "F", "A2": "F", "A3": "F", "F": "S", "S": None} | unplaced
    kinds = {"A": "area", "F": "feeder", "S": "substation"}
    nodes = {name: Node(name, name, kinds[name[0]], above[name], "H", *spots[name]) for name in above}
    return Territory(nodes, {})


def room(**kva: float) -> pd.DataFrame:
    values = {"A1": 50.0, "A2": 100.0, "A3": 100.0, "F": 500.0, "S": 500.0} | kva
    return pd.DataFrame({block: pd.Series(values) for block in range(6)})


def test_the_ground_has_the_path_of_every_area_and_the_place_of_every_node() -> None:
    paths, places = ground_of(territory())
    assert paths == {name: (name, "F", "S") for name in ("A1", "A2", "A3")}
    assert places.loc["A2"].tolist() == [116.01, 40.0]
    assert places.loc["F"].isna().all()


def test_what_hangs_on_nothing_known_takes_nobody() -> None:
    found = allocate_in(territory(A1="F9"), room(), request_frame([{"kva": 40, "node_id": "A1"}]), POLICY)
    assert found.assignments["node_id"].tolist() == ["A2"]


def test_reservations_taken_off_the_room_count() -> None:
    asked = request_frame([{"kva": 40, "node_id": "A1"}, {"kva": 60, "node_id": "A1"}])
    assert len(allocate_in(territory(), room(), asked, POLICY).assignments) == 2
    reserved = allocate_in(territory(), room(F=50.0), asked, POLICY)
    assert reserved.assignments["request_id"].tolist() == ["1"]
    assert reserved.unserved["reason"].tolist() == ["NO_ROOM_FEEDER"]


def test_requests_are_filled_up_in_order() -> None:
    frame = request_frame([{"kva": "12.5", "node_id": "A1"}, {"kva": 20, "longitude": 1, "latitude": 2, "priority": 1}])
    assert frame["request_id"].tolist() == ["1", "2"]
    assert frame["priority"].tolist() == [3, 1]
    assert frame["submitted_at"].is_monotonic_increasing
    assert (frame[[f"block_share_{block}" for block in range(6)]] == 1).all(axis=None)


def test_classes_say_what_is_drawn_only_where_asked_and_never_against_own_shares() -> None:
    shares = class_shares_of(ConnectionPolicy(), POLICY)
    own = {f"block_share_{block}": 0.5 for block in range(6)}
    rows = [{"kva": 10, "node_id": "A1", "customer_class": "residential"}, {"kva": 10, "node_id": "A1", **own}]
    drawn = request_frame(rows, shares)[[f"block_share_{block}" for block in range(6)]].to_numpy()
    assert drawn[0].max() == pytest.approx(0.35 / 0.95)
    assert (drawn[1] == 0.5).all()
    assert np.isfinite(drawn).all()


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ({"kva": "ten", "node_id": "A1"}, "kva"),
        ({"kva": 10, "nodeid": "A1"}, "nodeid"),
        ({"kva": 10, "node_id": "A1", "block_share_2": 0.5}, "block_share_0"),
        ({"kva": 10, "node_id": "A1", "submitted_at": "soon"}, "submitted_at"),
    ],
)
def test_rows_that_cannot_be_read_are_named(row: dict[str, object], column: str) -> None:
    with pytest.raises(DataError) as caught:
        request_frame([row])
    assert caught.value.column == column


def test_a_class_nobody_knows_is_refused() -> None:
    shares = class_shares_of(ConnectionPolicy(), POLICY)
    with pytest.raises(DataError, match="customer_class"):
        request_frame([{"kva": 1, "node_id": "A1", "customer_class": "castle"}], shares)


def test_the_answer_is_plain_values_with_alternatives_beside_each() -> None:
    asked = request_frame([{"kva": 40, "node_id": "A1"}, {"kva": 400, "node_id": "A1"}])
    told = allocation_answer(allocate_in(territory(), room(), asked, POLICY))
    assert [row["node_id"] for row in told["assignments"][0]["alternatives"]] == ["A1", "A2", "A3"]
    assert told["unserved"][0]["reason"] == "NO_ROOM_AREA"
    assert told["totals"]["served_kva"] == 40.0
    assert type(told["optimal"]) is bool
