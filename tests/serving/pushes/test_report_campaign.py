"""The report of a campaign from state and lake, and as people read it."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sqlalchemy import Engine

from features.clock import Calendar
from features.errors import NotFoundError
from features.lake import Lake
from features.workspace import Workspace
from serving.cli.report import command
from serving.decisions.campaign import CampaignReport
from serving.decisions.campaign.intervals import Estimate
from serving.pushes.configs import load_catalogue, load_push_policy
from serving.pushes.drawing import main_block
from serving.pushes.report import report_campaign
from serving.state import open_state
from tests.serving.pushes.campaigned import (
    DECIDED,
    NOW,
    SINCE,
    after,
    answer,
    append,
    application,
    bill,
    contacts,
    keep,
    payment,
    snapshot,
)

SENT, HELD = 120, 24


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Nothing in it yet."""
    return Workspace(tmp_path / "workspace")


@pytest.fixture
def engine(workspace: Workspace) -> Iterator[Engine]:
    """The state of the workspace itself, as the command opens it."""
    workspace.root.mkdir()
    opened = open_state(workspace.state_url)
    yield opened
    opened.dispose()


def estimate(report: CampaignReport, name: str) -> Estimate:
    """One of its figures, which is there."""
    found = next(one for one in report.figures if one.name == name)
    assert found.estimate is not None, found.why_not
    return found.estimate


def test_answers_count_and_covariates_are_those_of_the_decision(workspace: Workspace, engine: Engine) -> None:
    made = contacts(SENT, HELD)
    shot = snapshot(workspace, SENT + HELD, pd.Timestamp(DECIDED))
    snapshot(workspace, SENT + HELD, after(50), {"contract_kva": np.arange(SENT + HELD) * 1.0})
    keep(engine, made, shot.id)
    answer(engine, made["push_id"][:36].tolist(), after(4))
    report = report_campaign(workspace, engine, "tou_2026", NOW)
    assert estimate(report, "success").difference == pytest.approx(0.3)
    assert report.persons == (SENT, HELD)
    names = [one.name for one in report.balance]
    assert "use_90d_kwh_day" in names
    assert "contract_kva" not in names


def test_an_unknown_campaign_is_refused_with_those_there_are(workspace: Workspace, engine: Engine) -> None:
    with pytest.raises(NotFoundError, match="none yet"):
        report_campaign(workspace, engine, "tou_2026", NOW)
    keep(engine, contacts(2, 1))
    with pytest.raises(NotFoundError, match="tou_2026"):
        report_campaign(workspace, engine, "other", NOW)


def test_as_many_are_expected_held_out_as_each_run_left_out(workspace: Workspace, engine: Engine) -> None:
    # Of 100 a half was to be left out by one policy, of 300 nearly a fifth by the next; of 100 the run does not say.
    early = contacts(50, 50, "early")
    late = contacts(243, 57, "late")
    old = contacts(85, 15, "old")
    for start, (made, detail) in enumerate(
        [(early, {"holdouts": [0.5, 0.0]}), (late, {"holdouts": [0.1, 0.1]}), (old, {})]
    ):
        ids = [f"C{1000 * start + k:05d}" for k in range(len(made))]
        keep(engine, made.assign(customer_id=ids, person_id=ids), run_id=made["push_id"][0][:-6], detail=detail)
    policy = load_push_policy().model_copy(update={"universal_holdout": 0.05, "campaign_holdout": 0.1})
    ratio = report_campaign(workspace, engine, "tou_2026", NOW, policy=policy).sample_ratio
    assert ratio.expected_share == pytest.approx((100 * 0.5 + 300 * 0.19 + 100 * 0.145) / 500)
    assert (ratio.persons, ratio.held_out, ratio.flagged) == (500, 122, False)
    young = report_campaign(workspace, engine, "tou_2026", NOW, 365, policy=policy).sample_ratio
    assert young.expected_share == pytest.approx(ratio.expected_share)


def test_the_books_tell_who_pays_in_the_application(workspace: Workspace, engine: Engine) -> None:
    made = contacts(SENT, HELD, service="app_payment", campaign="app_payment_2026")
    keep(engine, made)
    lake = Lake(workspace.lake)
    ids = made["customer_id"]
    # Of those sent to half move to the application, of those held out a quarter; every other one is late.
    moves = np.r_[np.arange(SENT) % 2 == 0, np.arange(HELD) % 4 == 0]
    append(lake, "bill", [bill(one, 0, after(20)) for one in ids])
    before = [payment(one, None, after(-30), "hall", 1.0) for one in ids]
    paid = [
        payment(one, 0, after(25 if place % 3 == 0 else 15), "app" if moved else "hall")
        for place, (one, moved) in enumerate(zip(ids, moves, strict=True))
    ]
    append(lake, "payment", before + paid)
    report = report_campaign(workspace, engine, "app_payment_2026", NOW)
    for name in ("success", "moved_from_counter", "paid_in_app"):
        found = estimate(report, name)
        assert (found.sent, found.held_out) == (pytest.approx(0.5), pytest.approx(0.25))
    assert estimate(report, "collected_bills").sent == pytest.approx(2 / 3)
    # What is not known yet changes nothing.
    append(lake, "payment", [payment(ids[0], 0, pd.Timestamp(NOW), "app") | {"payment_id": "late"}], "late")
    assert report_campaign(workspace, engine, "app_payment_2026", NOW).figures == report.figures


