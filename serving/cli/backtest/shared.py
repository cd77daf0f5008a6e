"""What the backtests share on the command line: options, progress, and what is told of a run."""

import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from serving.cli.options import json_option, workspace_option

if TYPE_CHECKING:
    import pandas as pd

    from features.workspace import Workspace
    from training.backtests.origins import OriginPlan, Origins
    from training.backtests.report import BacktestReport

__all__ = [
    "DAY",
    "LEVELS",
    "bar",
    "kept",
    "origin_options",
    "origin_plan",
    "records",
    "run_options",
    "show_frame",
    "tell_origins",
]

DAY = click.DateTime(["%Y-%m-%d"])


class _Levels(click.ParamType):
    """Quantile levels between 0 and 1, rising, with commas between."""

    name = "LEVELS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        try:
            levels = tuple(float(one) for one in str(value).split(","))
        except ValueError:
            self.fail(f"{value!r} is no list of numbers such as 0.05,0.5,0.95", param, ctx)
        if not all(0 < low < high < 1 for low, high in zip((1e-9, *levels), levels, strict=False)):
            self.fail(f"{value!r}: levels lie between 0 and 1 and rise", param, ctx)
        return levels


LEVELS = _Levels()
MOST_ROWS = 20


def run_options(job: Callable[..., Any]) -> Callable[..., Any]:
    """--workspace, --out, --no-log, --json."""
    for option in (
        json_option,
        workspace_option,
        click.option("--no-log", is_flag=True, help="Leave the tracking store alone."),
        click.option(
            "--out",
            type=click.Path(dir_okay=False, path_type=Path),
            help="Write the long table, every forecast beside what came, to this file (Parquet).",
        ),
    ):
        job = option(job)
    return job


def origin_options(step_days: int, settings: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """--from, --to, --step-days, --config of the backtests that look far ahead; `settings` says of what and where."""
    options = (
        click.option(
            "--config", type=click.Path(dir_okay=False, path_type=Path), help=f"YAML file with settings of {settings}."
        ),
        click.option(
            "--step-days",
            default=step_days,
            show_default=True,
            type=click.IntRange(1),
            help="Days from origin to origin.",
        ),
        click.option("--to", "last", type=DAY, required=True, help="Last origin (local day)."),
        click.option("--from", "first", type=DAY, required=True, help="First origin (local day)."),
    )

    def over(job: Callable[..., Any]) -> Callable[..., Any]:
        for option in options:
            job = option(job)
        return job

    return over


def origin_plan(first: Any, last: Any, step_days: int, horizon_days: int) -> "OriginPlan":
    """The origins asked for."""
    import pandas as pd

    from training.backtests.origins import OriginPlan

    return OriginPlan(pd.Timestamp(first), pd.Timestamp(last), step_days, horizon_days)


def bar(label: str, quiet: bool) -> "Callable[[Iterable[pd.Timestamp]], Iterator[pd.Timestamp]]":
    """A progress bar over origins on a terminal; nothing in a pipe or with `quiet`."""

    def over(moments: "Iterable[pd.Timestamp]") -> "Iterator[pd.Timestamp]":
        if quiet or not sys.stderr.isatty():
            yield from moments
            return
        from rich.console import Console
        from rich.progress import track

        yield from track(list(moments), label, console=Console(stderr=True), transient=True)

    return over


def kept(
    workspace: "Workspace", kind: str, run_name: str, report: "BacktestReport", params: dict[str, Any], no_log: bool
) -> str | None:
    """Log the run unless told not to; its id."""
    from training.backtests.report import log_backtest

    return None if no_log else log_backtest(workspace, kind, run_name, report, params)


def records(frame: "pd.DataFrame") -> list[dict[str, Any]]:
    """Rows for JSON, the index among them; instants and days as ISO text."""
    plain = frame.reset_index()
    for name in plain.select_dtypes(["datetime", "datetimetz"]).columns:
        plain[name] = [None if one != one else one.isoformat() for one in plain[name]]
    return [dict(zip(plain.columns, row, strict=True)) for row in plain.astype(object).to_numpy().tolist()]


def tell_origins(origins: "Origins", horizon_days: int, run_id: str | None) -> None:
    """What was judged, what could not be yet, and where it is kept."""
    days = origins.days
    told = f"{len(days)} origins from {days[0]:%Y-%m-%d} to {days[-1]:%Y-%m-%d}, each looking {horizon_days} days ahead"
    if len(origins.too_late):
        told += f"; {len(origins.too_late)} left out, their {horizon_days} days are not over by the end of the data"
    click.echo(told)
    if run_id is not None:
        click.echo(f"kept as run {run_id}")


def show_frame(title: str, frame: "pd.DataFrame", columns: dict[str, tuple[str, int]], most: int | None = None) -> None:
    """A table of some columns of a frame: `columns` maps a column to its head and its decimals."""
    from serving.cli.tables import number, show_table

    heads = [str(name) for name in frame.index.names]
    right = [head for head, _ in columns.values()]
    rows = [
        [*(_plain(one) for one in (key if isinstance(key, tuple) else (key,)))]
        + [_figure(row[name], digits, number) for name, (_, digits) in columns.items()]
        for key, row in frame.head(most or len(frame)).iterrows()
    ]
    show_table(title, [*heads, *right], rows, right)


def _plain(key: Any) -> str:
    return f"{key:%Y-%m-%d}" if hasattr(key, "strftime") else str(key)


def _figure(value: Any, digits: int, number: Callable[..., str]) -> str:
    return number(None if value != value else float(value), digits)
