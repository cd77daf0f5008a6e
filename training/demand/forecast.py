"""A forecast at one issue time as a table, with the reason beside every row; with contributions where asked."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from features.errors import NotFoundError
from features.load.groups import GROUPS, LEVEL
from features.load.history import History
from training.demand.assembly import Issue
from training.demand.borrow import SHORT_DAYS
from training.demand.effects import AS_KNOWN, EventScenario
from training.demand.explain import absorb
from training.demand.quantiles import MEDIAN, at_levels, level_name, median_of
from training.demand.run import NO_SIBLING, Figures, Run

if TYPE_CHECKING:
    from training.demand.model import DemandModel

__all__ = ["REASONS", "explain_at", "forecast_at"]

REASONS = {
    "NO_WEATHER_FORECAST": "no weather forecast covers the hour: weather of past years was used as scenarios",
    "SHORT_HISTORY": f"under {SHORT_DAYS} days of load are known: siblings' response to weather and calendar was used; "
    "of a node that exports, its own",
    "STALE_LOAD": "no load of the last four weeks: siblings' shape at the last known level; siblings are those of the "
    "most similar customers, where those are known",
    "NO_HISTORY": "no load is known: siblings' load per rating was used, by customers' classes and agreed capacity too "
    "where those are known",
    "LEVEL_SHIFT": "the load jumped within the last days: the forecast was re-centred",
    "EVENT": "an event begins, goes on or ends that recent loads do not show: what earlier ones did was put on top",
    NO_SIBLING: "no load is known and no other node can speak for it: no figure is given",
}
_BY_SIBLINGS = {"STALE_LOAD", "NO_HISTORY", NO_SIBLING}


def forecast_at(
    model: "DemandModel",
    history: History,
    issued_at: pd.Timestamp,
    horizon_hours: int | None = None,
    first_lead_hours: int = 0,
    node_ids: list[str] | None = None,
    quantiles: tuple[float, ...] | None = None,
    actual_weather: bool = False,
    explain: bool = False,
    events: EventScenario = AS_KNOWN,
) -> pd.DataFrame:
    """Quantiles of the load of every interval from `first_lead_hours` to `horizon_hours` after `issued_at`.

    Columns: node_id, start_utc, lead_hours, one column a level (`q05` … `q95`, kW, never crossing), reason (codes of
    REASONS joined by `+`, empty when nothing was amiss); with `explain` also median_kw and one column a group of
    GROUPS, contributions in kW that add up to it. Only what was available at `issued_at` is used, unless
    `actual_weather` lets observed weather stand in for a missing weather forecast. `events` are those that had been
    told of by then; another scenario leaves them out or assumes more. Raises NotFoundError for a node
    that has neither a reading nor a ledger row.
    """
    wanted = _wanted(history, node_ids)
    per_hour = 60 // history.versions.step_minutes
    last_hour = horizon_hours or model.config.horizon_hours
    issue = Issue(issued_at, np.arange(first_lead_hours * per_hour, last_hour * per_hour))
    # Siblings speak for nodes that have nothing recent to say; only then is everyone needed.
    alone = len(wanted) < len(history.versions.ids) and set(wanted) <= set(history.versions.ids)
    part = history.with_nodes(wanted) if alone else history
    run = Run(model, part, issue, wanted, actual=actual_weather, explain=explain, events=events)
    found, reasons = run.figures()
    if alone and _speaks_by_siblings(reasons):
        run = Run(model, history, issue, wanted, actual=actual_weather, explain=explain, events=events)
        found, reasons = run.figures()
    levels = quantiles or model.config.levels
    frame = _frame(run.times(), run.leads(), wanted, at_levels(found.kw, model.config.levels, levels), reasons, levels)
    return frame if found.parts is None else _explained(frame, found, model.config.levels)


def explain_at(
    model: "DemandModel",
    history: History,
    issued_at: pd.Timestamp,
    horizon_hours: int | None = None,
    first_lead_hours: int = 0,
    node_ids: list[str] | None = None,
    actual_weather: bool = False,
) -> pd.DataFrame:
    """What the median of every interval is made of; arguments as for forecast_at.

    Columns: node_id, start_utc, lead_hours, q50 and one column a group of GROUPS (kW; a row's groups add up to its
    q50, all NaN where there is no figure), reason.
    """
    frame = forecast_at(
        model, history, issued_at, horizon_hours, first_lead_hours, node_ids, None, actual_weather, explain=True
    )
    found = frame[["node_id", "start_utc", "lead_hours", MEDIAN, *GROUPS, "reason"]]
    return found.rename(columns={MEDIAN: level_name(0.5)})


def _speaks_by_siblings(reasons: np.ndarray) -> bool:
    """Whether any node [W, H] has nothing of its own to say: who speaks for it must not depend on who else is asked."""
    return any(_BY_SIBLINGS & set(str(code).split("+")) for code in set(reasons.flat))


def _explained(frame: pd.DataFrame, found: Figures, levels: tuple[float, ...]) -> pd.DataFrame:
    """The frame with the median and its contributions; where the quantiles had to be sorted, level takes it up."""
    assert found.parts is not None
    median = median_of(np.sort(found.kw, axis=-1), levels)
    parts = absorb(found.parts, median, LEVEL).reshape(-1, len(GROUPS))
    return frame.assign(**{MEDIAN: median.reshape(-1)}, **{name: parts[:, at] for at, name in enumerate(GROUPS)})


def _wanted(history: History, node_ids: list[str] | None) -> list[str]:
    known = dict.fromkeys([*history.versions.ids, *history.nodes.index])
    if node_ids is None:
        return list(known)
    unknown = [node for node in node_ids if node not in known]
    if unknown:
        raise NotFoundError(f"node {unknown[0]} is unknown ({len(unknown)} unknown in all)")
    return list(dict.fromkeys(node_ids))


def _frame(
    times: pd.DatetimeIndex,
    leads: np.ndarray,
    wanted: list[str],
    values: np.ndarray,
    reasons: np.ndarray,
    levels: tuple[float, ...],
) -> pd.DataFrame:
    steps = len(times)
    flat = np.sort(values.reshape(-1, len(levels)), axis=1)
    columns = {
        "node_id": np.repeat(np.array(wanted, dtype=object), steps),
        "start_utc": np.tile(times.to_numpy(), len(wanted)),
        "lead_hours": np.tile(leads, len(wanted)),
        **{level_name(level): flat[:, place] for place, level in enumerate(levels)},
        "reason": reasons.reshape(-1),
    }
    frame = pd.DataFrame(columns)
    frame["start_utc"] = (
        pd.DatetimeIndex(frame["start_utc"]).tz_localize("UTC")
        if frame["start_utc"].dt.tz is None
        else frame["start_utc"]
    )
    return frame