@pytest.mark.parametrize("service", ["app_payment", "arrears_plan", "ev_charging"])
def test_where_the_books_end_before_the_contact_nothing_is_known_of_it(
    workspace: Workspace, engine: Engine, service: str
) -> None:
    made = contacts(SENT, HELD, service=service, campaign="one_2026")
    keep(engine, made)
    lake = Lake(workspace.lake)
    append(lake, "bill", [bill(one, 0, after(-30)) for one in made["customer_id"]])
    append(lake, "payment", [payment(one, None, after(-40), "hall", 1.0) for one in made["customer_id"]])
    append(lake, "application", [application("C00000", after(-50))])
    told = {one.name: one for one in report_campaign(workspace, engine, "one_2026", NOW).figures}
    for name in ("success", "value_cny", "moved_from_counter", "collected_cny", "collected_bills", "arrears_paid"):
        assert (told[name].estimate, told[name].why_not) == (None, "not known of anybody")


def test_the_books_tell_who_applied_whoever_was_told(workspace: Workspace, engine: Engine) -> None:
    made = contacts(SENT, HELD, service="ev_charging", campaign="ev_charging_2026")
    keep(engine, made)
    lake, ids = Lake(workspace.lake), made["customer_id"]
    # What is only answered counts for neither: nobody asks those held out.
    answer(engine, made["push_id"][:90].tolist(), after(4))
    applies = np.r_[np.arange(SENT) % 3 == 0, np.arange(HELD) % 6 == 0]
    append(lake, "application", [application(one, after(9)) for one in ids[applies]])
    found = estimate(report_campaign(workspace, engine, "ev_charging_2026", NOW), "success")
    assert (found.sent, found.held_out) == (pytest.approx(1 / 3), pytest.approx(1 / 6))
    # What became known too late is not known at that time.
    late = [application(one, after(9), known=pd.Timestamp(NOW) + pd.Timedelta(days=1)) for one in ids[~applies]]
    append(lake, "application", late, "late")
    again = estimate(report_campaign(workspace, engine, "ev_charging_2026", NOW), "success")
    assert (again.sent, again.held_out) == (found.sent, found.held_out)


def test_without_applications_it_is_not_known_who_applied(workspace: Workspace, engine: Engine) -> None:
    keep(engine, contacts(SENT, HELD, service="ev_charging", campaign="ev_charging_2026"))
    figures = report_campaign(workspace, engine, "ev_charging_2026", NOW).figures
    assert next(one for one in figures if one.name == "success").estimate is None


def test_kw_freed_is_read_from_meters(workspace: Workspace, engine: Engine) -> None:
    # Fewer customers would be too few; hours of 28 days before, and of the last 28 of a window of 30.
    made = contacts(24, 22)
    keep(engine, made)
    lake, ids = Lake(workspace.lake), made["customer_id"]
    append(
        lake,
        "meter",
        [{"meter_id": f"M{one}", "customer_id": one, "valid_from": SINCE, "available_at": SINCE} for one in ids],
    )
    times = pd.date_range(after(-29).floor("D"), after(31).ceil("D"), freq="h", inclusive="left")
    evening = main_block(load_catalogue().services[4])
    assert evening == 4
    local = Calendar(workspace.territory().time_zone).local(times)
    kwh = np.where((local.hour // 4 == evening) & (times > after(0)), 1.0, 1.5)
    frames = []
    for place, one in enumerate(ids):
        differs = 0.01 * (-1) ** place
        used = np.where(times > after(0), (kwh if place < 24 else 1.4) + differs, 1.5)
        end = times + pd.Timedelta(hours=1)
        frames.append(
            pd.DataFrame({"meter_id": f"M{one}", "start_utc": times, "end_utc": end, "kwh": used, "available_at": end})
        )
    append(lake, "consumption", pd.concat(frames).to_dict("records"))
    found = estimate(report_campaign(workspace, engine, "tou_2026", NOW, 30), "kw_freed")
    assert (found.sent, found.held_out) == (pytest.approx(0.5), pytest.approx(0.1, abs=1e-6))


def test_a_table_a_person_can_read_and_json_a_program_can(workspace: Workspace, engine: Engine) -> None:
    made = contacts(SENT, HELD)
    keep(engine, made)
    answer(engine, made["push_id"][:36].tolist(), after(4))
    asked = ["campaign", "tou_2026", "--workspace", str(workspace.root)]
    text = CliRunner().invoke(command, asked)
    assert text.exit_code == 0, text.output
    for said in ("成功率", "time_of_use@1", "120 persons sent to, 24 held out", "95% interval", "not known of anybody"):
        assert said in text.output
    told = json.loads(CliRunner().invoke(command, [*asked, "--json"]).output)
    (success,) = [one for one in told["figures"] if one["name"] == "success"]
    assert success["estimate"]["difference"] == pytest.approx(0.3)
    assert told["summary"].startswith("The campaign makes customers take it")
    young = CliRunner().invoke(command, [*asked, "--days", "365"])
    assert "Nothing can be said yet" in young.output
    assert f"{SENT + HELD} contacts less than 60 days ago" in _then(asked, after(59))
    assert "left out" not in _then(asked, after(61))


def _then(asked: list[str], at: pd.Timestamp) -> str:
    """The report as of a moment."""
    found = CliRunner().invoke(command, [*asked, "--now", f"{at:%Y-%m-%dT%H:%M:%SZ}"])
    assert found.exit_code == 0, found.output
    return found.output


def test_the_command_refuses_what_is_unknown(workspace: Workspace, engine: Engine) -> None:
    keep(engine, contacts(2, 1))
    found = CliRunner().invoke(command, ["campaign", "none", "--workspace", str(workspace.root)])
    assert isinstance(found.exception, NotFoundError)
