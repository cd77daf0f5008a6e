"""What long work is doing, on stderr: a live line with its time at a terminal, plain lines in a log."""

import sys
import time
from types import TracebackType
from typing import Any

import click

__all__ = ["Steps"]


class Steps:
    """Announces one step after the other; `done` collects (step, seconds). `quiet` only collects.

    Use as a context manager; calling it ends the running step and begins the next.
    """

    def __init__(self, quiet: bool = False) -> None:
        self.done: list[tuple[str, float]] = []
        self._quiet = quiet
        self._live: Any = None
        self._task: Any = None
        self._step: str | None = None
        self._began = 0.0

    def __enter__(self) -> "Steps":
        if not self._quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

            columns = (SpinnerColumn(finished_text="[green]✓"), TextColumn("{task.description}"), TimeElapsedColumn())
            self._live = Progress(*columns, console=Console(stderr=True))
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._end()
        if self._live is not None:
            self._live.stop()

    def __call__(self, step: str) -> None:
        """End the running step and begin `step`."""
        self._end()
        self._step, self._began = step, time.perf_counter()
        if self._live is not None:
            from rich.markup import escape

            self._task = self._live.add_task(escape(step), total=1)
        elif not self._quiet:
            click.echo(f"· {step}", err=True)

    def _end(self) -> None:
        if self._step is None:
            return
        seconds = time.perf_counter() - self._began
        self.done.append((self._step, seconds))
        if self._live is not None:
            self._live.update(self._task, completed=1)
        self._step = None
