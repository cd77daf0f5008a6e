"""What the peak model is given: block maxima, weather of the blocks, the hierarchy, the applications."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from features.clock import Calendar, time_zone
from features.contracts import APPLICATION
from features.frames import empty_frame
from features.load.grid import Grid
from features.load.history import History
from training.peak.blocks import BLOCKS, block_maxima, block_weather

__all__ = ["PeakInputs"]


@dataclass(frozen=True)
class PeakInputs:
    """The past of every node by local day. `nodes` is indexed by node_id and stands in the order of `peak_kw`.

    `peak_kw` float64 [node, day, block] is the highest load of a block, NaN where too little is known; `weather`
    [station, day, block, feature] degC; `applications` follow their contract.
    """

    nodes: pd.DataFrame
    days: pd.DatetimeIndex
    peak_kw: np.ndarray
    station_ids: tuple[str, ...]
    weather: np.ndarray
    calendar: Calendar
    applications: pd.DataFrame
    as_of: pd.Timestamp

    @classmethod
    def of(
        cls,
        loads: Grid,
        temperature: Grid | None,
        nodes: pd.DataFrame,
        calendar: Calendar,
        applications: pd.DataFrame | None,
        enough_of_block: float,
        as_of: pd.Timestamp | None = None,
    ) -> "PeakInputs":
        """From grids: `nodes` is indexed by node_id; those without readings are carried as unknown.

        `as_of` is the moment the peaks are asked for, the end of the loads where it is not given.
        """
        days, peak = block_maxima(loads, calendar, enough_of_block)
        place = {node: row for row, node in enumerate(loads.ids)}
        every = np.full((len(nodes), *peak.shape[1:]), np.nan)
        for row, node in enumerate(nodes.index):
            if node in place:
                every[row] = peak[place[node]]
        weather = np.empty((0, len(days), BLOCKS, 4))
        stations: tuple[str, ...] = ()
        if temperature is not None and len(temperature.ids):
            weather, stations = block_weather(temperature, calendar, days), temperature.ids
            heard = np.flatnonzero(np.isfinite(weather).all(axis=(1, 2, 3)))
            weather, stations = weather[heard], tuple(stations[row] for row in heard)
        pending = empty_frame(APPLICATION) if applications is None else applications
        return cls(nodes, days, every, stations, weather, calendar, pending, as_of or loads.end)

    @classmethod
    def from_history(cls, history: History, applications: pd.DataFrame | None, enough_of_block: float) -> "PeakInputs":
        """From what the load models see, and the applications known at the same moment."""
        nodes = history.nodes.sort_index()
        temperature = history.weather.actual().get("temperature_c")
        return cls.of(history.loads, temperature, nodes, history.calendar, applications, enough_of_block, history.as_of)

    def until(self, day: int) -> "PeakInputs":
        """The first `day` days only, as of the start of the next."""
        local = self.days[0] + pd.Timedelta(days=day)
        zoned = local.tz_localize(time_zone(self.calendar.time_zone), nonexistent="shift_forward", ambiguous=True)
        return replace(
            self,
            days=self.days[:day],
            peak_kw=self.peak_kw[:, :day],
            weather=self.weather[:, :day],
            as_of=zoned.tz_convert("UTC"),
        )

    def paths(self) -> dict[str, tuple[str, ...]]:
        """Each node and the known nodes above it, from itself upwards."""
        parent = {
            str(node): str(above)
            for node, above in self.nodes["parent_id"].items()
            if isinstance(above, str) and above in self.nodes.index
        }
        return {str(node): _climb(str(node), parent) for node in self.nodes.index}


def _climb(node: str, parent: dict[str, str]) -> tuple[str, ...]:
    path = [node]
    while path[-1] in parent and parent[path[-1]] not in path:
        path.append(parent[path[-1]])
    return tuple(path)
