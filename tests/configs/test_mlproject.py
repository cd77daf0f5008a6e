"""Every entry point of the MLflow project is a command that exists, with options it takes."""

import shlex
from pathlib import Path

import click
import pytest
import yaml

from serving.cli import group

PROJECT = yaml.safe_load((Path(__file__).resolve().parents[2] / "mlproject").read_text(encoding="utf-8"))
POINTS = PROJECT["entry_points"]


@pytest.mark.parametrize("name", sorted(POINTS))
def test_an_entry_point_is_a_command_line_that_parses(name: str) -> None:
    defaults = {key: one["default"] for key, one in POINTS[name]["parameters"].items()}
    program, *words = shlex.split(POINTS[name]["command"].format(**defaults))
    assert program == "headroom"
    command: click.Command = group
    context = click.Context(group)
    while isinstance(command, click.Group):
        found = command.get_command(context, words.pop(0))
        assert found is not None
        command, context = found, click.Context(found, parent=context)
    with command.make_context(name, words, parent=context) as made:
        assert made.params["workspace"].root == Path("workspace")


def test_the_entry_points_are_those_promised() -> None:
    assert set(POINTS) == {"demo", "demand", "peak", "value", "anomaly", "prospects", "backtest"}
