"""`headroom backtest value|anomaly|prospects`: customers at past origins, by what was known then, against what came."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from features.workspace import Workspace
from serving.cli.backtest.shared import DAY, bar, kept, records, run_options, show_frame
from serving.cli.options import print_json

if TYPE_CHECKING:
    from training.backtests.report import BacktestReport

__all__ = ["COMMANDS"]

_SUBJECTS = {
    "value": "Margin of the next 12 months after cost to serve and bad debt",
    "anomaly": "Theft and other abnormal use",
    "prospects": "Who needs more capacity, electrifies, or leaves within 12 months",
}
_MOST_COLUMNS = 8
_UNIT = {"cases": ("cases", 0), "customers": ("customers", 0), "scored": ("scored", 0), "loss": ("mean loss", 4)}


def _command(name: str, subject: str) -> click.Command:
    """The backtest of one family."""

    @click.command(
        name,
        help=(
            f"{subject}: from past origins, against what came, beside the naive rule.\n\n"
            "The origins are those of the family itself, as far as their outcomes are known. At each, a model is "
            "fitted on the cases whose outcome was known by then, and scored on the customers of that origin. An "
            "origin at which too little was known is left out and named."
        ),
    )
    @click.option("--from", "first", type=DAY, help="First origin (UTC day; default: the earliest there is).")
    @click.option("--to", "last", type=DAY, help="Last origin (UTC day; default: the newest with known outcomes).")
    @click.option(
        "--most-origins",
        default=8,
        show_default=True,
        type=click.IntRange(1, 500),
        help="Judge at most so many of them, evenly spread.",
    )
    @click.option(
        "--config",
        type=click.Path(dir_okay=False, path_type=Path),
        help=f"YAML file with settings of the {name} model (default: the shipped ones).",
    )
    @run_options
    def command(
        first: Any,
        last: Any,
        most_origins: int,
        config: Path | None,
        out: Path | None,
        no_log: bool,
        workspace: Workspace,
        as_json: bool,
    ) -> None:
        import pandas as pd

        from features.configs import config_path
        from features.lake import Lake
        from features.settings import config_hash, load_settings
        from training.backtests.customers import CustomerPlan, backtest_customers, customers_report
        from training.customers.families import family

        one = family(name)
        settings = load_settings(one.config_type, config or config_path(one.config_file))
        begin, end = (None if day is None else pd.Timestamp(day, tz="UTC") for day in (first, last))
        # A day that is named is wanted whole.
        end = None if end is None else end + pd.Timedelta(days=1, microseconds=-1)
        plan = CustomerPlan(begin, end, most_origins)
        progress = bar("fitting, origin by origin", as_json)
        found = backtest_customers(one, Lake(workspace.lake), workspace.territory(), settings, plan, progress)
        if out is not None:
            found.scored.to_parquet(out, index=False)
        report = customers_report(found)
        params = plan.params() | {"config": config_hash(settings)}
        run_id = kept(workspace, name, plan.name(), report, params, no_log)
        if as_json:
            tables = {table: records(frame) for table, frame in report.shown.items()}
            print_json({"summary": report.metrics, "run_id": run_id, **tables})
            return
        _show(name, report, run_id)

    return command


def _show(name: str, report: "BacktestReport", run_id: str | None) -> None:
    from serving.cli.tables import number, show_table

    origins, units = report.shown["origins"], report.shown["units"]
    # Scores are many and origins few: one row a score reads better.
    last = origins.tail(_MOST_COLUMNS)
    columns = ["", *(f"{origin:%Y-%m-%d}" for origin in last.index)]
    rows = [
        [
            str(score).replace("_", " "),
            *(number(None if one != one else one, _digits(str(score))) for one in last[score]),
        ]
        for score in origins
    ]
    show_table(f"{name} by origin, each fitted on what was known then", columns, rows, right=columns[1:])
    show_frame("By unit", units, _UNIT)
    for reason, part in report.shown["left_out"].groupby("reason"):
        days = [f"{origin:%Y-%m-%d}" for origin in part.index]
        told = days[0] if len(days) == 1 else f"{len(days)} origins from {days[0]} to {days[-1]}"
        click.echo(f"left out: {told}: {reason}")
    told = f"{len(origins)} origin(s) from {origins.index[0]:%Y-%m-%d} to {origins.index[-1]:%Y-%m-%d}"
    click.echo(told if run_id is None else f"{told}; kept as run {run_id}")


def _digits(score: str) -> int:
    return 0 if score in ("training_cases", "cases") else 4


COMMANDS = tuple(_command(name, subject) for name, subject in _SUBJECTS.items())
"""One command for each family."""
