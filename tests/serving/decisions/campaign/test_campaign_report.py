"""The report of a campaign: who counts, what is told, and what is not."""

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from serving.decisions.campaign import CampaignReport, Figure, campaign_report
from serving.decisions.campaign.told import FIGURES
from serving.decisions.campaign.words import found_in_words, summary
from serving.decisions.pushes.codes import SENT
from tests.serving.decisions.campaign.contacted import DECIDED, HELD_SHARE, NOW, contacts, outcomes


def report(made: pd.DataFrame, covariates: pd.DataFrame | None = None, **columns: Any) -> CampaignReport:
    """The report of contacts with these columns of outcomes."""
    return campaign_report("tou_2026", made, outcomes(made, **columns), HELD_SHARE, NOW, 60, covariates)


def figure(told: CampaignReport, name: str) -> Figure:
    """One of its figures."""
    return next(one for one in told.figures if one.name == name)


def sent(made: pd.DataFrame) -> np.ndarray:
    """Mask of those sent to."""
    return (made["reason"] == SENT).to_numpy()


def test_every_figure_is_told_in_order() -> None:
    assert [one.name for one in report(contacts(30, 30)).figures] == list(FIGURES)


def test_everybody_counts_as_drawn() -> None:
    made = contacts(590, 100)
    success = np.r_[np.arange(590) < 118, np.arange(100) < 5].astype(float)
    told = report(made, success=success)
    found = figure(told, "success").estimate
    assert found is not None
    assert found.difference == pytest.approx(0.15)
    assert told.persons == (590, 100)
    assert told.warnings == ()
    assert told.contacts == told.analysed
    assert sum(told.contacts.values()) == 690
    assert "who would not have" in summary(told)
    value = figure(told, "value_cny").estimate
    assert value is not None
    assert value.difference == pytest.approx(3.0)


def test_a_person_counts_from_the_first_contact_on() -> None:
    made = contacts(100, 40)
    # Those who did not take it are turned to again; among hold-outs that is everybody.
    second = made[np.arange(140) >= 50].assign(decided_at=DECIDED + pd.Timedelta(days=20))
    second = second.assign(push_id="x" + second["push_id"])
    both = pd.concat([made, second], ignore_index=True)
    success = np.r_[np.arange(140) < 50, np.zeros(len(second))]
    told = report(both, success=success)
    found = figure(told, "success").estimate
    assert told.later == 90
    assert found is not None
    assert found.sent == pytest.approx(0.5)


def test_two_accounts_turned_to_at_once_are_one_person() -> None:
    made = contacts(100, 40)
    person = made["person_id"].to_numpy(dtype=object)
    person[1] = person[0]
    told = report(made.assign(person_id=person), success=0.0)
    assert told.persons == (99, 40)
    assert told.later == 0
    assert sum(told.analysed.values()) == 140


def test_young_contacts_are_not_judged_yet() -> None:
    late = pd.Timestamp(NOW) - pd.Timedelta(days=59)
    told = report(contacts(100, 40, decided_at=late), success=0.0)
    assert told.open == 140
    assert told.persons == (0, 0)
    assert figure(told, "success").estimate is None
    assert "Nothing can be said" in summary(told)


@pytest.mark.parametrize(("sent_to", "held"), [(300, 19), (19, 300)])
def test_too_few_are_told_so(sent_to: int, held: int) -> None:
    found = figure(report(contacts(sent_to, held), success=1.0), "success")
    assert found.estimate is None
    assert "too few" in str(found.why_not)
    assert f"{sent_to} persons" in str(found.why_not)


def test_what_nobody_knows_is_not_known() -> None:
    told = report(contacts(100, 40), success=0.0)
    assert {one.why_not for one in told.figures if one.name not in ("success", "value_cny")} == {"not known of anybody"}


def test_kw_freed_is_the_change_beside_that_of_the_hold_outs() -> None:
    made = contacts(300, 60)
    noise = np.random.default_rng(1).normal(0, 0.05, 360)
    # All draw a tenth more after than before, but those sent to 0.4 kW less.
    told = report(made, kw_before=2.0, kw_after=2.2 + noise - 0.4 * sent(made))
    one, everything = figure(told, "kw_freed").estimate, figure(told, "kw_freed_all").estimate
    assert one is not None
    assert one.low < 0.4 < one.high
    assert one.high - one.low < 0.05
    assert everything is not None
    assert everything.difference == pytest.approx(300 * one.difference)
    assert "more among those sent to" in found_in_words(figure(told, "kw_freed_all"))


