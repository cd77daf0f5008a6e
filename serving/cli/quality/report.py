"""`headroom quality report`: scores as a table, as JSON, and as a page with trends."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from features.workspace import Workspace
from serving.cli.options import json_option, print_json, workspace_option

if TYPE_CHECKING:
    import pandas as pd

    from features.quality import Measurement, QualityRules

__all__ = ["report"]


@click.command()
@click.option("--as-of", type=click.DateTime(), help="Judge what was known at this moment, UTC (default: now).")
@click.option("--org", help="Only what belongs to this org unit and below.")
@click.option("--table", "tables", multiple=True, help="Only rules on this table; may be repeated.")
@click.option("--source", help="Only rows of this source.")
@click.option("--rules", "path", type=click.Path(dir_okay=False, path_type=Path), help="Another configs/quality.yaml.")
@click.option("--trend-months", type=click.IntRange(0, 60), default=0, help="Measure the ends of past months, too.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write a page with trends here.")
@workspace_option
@json_option
def report(
    as_of: datetime | None,
    org: str | None,
    tables: tuple[str, ...],
    source: str | None,
    path: Path | None,
    trend_months: int,
    html: Path | None,
    workspace: Workspace,
    as_json: bool,
) -> None:
    """Judge the lake by the quality rules and keep the counts, so that the next report has a trend.

    A score is the share of what was checked that is right; where nothing was checked there is none. Halls add up to
    departments, departments to the company. The same data again are the same measurement.
    """
    import pandas as pd

    from features.configs import config_path
    from features.lake import Lake
    from features.quality import QualityRules, history, measure
    from features.settings import load_settings
    from serving.report.quality import Organisation, document, render

    rules = load_settings(QualityRules, path or config_path("quality.yaml"))
    rules = _only(rules, tables)
    moment = pd.Timestamp(datetime.now(UTC) if as_of is None else as_of.replace(tzinfo=UTC)).floor("s")
    for earlier in _months(moment, trend_months):
        measure(workspace, rules, earlier)
    measured = measure(workspace, rules, moment)
    organisation = Organisation.read(Lake(workspace.lake), moment)
    past = [one for one in history(workspace, rules) if one.as_of <= moment]
    narrowed = [_narrowed(one, organisation.parents, org, source) for one in (measured, *past)]
    told = document(narrowed[0], narrowed[1:], rules, organisation)
    if html is not None:
        html.parent.mkdir(parents=True, exist_ok=True)
        html.write_text(render(told, rules, workspace.territory().name), encoding="utf-8")
    if as_json:
        print_json(told)
        return
    _show(told)
    if html is not None:
        click.echo(f"Page: {html}")


def _only(rules: "QualityRules", tables: Sequence[str]) -> "QualityRules":
    """The rules on the named tables; all where none is named."""
    if not tables:
        return rules
    known = {rule.table for rule in rules.rules}
    odd = [table for table in tables if table not in known]
    if odd:
        raise click.UsageError(
            f"--table {', '.join(odd)}: no rule is on it; tables with rules: {', '.join(sorted(known))}"
        )
    return rules.model_copy(update={"rules": tuple(rule for rule in rules.rules if rule.table in tables)})


def _months(moment: "pd.Timestamp", count: int) -> "list[pd.Timestamp]":
    """The first instants of the last `count` months up to the moment, oldest first."""
    import pandas as pd

    first = moment.normalize().replace(day=1)
    return [first - pd.DateOffset(months=back) for back in reversed(range(count))]


def _narrowed(one: "Measurement", parents: Any, org: str | None, source: str | None) -> "Measurement":
    """The measurement of one org unit and below, or of one source."""
    from dataclasses import replace

    from features.errors import NotFoundError
    from serving.access import subtree

    counts = one.counts
    if org is not None:
        if org not in parents:
            raise NotFoundError(f"there is no org unit {org}")
        counts = counts[counts["unit"].isin(subtree(parents, org))]
    if source is not None:
        counts = counts[counts["source"] == source]
    return replace(one, counts=counts.reset_index(drop=True))


def _show(told: dict[str, Any]) -> None:
    from serving.cli.tables import number, show_table

    def share(value: float | None) -> str:
        if value is not None and 0.99995 <= value < 1:
            # Nearly all is not all.
            return "> 99.99 %"
        return "–" if value is None else f"{100 * value:.2f} %"

    rows = [[name, share(value)] for name, value in told["dimensions"].items()]
    click.echo(f"Data quality as of {told['as_of'][:16].replace('T', ' ')} UTC: {share(told['score'])}")
    show_table("Dimensions", ["dimension", "score"], rows, ["score"])
    units = [["  " * _depth(unit) + unit["name"], unit["id"], share(unit["score"])] for unit in told["org_units"]]
    if units:
        show_table("Org units, recomputed from counts", ["unit", "id", "score"], units, ["score"])
    ordered = sorted(told["rules"], key=lambda rule: (rule["score"] is None, rule["score"] or 0.0))
    table = [
        [
            rule["id"],
            f"{rule['english']} {rule['chinese']}",
            number(rule["checked"]),
            number(rule["failed"]),
            share(rule["score"]),
            rule["level"],
            "; ".join(rule["examples"][:2]),
        ]
        for rule in ordered
    ]
    heads = ["rule", "what is right", "checked", "failed", "score", "level", "failures, some of them"]
    show_table("Rules, the worst first", heads, table, heads[2:5])


def _depth(unit: dict[str, Any]) -> int:
    return {"company": 0, "department": 1, "hall": 2}[unit["kind"]]
