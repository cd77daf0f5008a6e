"""Records find their nodes by what they share; what is doubtful is told, and a stranger finds none."""

import os
import subprocess
import sys
from collections.abc import Callable

import pandas as pd
import pytest

from features.reconcile.ledgers import Ledgers
from features.reconcile.likeness import Among, Facts, NodeFacts, distance_m, evidence
from features.reconcile.matching import Matched, match_equipment
from features.reconcile.policy import Likeness, ReconcilePolicy
from tests.features.reconcile.conftest import NOW, Row, account, link, record

Made = Callable[..., Ledgers]


def matched(ledgers: Made, **tables: list[Row]) -> Matched:
    return match_equipment(ledgers(**tables), ReconcilePolicy())


def change(rows: list[Row], source_id: str, **values: object) -> None:
    """Write other values into the record of that identifier."""
    next(row for row in rows if row["source_id"] == source_id).update(values)


def test_every_record_finds_its_node(ledgers: Made, small: dict[str, list[Row]]) -> None:
    found = matched(ledgers, **small)
    assert found.node("marketing:mS") == found.node("assets:pS") == found.node("topology:gS") == "S1"
    for number in (1, 2):
        assert {found.node(f"{s}F{number}") for s in ("marketing:m", "assets:p", "topology:g")} == {f"F{number}"}
    for number in range(1, 5):
        assert {found.node(f"{s}{number}") for s in ("marketing:m", "assets:p", "topology:g")} == {f"A{number}"}
    assert not found.doubtful
    assert all(match.score > 0.95 for match in found.of.values())


def test_a_lost_reference_is_made_up_for_by_names_and_places(ledgers: Made, small: dict[str, list[Row]]) -> None:
    change(small["ledger_node"], "A2", reference_id=None)
    change(small["ledger_node"], "g3", reference_id=None)
    found = matched(ledgers, **small)
    assert found.node("marketing:m2") == "A2"
    assert found.node("assets:p3") == found.node("topology:g3") == "A3"


def test_a_mistyped_reference_does_not_win_against_all_else(ledgers: Made, small: dict[str, list[Row]]) -> None:
    change(small["ledger_node"], "g1", reference_id="p2")
    found = matched(ledgers, **small)
    assert found.node("topology:g1") == found.node("assets:p1") == "A1"
    assert found.node("assets:p2") == "A2"


def test_an_old_name_is_made_up_for_by_reference_and_feeder(ledgers: Made, small: dict[str, list[Row]]) -> None:
    change(small["ledger_node"], "p4", name="10kV柳林线红星新村01号公变")
    assert matched(ledgers, **small).node("assets:p4") == "A4"


def test_a_reference_alone_against_the_name_is_for_people_to_look_at(
    ledgers: Made, small: dict[str, list[Row]]
) -> None:
    change(small["ledger_node"], "A3", name="向阳大院#01台变")
    found = matched(ledgers, **small)
    assert found.node("marketing:m3") is None
    assert found.doubtful["marketing:m3"].node_id == "A3"


def test_a_stranger_finds_no_node(ledgers: Made, small: dict[str, list[Row]]) -> None:
    small["ledger_node"].append(record("assets", "p9", "transformer", "10kV规划线会展岛01号公变", rating_kva=630.0))
    found = matched(ledgers, **small)
    assert found.node("assets:p9") is None
    assert "assets:p9" not in found.doubtful


def test_an_area_that_marketing_alone_knows_is_a_node_of_its_own(ledgers: Made, small: dict[str, list[Row]]) -> None:
    small["ledger_node"].append(record("marketing", "m9", "area", "会展岛7号台区", hall_id="H01"))
    found = matched(ledgers, **small)
    assert found.node("marketing:m9") == "marketing:m9"
    assert found.of["marketing:m9"].anchor


