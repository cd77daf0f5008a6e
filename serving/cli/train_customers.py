"""`headroom train value|anomaly|prospects`: models of customers, tuned where asked to, fitted, scored, registered."""

from pathlib import Path

import click

from features.workspace import Workspace
from serving.cli.progress import Steps
from serving.cli.study import StudyOptions, TuningBar
from serving.cli.train_shared import finish, origin_of, shared_options

__all__ = ["COMMANDS"]

_SUBJECTS = {
    "value": "what a customer will bring in the next 12 months, with a range, growth, and losses from arrears",
    "anomaly": "who uses energy that is not measured, since when, and how much, with an honest rate of false alarms",
    "prospects": "who will need more capacity, electrify, or leave within 12 months",
}


def _command(name: str, subject: str) -> click.Command:
    """The training of one family."""

    @click.command(
        name,
        help=(
            f"Train the {name} model: {subject}.\n\n"
            "The newest origins are held out: the model learns from the cases whose outcome was known before the first "
            "of them, and is scored on the customers of those origins. Where the lake is too short for that, it is "
            "trained on everything and says that it has no scores."
        ),
    )
    @click.option(
        "--held-out-origins",
        default=2,
        show_default=True,
        type=click.IntRange(0, 100),
        help="Newest origins, unseen by study and model, to score on; fewer where nothing would be left to learn from.",
    )
    @shared_options
    def command(
        workspace: Workspace,
        config: Path | None,
        trials: int | None,
        space: Path | None,
        storage: str | None,
        study: str | None,
        folds: int | None,
        timeout: float | None,
        held_out_origins: int,
        again: bool,
        promote_it: bool,
        as_json: bool,
    ) -> None:
        from features.configs import config_path
        from features.settings import load_settings
        from training.customers.families import family
        from training.customers.jobs import train_customers

        one = family(name)
        settings = load_settings(one.config_type, config or config_path(one.config_file))
        options = StudyOptions(trials, space, storage, study, folds, timeout)
        tuned = None
        if options.wanted():
            from training.tuning import CustomerSpace, tune_stored_customers

            ranges = options.load_space(CustomerSpace, one.space_file)
            with TuningBar(quiet=as_json) as bar:
                run = options.run(workspace, bar)
                tuned = tune_stored_customers(workspace, one, settings, ranges, run, held_out_origins)
            settings = tuned.config
        with Steps(quiet=as_json) as say:
            made = train_customers(workspace, one, settings, held_out_origins, again, say, *origin_of(tuned))
        finish(workspace, made, tuned, promote_it, as_json)

    return command


COMMANDS = tuple(_command(name, subject) for name, subject in _SUBJECTS.items())
"""One command for each family."""
