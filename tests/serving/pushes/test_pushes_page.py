"""docs/pushes.md says what is in force, and what is told to whom says nothing of who is held out."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from serving.access import ROLES, Permission, Principal
from serving.cli.pushes import command
from serving.decisions.pushes.codes import CODES, CONTACTS, HELD_OUT, SENT
from serving.pushes.configs import load_catalogue, load_push_policy
from serving.pushes.reference import codes_table, markdown, services_table
from serving.pushes.secrecy import CODES_TOLD, NOT_NOW, VEILED, meaning, told_code

PAGE = Path(__file__).parents[3] / "docs" / "pushes.md"


def test_the_page_holds_codes_and_services_as_they_are() -> None:
    # Written anew by: headroom pushes services --markdown
    page = PAGE.read_text(encoding="utf-8")
    assert codes_table() in page
    assert page.endswith(services_table(load_catalogue()))
    assert CliRunner().invoke(command, ["services", "--markdown"]).output == markdown(load_catalogue())


def test_the_page_tells_the_numbers_of_the_policy() -> None:
    page, policy = PAGE.read_text(encoding="utf-8"), load_push_policy()
    for told in (
        f"older than {policy.max_snapshot_days} days",
        f"older than {policy.max_capacity_days} days",
        f"in {policy.per_channel_days} days by a channel",
        f"in {policy.total_days} days, by person, and {policy.hall_contacts} cards",
        f"no more than {policy.constrained_kva:g} kVA",
        f"{policy.relief_contacts} contacts",
        f"{policy.relief_least_kw:g} kW or more",
    ):
        assert told in page
    shares = (policy.universal_holdout, policy.campaign_holdout, policy.explore)
    assert shares == (0.05, 0.10, 0.10), "five of a hundred, ten more, a tenth"


@pytest.mark.parametrize("role", sorted(ROLES))
def test_who_may_not_see_hold_outs_is_told_of_them_like_of_others(role: str) -> None:
    who = Principal("k", role, None)
    told = {code: told_code(who, code) for code in CODES}
    if who.may(Permission.HELD_OUT):
        assert told == {code: code for code in CODES}
    else:
        assert not set(told.values()) & set(HELD_OUT)
        # A code of their own would be as telling: others that nobody can tell from them bear it, too.
        assert {code for code, said in told.items() if said == NOT_NOW} == VEILED > set(HELD_OUT)
        assert told[SENT] == SENT


def test_every_code_has_words_in_both_languages() -> None:
    assert set(CONTACTS) - set(HELD_OUT) == {SENT}
    for code in CODES_TOLD:
        english, chinese = meaning(code)
        assert english.isascii()
        assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese)
