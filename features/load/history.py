"""Everything the load models see, as of a moment: loads, weather, nodes, calendar."""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

from features.clock import Calendar
from features.load.events import known_events, no_events
from features.load.grid import Grid, Versions
from features.load.mix import no_customers
from features.load.weather import Weather

__all__ = ["History"]


@dataclass(frozen=True)
class History:
    """Loads and weather with their versions, the valid nodes, and the local calendar.

    `nodes` is indexed by node_id in the order of `versions.ids`; nodes without any reading stand in `nodes` only.
    `events` are those of outside the grid, as the contract `event` has them; `customers` are the changes of agreed
    capacity by area and class (`features.load.mix`).
    """

    versions: Versions
    weather: Weather
    nodes: pd.DataFrame
    calendar: Calendar
    as_of: pd.Timestamp
    events: pd.DataFrame = field(default_factory=no_events)
    customers: pd.DataFrame = field(default_factory=no_customers)

    @cached_property
    def loads(self) -> Grid:
        """The loads known at `as_of`, kW."""
        return self.versions.grid(self.as_of)

    @property
    def node_ids(self) -> tuple[str, ...]:
        return self.versions.ids

    def with_nodes(self, node_ids: list[str]) -> "History":
        """The same history for some of its nodes."""
        rows = np.flatnonzero(np.isin(np.array(self.versions.ids, dtype=object), node_ids))
        new = np.full(len(self.versions.ids), -1, dtype=np.int32)
        new[rows] = np.arange(len(rows))
        keep = new[self.versions.row] >= 0
        part = replace(
            self.versions,
            ids=tuple(self.versions.ids[row] for row in rows),
            row=new[self.versions.row[keep]],
            column=self.versions.column[keep],
            value=self.versions.value[keep],
            available=self.versions.available[keep],
        )
        return replace(self, versions=part, nodes=self.nodes.loc[self.nodes.index.isin(node_ids)])

    def until(self, as_of: pd.Timestamp) -> "History":
        """The same history as it stood at an earlier moment; what came later is not in it."""
        stop = int(np.searchsorted(self.versions.available, as_of.value // 1000, side="right"))
        part = _head(self.versions, stop)
        observed = {
            name: _head(one, int(np.searchsorted(one.available, as_of.value // 1000, side="right")))
            for name, one in self.weather.observed.items()
        }
        issued = tuple(issue for issue in self.weather.forecasts if issue.available_at <= as_of)
        events = known_events(self.events, as_of)
        customers = self.customers.iloc[: int(self.customers["since_utc"].searchsorted(as_of, side="right"))]
        weather = Weather(observed, issued)
        return replace(self, versions=part, weather=weather, as_of=as_of, events=events, customers=customers)

    def since(self, moment: pd.Timestamp) -> "History":
        """The same history without loads and weather of the time before `moment`, as if nothing older was kept."""
        observed = {name: _tail(one, moment) for name, one in self.weather.observed.items()}
        issued = tuple(issue for issue in self.weather.forecasts if issue.available_at >= moment)
        return replace(self, versions=_tail(self.versions, moment), weather=Weather(observed, issued))


def _tail(versions: Versions, moment: pd.Timestamp) -> Versions:
    step = pd.Timedelta(minutes=versions.step_minutes)
    gone = min(max(-int((versions.start - moment) // step), 0), versions.width)
    kept = versions.column >= gone
    return replace(
        versions,
        start=versions.start + gone * step,
        width=versions.width - gone,
        row=versions.row[kept],
        column=versions.column[kept] - gone,
        value=versions.value[kept],
        available=versions.available[kept],
    )


def _head(versions: Versions, stop: int) -> Versions:
    column = versions.column[:stop]
    return replace(
        versions,
        width=int(column.max()) + 1 if stop else 0,
        row=versions.row[:stop],
        column=column,
        value=versions.value[:stop],
        available=versions.available[:stop],
    )
