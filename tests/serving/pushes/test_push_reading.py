"""Whom one may turn to now: consents as they are known, wishes and accounts of one person."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.contracts import CONTRACTS
from features.frames import as_contract
from features.lake import Lake
from serving.pushes import reading
from serving.pushes.reading import accounts_of, persons_of, read_people
from serving.pushes.records import Wish
from tests.serving.decisions.pushes.worlds import NOW, wide

SINCE = pd.Timestamp("2024-01-01T00:00Z")
DAY = timedelta(days=1)


def fill(lake: Lake, table: str, rows: Sequence[dict[str, Any]], batch: str = "first") -> None:
    frame = pd.DataFrame([{"valid_from": SINCE, "available_at": SINCE, **row} for row in rows])
    frame = frame.reindex(columns=list(CONTRACTS[table].columns))
    for field in CONTRACTS[table].fields:
        if field.kind == "utc":
            frame[field.name] = pd.to_datetime(frame[field.name], utc=True)
    lake.append(table, as_contract(CONTRACTS[table], frame), batch)


def consent(
    customer: int, granted: bool, purpose: str = "marketing", channel: str = "app", **more: Any
) -> dict[str, Any]:
    return {"customer_id": f"C{customer:04d}", "purpose": purpose, "channel": channel, "granted": granted, **more}


def document(customer: int, number: str | None, kind: str | None = "identity_card", **more: Any) -> dict[str, Any]:
    return {"customer_id": f"C{customer:04d}", "document_kind": kind, "document_id": number, **more}


@pytest.fixture(params=[2_000, 0])
def lake(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """An empty lake; asked for a few accounts, or read whole."""
    monkeypatch.setattr(reading, "_ASKED_AT_ONCE", request.param)
    return Lake(tmp_path / "lake")


def test_without_a_row_nothing_is_allowed_and_everybody_is_himself(lake: Lake) -> None:
    people = read_people(lake, wide(2), NOW)
    assert people.consents == {}
    assert people.persons.tolist() == ["C0000", "C0001"]
    assert not people.forbids_profiling.any()
    assert not people.do_not_contact.any()


def test_consents_are_those_that_hold_now_and_are_known(lake: Lake) -> None:
    week = pd.Timestamp(NOW) - pd.Timedelta(days=7)
    rows = [
        consent(0, True),
        consent(1, True, valid_to=week),
        consent(2, True, valid_from=pd.Timestamp(NOW) + DAY),
        consent(3, True, available_at=pd.Timestamp(NOW) + DAY),
        consent(4, False),
        # A new period began without the old one closed.
        consent(5, True),
        consent(5, False, valid_from=week),
        consent(6, False),
        consent(6, True, valid_from=week),
        consent(7, True, channel="hall"),
        consent(8, True, purpose="service"),
    ]
    fill(lake, "consent", rows)
    people = read_people(lake, wide(9), NOW)
    found = {pair: np.flatnonzero(mask).tolist() for pair, mask in people.consents.items()}
    assert found == {("marketing", "app"): [0, 6], ("marketing", "hall"): [7], ("service", "app"): [8]}


def test_only_an_explicit_refusal_forbids_profiling(lake: Lake) -> None:
    fill(lake, "consent", [consent(0, False, "profiling", "hall"), consent(1, True, "profiling"), consent(2, False)])
    fill(lake, "consent", [consent(9, False, "profiling")], "second")
    assert read_people(lake, wide(4), NOW).forbids_profiling.tolist() == [True, False, False, False]


def test_accounts_under_one_document_are_the_oldest_ones(lake: Lake) -> None:
    rows = [
        document(0, "a", valid_from=SINCE + pd.Timedelta(days=9)),
        document(1, "a"),
        document(2, "b"),
        document(3, "a", "passport"),
        document(4, None),
        document(5, None),
        document(6, "b"),
        # It was another's once.
        document(7, "b", valid_to=SINCE + pd.Timedelta(days=2)),
        document(7, "c", valid_from=SINCE + pd.Timedelta(days=2)),
        document(8, "a", valid_from=pd.Timestamp(NOW) + DAY),
        # He moved: his first account is closed, and he is who he was.
        document(10, "d", valid_to=SINCE + pd.Timedelta(days=9)),
        document(11, "d", valid_from=SINCE + pd.Timedelta(days=8)),
    ]
    fill(lake, "identity", rows)
    ids = wide(12).customer_ids
    whole = persons_of(lake, ids, pd.Timestamp(NOW)).tolist()
    assert whole[:6] == ["C0001", "C0001", "C0002", "C0003", "C0004", "C0005"]
    assert whole[6:] == ["C0002", "C0007", "C0008", "C0009", "C0010", "C0010"]
    # Whoever is asked about alone is the same person.
    assert persons_of(lake, ids[6:7], pd.Timestamp(NOW)).tolist() == ["C0002"]
    for one, person in zip(ids, whole, strict=True):
        mine = [other for other, his in zip(ids, whole, strict=True) if his == person]
        assert accounts_of(lake, one, pd.Timestamp(NOW)) == mine
    assert accounts_of(lake, "C9999", pd.Timestamp(NOW)) == ["C9999"]


def a_wish(customer: int, wish: bool, at: datetime) -> Wish:
    return Wish(0, f"C{customer:04d}", wish, at, "desk", None)


def test_the_last_wish_of_a_person_holds_for_his_accounts(lake: Lake) -> None:
    fill(lake, "identity", [document(0, "a"), document(1, "a"), document(2, "b"), document(9, "b"), document(3, None)])
    said = [a_wish(0, True, NOW - 3 * DAY), a_wish(9, True, NOW - 2 * DAY), a_wish(1, False, NOW - DAY)]
    people = read_people(lake, wide(4), NOW, said)
    assert people.do_not_contact.tolist() == [False, False, True, False]
    assert read_people(lake, wide(4), NOW, said[:2]).do_not_contact.tolist() == [True, True, True, False]
