"""Cards and messages: what a spreadsheet and a CRM make of them."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.clock import time_zone
from serving.pushes.lists import cards, file_names, lines
from tests.serving.customers.offers import run_of
from tests.serving.decisions.pushes.worlds import World, grid, service, world


def told(world: World) -> dict[str, list[dict[str, str]]]:
    contacts = world.decide().contacts
    made = dict(cards(contacts, world.catalogue, time_zone("Asia/Shanghai")))
    return {h: list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"), newline=""))) for h, text in made.items()}


def test_a_spreadsheet_finds_chinese_and_no_formula() -> None:
    says = {"english": "=1+1", "chinese": "\t服务"}
    made = world(3, [service("own", says=says)], hall_id=["H1", "H2", "H1"])
    (text, *_) = dict(cards(made.decide().contacts, made.catalogue, time_zone("Asia/Shanghai"))).values()
    assert text.startswith(b"\xef\xbb\xbf")
    found = told(made)
    assert [len(found[hall]) for hall in ("H1", "H2")] == [2, 1]
    card = found["H1"][0]
    assert (card["say_english"], card["say_chinese"]) == ("'=1+1", "'\t服务")
    assert "not causal" in card["why_english"]
    assert "非因果" in card["why_chinese"]
    assert (card["relief"], card["valid_until"]) == ("no 否", "2026-04-01")


def test_a_card_says_what_relieves_the_grid() -> None:
    full = world(3, [service("ease", flexible=None)], app_active_days_90d=0.0)
    found = told(full.but(grid=grid(A1=[50, 50, 50, 50, 0, 50])))
    assert {one["relief"] for one in found["H1"]} == {"yes 是"}
    assert "where the grid is full" in found["H1"][0]["why_english"]


def test_nothing_sent_is_an_empty_file() -> None:
    nobody = world(1, x=0.0, t=1, app_active_days_90d=0.0)
    assert lines(run_of(), nobody.decide().contacts, nobody.catalogue) == b""
    assert told(nobody) == {}


@pytest.mark.parametrize("hall", ["H1", "城东营业厅", "hall-7_b"])
def test_a_plain_hall_names_its_file(hall: str) -> None:
    assert file_names([hall, "other"])[hall] == hall


@given(halls=st.lists(st.text(min_size=1, max_size=200), unique=True, max_size=8))
def test_any_hall_has_a_file_of_its_own(halls: list[str]) -> None:
    names = file_names(halls)
    assert len({name.casefold() for name in names.values()}) == len(halls)
    for name in names.values():
        assert not set(name) & set('/\\:*?"<>|.\0\n')
        assert 0 < len(name.encode()) <= 120
