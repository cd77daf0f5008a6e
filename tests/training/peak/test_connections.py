"""Connections in transit and energised: as known at a moment, with what they draw."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import ConfigError
from features.settings import load_settings, parse_settings
from training.peak.connections import ConnectionPolicy, diversified, energised, in_transit
from training.peak.core import pending_load

POLICY = ConnectionPolicy()
NOW = pd.Timestamp("2023-12-31", tz="UTC")
LATER = pd.Timestamp("2024-06-01", tz="UTC")


def test_the_shipped_policy_is_the_default_one() -> None:
    shipped = Path(__file__).parents[3] / "configs" / "policy" / "connections.yaml"
    assert load_settings(ConnectionPolicy, shipped) == POLICY


@pytest.mark.parametrize(
    "values",
    [
        {"demand_factor": {"residential": 0.3}},
        {"profile": POLICY.profile | {"public": [0.5] * 23}},
        {"profile": POLICY.profile | {"public": [1.5] * 24}},
        {"diversity": 0.5},
    ],
)
def test_a_policy_that_is_not_whole_is_refused(values: dict) -> None:
    with pytest.raises(ConfigError):
        parse_settings(ConnectionPolicy, values, "policy")


def test_approved_and_not_yet_energised_is_in_transit(apply) -> None:
    found = in_transit(apply(), NOW, POLICY)
    assert found.ids == ("Y1",)
    assert found.block_kw[0].max() == pytest.approx(100 * POLICY.demand_factor["commercial"])
    assert found.first_day[0] == pd.Timestamp("2024-01-30")


@pytest.mark.parametrize(
    "change",
    [
        {"approved_at": pd.NaT},
        {"approved_at": NOW + pd.Timedelta(days=1)},
        {"energised_at": NOW},
        {"closed_at": NOW},
        {"submitted_at": NOW + pd.Timedelta(days=1)},
    ],
)
def test_what_is_not_approved_or_is_done_is_not_in_transit(apply, change: dict) -> None:
    assert in_transit(apply(**change), NOW, POLICY).ids == ()


def test_stages_that_came_later_are_not_known_yet(apply) -> None:
    current = apply(energised_at=LATER, status="energised", available_at=LATER)
    assert in_transit(current, NOW, POLICY).ids == ("Y1",)
    assert energised(current, NOW, POLICY).ids == ()
    assert energised(current, LATER, POLICY).ids == ("Y1",)


def test_of_several_versions_the_latest_known_one_counts(apply) -> None:
    approved = apply()
    closed = apply(closed_at=LATER, status="withdrawn", requested_kva=5.0, available_at=LATER)
    both = pd.concat([closed, approved], ignore_index=True)
    assert in_transit(both, NOW, POLICY).block_kw.max() == pytest.approx(45.0)
    assert in_transit(both, LATER, POLICY).ids == ()


def test_an_overdue_connection_starts_at_once(apply) -> None:
    overdue = apply(expected_energised_at=pd.Timestamp("2023-11-15", tz="UTC"))
    assert in_transit(overdue, NOW, POLICY).first_day[0] == pd.Timestamp("2023-12-31")


def test_a_decrease_takes_load_away(apply) -> None:
    assert in_transit(apply(kind="decrease"), NOW, POLICY).block_kw.max() < 0


@given(st.lists(st.floats(0, 500), min_size=1, max_size=12), st.floats(0, 500), st.floats(0.1, 1.0))
def test_one_more_connection_never_lowers_the_sum(sizes: list[float], more: float, floor: float) -> None:
    def together(kw: list[float]) -> float:
        return float(diversified(np.array(sum(kw)), np.array(sum(k * k for k in kw)), floor))

    assert together([*sizes, more]) >= together(sizes) - 1e-9
    assert together(sizes) <= sum(sizes) + 1e-9


def test_equal_connections_follow_the_square_root_rule() -> None:
    n, floor = 9, 0.7
    found = diversified(np.array(10.0 * n), np.array(100.0 * n), floor)
    assert found == pytest.approx(10.0 * n * (floor + (1 - floor) / np.sqrt(n)))


def test_in_scenarios_a_connection_comes_with_its_probability_and_from_its_day(apply) -> None:
    days = pd.date_range("2024-01-01", periods=60, freq="D")
    load = pending_load(in_transit(apply(), NOW, POLICY), days, 2000, 3, POLICY)
    assert (load[:, :29] == 0).all()
    came = (load[:, 40].max(axis=1) > 0).mean()
    assert came == pytest.approx(POLICY.connect_probability, abs=0.03)
    assert load.max() == pytest.approx(45.0)
