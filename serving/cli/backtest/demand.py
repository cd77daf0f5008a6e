"""`headroom backtest demand`: day-ahead load, issued on past days, against what came."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from features.workspace import Workspace
from serving.cli.backtest.shared import DAY, LEVELS, MOST_ROWS, bar, kept, records, run_options, show_frame
from serving.cli.options import print_json

if TYPE_CHECKING:
    from features.load.history import History
    from training.backtests.demand import BacktestPlan, Scored
    from training.backtests.report import BacktestReport
    from training.demand import DemandConfig, DemandModel

__all__ = ["demand"]

_GROUP = {
    "rcrps": ("rCRPS", 4),
    "coverage": ("coverage", 3),
    "coverage_worst": ("worst node", 3),
    "pinball_kw": ("pinball kW", 2),
    "nodes": ("nodes", 0),
}
_NODE = {name: _GROUP[name] for name in ("rcrps", "coverage", "pinball_kw")} | {"scored": ("intervals", 0)}
_TOTALS = {
    f"{score}_{way}": (f"{title}, {told}", digits)
    for score, title, digits in (("rcrps", "rCRPS", 4), ("coverage", "coverage", 3))
    for way, told in (("independent", "alone"), ("coherent", "adding up"), ("bottom_up", "bottom up"))
} | {"issues": ("issues", 0)}
_REASON = {"rows": ("rows", 0), "share": ("share", 4), "nodes": ("nodes", 0)}


@click.command()
@click.option("--from", "first", type=DAY, required=True, help="First target day (local).")
@click.option("--to", "last", type=DAY, required=True, help="Last target day (local), included.")
@click.option("--issue-hour", default=6, show_default=True, type=click.IntRange(0, 23), help="Local hour of issue.")
@click.option("--days-ahead", default=1, show_default=True, type=click.IntRange(1, 13), help="Days before the target.")
@click.option(
    "--refit",
    "refits",
    type=DAY,
    multiple=True,
    help="Local day whose forecasts come from a model fitted anew "
    "on what was available at their issue; repeatable (default: the first target day only).",
)
@click.option(
    "--refit-every", metavar="DAYS", type=click.IntRange(1), help="Fit anew every so many days from --from on, too."
)
@click.option(
    "--trailing-days",
    type=click.IntRange(7),
    help="Let fits and forecasts see no more than so many days back (default: all there is).",
)
@click.option("--zone", help="Clock of the days and of --issue-hour, such as UTC (default: the territory's).")
@click.option("--levels", type=LEVELS, help="Quantile levels, such as 0.05,0.5,0.95 (default: those of --config).")
@click.option(
    "--actual-weather", is_flag=True, help="Let observed weather stand in where no forecast was issued, and say so."
)
@click.option(
    "--config", type=click.Path(dir_okay=False, path_type=Path), help="YAML file with settings of the demand model."
)
@click.option(
    "--hierarchy", is_flag=True, help="Score the forecasts made to add up over the tree of nodes, too; takes longer."
)
@click.option(
    "--model",
    "registered",
    metavar="VERSION|champion",
    help="Judge a registered version as it is, on days it has not seen, instead of fitting one.",
)
@run_options
def demand(
    first: Any,
    last: Any,
    issue_hour: int,
    days_ahead: int,
    refits: tuple[Any, ...],
    refit_every: int | None,
    trailing_days: int | None,
    zone: str | None,
    levels: tuple[float, ...] | None,
    actual_weather: bool,
    config: Path | None,
    hierarchy: bool,
    registered: str | None,
    out: Path | None,
    no_log: bool,
    workspace: Workspace,
    as_json: bool,
) -> None:
    """Day-ahead demand: quantiles of each day from --from to --to, issued at --issue-hour the day(s) before.

    The model is trained for the leads that are judged. rCRPS is 2 × mean pinball over the levels over (P99 − P1) of
    the node's scored load; coverage is the share of intervals within [q05, q95].
    """
    import pandas as pd

    from features.lake import Lake
    from features.load.reading import load_history
    from training.backtests.demand import day_ahead_plan
    from training.backtests.report import demand_report

    _check_choice(registered, config, refits, refit_every, trailing_days, levels)
    history = load_history(Lake(workspace.lake), workspace.territory())
    span, days = (pd.Timestamp(first), pd.Timestamp(last)), tuple(pd.Timestamp(day) for day in refits)
    how: dict[str, Any] = {"zone": zone, "refit_every_days": refit_every, "trailing_days": trailing_days}
    plan = day_ahead_plan(history, *span, issue_hour, days_ahead, days, actual_weather, **how)
    settings = _settings(config, levels)
    scored, settings, who = _scored(workspace, history, plan, settings, registered, as_json)
    if out is not None:
        scored.forecasts.to_parquet(out, index=False)
    report = demand_report(scored, history, settings.levels)
    report = _with_totals(report, scored, history, settings.levels) if hierarchy else report
    weather = "actual where no forecast was issued" if actual_weather else "as issued"
    asked = {"from": f"{first:%Y-%m-%d}", "to": f"{last:%Y-%m-%d}", "issue_hour": issue_hour, "days_ahead": days_ahead}
    asked |= {"refit": " ".join(f"{day:%Y-%m-%d}" for day in days), "weather": weather, "model": who}
    asked |= {name: "" if value is None else value for name, value in how.items()}
    run_id = kept(workspace, "demand", f"{asked['from']} to {asked['to']}", report, asked | _flat(settings), no_log)
    if as_json:
        tables = {name: records(frame) for name, frame in report.shown.items()}
        print_json({"summary": {"weather": weather, "model": who, **report.metrics}, "run_id": run_id, **tables})
        return
    _show(report, f"Demand, day ahead · weather {weather} · {who}", run_id)


def _scored(
    workspace: Workspace,
    history: "History",
    plan: "BacktestPlan",
    settings: "DemandConfig",
    registered: str | None,
    quiet: bool,
) -> "tuple[Scored, DemandConfig, str]":
    """The forecasts beside what came, the settings of the model that made them, and how it is called."""
    from features.lake import Lake
    from features.load.reading import nodes_known_at
    from training.backtests.demand import backtest_demand, judge_demand

    nodes_at = partial(nodes_known_at, Lake(workspace.lake))
    progress = bar("forecasting, issue by issue", quiet)
    if registered is None:
        return backtest_demand(history, settings, plan, progress, nodes_at), settings, "fitted for this backtest"
    model, who = _registered(workspace, registered, plan, history)
    return judge_demand(history, model, plan, progress, nodes_at), model.config, who


def _with_totals(
    report: "BacktestReport", scored: "Scored", history: "History", levels: tuple[float, ...]
) -> "BacktestReport":
    from training.backtests.hierarchy import hierarchy_scores, with_hierarchy

    parents = dict(zip(history.nodes.index.astype(str), history.nodes["parent_id"], strict=True))
    return with_hierarchy(report, hierarchy_scores(scored.forecasts, history, parents, levels))


def _check_choice(registered: str | None, *fitting: Any) -> None:
    if registered is not None and any(fitting):
        from features.errors import ConfigError

        raise ConfigError(
            "--model judges a version as it is: give it without --config, --levels, --refit, --refit-every and "
            "--trailing-days"
        )


def _settings(config: Path | None, levels: tuple[float, ...] | None) -> "DemandConfig":
    from features.settings import load_settings
    from training.demand import DemandConfig

    settings = DemandConfig() if config is None else load_settings(DemandConfig, config)
    return settings if levels is None else settings.model_copy(update={"levels": levels})


def _registered(
    workspace: Workspace, wanted: str, plan: "BacktestPlan", history: "History"
) -> "tuple[DemandModel, str]":
    """The registered model of that version, and how it is called; refused where it has seen a day of `plan`."""
    from tempfile import TemporaryDirectory

    import pandas as pd

    from training.backtests.demand import check_unseen
    from training.demand import DemandModel
    from training.registry import fetch

    version = _version(workspace, wanted)
    with TemporaryDirectory() as folder:
        model = DemandModel.load(fetch(workspace, version, Path(folder)))
    tuned = version.tags.get("tuned_until")
    seen = max(model.trained_until, pd.Timestamp(tuned)) if tuned else model.trained_until
    who = f"demand version {version.version}"
    check_unseen(plan, seen, history.calendar, who)
    return model, who


def _version(workspace: Workspace, wanted: str) -> Any:
    from features.errors import ConfigError, ModelError, NotFoundError
    from training.registry import champion, list_versions

    number = wanted
    if wanted == "champion":
        serving = champion(workspace, "demand")
        if serving is None:
            raise ModelError(f"no demand model serves in {workspace.root}: promote one with `headroom promote demand`")
        number = str(serving.version)
    if not number.isdigit():
        raise ConfigError(f"--model {wanted!r} is neither a version number nor `champion`")
    versions = list_versions(workspace, "demand")
    found = [one for one in versions if one.version == int(number)]
    if not found:
        known = ", ".join(str(one.version) for one in versions) or "none"
        raise NotFoundError(f"model demand has no version {number}; registered: {known}")
    return found[0]


def _flat(settings: "DemandConfig") -> dict[str, Any]:
    """Settings as `demand.a.b` → value."""
    import pandas as pd

    flat = pd.json_normalize(settings.model_dump(mode="json")).iloc[0]
    return {f"demand.{name}": value for name, value in flat.items()}


def _show(report: "BacktestReport", title: str, run_id: str | None) -> None:
    nodes = report.shown["nodes"].sort_values("rcrps", ascending=False)
    show_frame(title, nodes, _NODE, MOST_ROWS)
    if len(nodes) > MOST_ROWS:
        click.echo(f"the {MOST_ROWS} worst of {len(nodes)} nodes; --json has all of them")
    show_frame("By kind of node", report.shown["groups"], _GROUP)
    if "hierarchy" in report.shown:
        show_frame("Made to add up, beside each on its own", report.shown["hierarchy"], _TOTALS)
    show_frame("By lead", report.shown["leads"], _GROUP)
    if len(report.shown["reasons"]):
        show_frame("Fallbacks used", report.shown["reasons"], _REASON)
    found = report.metrics
    click.echo(
        f"mean over {found['nodes']:.0f} nodes: rCRPS {found['rcrps']:.4f} · coverage {found['coverage']:.3f} "
        f"(worst node {found['coverage_worst']:.3f})"
    )
    if run_id is not None:
        click.echo(f"kept as run {run_id}")
