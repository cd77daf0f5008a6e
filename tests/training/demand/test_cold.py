"""Who speaks for a node without history: siblings by their customers, by parent and rating, never by what is later."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.contracts import CUSTOMER_CLASSES
from features.load.grid import Grid, Versions
from features.load.history import History
from features.load.mix import MIX_COLUMNS
from training.demand import DemandConfig, DemandModel
from training.demand.cold import find_siblings

DAY = pd.Timedelta(days=1)
HOMES, SHOPS = CUSTOMER_CLASSES[:2]


def ledger(count: int, parents: list[str] | None = None, rating_kva: float | None = 100.0) -> pd.DataFrame:
    """`count` areas A0 … and the cold one, COLD, which hangs on F0."""
    ids = [*(f"A{row}" for row in range(count)), "COLD"]
    return pd.DataFrame(
        {"kind": "area", "parent_id": [*(parents or ["F0"] * count), "F0"], "rating_kva": rating_kva}, index=ids
    )


def agreed(nodes: pd.DataFrame, homes_kva: list[float], shops_kva: list[float] | None = None) -> pd.DataFrame:
    found = pd.DataFrame(0.0, index=nodes.index, columns=list(CUSTOMER_CLASSES))
    return found.assign(**{HOMES: homes_kva, SHOPS: shops_kva or [0.0] * len(nodes)})


def test_the_most_similar_customers_speak_wherever_they_hang() -> None:
    nodes = ledger(20, ["F0"] * 10 + ["F1"] * 10)
    mix = agreed(nodes, [90.0] * 10 + [10.0] * 10 + [10.0], [10.0] * 10 + [90.0] * 10 + [90.0])
    ids = list(nodes.index[:-1])
    found = find_siblings(np.full(20, 40.0), ids, nodes, "COLD", None, mix)
    assert found is not None
    # Ten have the very mix of the cold node, on another feeder; the two others are those of its own.
    assert sorted(found.rows) == [0, 1, *range(10, 20)]


def test_with_like_customers_those_of_the_same_parent_speak() -> None:
    nodes = ledger(30, ["F1"] * 15 + ["F0"] * 15)
    found = find_siblings(np.full(30, 40.0), list(nodes.index[:-1]), nodes, "COLD", None, agreed(nodes, [50.0] * 31))
    assert found is not None
    assert (found.rows >= 15).all()


def test_agreed_capacity_raises_the_level_as_far_as_the_others_bear_it_out() -> None:
    capacity = np.linspace(40.0, 160.0, 13)
    nodes = ledger(12)
    mix = agreed(nodes, [*capacity[:6], *capacity[7:], capacity[6]])
    own = capacity[6] / 100.0
    others = mix[HOMES].to_numpy()[:-1] / 100.0
    for power in (1.0, 0.5, 0.0, -1.0):
        level = 30.0 * others**power
        found = find_siblings(level, list(nodes.index[:-1]), nodes, "COLD", None, mix)
        assert found is not None
        # Where more capacity went with less load, nothing is learnt from it: load per rating, as it is.
        expected = 30.0 * own**power if power >= 0 else level[found.rows]
        np.testing.assert_allclose(found.factor_kw, np.broadcast_to(expected, 12), rtol=1e-9)


def test_capacity_beyond_what_was_seen_is_not_run_after() -> None:
    nodes = ledger(12)
    mix = agreed(nodes, [*np.linspace(40.0, 160.0, 12), 5000.0])
    found = find_siblings(mix[HOMES].to_numpy()[:-1] * 0.4, list(nodes.index[:-1]), nodes, "COLD", None, mix)
    assert found is not None
    np.testing.assert_allclose(found.factor_kw, 64.0)


def test_without_ratings_the_load_per_agreed_capacity_counts() -> None:
    nodes = ledger(3, rating_kva=None)
    found = find_siblings(
        np.array([10.0, 20.0, 30.0]), ["A0", "A1", "A2"], nodes, "COLD", None, agreed(nodes, [20, 40, 60, 80])
    )
    assert found is not None
    np.testing.assert_allclose(found.factor_kw, 40.0)


def test_an_old_level_of_its_own_stands() -> None:
    nodes = ledger(3)
    found = find_siblings(
        np.array([10.0, 20.0, 30.0]), ["A0", "A1", "A2"], nodes, "COLD", 7.0, agreed(nodes, [20, 40, 60, 80])
    )
    assert found is not None
    assert found.factor_kw.tolist() == [7.0] * 3


@given(st.lists(st.floats(1, 1e4), min_size=1, max_size=15), st.booleans(), st.floats(1, 1e4))
@settings(max_examples=50, deadline=None)
def test_where_no_customer_is_known_all_is_as_by_parent_and_rating(
    level: list[float], others_known: bool, own_kva: float
) -> None:
    nodes = ledger(len(level))
    nodes.loc["COLD", "rating_kva"] = own_kva
    known = agreed(nodes, [50.0 * others_known] * len(level) + [0.0])
    ids = list(nodes.index[:-1])
    plain, found = (find_siblings(np.array(level), ids, nodes, "COLD", None, mix) for mix in (None, known))
    assert plain is not None
    assert found is not None
    assert found.rows.tolist() == plain.rows.tolist()
    assert found.factor_kw.tolist() == plain.factor_kw.tolist()


@pytest.fixture(scope="module")
def two_kinds(history_of: Callable[..., History], quick: DemandConfig) -> tuple[DemandModel, History]:
    """Sixteen areas of one feeder, the even ones of homes that peak at night, the odd ones of shops; 100 kVA each."""
    base = history_of(nodes=1, days=56, noise=0.02)
    hours = np.arange(base.versions.width) % 24
    by_night, by_day = 1 + 0.8 * np.cos(2 * np.pi * hours / 24), 1 - 0.8 * np.cos(2 * np.pi * hours / 24)
    rng = np.random.default_rng(5)
    capacity = rng.uniform(30, 120, 16)
    loads = np.array([capacity[row] * (by_day if row % 2 else by_night) for row in range(16)])
    loads *= rng.lognormal(0, 0.03, loads.shape)
    nodes = ledger(16).assign(weather_station_id=None)
    versions = Versions.from_grid(Grid(tuple(nodes.index[:-1]), base.versions.start, 60, loads))
    since = base.versions.start
    rows = [(since, f"A{row}", SHOPS if row % 2 else HOMES, capacity[row]) for row in range(16)]
    customers = pd.DataFrame([*rows, (since, "COLD", SHOPS, 60.0)], columns=list(MIX_COLUMNS))
    history = replace(base, versions=versions, nodes=nodes, customers=customers)
    booster = quick.booster.model_copy(update={"rounds": 15, "max_rows": 6000})
    calibration = quick.calibration.model_copy(update={"max_issues": 10})
    return DemandModel.fit(history, quick.model_copy(update={"booster": booster, "calibration": calibration})), history


def test_a_new_area_of_shops_is_forecast_as_shops(two_kinds: tuple[DemandModel, History]) -> None:
    model, history = two_kinds
    found = model.forecast(history, history.as_of, 24, node_ids=["COLD"], actual_weather=True)
    blind = model.forecast(
        replace(history, customers=history.customers.iloc[:0]),
        history.as_of,
        24,
        node_ids=["COLD"],
        actual_weather=True,
    )
    truth = 60.0 * (1 - 0.8 * np.cos(2 * np.pi * np.arange(24) / 24))
    assert (found["reason"].str.startswith("NO_HISTORY")).all()
    assert (found["q50"] - truth).abs().mean() < 0.4 * (blind["q50"] - truth).abs().mean()


def test_customers_that_become_known_later_change_nothing(two_kinds: tuple[DemandModel, History]) -> None:
    model, history = two_kinds
    issue = history.as_of - 5 * DAY
    later = pd.DataFrame([(issue + DAY, f"A{row}", HOMES, 900.0) for row in range(16)], columns=list(MIX_COLUMNS))
    more = replace(history, customers=pd.concat([history.customers, later], ignore_index=True))
    asked = {"horizon_hours": 24, "node_ids": ["COLD"], "actual_weather": True}
    expected = model.forecast(history, issue, **asked)
    pd.testing.assert_frame_equal(model.forecast(more, issue, **asked), expected)
    asked["actual_weather"] = False
    then, plain = (model.forecast(one.until(issue), issue, **asked) for one in (more, history))
    pd.testing.assert_frame_equal(then, plain)
    assert not model.forecast(more, history.as_of, **asked)["q50"].equals(
        model.forecast(history, history.as_of, **asked)["q50"]
    )


def test_who_speaks_does_not_depend_on_who_else_is_asked(two_kinds: tuple[DemandModel, History]) -> None:
    model, history = two_kinds
    gone = (history.versions.row == 3) & (history.versions.column >= history.versions.width - 40 * 24)
    kept = {name: getattr(history.versions, name)[~gone] for name in ("row", "column", "value", "available")}
    silent = replace(history, versions=replace(history.versions, **kept))
    whole = model.forecast(silent, history.as_of, 24, actual_weather=True)
    part = model.forecast(silent, history.as_of, 24, node_ids=["A3", "A0"], actual_weather=True)
    assert (part.loc[part["node_id"] == "A3", "reason"].str.contains("STALE_LOAD")).all()
    for node in ("A3", "A0"):
        expected = whole[whole["node_id"] == node].reset_index(drop=True)
        pd.testing.assert_frame_equal(part[part["node_id"] == node].reset_index(drop=True), expected)
