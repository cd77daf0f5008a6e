"""`headroom report`: what came of a campaign."""

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from features.workspace import Workspace
from serving.cli.options import json_option, moment_of, now_option, print_json, workspace_option

if TYPE_CHECKING:
    from serving.decisions.campaign import CampaignReport

__all__ = ["command"]


@click.group()
def command() -> None:
    """Tell what came of offers, against those who were held out by lot."""


@command.command()
@click.argument("campaign")
@click.option(
    "--days",
    type=click.IntRange(1, 365),
    default=60,
    show_default=True,
    help="Days after a contact within which its outcome counts; younger contacts are left out.",
)
@now_option
@workspace_option
@json_option
def campaign(campaign: str, days: int, now: datetime | None, workspace: Workspace, as_json: bool) -> None:
    """Tell what CAMPAIGN changed: each figure among those sent to less that among those held out, with its interval.

    Everybody counts as drawn, whether the message arrived or not, from the first contact on. Above everything stands
    whether those held out are as many, and like the others, as they should be.
    """
    from serving.pushes.report import report_campaign
    from serving.settings import service_settings
    from serving.state import open_state

    engine = open_state(service_settings(workspace).state_url or workspace.state_url)
    try:
        report = report_campaign(workspace, engine, campaign, moment_of(now), days)
    finally:
        engine.dispose()
    if as_json:
        print_json(_plain(report))
    else:
        _show(report)


def _plain(report: "CampaignReport") -> dict[str, Any]:
    from serving.decisions.campaign.words import found_in_words, summary

    told = asdict(report) | {"now": report.now.isoformat(), "warnings": list(report.warnings)}
    figures = [asdict(one) | {"words": found_in_words(one)} for one in report.figures]
    return told | {"figures": figures, "summary": summary(report)}


def _show(report: "CampaignReport") -> None:
    from serving.cli.tables import show_table
    from serving.decisions.campaign.words import summary

    ratio = report.sample_ratio
    click.echo(f"{report.campaign}: {', '.join(report.services)}")
    click.echo(summary(report))
    click.echo(
        f"{report.persons[0]:,} persons sent to, {report.persons[1]:,} held out "
        f"({ratio.expected_share:.1%} should be; a count as far off comes by chance {ratio.probability:.3f} of times)"
    )
    if report.later or report.open:
        click.echo(
            f"left out: {report.open:,} contacts less than {report.window_days} days ago, {report.later:,} that were "
            "not a person's first"
        )
    columns = ["figure", "", "sent", "held out", "difference"]
    show_table(f"within {report.window_days} days of the contact", columns, _figures(report), ["sent", "held out"])
    columns = ["known before", "sent", "held out", "SD apart", "found"]
    rows = [
        [one.name, f"{one.sent:.3g}", f"{one.held_out:.3g}", f"{one.difference:+.2f}", one.verdict]
        for one in report.balance
    ]
    show_table("whether both were alike", columns, rows, columns[1:4])


def _figures(report: "CampaignReport") -> list[list[str]]:
    from serving.decisions.campaign.told import FIGURES
    from serving.decisions.campaign.words import amount, found_in_words

    rows = []
    for one in report.figures:
        naming, estimate = FIGURES[one.name], one.estimate
        arms = ["", ""]
        # All sent have no counterpart: those held out are fewer.
        if estimate is not None and one.name != "kw_freed_all":
            arms = [amount(value, naming.unit) for value in (estimate.sent, estimate.held_out)]
        rows.append([naming.english, naming.chinese, *arms, found_in_words(one)])
    return rows
