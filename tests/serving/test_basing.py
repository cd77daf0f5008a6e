"""On what promises stand: the newest firm publication, or figures computed anew because a ledger was put right."""

import json
import time
from typing import Any

import pandas as pd
import pytest

from features.contracts import CONTRACTS
from features.frames import as_contract
from features.lake import Lake
from serving.access import LOCAL
from serving.desk.basing import base_of, drawn_va
from serving.ledger import to_va
from serving.messages import CheckRequest
from serving.publish import Provenance
from serving.queue import QueuePolicy
from tests.serving.conftest import LAST_LOAD, capacity_frame, publish
from tests.serving.test_web_ingest import post, told


def asked(application: str, node: str = "A1", kva: float = 60, **more: Any) -> CheckRequest:
    return CheckRequest(application_id=application, node_id=node, kva=kva, customer_class="commercial", **more)


def applied(lake: Lake, application: str, status: str, kva: float, known: pd.Timestamp, kind: str = "new") -> None:
    """One application in the lake, as it stood when `known`."""
    row: dict[str, Any] = {"application_id": application, "node_id": "A1", "kind": kind, "customer_class": "commercial"}
    row |= {"requested_kva": kva, "status": status, "submitted_at": known, "available_at": known}
    if status in ("approved", "energised"):
        row["approved_at"] = known
    frame = pd.DataFrame([row]).reindex(columns=list(CONTRACTS["application"].columns))
    lake.append("application", as_contract(CONTRACTS["application"], frame), f"{application}-{status}")


def states(own: Any) -> dict[str, str]:
    found = own.get("/v1/applications", state="all").json()["applications"]
    return {one["application_id"]: one["state"] for one in found}


def kinds(own: Any, **params: Any) -> list[tuple[str, str, float]]:
    found = own.get("/v1/reservations", state="all", **params).json()["reservations"]
    return [(one["kind"], one["state"], one["kva"]) for one in found]


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[pd.Timestamp]:
    """Figures computed anew are twice those published; the moments they were asked for."""
    moments: list[pd.Timestamp] = []

    def compute(_workspace: Any, now: pd.Timestamp) -> tuple[pd.DataFrame, Provenance]:
        moments.append(now)
        return capacity_frame(2.0), Provenance(now, 365, "peak", 1, "ab" * 32, "0" * 12, "1" * 12)

    monkeypatch.setattr("serving.capacity.compute_capacity", compute)
    return moments


def test_a_ledger_put_right_is_computed_anew_once_and_releases(own: Any, computed: list[pd.Timestamp]) -> None:
    applications = own.backend.applications
    applications.check(LOCAL, asked("Y1"))
    assert applications.recheck() == []
    assert computed == []
    changed = LAST_LOAD + pd.Timedelta(hours=5)
    applied(Lake(own.workspace.lake), "Y9", "withdrawn", 10, changed)
    assert [case.application_id for case in applications.recheck()] == ["Y1"]
    assert computed == [changed]
    assert applications.recheck() == []
    assert len(computed) == 1
    assert (
        own.post("/v1/applications/check", {"node_id": "A1", "kva": 1, "customer_class": "public"})
        .json()["base_id"]
        .startswith("live-")
    )


def test_a_newer_publication_takes_the_place_of_computed_figures(own: Any, computed: list[pd.Timestamp]) -> None:
    applied(Lake(own.workspace.lake), "Y9", "withdrawn", 10, LAST_LOAD + pd.Timedelta(hours=5))
    own.backend.applications.recheck()
    made = publish(own.workspace, 3.0, LAST_LOAD + pd.Timedelta(hours=9))
    assert own.backend.applications.queue().ledger.base().base_id == made.id


def test_a_scenario_is_nothing_to_promise_on(own: Any) -> None:
    before = own.backend.applications.queue().ledger.base()
    publish(own.workspace, 3.0, LAST_LOAD + pd.Timedelta(hours=9), horizon_days=1826)
    assert own.backend.applications.queue().ledger.base() == before


