"""Work items keep in step with what is found: opened once, changed, resolved, settled by people, opened again."""

import pandas as pd
import pytest

from features.clock import Calendar
from features.contracts import CONTRACTS
from features.frames import empty_frame
from features.reconcile.items import Finding, due_date, kept_in_step, settle
from features.reconcile.policy import ReconcilePolicy

CHINA = Calendar("Asia/Shanghai", "CN")
POLICY = ReconcilePolicy()
MONDAY = pd.Timestamp("2025-03-03T02:00", tz="UTC")
FINDING = Finding("area_disagrees", "K1", {"marketing": ["A1"], "collection": ["A2"]}, "A2", "A2", "H01")


def after(standing: pd.DataFrame, *findings: Finding, days: int = 0) -> pd.DataFrame:
    """What stands after a run some days later: the latest version of every item."""
    fresh = kept_in_step(standing, findings, POLICY, CHINA, MONDAY + pd.Timedelta(days=days))
    both = pd.concat([standing, fresh], ignore_index=True)
    return both.drop_duplicates("work_item_id", keep="last").reset_index(drop=True)


def nothing() -> pd.DataFrame:
    return empty_frame(CONTRACTS["work_item"])


def test_a_finding_opens_an_item_once() -> None:
    first = after(nothing(), FINDING)
    assert first[["state", "hall_id", "held"]].to_numpy().tolist() == [["open", "H01", "A2"]]
    assert kept_in_step(first, [FINDING], POLICY, CHINA, MONDAY + pd.Timedelta(days=9)).empty


def test_a_finding_that_changes_keeps_its_date() -> None:
    first = after(nothing(), FINDING)
    other = Finding("area_disagrees", "K1", {"marketing": ["A3"], "collection": ["A2"]}, "A2", "A2", "H01")
    second = after(first, other, days=3)
    assert len(second) == 1
    assert second.at[0, "due_at"] == first.at[0, "due_at"]
    assert "A3" in second.at[0, "says"]


def test_what_is_found_no_longer_is_resolved_and_may_come_back() -> None:
    gone = after(after(nothing(), FINDING), days=2)
    assert gone.at[0, "state"] == "resolved"
    assert gone.at[0, "closed_at"] == MONDAY + pd.Timedelta(days=2)
    back = after(gone, FINDING, days=20)
    assert back.at[0, "state"] == "open"
    assert back.at[0, "opened_at"] == MONDAY + pd.Timedelta(days=20)


def test_a_settled_item_stays_until_a_system_says_something_else() -> None:
    opened = after(nothing(), FINDING)
    closed = settle(opened, opened.at[0, "work_item_id"], "visited: A2 is right", MONDAY)
    assert after(closed, FINDING, days=5).at[0, "state"] == "settled"
    other = Finding("area_disagrees", "K1", {"marketing": ["A1"], "collection": ["A4"]}, "A4", "A4", "H01")
    assert after(closed, other, days=6).at[0, "state"] == "open"


def test_only_an_open_item_can_be_settled() -> None:
    with pytest.raises(KeyError):
        settle(nothing(), "W000000000000", "-", MONDAY)


@pytest.mark.parametrize(
    ("now", "days", "due"),
    [
        ("2025-03-03T02:00", 5, "2025-03-10T02:00"),
        # The Spring Festival of 2025 runs to 4 February, and the Sunday and the Saturday around it are working days.
        ("2025-01-24T02:00", 3, "2025-02-05T02:00"),
        # So is Sunday, 28 September; the holiday of October ends on the 8th.
        ("2025-09-26T02:00", 4, "2025-10-09T02:00"),
        ("2025-03-03T02:00", 0, "2025-03-03T02:00"),
    ],
)
def test_due_dates_count_working_days(now: str, days: int, due: str) -> None:
    assert due_date(pd.Timestamp(now, tz="UTC"), days, CHINA) == pd.Timestamp(due, tz="UTC")
