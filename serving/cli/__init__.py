"""The `headroom` command: names and short helps here, each command's code imported only when it is asked for."""

import importlib
import os
from collections.abc import Mapping
from typing import Any

import click

from features.errors import HeadroomError

__all__ = ["COMMANDS", "LazyGroup", "Refused", "group", "main"]

# Static, so that `headroom --help` imports none of the command modules. The order is the order of work.
COMMANDS: dict[str, str] = {
    "demo": "Run the main job end to end on the embedded demo territory.",
    "demo-exports": "Write a demo territory as four systems export it, faults and truth included.",
    "ingest": "Bring a utility's own tables through the gate into the lake.",
    "reconcile": "Bring the ledgers of several systems together.",
    "links": "Show what is linked to what, how surely and why.",
    "work-items": "List and settle what people must look at.",
    "quality": "Judge the data by rules, with trends and by org unit.",
    "contracts": "Show what every table holds: columns, units, bounds, codes.",
    "features": "Show and make the features of customers, as of any date.",
    "tags": "Show tags: definitions, who holds which and why, runs, replay.",
    "customers": "Select, export and portray customers; who pulled what.",
    "suspects": "Areas that lose more than they did, and who may be the cause.",
    "pushes": "Decide, list and answer offers of services; who wants none.",
    "erase": "Erase who a customer is, with every earlier version.",
    "train": "Train a model, log the run and register a version.",
    "backtest": "Score a model on past issue times, honestly.",
    "models": "List the registered versions and what served.",
    "promote": "Let a challenger serve, if it holds its own.",
    "rollback": "Go back to the champion before.",
    "monitor": "Watch what serves: inputs, scores, levels, silences.",
    "retrain": "Train anew where it is needed, and say why or why not.",
    "publish": "Write a publication, append-only: capacity, tags of customers, or offers.",
    "report": "Tell what came of a campaign, against who was held out.",
    "forecast": "Forecast load at nodes, with quantiles and reasons.",
    "capacity": "Show the open capacity of nodes and what binds it.",
    "applications": "Check applications, see who waits and who was released.",
    "allocate": "Say where applications connect, and hold it when asked.",
    "transfers": "Show which ties to switch so that more load fits.",
    "events": "List what goes on at nodes, and what is seen coming.",
    "digest": "Tell the week of each org unit, as pages and as JSON.",
    "reservations": "Every promise of capacity; confirm, cancel, notices.",
    "serve": "Answer over HTTP.",
    "keys": "Add, list and revoke API keys.",
    "build": "Pack everything that serves into a bento.",
}


class Refused(click.ClickException):
    """An error this product raised on purpose: its message on stderr, exit code 2, no traceback."""

    exit_code = 2


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports `serving.cli.<name>` on first use (- is _)."""

    def __init__(self, *args: Any, lazy: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lazy = dict(lazy)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in self.lazy:
            return None
        module = importlib.import_module(f"serving.cli.{cmd_name.replace('-', '_')}")
        command = module.command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(self.lazy.items()))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except HeadroomError as error:
            raise Refused(str(error)) from error
        except BrokenPipeError:
            # Whoever read the output has seen enough; click ends quietly.
            raise
        except OSError as error:
            # What the machine refuses: a folder one may not write to, a disk that is full.
            where = "" if error.filename is None else f"{error.filename}: "
            raise Refused(f"{where}{error.strerror or error}") from error


@click.group(
    cls=LazyGroup,
    lazy=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(package_name="headroom")
def group() -> None:
    """How much more load can each transformer area, feeder and substation take?

    Headroom reads load, weather and the grid's tables, forecasts demand and peaks with quantiles, and says how much
    capacity is open at each node, what binds it, and how sure it is. Everything is kept in one workspace folder.
    """


def main() -> None:
    """Entry point of the console script."""
    # Threads that spin while they wait make training ten times slower on a machine that has other work, too.
    # OpenMP reads this once, when the first library that uses it is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    group(prog_name="headroom")
