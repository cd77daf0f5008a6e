"""Applications: repeated ones collapse, those without an area are set aside, VA become kVA."""

from typing import Any

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from features.reconcile.applications import place_applications, repeats
from features.reconcile.policy import Applications
from features.reconcile.rows import framed
from tests.features.reconcile.conftest import START, Row, application

POLICY = Applications()


def placed(*rows: Row) -> Any:
    return place_applications(framed("ledger_application", list(rows)), {"m1": "A1"}, {"A1": 400.0}, POLICY)


def day(number: float) -> pd.Timestamp:
    return START + pd.Timedelta(days=number)


def test_the_same_again_within_the_window_points_to_the_first() -> None:
    found = placed(
        application("Y1"),
        application("Y2", submitted_at=day(12), available_at=day(12)),
        application("Y3", submitted_at=day(40), available_at=day(40)),
    )
    assert dict(found.repeated[["application_id", "repeats_id"]].to_numpy()) == {"Y2": "Y1", "Y3": "Y1"}
    assert found.matched["application_id"].tolist() == ["Y1"]


def test_what_only_looks_the_same_stays() -> None:
    found = placed(
        application("Y1"),
        application("Y2", submitted_at=day(5), site_id="Z2"),
        application("Y3", submitted_at=day(5), applicant_id="P2"),
        application("Y4", submitted_at=day(5), requested_kva=40.0),
        application("Y5", submitted_at=day(5), kind="increase"),
        application("Y6", submitted_at=day(80)),
        application("Y7", submitted_at=day(6), applicant_id=None),
    )
    assert found.repeated.empty


def test_where_the_first_is_over_the_one_that_repeats_it_counts() -> None:
    refused = application("Y1", status="rejected", closed_at=day(10), available_at=day(10))
    again = application("Y2", submitted_at=day(15), available_at=day(15))
    third = application("Y3", submitted_at=day(18), available_at=day(18))
    found = placed(refused, again, third)
    assert dict(found.repeated[["application_id", "repeats_id"]].to_numpy()) == {"Y2": "Y1", "Y3": "Y1"}
    assert found.matched["application_id"].tolist() == ["Y1", "Y2"]


def test_a_repetition_written_in_va_is_still_one() -> None:
    found = placed(application("Y1"), application("Y2", submitted_at=day(3), requested_kva=30_000.0))
    assert found.repeated["application_id"].tolist() == ["Y2"]
    assert found.in_va == ("Y2",)


def test_an_application_without_a_known_area_is_set_aside_with_all_its_versions() -> None:
    first = application("Y1", area_id="m9")
    second = first | {"status": "surveyed", "surveyed_at": day(4), "available_at": day(4)}
    found = placed(first, second)
    assert len(found.aside) == 2
    assert found.matched.empty


def test_a_mended_area_releases_every_version() -> None:
    first = application("Y1", area_id="m9")
    second = first | {"area_id": "m1", "available_at": day(4)}
    found = placed(first, second)
    assert len(found.matched) == 2
    assert set(found.matched["node_id"]) == {"A1"}


@given(
    st.lists(
        st.tuples(st.integers(0, 90), st.sampled_from("PQ"), st.sampled_from("YZ"), st.sampled_from([10.0, 20.0])),
        min_size=1,
        max_size=14,
    )
)
def test_repetitions_are_those_of_a_slow_and_obvious_way(asked: list[tuple[int, str, str, float]]) -> None:
    rows = [
        application(f"Y{i:02d}", submitted_at=day(at), applicant_id=who, site_id=where, requested_kva=kva)
        for i, (at, who, where, kva) in enumerate(asked)
    ]
    latest = framed("ledger_application", rows).assign(kva=lambda frame: frame["requested_kva"])
    found = repeats(latest, 30)
    in_order = sorted(rows, key=lambda row: (row["submitted_at"], row["application_id"]))
    expected = {}
    for place, row in enumerate(in_order):
        like = [
            one
            for one in in_order[:place]
            if all(one[name] == row[name] for name in ("applicant_id", "site_id", "requested_kva"))
        ]
        if like and (row["submitted_at"] - like[-1]["submitted_at"]).days <= 30:
            last = like[-1]["application_id"]
            expected[row["application_id"]] = expected.get(last, last)
    assert found == expected
