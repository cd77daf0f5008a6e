"""`headroom quality`: how good the data are, by rules that are data themselves."""

import click

from serving.cli.quality.report import report
from serving.cli.quality.rules import rules

__all__ = ["command"]


@click.group()
def command() -> None:
    """How good the data are: complete, valid, unique, consistent, timely, plausible, by source and org unit."""


for _one in (report, rules):
    command.add_command(_one)
