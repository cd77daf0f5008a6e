"""Dense [row × time] arrays, and the versions from which a grid as of any moment is made."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from features.errors import DataError
from features.load.resolution import step_of

__all__ = ["Grid", "Replay", "Versions"]


@dataclass(frozen=True)
class Grid:
    """Values of several rows (nodes or stations) on one regular time axis; NaN is unknown.

    `values` is float64 [rows, times]; `start` the UTC start of the first interval.
    """

    ids: tuple[str, ...]
    start: pd.Timestamp
    step_minutes: int
    values: np.ndarray

    @property
    def times(self) -> pd.DatetimeIndex:
        """Start of each interval, UTC."""
        return pd.date_range(self.start, periods=self.values.shape[1], freq=f"{self.step_minutes}min")

    @property
    def end(self) -> pd.Timestamp:
        """The instant at which the last interval ends."""
        return self.start + pd.Timedelta(minutes=self.step_minutes * self.values.shape[1])

    def column(self, when: pd.Timestamp) -> int:
        """Index of the interval that starts at `when`; may lie outside the grid."""
        return int((when - self.start) // pd.Timedelta(minutes=self.step_minutes))

    def rows(self, ids: tuple[str, ...] | list[str]) -> np.ndarray:
        """Row numbers of `ids`; KeyError names the first unknown one."""
        place = {one: row for row, one in enumerate(self.ids)}
        return np.array([place[one] for one in ids], dtype=int)

    def until(self, when: pd.Timestamp) -> "Grid":
        """The intervals that have ended by `when`."""
        return replace(self, values=self.values[:, : max(self.column(when), 0)])


@dataclass(frozen=True)
class Versions:
    """Every version of every value, ordered by when it became available (ties: the later batch last)."""

    ids: tuple[str, ...]
    start: pd.Timestamp
    step_minutes: int
    width: int
    row: np.ndarray
    column: np.ndarray
    value: np.ndarray
    available: np.ndarray  # int64 microseconds since 1970, ascending

    @classmethod
    def from_frame(
        cls, frame: pd.DataFrame, id_column: str, value_column: str, step_minutes: int | None = None
    ) -> "Versions":
        """From rows (id, start_utc, value, available_at) in the order of availability."""
        stamp = _micro(frame["start_utc"])
        codes = frame[id_column].astype("category").cat
        step = step_minutes or step_of(stamp, codes.codes.to_numpy())
        ids = tuple(str(one) for one in codes.categories)
        first = int(stamp.min()) if len(stamp) else 0
        column, rest = np.divmod(stamp - first, step * 60_000_000)
        if rest.any():
            at = int(np.flatnonzero(rest)[0])
            key = (frame[id_column].iloc[at], frame["start_utc"].iloc[at])
            raise DataError(id_column, "start_utc", f"not on the {step}-minute grid", int((rest > 0).sum()), key)
        return cls(
            ids=ids,
            start=pd.Timestamp(first, unit="us", tz="UTC"),
            step_minutes=step,
            width=int(column.max()) + 1 if len(column) else 0,
            row=codes.codes.to_numpy().astype(np.int32),
            column=column.astype(np.int32),
            value=frame[value_column].to_numpy(dtype=float),
            available=_micro(frame["available_at"]),
        )

    @classmethod
    def from_grid(cls, grid: Grid, delay: pd.Timedelta | None = None) -> "Versions":
        """One version of each known value, available `delay` after its interval ends (default: at once)."""
        row, column = np.nonzero(np.isfinite(grid.values))
        lag = int((delay or pd.Timedelta(0)) / pd.Timedelta(microseconds=1))
        step = grid.step_minutes * 60_000_000
        first = grid.start.value // 1000
        order = np.argsort(column, kind="stable")
        row, column = row[order], column[order]
        return cls(
            ids=grid.ids,
            start=grid.start,
            step_minutes=grid.step_minutes,
            width=grid.values.shape[1],
            row=row.astype(np.int32),
            column=column.astype(np.int32),
            value=grid.values[row, column],
            available=first + (column.astype(np.int64) + 1) * step + lag,
        )

    def grid(self, as_of: pd.Timestamp | None = None) -> Grid:
        """The values known at `as_of` (default: the current ones)."""
        replay = Replay(self)
        return Grid(self.ids, self.start, self.step_minutes, replay.at(as_of))


class Replay:
    """The grid as it stood at each of a rising sequence of moments, at the cost of one pass over the versions."""

    def __init__(self, versions: Versions) -> None:
        self._versions = versions
        self._known = np.full((len(versions.ids), versions.width), np.nan)
        self._next = 0

    def at(self, as_of: pd.Timestamp | None) -> np.ndarray:
        """The values known at `as_of`, [rows, width]; later calls must not go back. The array is reused."""
        versions = self._versions
        stop = len(versions.available)
        if as_of is not None:
            stop = int(np.searchsorted(versions.available, as_of.value // 1000, side="right"))
        if stop < self._next:
            raise ValueError("a replay only goes forward in time")
        part = slice(self._next, stop)
        # Ascending availability: where one cell comes twice, the assignment keeps the last.
        self._known[versions.row[part], versions.column[part]] = versions.value[part]
        self._next = stop
        return self._known


def _micro(times: pd.Series) -> np.ndarray:
    return pd.DatetimeIndex(times).as_unit("us").asi8