def test_payments_moved_are_told_beside_those_that_move_by_themselves() -> None:
    made = contacts(300, 60)
    after = np.where(sent(made), np.arange(360) % 2, np.arange(360) % 4 > 0).astype(float)
    told = report(made, payments_before=1.0, counter_before=1.0, payments_after=1.0, counter_after=after)
    found = figure(told, "moved_from_counter").estimate
    assert found is not None
    assert (found.sent, found.held_out) == (pytest.approx(0.5), pytest.approx(0.25))


def test_who_has_no_bill_says_nothing_of_bills() -> None:
    made = contacts(300, 60)
    due = np.where(np.arange(360) % 3 == 0, 0.0, 100.0)
    paid = due * (np.where(sent(made), 0.9, 0.8) + 0.05 * (-1.0) ** np.arange(360))
    told = report(made, due_cny=due, due_paid_cny=paid, due_bills=due / 100, due_paid_bills=paid / 100)
    found = figure(told, "collected_cny")
    assert found.persons == (200, 40)
    assert found.estimate is not None
    assert found.estimate.difference == pytest.approx(0.1)


def test_order_does_not_matter() -> None:
    made = contacts(200, 50)
    rng = np.random.default_rng(3)
    came = outcomes(made, success=(rng.random(250) < 0.2) * 1.0, kw_before=rng.random(250), kw_after=rng.random(250))
    mixed = rng.permutation(250)
    one = campaign_report("tou_2026", made, came, HELD_SHARE, NOW, 60)
    other = campaign_report("tou_2026", made.iloc[mixed], came.iloc[rng.permutation(250)], HELD_SHARE, NOW, 60)
    for a, b in zip(one.figures, other.figures, strict=True):
        assert (a.name, a.persons, a.estimate is None) == (b.name, b.persons, b.estimate is None)
        if a.estimate is not None and b.estimate is not None:
            assert (a.estimate.low, a.estimate.high) == (pytest.approx(b.estimate.low), pytest.approx(b.estimate.high))


def test_arms_that_are_not_alike_are_a_warning_and_come_first() -> None:
    made = contacts(590, 100)
    known = pd.DataFrame({"use": np.where(sent(made), 5.0, 9.0) + np.arange(690) % 3}, index=made["push_id"])
    told = report(made, known, success=sent(made) * 1.0)
    assert any("use" in one for one in told.warnings)
    assert summary(told).startswith("Not to be relied on")


def test_missing_hold_outs_are_a_warning() -> None:
    told = report(contacts(900, 60), success=0.0)
    assert told.sample_ratio.flagged
    assert "60 of 960" in told.warnings[0]


def test_a_window_ends_to_the_second() -> None:
    made = contacts(100, 40, decided_at=pd.Timestamp(NOW) - pd.Timedelta(days=60))
    assert report(made, success=0.0).open == 0
    later = campaign_report("tou_2026", made, outcomes(made, success=0.0), HELD_SHARE, NOW - timedelta(seconds=1), 60)
    assert later.open == 140


def test_what_is_the_same_of_everybody_is_told_so_and_is_no_certainty() -> None:
    made = contacts(100, 40)
    kw = np.full(140, 0.1)
    told = report(made, success=0.0, kw_before=3 * kw, kw_after=kw, payments_after=3.0, app_after=1.0)
    for name in ("value_cny", "kw_freed", "kw_freed_all", "paid_in_app"):
        found = figure(told, name)
        assert (found.estimate, found_in_words(found)) == (None, "the same of everybody"), name
    assert figure(told, "success").estimate is not None
    apart = figure(report(made, kw_before=1.0, kw_after=np.where(sent(made), 0.5, 1.0)), "kw_freed")
    assert apart.estimate is None
    assert "cannot be told" in found_in_words(apart)


def test_no_difference_is_worded_as_none() -> None:
    made = contacts(100, 40)
    words = found_in_words(figure(report(made, success=(np.arange(140) % 2).astype(float)), "success"))
    assert words.startswith("no difference found, between -")
    assert "more or less" not in words
