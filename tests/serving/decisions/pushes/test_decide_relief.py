"""Where the grid is full: offers that free load come first, as many as are needed, the best for the money."""

from typing import Any

import numpy as np
import pytest

from tests.serving.decisions.pushes.worlds import NOW, World, former, grid, policy, service, world

EASE = service("ease", flexible=None, load={"own_share": [0, 0, 0, 0, -0.5, 0]}, acceptance={"base": 0.5})
"""Frees half of the own load in the evening, and every other one accepts: a quarter of it is expected."""

FULL = {"A1": [99, 99, 99, 99, 0, 99]}


def made(n: int = 6, kw: float = 4.0, services: tuple[dict[str, Any], ...] = (EASE,), **changed: Any) -> World:
    """Each frees 1 kW as expected; the area lacks 2 kVA."""
    usual: dict[str, Any] = {"grid": grid(**FULL), "policy": policy(constrained_kva=2, power_factor=1)}
    return world(n, services, own_kw=np.full((n, 6), kw), **(usual | changed))


def told(of: World) -> list[str]:
    return list(of.reasons().values())


def test_as_many_as_are_needed_and_no_more() -> None:
    assert told(made()) == ["SENT"] * 2 + ["RELIEF_ENOUGH"] * 4
    found = made().decide().contacts
    assert found["relief_node_id"].tolist() == ["A1", "A1"]
    assert found["freed_kw"].tolist() == [2.0, 2.0]
    assert told(made().with_policy(relief_cover=2.0)).count("SENT") == 4
    assert told(made().with_policy(relief_contacts=1)).count("SENT") == 1
    assert told(made().with_policy(power_factor=0.5)).count("SENT") == 1


def test_the_most_expected_kw_for_the_money_comes_first() -> None:
    own = np.full((6, 6), 4.0)
    own[4:] = 9.0
    enough = "RELIEF_ENOUGH"
    assert told(made().but(own_kw=own)) == [enough, enough, enough, enough, "SENT", enough]
    dear = made(app_active_days_90d=[0, 0, 9, 9, 9, 9])
    assert told(dear) == [enough, enough, "SENT", "SENT", enough, enough]


def test_relief_comes_before_what_pays_better_and_needs_not_pay() -> None:
    dear = service("dear", value={"cny": 900})
    worthless = {**EASE, "value": {"cny": 0}}
    both = made(3, services=(dear, worthless))
    assert told(both) == ["OUTRANKED", "SENT"] * 2 + ["SENT", "RELIEF_ENOUGH"]
    elsewhere = made(1, services=(dear, worthless), area_id="A2")
    assert told(elsewhere) == ["SENT", "LOW_SCORE"]


def test_elsewhere_and_in_other_hours_it_is_an_offer_like_any_other() -> None:
    assert told(made(area_id="A2")) == ["SENT"] * 6
    assert made(area_id="A2").decide().contacts["relief_node_id"].isna().all()
    by_day = {"grid": grid(A1=[99, 99, 0, 99, 99, 99])}
    assert told(made(**by_day)) == ["SENT"] * 6
    assert told(made(grid=grid(stale="too old", **FULL))) == ["SENT"] * 6


def test_a_feeder_is_relieved_by_all_its_areas() -> None:
    full = made(area_id=["A1", "A2", "A3"] * 2, grid=grid(F1=[99, 99, 99, 99, 0, 99]))
    found = full.decide().contacts
    assert found.loc[found["relief_node_id"] == "F1", "area_id"].tolist() == ["A1", "A2"]
    assert told(full) == ["SENT", "SENT", "SENT", "RELIEF_ENOUGH", "RELIEF_ENOUGH", "SENT"]


def test_what_stands_is_expected_already() -> None:
    stands = former({"customer_id": "C0005", "service": "ease", "channel": "app"})
    assert told(made(former=stands)) == ["SENT"] + ["RELIEF_ENOUGH"] * 4 + ["STANDING_OFFER"]
    declined = stands.assign(answered_at=NOW)
    assert told(made(former=declined)) == ["SENT"] * 2 + ["RELIEF_ENOUGH"] * 3 + ["STANDING_OFFER"]
    lapsed = former({"customer_id": "C0005", "service": "ease", "channel": "app", "days": 40, "expires_at": NOW})
    assert told(made(former=lapsed)).count("SENT") == 2


def test_hold_outs_count_as_if_they_were_offered() -> None:
    left_out = told(made(40).with_policy(universal_holdout=0.5, relief_cover=10.0))
    assert left_out.count("RELIEF_ENOUGH") == 20
    assert 0 < left_out.count("SENT") < 20


@pytest.mark.parametrize(("night_kva", "code"), [(99, "SENT"), (0.5, "NO_CAPACITY"), (np.nan, "CAPACITY_UNKNOWN")])
def test_what_relief_adds_at_night_needs_room_too(night_kva: float, code: str) -> None:
    shifts = {**EASE, "load": {"own_share": [0.25, 0, 0, 0, -0.5, 0]}}
    binds = grid(A1=[99, 99, 99, 99, 0, 99], F1=[night_kva, 99, 99, 99, 99, 99])
    assert told(made(1, services=(shifts,), grid=binds, policy=policy(constrained_kva=0.1, power_factor=1))) == [code]


def test_relief_is_made_as_it_is_or_not_at_all() -> None:
    """A flexible offer that fits would free nothing at the hour that counts."""
    shifts = {**EASE, "load": {"own_share": [0.25, 0, 0, 0, -0.5, 0]}, "flexible": {"own_share": [0, 0.1, 0, 0, 0, 0]}}
    binds = grid(A1=[99, 99, 99, 99, 0, 99], F1=[0.5, 99, 99, 99, 99, 99])
    closed = made(1, services=(shifts,), grid=binds, policy=policy(constrained_kva=0.1, power_factor=1))
    assert told(closed) == ["NO_CAPACITY"]
    assert told(closed.with_policy(relief_least_kw=3.0)) == ["SENT"]