def test_two_areas_of_one_name_are_told_apart_by_their_customers(ledgers: Made, small: dict[str, list[Row]]) -> None:
    for number in (1, 2):
        change(small["ledger_node"], f"A{number}", name="幸福里#01台变", reference_id=None)
        change(small["ledger_node"], f"m{number}", name="幸福里1号台区")
    accounts = [account(f"K{i}") for i in range(20)]
    meters: list[Row] = []
    links = list(small["ledger_link"])
    for i in range(20):
        area = 1 + i % 2
        links.append(link("marketing", ("customer", f"K{i}"), ("area", f"m{area}")))
        links.append(link("collection", ("meter", f"M{i}"), ("area", f"A{area}")))
        meters.append(
            {"meter_id": f"M{i}", "customer_id": f"K{i}", "phase": "A"}
            | {name: accounts[i][name] for name in ("valid_from", "valid_to", "available_at")}
        )
    found = matched(
        ledgers,
        ledger_node=small["ledger_node"],
        ledger_link=links,
        ledger_customer=accounts,
        meter=meters,
    )
    assert found.node("marketing:m1") == "A1"
    assert found.node("marketing:m2") == "A2"


def test_without_anything_to_tell_them_apart_both_are_doubtful(ledgers: Made, small: dict[str, list[Row]]) -> None:
    for number in (1, 2):
        change(small["ledger_node"], f"A{number}", name="幸福里#01台变", reference_id=None)
        change(small["ledger_node"], f"m{number}", name="幸福里1号台区")
    found = matched(ledgers, **small)
    assert {"marketing:m1", "marketing:m2"} <= set(found.doubtful)
    assert found.node("marketing:m1") is None


def test_a_former_transformer_belongs_to_its_area_too(ledgers: Made, small: dict[str, list[Row]]) -> None:
    gone = {"valid_to": pd.Timestamp("2025-01-01", tz="UTC")}
    small["ledger_node"].append(
        record("assets", "p0", "transformer", "10kV滨河线幸福里01号公变", rating_kva=250.0) | gone
    )
    small["ledger_link"].append(link("assets", ("transformer", "p0"), ("feeder", "pF1")) | gone)
    made = ledgers(**small)
    assert "assets:p0" not in made.records.index
    assert match_equipment(made, ReconcilePolicy()).node("assets:p0") == "A1"


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_rows_does_not_matter(ledgers: Made, small: dict[str, list[Row]], order: int) -> None:
    found = matched(ledgers, **{name: rows[::order] for name, rows in small.items()})
    assert {record: match.node_id for record, match in found.of.items()} == {
        record: match.node_id for record, match in matched(ledgers, **small).of.items()
    }


def test_what_began_later_does_not_hold_yet(ledgers: Made, small: dict[str, list[Row]]) -> None:
    later = record("marketing", "m9", "area", "会展岛7号台区", valid_from=NOW + pd.Timedelta(days=1))
    assert "marketing:m9" not in ledgers(ledger_node=[*small["ledger_node"], later]).records.index


def test_evidence_adds_up_by_hand() -> None:
    weights = Likeness()
    node = NodeFacts("A1", names={("幸福里", 1.0)}, parents={"F1"}, coordinates=[(118.70, 32.00)], ratings_kva={400.0})
    facts = Facts(
        "topology:g1", frozenset({("幸福里", 2.0)}), None, frozenset({"F2"}), frozenset(), (118.75, 32.0), 315.0
    )
    found = evidence(facts, node, Among(100, {}, {}), weights)
    assert found == {
        "name": weights.name_number_differs,
        "parent": weights.parent_differs,
        "distance": weights.far,
        "rating": weights.rating_differs,
    }


def test_distance_is_that_of_a_map() -> None:
    # A degree of latitude is 111.2 km; of longitude at 60° half of that.
    assert distance_m((10.0, 50.0), (10.0, 51.0)) == pytest.approx(111_195, rel=1e-3)
    assert distance_m((10.0, 60.0), (11.0, 60.0)) == pytest.approx(55_597, rel=1e-3)


def test_a_score_does_not_hang_on_how_a_process_happens_to_hash() -> None:
    """Two processes order the same sets unlike; the same ledgers must be the same links to the last digit."""
    program = "from tests.features.reconcile.hashing import matches; import json, sys; json.dump(matches(), sys.stdout)"
    told = set()
    for hashing in ("1", "2", "3"):
        environment = os.environ | {"PYTHONHASHSEED": hashing}
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
        )
        told.add(done.stdout)
    assert len(told) == 1
    assert "A1" in told.pop()
