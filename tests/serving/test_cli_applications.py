"""Applications and promises on the command line: the same use cases as over HTTP, in words and as JSON."""

import json
from typing import Any

from click.testing import CliRunner, Result

from serving.cli import group


def run(own: Any, *arguments: str) -> Result:
    return CliRunner().invoke(group, [*arguments, "--workspace", str(own.workspace.root)])


def test_an_application_is_checked_listed_told_and_taken_back(own: Any) -> None:
    asked = run(own, "applications", "check", "A1", "--kva", "60", "--class", "commercial")
    assert "constrained by area A1 (AREA_THERMAL): 45 kVA would fit" in asked.output
    queued = run(
        own, "applications", "check", "A1", "--kva", "60", "--application", "YK-1", "--wanted-on", "2026-05-01"
    )
    assert "waits, number 1 for A1" in queued.output
    assert "YK-1" in run(own, "applications", "list", "--org", "H1").output
    assert "YK-1" not in run(own, "applications", "list", "--org", "H3").output
    assert "entered" in run(own, "applications", "show", "YK-1").output
    units = json.loads(run(own, "applications", "statistics", "--json").output)["units"]
    assert {one["org_unit"]: one["waiting"] for one in units}["D1"] == 1
    assert "东湖营业厅" in run(own, "applications", "statistics", "--org", "H1").output
    assert "withdrawn after 0.0 days" in run(own, "applications", "withdraw", "YK-1", "--why", "客户撤销").output
    assert run(own, "applications", "withdraw", "YK-1", "--why", "x").exit_code == 2


def test_a_promise_is_held_shown_in_what_is_open_confirmed_and_cancelled(own: Any) -> None:
    held = run(own, "applications", "check", "A1", "--kva", "40", "--application", "YK-1", "--hold")
    assert "fits: 45 kVA would; held as" in held.output
    (row,) = json.loads(run(own, "capacity", "A1", "--json").output)["nodes"]
    assert (row["open_kva"], row["reserved_kva"]) == (5.0, 40.0)
    (one,) = json.loads(run(own, "reservations", "list", "--json").output)["reservations"]
    assert (
        "is confirmed: 40 kVA at A1" in run(own, "reservations", "confirm", one["reservation_id"], "--why", "x").output
    )
    assert "is cancelled" in run(own, "reservations", "cancel", one["reservation_id"], "--why", "x").output
    assert "cancelled" in run(own, "reservations", "list", "--state", "all").output
    assert run(own, "reservations", "confirm", "ghost", "--why", "x").exit_code == 2


def test_who_moves_up_is_told_to_the_hall(own: Any) -> None:
    for number, kva in enumerate(("60", "10")):
        run(own, "applications", "check", "A1", "--kva", kva, "--application", f"YK-{number}")
    run(own, "applications", "withdraw", "YK-0", "--why", "x")
    told = run(own, "reservations", "notices", "--org", "H1")
    assert "YK-1" in told.output
    assert "已解除受限" in told.output
    assert json.loads(run(own, "applications", "recheck", "--json").output) == {
        "checked": {"checked": 0, "queued": 0},
        "released": [],
    }


def test_bad_input_is_a_message_and_no_traceback(own: Any) -> None:
    for arguments in (
        ("A99", "--kva", "1"),
        ("A1", "--kva", "-3"),
        ("F1", "--kva", "5"),
        ("A1", "--kva", "1", "--class", "x"),
    ):
        result = run(own, "applications", "check", *arguments)
        assert result.exit_code == 2, result.output
        assert "Traceback" not in result.output
