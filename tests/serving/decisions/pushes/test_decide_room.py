"""What offers need of the grid: all of it at every node, after the queue, and what they hold of it meanwhile."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from serving.decisions.pushes import HELD_VA
from serving.decisions.queue import Waiting
from tests.serving.decisions.pushes.worlds import World, grid, service, world

GROW = service("grow")


def told(of: World) -> list[str]:
    """The reasons of a world, customer by customer."""
    return list(of.reasons().values())


def test_the_flexible_offer_is_made_where_the_firm_one_does_not_fit() -> None:
    made = world(1, [GROW], grid=grid(A1=[9, 9, 9, 9, 2, 9]))
    found = made.decide().contacts.iloc[0]
    assert (found["variant"], found["adds_va_0"], found["adds_va_4"]) == ("flexible", 2106, 0)
    assert told(made.but(grid=grid(A1=[2, 9, 9, 9, 2, 9]))) == ["NO_CAPACITY"]
    # What is not known is not taken for full: nothing is tried.
    assert told(made.but(grid=grid(A1=[9, 9, 9, np.nan, 2, 9]))) == ["CAPACITY_UNKNOWN"]


@pytest.mark.parametrize(
    ("nodes", "node", "block"),
    [
        ({"A1": [0, 9, 9, 9, 2, 9]}, "A1", 4),
        ({"A1": [0, 9, 9, 9, 2, 9], "F1": [0, 9, 9, 9, 2, 9]}, "F1", 4),
        ({"A1": [0, 9, 9, 9, 2, 9], "F1": [0, 9, 9, 1, 9, 9], "S": [0, 9, 0, 9, 9, 9]}, "A1", 4),
        ({"F1": [9, 9, 9, np.nan, 9, 9], "S": [9, 9, np.nan, 9, 9, 9]}, "F1", 3),
    ],
)
def test_what_binds_is_told(nodes: dict[str, Any], node: str, block: int) -> None:
    decided = world(1, [GROW], grid=grid(**nodes)).decide()
    assert (decided.nodes[decided.binds[0, 0]], decided.block[0, 0]) == (node, block)


def test_each_offer_wants_room_for_all_and_holds_what_is_expected() -> None:
    """3158 VA wanted in the evening, a fifth held (632): the eleventh still finds 10000 - 10 x 632, the twelfth not."""
    flat = service("grow", flexible=None, acceptance={"base": 0.2})
    made = world(30, [flat], grid=grid(A1=[9, 9, 9, 9, 10, 9]))
    assert told(made) == ["SENT"] * 11 + ["NO_CAPACITY"] * 19
    held = made.decide().contacts
    assert held[list(HELD_VA)].iloc[0].tolist() == [0, 0, 211, 422, 632, 0]
    # Who is left out by lot takes his place all the same.
    left_out = made.with_policy(universal_holdout=0.5)
    assert sorted(set(told(left_out))) == ["HELD_OUT_UNIVERSAL", "NO_CAPACITY", "SENT"]
    assert told(left_out).count("NO_CAPACITY") == 19
    decided = made.decide()
    assert decided.nodes[decided.binds[11, 0]] == "A1"
    assert told(made.but(capacity_rule=False)) == ["SENT"] * 30


def test_queue_and_would_be_offers_come_first() -> None:
    room = grid(S=[99, 99, 99, 99, 3.2, 99])
    assert told(world(1, [GROW], grid=room)) == ["SENT"]
    ahead = replace(room, waiting=[Waiting("Y1", "A3", (0, 0, 0, 0, 50, 0))])
    shadow = replace(room, shadow_va={"A3": np.array([99_000, 0, 0, 0, 50, 0])})
    for taken in (ahead, shadow):
        made = world(1, [service("grow", flexible=None)], grid=taken)
        assert told(made) == ["NO_CAPACITY"]
