"""The world offers are measured in: the same for the same seed, and with something of everything in it."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from benchmarks.push_world import push_world
from serving.decisions.pushes import FORMER_COLUMNS, SENT, Moment, Scores, decide
from serving.pushes.configs import load_catalogue, load_push_policy

NOW = datetime(2026, 3, 2, 2, tzinfo=UTC)


def test_a_world_is_the_same_for_the_same_seed() -> None:
    (wide, people, own_kw, grid), again = push_world(600, 1), push_world(600, 1)
    assert len(wide) == len(people.persons) == len(own_kw) == 600
    np.testing.assert_array_equal(own_kw, again[2])
    assert all((wide.tags[name] == again[0].tags[name]).all() for name in wide.tags)
    assert set(grid.left_va) == set(again[3].left_va) == {"A00000", "A00001", "A00002", "F0000", "S000"}
    assert (own_kw != push_world(600, 2)[2]).any()


def test_most_services_find_somebody() -> None:
    wide, people, own_kw, grid = push_world(3_000, 0)
    former = pd.DataFrame({name: pd.Series(dtype="datetime64[us, UTC]") for name in FORMER_COLUMNS})
    moment = Moment(NOW, NOW + timedelta(hours=8), NOW)
    catalogue = load_catalogue()
    decided = decide("R", catalogue, load_push_policy(), wide, people, own_kw, former, grid, Scores(), moment)
    sent = decided.contacts.loc[decided.contacts["reason"] == SENT, "service"]
    assert len(set(sent)) >= 10
