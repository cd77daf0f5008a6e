"""Where the grid is full, whom that binds, and what relief opens there: examples, plain books, properties."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.configs import config_path
from features.settings import load_settings
from serving.decisions.pushes.catalogue import Catalogue, Load
from serving.decisions.pushes.policy import PushPolicy
from serving.decisions.pushes.records import CONTACT_COLUMNS, Grid
from serving.decisions.pushes.relief import (
    CONSTRAINED_COLUMNS,
    RELEASED_COLUMNS,
    SERVED_COLUMNS,
    find_constrained,
    freed_by_block,
    freed_kw,
    own_room,
    released,
    relief_node,
)
from serving.decisions.queue import Waiting
from serving.decisions.selection import Wide

PATHS = {"S": ("S",), "F1": ("F1", "S"), "F2": ("F2", "S")}
PATHS |= {area: (area, feeder, "S") for area, feeder in (("A1", "F1"), ("A2", "F1"), ("A3", "F2"), ("A4", "F2"))}
KINDS = {node: {"S": "substation", "F": "feeder", "A": "area"}[node[0]] for node in PATHS}
POLICY = PushPolicy(power_factor=0.9)


def grid(waiting: Sequence[Waiting] = (), own: dict[str, float] | None = None, **kva: float | list[float]) -> Grid:
    """Plenty everywhere but where told."""
    left = {node: np.broadcast_to(1000.0 * np.array(kva.get(node, 500.0)), 6).copy() for node in PATHS}
    return Grid(left, PATHS, KINDS, waiting, own_va={node: np.full(6, 1000.0 * at) for node, at in (own or {}).items()})


def waits(node: str, kva: float, name: str = "Y1") -> Waiting:
    return Waiting(name, node, (round(1000 * kva),) * 6)


def contacts(*rows: dict[str, Any]) -> pd.DataFrame:
    usual = {"customer_id": "C1", "service": "storage", "area_id": "A1", "reason": "SENT", "variant": "firm"}
    usual |= {"propensity": 0.1, "relief_node_id": "A1"}
    made = [dict.fromkeys(CONTACT_COLUMNS) | usual | row for row in rows]
    return pd.DataFrame(made, columns=list(CONTACT_COLUMNS))


def told(found: pd.DataFrame) -> list[tuple[Any, ...]]:
    return list(found.itertuples(index=False, name=None))


def test_where_there_is_room_nothing_is_constrained() -> None:
    found = find_constrained(grid(A1=10.001), POLICY)
    assert tuple(found.columns) == CONSTRAINED_COLUMNS
    assert not len(found)


def test_a_full_area_says_when_and_how_much_is_missing() -> None:
    found = find_constrained(grid(A1=[50, 50, 12, 9, 4, 30]), POLICY)
    assert told(found) == [("A1", "area", 4, 4.0, 0.0, 6.0)]


def test_the_queue_comes_first_and_whole_at_all_its_nodes() -> None:
    found = find_constrained(grid([waits("A1", 60), waits("A1", 30, "Y2")], A1=75, F1=120, F2=9), POLICY)
    assert told(found) == [("A1", "area", 5, -15.0, 90.0, 25.0), ("F2", "feeder", 5, 9.0, 0.0, 1.0)]


def test_who_waits_at_an_unknown_place_takes_nothing() -> None:
    assert not len(find_constrained(grid([waits("A9", 10_000)]), POLICY))


def test_of_equally_full_hours_those_amid_the_fullest_bind() -> None:
    full = grid(A1=[80, 60, 0, 0, 0, 30], A2=[9, 20, 0, 0, 0, 0], A3=[80, 90, 60, 20, 0, 0], A4=0)
    assert list(find_constrained(full, POLICY)["block"]) == [3, 4, 4, 5]


def test_what_is_not_known_is_not_constrained() -> None:
    assert not len(find_constrained(grid(A1=[0, 0, np.nan, 0, 0, 0], F1=np.nan), POLICY))


def test_an_area_is_bound_by_the_least_and_of_equals_by_the_uppermost() -> None:
    full = grid(A1=0, A2=5, F1=5, S=8)
    found = find_constrained(full, POLICY)
    places = relief_node(["A1", "A2", "A3", "A9", None], found, full)
    assert places.dtype == np.int32
    assert [found["node_id"].iat[at] if at >= 0 else None for at in places] == ["A1", "F1", "S", None, None]


LEFT = st.lists(st.one_of(st.integers(-40, 60).map(float), st.just(float("nan"))), min_size=6, max_size=6)


@given(
    left=st.lists(LEFT, min_size=len(PATHS), max_size=len(PATHS)),
    queue=st.lists(st.tuples(st.sampled_from([*PATHS, "A9"]), st.integers(0, 30)), max_size=4),
)
def test_as_a_plain_book_has_it(left: list[list[float]], queue: list[tuple[str, int]]) -> None:
    kva = dict(zip(PATHS, left, strict=True))
    waiting = [waits(node, size, f"Y{n}") for n, (node, size) in enumerate(queue)]
    full = grid(waiting, **kva)
    found = find_constrained(full, POLICY)
    expected = {}
    for node, blocks in kva.items():
        queued = sum(size for place, size in queue if node in PATHS.get(place, ()))
        after = [one - queued for one in blocks]
        if all(one == one for one in after) and min(after) <= POLICY.constrained_kva:
            expected[node] = (min(after), queued, POLICY.constrained_kva - min(after))
    assert {row[0]: row[3:] for row in told(found)} == expected
    assert list(found["node_id"]) == sorted(expected)
    for node, _, block, least, queued, missing in told(found):
        assert kva[node][block] - queued == least
        assert missing >= 0
    for area, at in zip(PATHS, relief_node(list(PATHS), found, full), strict=True):
        among = [(expected[node][0], -up) for up, node in enumerate(PATHS[area]) if node in expected]
        assert (at == -1) == (not among)
        if among:
            assert found["node_id"].iat[at] == PATHS[area][-min(among)[1]]


def test_what_is_freed_is_a_share_of_what_is_drawn_and_of_what_is_not_known_nothing() -> None:
    load = Load(kw=(0, 0, 0, 0, -1.0, 2.0), own_share=(0.2, 0, -0.1, 0, -0.3, 0))
    own = np.array([[10.0] * 6, [np.nan] * 6])
    assert freed_kw(load, own).tolist() == [[0, 0, 1.0, 0, 4.0, 0], [0, 0, 0, 0, 0, 0]]
    assert freed_kw(load, np.empty((0, 6))).shape == (0, 6)


@given(
    st.lists(st.floats(-1, 1), min_size=6, max_size=6),
    st.lists(st.floats(-5, 5), min_size=6, max_size=6),
    st.floats(0, 100),
    st.integers(0, 5),
)
def test_freed_and_added_are_never_both(share: list[float], kw: list[float], own: float, block: int) -> None:
    load = Load.model_validate({"kw": kw, "own_share": share})
    back = Load.model_validate({"kw": [-one for one in kw], "own_share": [-one for one in share]})
    there, away = (freed_kw(one, np.full((1, 6), own))[0, block] for one in (load, back))
    assert min(there, away) == 0
    assert there - away == pytest.approx(-(kw[block] + share[block] * own))


def test_only_relief_that_was_sent_opens_anything_by_its_probability() -> None:
    freed = np.tile([0, 0, 9.0, 0, 18.0, 0], (4, 1))
    rows = contacts({}, {"propensity": 0.3}, {"reason": "HELD_OUT_CAMPAIGN"}, {"relief_node_id": None})
    nodes, served = released(rows, freed, grid(A1=0), POLICY)
    assert tuple(nodes.columns) == RELEASED_COLUMNS
    assert list(nodes["node_id"]) == ["A1", "F1", "S"]
    assert list(nodes["contacts"]) == [2, 2, 2]
    assert nodes["accepted"].tolist() == pytest.approx([0.4] * 3)
    assert nodes[[f"freed_kva_{block}" for block in range(6)]].to_numpy()[0] == pytest.approx([0, 0, 4, 0, 8, 0])
    assert tuple(served.columns) == SERVED_COLUMNS
    assert not len(served)


def test_without_contacts_nothing_is_released() -> None:
    nodes, served = released(contacts(), np.empty((0, 6)), grid([waits("A1", 5)], A1=0), POLICY)
    assert (len(nodes), len(served)) == (0, 0)


def test_those_in_the_queue_are_served_in_their_order() -> None:
    queue = [waits("A1", 15, "Y1"), waits("A1", 15, "Y2"), waits("A3", 15, "Y3"), waits("A1", 5, "Y4")]
    rows = contacts({"propensity": 0.5})
    freed = np.full((1, 6), 36.0)  # 20 kVA expected
    _, served = released(rows, freed, grid(queue, A1=0), POLICY)
    assert told(served) == [("Y1", "A1", 15.0, "A1", "area", 0)]
    _, served = released(rows, freed, grid(queue, A1=0), POLICY, overtaking=True)
    assert list(served["application_id"]) == ["Y1", "Y4"]


def test_relief_at_a_feeder_serves_other_areas_where_these_are_known_to_have_room() -> None:
    rows, freed = contacts({"propensity": 0.5, "relief_node_id": "F1"}), np.full((1, 6), 36.0)
    queue = [waits("A2", 15)]
    assert not len(released(rows, freed, grid(queue, A1=0, A2=0, F1=0), POLICY)[1])
    full = grid(queue, {"A2": 15}, A1=0, A2=0, F1=0)
    assert told(released(rows, freed, full, POLICY)[1]) == [("Y1", "A2", 15.0, "F1", "feeder", 0)]


def test_what_a_node_is_over_its_limit_is_made_good_first() -> None:
    rows, freed = contacts({"propensity": 0.5}), np.full((1, 6), 36.0)  # 20 kVA
    for over, opened, served in ((0, 20, 1), (8, 12, 0), (30, 0, 0)):
        nodes, those = released(rows, freed, grid([waits("A1", 15)], {"A1": -over}, A1=0), POLICY)
        row = nodes.set_index("node_id").loc["A1"]
        assert (row["freed_kva_2"], row["opened_kva_2"], len(those)) == (
            pytest.approx(20),
            pytest.approx(opened),
            served,
        )
    found = find_constrained(grid([waits("A1", 15)], {"A1": -30}, A1=0), POLICY)
    assert told(found) == [("A1", "area", 5, -45.0, 15.0, 55.0)]


def test_a_node_that_only_those_above_bind_is_not_constrained_itself() -> None:
    full = grid((), {"F1": 80, "A1": 3}, S=0, F1=0, A1=0, A2=0)
    found = find_constrained(full, POLICY)
    assert list(found["node_id"]) == ["A1", "A2", "S"]
    assert [found["node_id"].iat[at] for at in relief_node(["A1", "A2"], found, full)] == ["S", "S"]


def capacity(**row: float | list[float]) -> pd.DataFrame:
    usual: dict[str, Any] = {"node_id": "A1", "own_kva": 0.0, "kappa": 1.1, "peak_p50_kw": 100.0, "limit_kw": 200.0}
    blocks = row.pop("blocks", [0.0] * 6)
    assert isinstance(blocks, list)
    return pd.DataFrame([usual | row | {f"block_kva_{at}": kva for at, kva in enumerate(blocks)}])


def test_the_own_room_is_told_by_the_table_of_open_capacity() -> None:
    def room(held_kva: float = 0.0, **row: float | list[float]) -> list[float]:
        table = capacity(**row)
        left = {"A1": 1000 * (table.filter(like="block_kva_").to_numpy(dtype=float)[0] - held_kva)}
        return [kva / 1000 for kva in own_room(table, left, 0.9)["A1"].tolist()]

    # Bound by those above in two blocks; what it has at least is told.
    assert room(blocks=[90, 80, 0, 0, 60, 70], own_kva=50) == [90, 80, 50, 50, 60, 70]
    assert room(7, blocks=[90, 80, 0, 0, 20, 70], own_kva=50) == [83, 73, 43, 43, 43, 63]
    assert room(blocks=[90, 80, 0, 0, 0, 70]) == [90, 80, 0, 0, 0, 70]
    # 110 kW expected where 83 are allowed: 30 kVA too much.
    assert room(blocks=[90, 80, 0, 0, 0, 70], limit_kw=83) == pytest.approx([90, 80, -30, -30, -30, 70])
    assert np.isnan(room(blocks=[float("nan")] * 6, own_kva=float("nan"))).all()
    assert own_room(capacity(), {}, 0.9) == {}


@given(st.lists(st.tuples(st.sampled_from(["A1", "A2", "A3"]), st.floats(0, 1), st.floats(0, 50)), max_size=6))
def test_what_is_opened_adds_up_to_the_top(rows: list[tuple[str, float, float]]) -> None:
    made = contacts(*({"area_id": area, "propensity": p, "relief_node_id": area} for area, p, _ in rows))
    freed = np.array([[kw] * 6 for *_, kw in rows]).reshape(len(rows), 6)
    nodes, _ = released(made, freed, grid(), POLICY)
    kva = dict(zip(nodes["node_id"], nodes["freed_kva_3"], strict=True))
    whole = sum(p * kw for _, p, kw in rows) / POLICY.power_factor
    assert kva.get("S", 0.0) == pytest.approx(whole)
    assert sum(kva.get(area, 0.0) for area in ("A1", "A2", "A3")) == pytest.approx(whole)
    assert kva.get("F1", 0.0) == pytest.approx(kva.get("A1", 0.0) + kva.get("A2", 0.0))


def test_what_each_contact_frees_by_block_follows_its_service() -> None:
    catalogue = load_settings(Catalogue, config_path("services.yaml"))
    wide = Wide(np.array(["C1", "C2"]), {})
    own = np.array([[10.0] * 6, [20.0] * 6])
    rows = contacts({"customer_id": "C2"}, {"service": "ev_charging"}, {"service": "energy_audit"})
    found = freed_by_block(rows, catalogue, wide, own)
    assert found[0] == pytest.approx([0, 0, 3.0, 2.0, 6.0, 0])
    assert found[1].tolist() == [0] * 6
    assert found[2] == pytest.approx([0.3, 0.3, 0.5, 0.5, 0.5, 0.4])
    assert freed_by_block(contacts(), catalogue, wide, own).shape == (0, 6)
