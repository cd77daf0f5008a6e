"""Clusters keep their names: in another order, with centres that drift, through a run without data."""

import numpy as np
import pandas as pd
import pytest

from serving.decisions.tags import Cluster, Definitions, State, TagDefinition, assign
from serving.decisions.tags.clusters import Centres, distance_ratios, fit_centres
from tests.serving.decisions.tags.tagging import INPUTS, WORDS, day, tag

PLACES = {"low": (1.0, 1.0), "tall": (1.0, 3.0), "wide": (4.0, 1.0)}
EACH = 60


def cluster(**overrides: object) -> Cluster:
    """Three clusters in two columns, each named by where it is looked for."""
    names = [
        {"code": code, "name": WORDS, "centre": dict(zip(("a", "b"), at, strict=True))} for code, at in PLACES.items()
    ]
    return Cluster.model_validate({"columns": ["a", "b"], "count": 3, "names": names} | overrides)


def crowd(places: list[tuple[float, float]], seed: int = 0, each: int = EACH) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.concatenate([np.array(place) + rng.normal(0, 0.1, (each, 2)) for place in places])


def names_at(centres: Centres, places: list[tuple[float, float]]) -> list[str]:
    """The name of the cluster that a customer in each of the places is nearest to."""
    return [centres.centres[place].code for place in distance_ratios(centres, np.array(places)).argmin(axis=1)]


def test_the_first_run_finds_the_names_it_expects_in_any_order() -> None:
    for order in ([0, 1, 2], [2, 0, 1], [1, 2, 0]):
        places = [list(PLACES.values())[place] for place in order]
        found = fit_centres(cluster(), crowd(places), None)
        assert names_at(found, places) == [list(PLACES)[place] for place in order]
        assert not any(one.retired for one in found.centres)


def test_names_follow_centres_that_drift_and_customers_in_another_order() -> None:
    places, centres = [np.array(at) for at in PLACES.values()], None
    rng = np.random.default_rng(3)
    drift = [np.array([0.12, 0.06]), np.array([-0.02, 0.15]), np.array([0.1, 0.1])]
    for run in range(12):
        points = crowd([tuple(one) for one in places], seed=run)
        centres = fit_centres(cluster(far=0.3), points[rng.permutation(len(points))], centres)
        assert names_at(centres, [tuple(one) for one in places]) == list(PLACES)
        places = [one + step for one, step in zip(places, drift, strict=True)]
    assert len(centres.centres) == 3
    # By now one lies where it would never have been called so at first.
    assert fit_centres(cluster(far=0.3), points, None).centres[0].retired


def test_a_cluster_far_from_every_name_gets_a_new_one_and_a_name_comes_back() -> None:
    usual = list(PLACES.values())
    first = fit_centres(cluster(), crowd(usual), None)
    moved = [*usual[:2], (9.0, 9.0)]
    second = fit_centres(cluster(far=1.0), crowd(moved), first)
    assert names_at(second, moved) == ["low", "tall", "new_1"]
    assert [one.code for one in second.centres if one.retired] == ["wide"]
    assert second.centres[-1].chinese == "新模式1"
    third = fit_centres(cluster(far=1.0), crowd(usual), second)
    assert names_at(third, usual) == list(PLACES)
    elsewhere = [*usual[:2], (9.0, -9.0)]
    assert names_at(fit_centres(cluster(far=1.0), crowd(elsewhere), third), elsewhere)[2] == "new_2"


def test_the_same_customers_give_the_same_centres() -> None:
    points = crowd(list(PLACES.values()))
    first = fit_centres(cluster(), points, None)
    assert fit_centres(cluster(), points, None) == first
    assert names_at(fit_centres(cluster(), points, first), list(PLACES.values())) == list(PLACES)


@pytest.mark.parametrize("points", [np.empty((0, 2)), crowd([(1.0, 1.0)], each=20)])
def test_too_few_to_tell_leave_everything_as_it_was(points: np.ndarray) -> None:
    first = fit_centres(cluster(), crowd(list(PLACES.values())), None)
    assert fit_centres(cluster(), points, first) == first
    assert [one.code for one in fit_centres(cluster(), points, None).centres] == list(PLACES)


def test_customers_who_are_all_alike_are_no_reason_to_stumble() -> None:
    found = fit_centres(cluster(), np.ones((100, 2)), None)
    assert np.isfinite(found.scaled(np.ones((1, 2)))).all()
    assert not np.isnan(distance_ratios(found, np.ones((3, 2)))).any()


def run(state: State, points: np.ndarray, number: int, definition: TagDefinition) -> State:
    index = pd.Index([f"C{place:03d}" for place in range(len(points))], name="customer_id")
    inputs = pd.DataFrame(points, columns=["a", "b"], index=index)
    return assign(state, inputs, Definitions.of([definition], INPUTS), day(number))[0]


def test_each_customer_holds_the_tag_of_one_cluster_and_of_none_where_his_use_is_not_known() -> None:
    definition = tag("pattern", kind="cluster", conditions=[], cluster=cluster().model_dump())
    points = crowd(list(PLACES.values()))
    points[5] = np.nan
    state = run(State.empty(), points, 0, definition)
    assert state.tags == ("pattern_low", "pattern_tall", "pattern_wide")
    assert state.columns[0].chinese == "标签：标签"
    assert (state.cells.status[5] < 0).all()
    known = np.delete(state.cells.status, 5, axis=0)
    assert (known.argmax(axis=1) == np.delete(np.repeat([0, 1, 2], EACH), 5)).all()
    assert (known.sum(axis=1) == 1).all()


def test_who_stands_between_two_clusters_keeps_his_and_who_crosses_over_changes() -> None:
    definition = tag("pattern", kind="cluster", conditions=[], cluster=cluster().model_dump())
    points, state = crowd(list(PLACES.values())), State.empty()
    told = []
    for number, at in enumerate([(1.0, 1.2), (1.0, 2.05), (1.0, 1.95), (1.0, 2.9), (1.0, 1.95)]):
        points[0] = at
        state = run(state, points, number, definition)
        told.append([tag for tag, status in zip(state.tags, state.cells.status[0], strict=True) if status == 1])
    assert told == [["pattern_low"]] * 3 + [["pattern_tall"]] * 2
