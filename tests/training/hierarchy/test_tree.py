"""Trees of nodes: the order, the sums, and what a parent carries beyond its children."""

import numpy as np
import pandas as pd
import pytest

from features.errors import ConfigError
from features.load.grid import Grid
from training.hierarchy.tree import Tree, rest_shares

PARENTS = {"a1": "f1", "a2": "f1", "a3": "f2", "f1": "s", "f2": "s", "s": None}


def grid(**rows: list[float]) -> Grid:
    start = pd.Timestamp("2024-05-01", tz="UTC")
    return Grid(tuple(rows), start, 60, np.array(list(rows.values()), dtype=float))


class TestTree:
    def test_parents_stand_before_their_children(self) -> None:
        tree = Tree.of(("a1", "a2", "a3", "f1", "f2", "s"), PARENTS)
        place = {node: row for row, node in enumerate(tree.ids)}
        assert all(place[PARENTS[node]] < place[node] for node in tree.ids if PARENTS[node])
        assert [tree.ids[row] for row in tree.leaves] == ["a1", "a2", "a3"]

    def test_a_parent_that_is_not_there_makes_a_top(self) -> None:
        tree = Tree.of(("a1", "f2", "a3"), PARENTS)
        tops = {node for node, row in zip(tree.ids, tree.parent, strict=True) if row < 0}
        assert tops == {"a1", "f2"}

    def test_a_circle_is_named(self) -> None:
        with pytest.raises(ConfigError, match=r"circle \(2 nodes, the first is a\)"):
            Tree.of(("a", "b"), {"a": "b", "b": "a"})

    def test_sums_carry_losses_upwards(self) -> None:
        tree = Tree.of(("a1", "a2", "a3", "f1", "f2", "s"), PARENTS)
        shares = np.zeros(len(tree.ids))
        shares[tree.ids.index("f1")], shares[tree.ids.index("s")] = 0.1, 0.5
        matrix = tree.summing(shares)
        leaves = [tree.ids[row] for row in tree.leaves]
        top = dict(zip(leaves, matrix[tree.ids.index("s")], strict=True))
        assert top == pytest.approx({"a1": 1.65, "a2": 1.65, "a3": 1.5})


class TestShares:
    def test_what_a_parent_carries_beyond_its_children(self) -> None:
        hours = np.arange(24 * 40)
        below = 50.0 + 10 * np.sin(hours / 4)
        rows = {"a1": below, "a2": 2 * below, "f1": 1.2 * 3 * below}
        tree = Tree.of(("a1", "a2", "f1"), PARENTS)
        shares = rest_shares(tree, grid(**{node: values.tolist() for node, values in rows.items()}))
        assert shares[tree.ids.index("f1")] == pytest.approx(0.2)
        assert shares[tree.ids.index("a1")] == 0.0

    def test_nothing_is_assumed_where_too_little_is_known(self) -> None:
        tree = Tree.of(("a1", "a2", "f1"), PARENTS)
        silent = [np.nan] * 200
        assert not rest_shares(tree, grid(a1=[5.0] * 200, a2=silent, f1=[20.0] * 200)).any()
