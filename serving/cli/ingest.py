"""`headroom ingest`: a utility's own files through the gate into the lake."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from features.workspace import Workspace
from serving.cli.options import json_option, print_json, workspace_option

if TYPE_CHECKING:
    from features.ingest import IngestReport, Progress

__all__ = ["command"]


@click.command()
@click.argument("source", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder that holds the files the mapping names.",
)
@click.option(
    "--batch-rows",
    type=click.IntRange(min=1),
    help="Records that are checked, kept and written as one part of a larger file; 2 million unless given.",
)
@workspace_option
@json_option
def command(source: Path, data: Path, batch_rows: int | None, workspace: Workspace, as_json: bool) -> None:
    """Bring a utility's own tables through the gate into the lake.

    SOURCE is a mapping in YAML (see configs/sources): which files feed which tables, their layout, units, clock and
    codes. Rows that break a contract go to quarantine with a reason code and their source line; nothing is dropped
    unseen: in = accepted + quarantined + superseded. A file that is in already changes nothing.

    Killed at any moment, the same command goes on where it was: parts of a file that were checked are not checked
    again, batches that were written are not written again, and its counts are those of the whole. Nothing is written
    before all files are checked, and a batch is in the lake whole or not at all.
    """
    from features.ingest import BATCH_ROWS, ingest

    with _progress(quiet=as_json) as progress:
        report = ingest(source, data, workspace, progress, batch_rows or BATCH_ROWS)
    if as_json:
        print_json(report.to_dict())
    else:
        _show(report)


@contextmanager
def _progress(quiet: bool) -> Iterator["Progress"]:
    """A live line per file at a terminal; silence elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import Progress as Bars
    from rich.progress import SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.completed:,.0f} rows"))
    tasks: dict[tuple[str, str], TaskID] = {}
    with Bars(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as bars:

        def advance(table: str, file: str, rows: int) -> None:
            key = (table, file)
            if key not in tasks:
                tasks[key] = bars.add_task(escape(f"{table} ← {file}"), total=None)
            bars.update(tasks[key], completed=rows)

        yield advance


def _show(report: "IngestReport") -> None:
    from serving.cli.tables import number, show_table

    heads = ["in", "accepted", "quarantined", "superseded", "blank", "excluded", "written"]
    rows = []
    for table in report.tables.values():
        counts = [table.rows_in, table.accepted, table.quarantined.total(), table.superseded]
        counts += [table.blank, table.excluded, table.written]
        files = f"{table.files} ({table.unchanged} in already)" if table.unchanged else str(table.files)
        rows.append([table.table, files, *map(number, counts)])
    show_table(f"Source {report.source}", ["table", "files", *heads], rows, ["files", *heads])
    _show_reasons(report)
    if report.resumed:
        click.echo(f"{report.resumed:,} rows of these were checked by a run that was killed, and not checked again.")
    if not report.changed:
        click.echo("Nothing new: every file is in the lake already, under the same mapping.")


def _show_reasons(report: "IngestReport") -> None:
    from features.ingest import REASONS
    from serving.cli.tables import number, show_table

    found = [
        [table.table, reason, number(count), REASONS[reason]]
        for table in report.tables.values()
        for reason, count in table.quarantined.most_common()
    ]
    if found:
        show_table("Quarantined", ["table", "reason", "rows", "meaning"], found, ["rows"])
        click.echo(f"Refused rows, with their source line, are kept in {report.quarantine}")
