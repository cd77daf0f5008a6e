"""What was promised since a publication is off its figures at once, along the whole path."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from serving.decisions.promised import less_promised

PATH = ("A1", "F1", "S1")


def rows(**kva: float | None) -> dict[str, dict[str, Any]]:
    found = {}
    for node, at in ({"A1": 50.0, "A2": 80.0, "F1": 120.0, "S1": 400.0} | kva).items():
        kind = {"A": "area", "F": "feeder", "S": "substation"}[node[0]]
        row = {"node_id": node, "kind": kind, "open_kva": at, "block_kva": [at] * 6, "reason": f"{kind.upper()}_LIMIT"}
        found[node] = row | {"pool_kva": None if kind == "area" else at, "binding_node_id": node, "binding_level": kind}
    return found


def less(held: dict[str, list[int]], node: str = "A1", **kva: float | None) -> dict[str, Any]:
    every = rows(**kva)
    path = PATH[PATH.index(node) :] if node in PATH else (node, "F1", "S1")
    return less_promised(every[node], every, held, path, 5)


def test_without_promises_nothing_changes_but_that_it_is_said() -> None:
    told = less({})
    assert (told["open_kva"], told["published_kva"], told["reserved_kva"]) == (50.0, 50.0, 0.0)


def test_a_promise_is_off_its_own_blocks_and_rounded_down() -> None:
    told = less({"A1": [12_000, 0, 0, 0, 0, 0]})
    assert told["block_kva"] == [35.0, 50, 50, 50, 50, 50]
    assert (told["open_kva"], told["reserved_kva"], told["reason"]) == (35.0, 12.0, "AREA_LIMIT")


def test_a_promise_elsewhere_on_the_feeder_may_bind() -> None:
    told = less({"F1": [90_000] * 6, "S1": [90_000] * 6})
    assert (told["open_kva"], told["binding_node_id"], told["binding_level"]) == (30.0, "F1", "feeder")
    assert told["reserved_kva"] == 0.0
    assert less({"F1": [90_000] * 6}, "F1")["pool_kva"] == 30.0


def test_where_promises_took_all_the_reason_is_theirs() -> None:
    told = less({"A1": [60_000] * 6})
    assert (told["open_kva"], told["reason"]) == (0.0, "PENDING")


def test_what_was_not_known_stays_so() -> None:
    told = less({"A1": [60_000] * 6}, A1=None)
    assert (told["open_kva"], told["published_kva"], told["reserved_kva"]) == (None, None, 60.0)


@given(
    st.lists(st.integers(0, 200_000), min_size=6, max_size=6), st.lists(st.integers(0, 200_000), min_size=6, max_size=6)
)
def test_never_more_than_published_nor_than_any_node_has_left(area: list[int], feeder: list[int]) -> None:
    told = less({"A1": area, "F1": feeder})
    for block, kva in enumerate(told["block_kva"]):
        spare = min(50 - area[block] / 1000, 120 - feeder[block] / 1000, 400)
        assert kva <= max(spare, 0) + 1e-9
        assert kva > min(spare, 1e9) - 5
    assert told["open_kva"] == min(told["block_kva"])