def test_approved_applications_are_promises_that_the_figures_hold(own: Any) -> None:
    lake = Lake(own.workspace.lake)
    applied(lake, "Y7", "approved", 25, LAST_LOAD - pd.Timedelta(hours=5))
    applied(lake, "Y8", "approved", 25, LAST_LOAD - pd.Timedelta(hours=5), kind="decrease")
    publish(own.workspace, 1.5, LAST_LOAD)
    assert kinds(own) == [("application", "confirmed", 25.0)]
    (row,) = own.post("/v1/capacity", {"node_ids": ["A1"]}).json()["nodes"]
    assert (row["open_kva"], row["reserved_kva"]) == (67.5, 0.0)


def test_what_is_held_for_an_application_ends_in_the_figures_when_it_is_approved(own: Any) -> None:
    own.backend.applications.check(LOCAL, asked("Y7", kva=40, hold=True))
    applied(Lake(own.workspace.lake), "Y7", "approved", 40, LAST_LOAD + pd.Timedelta(hours=1))
    publish(own.workspace, 1.0, LAST_LOAD + pd.Timedelta(hours=2))
    assert kinds(own) == [("application", "confirmed", 40.0)]
    (row,) = own.post("/v1/capacity", {"node_ids": ["A1"]}).json()["nodes"]
    assert (row["open_kva"], row["reserved_kva"]) == (45.0, 0.0)


def test_a_case_ends_with_its_application(own: Any) -> None:
    for number in (1, 2):
        own.backend.applications.check(LOCAL, asked(f"Y{number}"))
    lake = Lake(own.workspace.lake)
    applied(lake, "Y1", "approved", 60, LAST_LOAD + pd.Timedelta(hours=1))
    applied(lake, "Y2", "rejected", 60, LAST_LOAD + pd.Timedelta(hours=1))
    publish(own.workspace, 1.0, LAST_LOAD + pd.Timedelta(hours=2))
    assert states(own) == {"Y1": "connected", "Y2": "withdrawn"}


def test_what_the_lake_holds_as_handed_in_is_checked_once(own: Any) -> None:
    lake = Lake(own.workspace.lake)
    for number, status in enumerate(("submitted", "surveyed", "approved", "submitted")):
        applied(lake, f"Y{number}", status, 60 if number < 3 else 5, LAST_LOAD - pd.Timedelta(hours=9 - number))
    assert own.backend.applications.check_open() == {"checked": 3, "queued": 3}
    assert own.backend.applications.check_open() == {"checked": 0, "queued": 0}
    assert states(own) == {"Y0": "waiting", "Y1": "waiting", "Y3": "waiting"}


def test_what_is_kept_free_is_what_is_asked_or_what_is_expected() -> None:
    assert drawn_va(100, "residential", QueuePolicy()) == (100_000,) * 6
    expected = drawn_va(100, "residential", QueuePolicy(basis="expected"))
    # The highest of each four hours of the profile, times a demand factor of .35.
    assert expected == tuple(to_va(35 * share) for share in (0.45, 0.62, 0.62, 0.64, 1.0, 1.0))


def test_whole_va_are_never_less_than_what_is_promised() -> None:
    assert [to_va(kva) for kva in (1, 0.1, 12.3456, 1e-9, 0)] == [1000, 100, 12346, 1, 0]


def test_the_base_of_a_publication_has_every_node_on_its_path(own: Any) -> None:
    found = base_of(
        own.workspace, "b", Provenance(LAST_LOAD, 365, "peak", 1, "", "", ""), capacity_frame(), QueuePolicy()
    )
    rooms = {row["node_id"]: row for row in found.rooms}
    assert rooms["A1"]["above"] == "F1"
    assert rooms["A1"]["open_va_0"] == 45_000
    assert rooms["A4"]["open_va_0"] is None
    assert (rooms["A1"]["name"], rooms["S1"]["above"]) == ("东湖一号台区", None)


def test_a_ledger_row_that_comes_in_is_reason_to_look_again(own: Any, computed: list[pd.Timestamp]) -> None:
    own.backend.applications.check(LOCAL, asked("Y1"))
    row = {"application_id": "Y9", "node_id": "A1", "kind": "new", "customer_class": "public", "requested_kva": 5}
    row |= {"status": "submitted", "submitted_at": "2026-01-01T01:00:00Z", "available_at": "2026-01-01T02:00:00Z"}
    told(post(own, json.dumps(row), table="application"))
    for _ in range(200):
        if states(own)["Y1"] == "released":
            break
        time.sleep(0.05)
    assert states(own)["Y1"] == "released"
    assert computed == [pd.Timestamp("2026-01-01T02:00Z")]
