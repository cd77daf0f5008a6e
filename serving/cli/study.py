"""What `headroom train` says and takes about tuning: the options of a study, its bar, and how to go on after a stop."""

import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

import click

from features.workspace import Workspace

if TYPE_CHECKING:
    from training.tuning import Progress, Tuned, TuningRun
    from training.tuning.settings import CustomerSpace, DemandSpace, PeakSpace

__all__ = ["StudyOptions", "TuningBar", "show_tuned"]

_INTERRUPTED = 130

S = TypeVar("S", "CustomerSpace", "DemandSpace", "PeakSpace")


@dataclass(frozen=True)
class StudyOptions:
    """The options of one call; without `trials` nothing is tuned."""

    trials: int | None
    space: Path | None
    storage: str | None
    name: str | None
    folds: int | None
    minutes: float | None

    def wanted(self) -> int | None:
        """Trials to be made; UsageError where other options of a study are given without them."""
        values = (self.space, self.storage, self.name, self.folds, self.minutes)
        names = ("--space", "--storage", "--study", "--folds", "--timeout")
        given = [option for option, value in zip(names, values, strict=True) if value is not None]
        if self.trials is None and given:
            raise click.UsageError(f"{', '.join(given)} needs --trials N: nothing is tuned without")
        return self.trials

    def load_space(self, kind: "type[S]", shipped: str) -> S:
        """The search space, with the number of folds asked for."""
        from features.configs import config_path
        from features.settings import load_settings

        space = load_settings(kind, self.space or config_path(shipped))
        if self.folds is None:
            return space
        return space.model_copy(update={"study": space.study.model_copy(update={"folds": self.folds})})

    def run(self, workspace: Workspace, bar: "TuningBar") -> "TuningRun":
        """How the study is carried out."""
        from training.tuning import TuningRun

        seconds = None if self.minutes is None else 60 * self.minutes
        return TuningRun(self.trials or 0, self.storage, workspace, self.name, seconds, bar)


class TuningBar:
    """Finished trials and the best value: a live bar at a terminal, a line per trial in a log, nothing when quiet.

    Use as a context manager around the work. An interrupt ends it with how to go on: nothing finished is lost.
    """

    def __init__(self, quiet: bool = False) -> None:
        self._quiet = quiet
        self._live: Any = None
        self._task: Any = None
        self._last: Progress | None = None

    def __enter__(self) -> "TuningBar":
        return self

    def __call__(self, so_far: "Progress") -> None:
        """Show how far the study is."""
        self._last = so_far
        if self._quiet:
            return
        best = "none yet" if so_far.best is None else f"{so_far.best:.5f}"
        if not sys.stderr.isatty():
            click.echo(f"· tuning {so_far.study}: {so_far.finished} of {so_far.wanted} trials, best {best}", err=True)
            return
        if self._live is None:
            self._begin(so_far)
        self._live.update(self._task, completed=so_far.finished, best=best)
        if so_far.finished >= so_far.wanted:
            self._end()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        if kind is not None and issubclass(kind, KeyboardInterrupt) and self._last is not None:
            click.echo(
                f"\nInterrupted. Study {self._last.study} keeps its {self._last.finished} finished trials; "
                "the same command goes on where it was.",
                err=True,
            )
            raise click.exceptions.Exit(_INTERRUPTED)

    def _begin(self, so_far: "Progress") -> None:
        from rich.console import Console
        from rich.markup import escape
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        self._live = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("best {task.fields[best]}"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
        )
        self._live.start()
        self._task = self._live.add_task(f"tuning {escape(so_far.study)}", total=so_far.wanted, best="none yet")

    def _end(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None


def show_tuned(tuned: "Tuned[Any]") -> None:
    """The best settings beside those there were."""
    before = "" if tuned.default_value is None else f", settings as they were {tuned.default_value:.5f}"
    click.echo(f"study {tuned.study_name}: {tuned.trials} trials, best {tuned.value:.5f}{before}")
    for name, value in tuned.params.items():
        shown = f"{value:.4g}" if isinstance(value, float) else str(value)
        click.echo(f"  {name:<24} {shown}")
