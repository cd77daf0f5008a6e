"""`headroom pushes`: offers listed, answered and told, and wishes, for the person who owns the workspace."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from features.errors import HeadroomError, NotFoundError
from features.workspace import Workspace
from serving.cli.publish import command as publish
from serving.cli.pushes import command
from serving.cli.relief import show_relief
from serving.decisions.pushes.codes import HELD_OUT
from serving.refusals import BadFieldError, RefusalError, UnknownPushError
from tests.serving.customers.offers import CATALOGUE, NOW, allow_cards, contact, lay_down


@pytest.fixture
def run(known_workspace: Workspace, copied: Callable[[Workspace], Workspace]) -> Callable[..., Result]:
    workspace = copied(known_workspace)
    made = [contact(number) for number in range(4)]
    made[3]["reason"] = "HELD_OUT_UNIVERSAL"
    lay_down(workspace, made)

    def called(*arguments: str) -> Result:
        where = [] if arguments[0] == "services" else ["--workspace", str(workspace.root)]
        return CliRunner().invoke(command, [*arguments, *where])

    return called


def as_json(result: Result) -> Any:
    assert result.exit_code == 0, result.exception
    return json.loads(result.output)


def test_offers_are_listed_as_a_table_and_as_json(run: Callable[..., Result]) -> None:
    text = run("list").output
    assert "3 offers" in text
    assert "电子账单" in text
    told = as_json(run("list", "--customer", "C0001", "--json"))
    assert [one["customer_id"] for one in told["pushes"]] == ["C0001"]
    assert as_json(run("list", "--held-out", "--json"))["total"] == 4
    assert "2 more" in run("list", "--limit", "1").output
    for option, name in (("--service", "nothing"), ("--campaign", "nothing"), ("--customer", "C9999")):
        refused = run("list", option, name).exception
        assert isinstance(refused, RefusalError)
        assert name in str(refused)


def test_services_are_told_in_words(run: Callable[..., Result]) -> None:
    assert "电动汽车充电桩" in run("services").output
    assert len(as_json(run("services", "--json"))["services"]) >= 12


def test_an_answer_is_taken(run: Callable[..., Result]) -> None:
    at = f"{NOW - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    push_id = contact(0)["push_id"]
    assert run("outcome", push_id, "accepted", "--at", at).output == "accepted; room: none\n"
    assert "taken before" in run("outcome", push_id, "accepted", "--at", at).output
    assert as_json(run("list", "--state", "accepted", "--json"))["total"] == 1
    assert isinstance(run("outcome", "f" * 20, "accepted").exception, UnknownPushError)
    assert isinstance(run("outcome", "nonsense", "accepted").exception, HeadroomError)


def test_a_wish_is_taken_shown_and_lifted(run: Callable[..., Result]) -> None:
    assert "may be turned to" in run("do-not-contact", "C0001", "--show").output
    assert "wants no offers, since" in run("do-not-contact", "C0001", "--why", "said so").output
    assert as_json(run("do-not-contact", "C0001", "--show", "--json"))["wish"]
    assert "may be turned to" in run("do-not-contact", "C0001", "--lift").output


def test_answers_and_wishes_are_taken_as_of_a_moment(run: Callable[..., Result]) -> None:
    at = f"{NOW - timedelta(hours=2):%Y-%m-%dT%H:%M:%SZ}"
    push_id = contact(0)["push_id"]
    assert run("outcome", push_id, "accepted", "--now", at).output == "accepted; room: none\n"
    (told,) = as_json(run("list", "--state", "accepted", "--json"))["pushes"]
    assert pd.Timestamp(told["answered_at"]) == pd.Timestamp(at)
    ahead = run("outcome", push_id, "fulfilled", "--at", f"{NOW:%Y-%m-%dT%H:%M:%SZ}", "--now", at)
    assert isinstance(ahead.exception, BadFieldError)
    wish = as_json(run("do-not-contact", "C0001", "--now", at, "--json"))
    assert pd.Timestamp(wish["at"]) == pd.Timestamp(at)


def test_relief_is_a_table(run: Callable[..., Result]) -> None:
    text = run("relief").output
    assert "2 nodes without room" in text
    assert (
        "open 0.8 kVA at 1 area, each in its fullest hours, and serve 2 applications that wait (8.5 kVA): Y1, Y9"
        in (" ".join(text.split()))
    )
    assert as_json(run("relief", "--org", "H1", "--json"))["applications"][0]["application_id"] == "Y1"


def test_of_many_nodes_those_that_miss_most_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    node = {"kind": "area", "block": 4, "queued_kva": 0.0, "offers": 0, "accepted": 0.0}
    node |= {"left_kva": -0.04, "freed_kva": [0.0] * 6, "opened_kva": [0.0] * 6}
    nodes = [node | {"node_id": f"A{k:02d}", "missing_kva": float(k)} for k in range(20)]
    show_relief({"nodes": nodes, "applications": []})
    text = capsys.readouterr().out
    assert "20 nodes without room; the 15 that miss most, 5 more" in text
    assert [f"A{k:02d}" in text for k in range(20)] == [False] * 5 + [True] * 15
    assert text.index("A19") < text.index("A05")
    assert "-0.0" not in text
    assert "Relief would open nothing and serve no application that waits" in text


def test_offers_are_published_and_told_by_code_with_relief_and_files(
    known_workspace: Workspace,
    copied: Callable[[Workspace], Workspace],
    customers: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    workspace = copied(known_workspace)
    allow_cards(workspace, customers)
    monkeypatch.setattr("serving.pushes.material.load_catalogue", lambda: CATALOGUE)
    arguments = ["pushes", "--now", "2026-01-02T03:00:00Z", "--workspace", str(workspace.root)]
    text = CliRunner().invoke(publish, arguments).output
    for said in ("published", "NO_CAPACITY", "容量不足，进入等待名单", "held out", "nodes without room", "Files: "):
        assert said in text
    told = as_json(CliRunner().invoke(publish, [*arguments, "--json"]))
    assert (told["new"], told["customers"]) == (False, 40)
    assert told["counts"]["SENT"] == told["sent"] > 0
    assert sum(told["counts"].values()) == 40 * len(CATALOGUE.codes)
    assert {one.name for one in Path(told["path"]).iterdir()} >= {"manifest.json", "pushes.ndjson", "relief.json"}
    assert told["relief"]["nodes"]
    listing = CliRunner().invoke(command, ["list", "--state", "all", "--json", *arguments[-2:]])
    assert as_json(listing)["total"] == told["sent"]


def test_what_to_offer_is_asked_and_done(
    known_workspace: Workspace,
    copied: Callable[[Workspace], Workspace],
    customers: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    workspace = copied(known_workspace)
    allow_cards(workspace, customers)
    monkeypatch.setattr("serving.pushes.desk.load_catalogue", lambda: CATALOGUE)

    def decide(*more: str) -> Result:
        return CliRunner().invoke(command, ["decide", "C0020", "C0022", "--workspace", str(workspace.root), *more])

    assert "only asked" in decide().output
    assert "PORTRAIT_STALE" in decide("--service", "word").output
    told = as_json(decide("--now", "2026-01-02T03:00:00Z", "--json"))
    assert {each["code"] for one in told["customers"] for each in one["decisions"]} & {"SENT", *HELD_OUT}
    # Of what is said of customers later nothing is taken.
    early = decide("--now", "2025-06-01T03:00:00Z").exception
    assert isinstance(early, NotFoundError)
    assert "2025-06-01" in str(early)
    assert isinstance(decide("--commit").exception, HeadroomError)
    assert as_json(decide("--commit", "--key", "k", "--json"))["committed"]
    assert "nothing new" in decide("--commit", "--key", "k").output
