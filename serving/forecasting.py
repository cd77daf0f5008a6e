"""One question for load: from which moment it is forecast, and the rows that answer it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from features.load.history import History
from serving.event_switch import scenario_of
from serving.holdings import Demand, Node, newest_load_moment
from serving.messages import NodesForecastRequest, UnitForecastRequest
from serving.refusals import BadFieldError
from serving.rows import forecast_rows, instant
from serving.served import Given
from training.demand.config import LEVELS
from training.demand.effects import AS_KNOWN

__all__ = ["Keep", "Question", "issue_time_of"]

Keep = Callable[[Given], None]
Rows = dict[str, list[dict[str, Any]]]

# A feed may lag behind; after four weeks no load counts as recent, and a forecast would say nothing of the present.
_FURTHEST_AHEAD = pd.Timedelta(days=28)


@dataclass(frozen=True)
class Question:
    """What is asked (`request`) of which nodes, with the moment, the model and the history it is answered from."""

    request: NodesForecastRequest | UnitForecastRequest
    nodes: Sequence[Node]
    demand: Demand
    history: History
    issue_time: pd.Timestamp

    @property
    def quantiles(self) -> tuple[float, ...]:
        """The levels asked for, each once, rising."""
        return tuple(sorted({round(level, 4) for level in self.request.quantiles}))

    def figures(self, keep: Keep | None) -> Rows:
        """node_id → its forecast rows; a forecast from the newest load is kept, to be scored when the truth arrives."""
        scenario = scenario_of(self.request)
        keep = keep if self.request.issue_time is None and scenario is AS_KNOWN else None
        levels = self.quantiles if keep is None else tuple(sorted({*self.quantiles, *LEVELS}))
        frame = self.demand.model.forecast(
            self.history,
            self.issue_time,
            horizon_hours=self.request.horizon_hours,
            node_ids=self._node_ids,
            quantiles=levels,
            explain=self.request.explain,
            events=scenario,
        )
        if keep is not None and len(frame):
            step = self.history.versions.step_minutes
            made_by = self.demand.champion
            keep(Given.of(made_by.name, made_by.version, self.issue_time, step, levels, frame, len(self.nodes)))
        return forecast_rows(_at(frame, levels, self.quantiles), self.quantiles)

    def added_up(self) -> Rows:
        """As `figures`, from scenarios in which parents are what their children add up to; these are not kept."""
        from training.hierarchy import coherent_forecast

        model: Any = self.demand.model
        hours, events = self.request.horizon_hours, scenario_of(self.request)
        frame = coherent_forecast(model, self.history, self.issue_time, hours, self.quantiles, events)
        return forecast_rows(frame[frame["node_id"].isin(self._node_ids)], self.quantiles)

    @property
    def _node_ids(self) -> list[str]:
        return [node.node_id for node in self.nodes]


def issue_time_of(history: History, request: NodesForecastRequest | UnitForecastRequest) -> pd.Timestamp:
    """The moment a request is answered from, on a boundary of the data's intervals.

    What was asked is rounded down, so that nothing later is used; the moment of the newest load is rounded up, so that
    it is. Raises BadFieldError for a moment outside the data.
    """
    step = f"{history.versions.step_minutes}min"
    newest = newest_load_moment(history).ceil(step)
    if request.issue_time is None:
        return newest
    asked = pd.Timestamp(request.issue_time).tz_convert("UTC").floor(step)
    first, last = history.versions.start, newest + _FURTHEST_AHEAD
    if not first < asked <= last:
        outside = f"{instant(asked)} is not within the data, {instant(first)} to {instant(last)}"
        raise BadFieldError.of("issue_time", outside)
    return asked


def _at(frame: pd.DataFrame, levels: Sequence[float], wanted: Sequence[float]) -> pd.DataFrame:
    """The forecast without the quantile columns (in the order of `levels`) that nobody asked for."""
    columns = [name for name in frame.columns if name.startswith("q")]
    return frame.drop(columns=[name for name, level in zip(columns, levels, strict=True) if level not in wanted])
