"""Forecasts that were given, kept with their model version, so that they are scored when the truth arrives.

One row a model version, issue time and node: asked a thousand times, stored once; asked for a longer horizon, the
longer one stays. Answers never wait for it: they are offered to a bounded queue, which one thread writes.
"""

import json
import logging
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Column, Engine, Index, Integer, LargeBinary, String, Table, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from features.errors import HeadroomError
from serving.state.base import UtcDateTime, metadata

__all__ = ["Given", "ServedForecasts", "ServedLog", "served_forecast"]

_WRITTEN_AT_ONCE = 500
_CLOSE_SECONDS = 10.0
_log = logging.getLogger("headroom.service")

served_forecast = Table(
    "served_forecast",
    metadata,
    Column("model", String(64), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("issued_at", UtcDateTime(), primary_key=True),
    Column("node_id", String(200), primary_key=True),
    Column("horizon_steps", Integer, nullable=False),
    Column("step_minutes", Integer, nullable=False),
    Column("levels", String(400), nullable=False),
    Column("quantiles_kw", LargeBinary, nullable=False),
    Column("served_at", UtcDateTime(), nullable=False),
    Index("ix_served_forecast_served_at", "served_at"),
)


@dataclass(frozen=True)
class Given:
    """One forecast as it was given: `values` float32 [nodes, steps, levels] in kW, from `issued_at` on."""

    model: str
    version: int
    issued_at: pd.Timestamp
    step_minutes: int
    levels: tuple[float, ...]
    node_ids: tuple[str, ...]
    values: np.ndarray

    @classmethod
    def of(
        cls,
        model: str,
        version: int,
        issued_at: pd.Timestamp,
        step_minutes: int,
        levels: Sequence[float],
        frame: pd.DataFrame,
        nodes: int,
    ) -> "Given":
        """From a forecast frame of so many `nodes`, one after the other, whose `q…` columns stand in the order of
        `levels`. Every answer passes here: nothing is looked at row by row.
        """
        node_ids = tuple(str(node) for node in frame["node_id"].iloc[:: len(frame) // nodes])
        columns = [frame[name].to_numpy(dtype=np.float32) for name in frame.columns if name.startswith("q")]
        values = np.stack(columns, axis=1).reshape(nodes, -1, len(columns))
        return cls(model, version, issued_at, step_minutes, tuple(levels), node_ids, values)

    @property
    def steps(self) -> int:
        return int(self.values.shape[1])


class ServedForecasts:
    """The stored forecasts, on SQLite or PostgreSQL."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def record(self, given: Given, served_at: datetime | None = None) -> None:
        """Store every node of a forecast that is not there yet, or only with a shorter horizon."""
        at = served_at or datetime.now(UTC)
        common = {
            "model": given.model,
            "version": given.version,
            "issued_at": given.issued_at.to_pydatetime(),
            "horizon_steps": given.steps,
            "step_minutes": given.step_minutes,
            "levels": json.dumps(given.levels),
            "served_at": at,
        }
        rows = [
            {**common, "node_id": node, "quantiles_kw": zlib.compress(np.ascontiguousarray(values, "<f4").tobytes(), 1)}
            for node, values in zip(given.node_ids, given.values, strict=True)
        ]
        dialect: Any = postgresql if self.engine.dialect.name == "postgresql" else sqlite
        new = dialect.insert(served_forecast)
        longer = {name: new.excluded[name] for name in ("horizon_steps", "levels", "quantiles_kw", "served_at")}
        statement = new.on_conflict_do_update(
            index_elements=list(served_forecast.primary_key.columns),
            set_=longer,
            where=new.excluded.horizon_steps > served_forecast.c.horizon_steps,
        )
        for first in range(0, len(rows), _WRITTEN_AT_ONCE):
            with self.engine.begin() as connection:
                connection.execute(statement, rows[first : first + _WRITTEN_AT_ONCE])

    def read(
        self, model: str, version: int, first: pd.Timestamp, last: pd.Timestamp, within_hours: float | None = None
    ) -> pd.DataFrame:
        """Forecasts of a version issued within [first, last): node_id, issued_at, start_utc, lead_hours and one
        column a level, the rows of every forecast in order of time; only leads below `within_hours`, where given.
        """
        table = served_forecast
        query = (
            select(table.c.node_id, table.c.issued_at, table.c.step_minutes, table.c.levels, table.c.quantiles_kw)
            .where(table.c.model == model, table.c.version == version)
            .where(table.c.issued_at >= first.to_pydatetime(), table.c.issued_at < last.to_pydatetime())
            .order_by(table.c.issued_at, table.c.node_id)
        )
        alike: dict[tuple[int, str], list[Any]] = {}
        with self.engine.connect() as connection:
            for row in connection.execute(query):
                alike.setdefault((row.step_minutes, row.levels), []).append(row)
        parts = [_unpacked(rows, step, json.loads(levels), within_hours) for (step, levels), rows in alike.items()]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["node_id", "issued_at"])

    def count(self) -> int:
        """How many forecasts of single nodes are stored."""
        with self.engine.connect() as connection:
            return int(connection.execute(select(func.count()).select_from(served_forecast)).scalar_one())

    def forget(self, before: datetime) -> int:
        """Remove what was served before a moment; how many rows."""
        with self.engine.begin() as connection:
            done = connection.execute(delete(served_forecast).where(served_forecast.c.served_at < before))
            return int(done.rowcount)


def _unpacked(rows: Sequence[Any], step_minutes: int, levels: list[float], within_hours: float | None) -> pd.DataFrame:
    """One frame of rows that share resolution and levels."""
    from training.demand.quantiles import level_name

    most = None if within_hours is None else int(within_hours * 60 / step_minutes)
    values = [
        np.frombuffer(zlib.decompress(row.quantiles_kw), "<f4").reshape(-1, len(levels))[:most].astype(float)
        for row in rows
    ]
    sizes = [len(one) for one in values]
    minutes = np.concatenate([np.arange(size) * step_minutes for size in sizes])
    issued = pd.DatetimeIndex([row.issued_at for row in rows]).tz_convert("UTC").repeat(sizes)
    together = np.concatenate(values)
    frame = pd.DataFrame({"node_id": np.repeat([row.node_id for row in rows], sizes), "issued_at": issued})
    frame["start_utc"] = issued + pd.to_timedelta(minutes, unit="min")
    frame["lead_hours"] = minutes / 60
    return frame.assign(**{level_name(level): together[:, place] for place, level in enumerate(levels)})


class ServedLog:
    """Takes forecasts from the threads that answer and writes them from a thread of its own.

    `offer` neither waits nor fails: where the queue is full, or the database does not answer, the forecast is dropped,
    counted and logged. `count` is told how many forecasts of single nodes were "stored" or "dropped".
    """

    def __init__(
        self,
        engine: Callable[[], Engine],
        queue_bytes: int,
        keep_days: int,
        count: Callable[[str, int], None] = lambda _what, _number: None,
    ) -> None:
        self._engine, self._queue_bytes, self._keep_days, self.count = engine, queue_bytes, keep_days, count
        self._ready = threading.Condition()
        self._queue: deque[Given] = deque()
        self._bytes = 0
        self._busy = self._closing = False
        self._thread: threading.Thread | None = None
        # What this process has taken of the newest issue: node → steps.
        self._taken: tuple[tuple[str, int, pd.Timestamp], dict[str, int]] | None = None
        self.stored = self.dropped = 0
        self._reason = ""
        self._cleaned = 0.0

    def offer(self, given: Given) -> None:
        """Take a forecast for storing, unless it was taken before."""
        with self._ready:
            fresh = self._fresh(given)
            if fresh is None:
                return
            size = fresh.values.nbytes
            if self._closing or self._bytes + size > self._queue_bytes:
                self._drop([fresh], "the queue is full")
                return
            self._queue.append(fresh)
            self._bytes += size
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="served-forecasts", daemon=True)
                self._thread.start()
            self._ready.notify_all()

    def flush(self, seconds: float = _CLOSE_SECONDS) -> bool:
        """Wait until everything taken is written or dropped; False when that takes longer."""
        with self._ready:
            return self._ready.wait_for(lambda: not self._queue and not self._busy, seconds)

    def close(self) -> None:
        """Write what is left, and stop."""
        self.flush()
        with self._ready:
            self._closing = True
            self._drop(list(self._queue), "the service closed before they were written")
            self._queue.clear()
            self._bytes = 0
            self._ready.notify_all()
        if self._thread is not None:
            self._thread.join(_CLOSE_SECONDS)

    def notes(self) -> list[str]:
        """What a person should know; nothing while all forecasts are kept."""
        if not self.dropped:
            return []
        return [f"{self.dropped} forecast(s) given were not kept for scoring, last because {self._reason}"]

    def _fresh(self, given: Given) -> Given | None:
        """The nodes of `given` that this process has not taken yet, or only with a shorter horizon."""
        key = (given.model, given.version, given.issued_at)
        if self._taken is None or self._taken[0] != key:
            self._taken = (key, {})
        taken = self._taken[1]
        new = [place for place, node in enumerate(given.node_ids) if taken.get(node, 0) < given.steps]
        if not new:
            return None
        taken.update({given.node_ids[place]: given.steps for place in new})
        nodes = tuple(given.node_ids[place] for place in new)
        return replace(given, node_ids=nodes, values=given.values[new])

    def _drop(self, lost: Sequence[Given], reason: str) -> None:
        """Count and log what is not kept; the caller holds the lock."""
        number = sum(len(one.node_ids) for one in lost)
        if not number:
            return
        self.dropped += number
        self._reason = reason
        self.count("dropped", number)
        # Taken again when asked again: by then the database may be back.
        self._taken = None
        _log.warning("%d forecast(s) given are not kept for scoring: %s", number, reason)

    def _work(self) -> None:
        while True:
            with self._ready:
                self._ready.wait_for(lambda: bool(self._queue) or self._closing)
                if not self._queue:
                    return
                given = self._queue.popleft()
                self._bytes -= given.values.nbytes
                self._busy = True
            failed = self._write(given)
            with self._ready:
                self._busy = False
                if failed:
                    self._drop([given, *self._queue], failed)
                    self._queue.clear()
                    self._bytes = 0
                else:
                    self.stored += len(given.node_ids)
                    self.count("stored", len(given.node_ids))
                self._ready.notify_all()

    def _write(self, given: Given) -> str:
        """Store one forecast; why it could not be, empty when it was."""
        try:
            store = ServedForecasts(self._engine())
            store.record(given)
            if time.monotonic() - self._cleaned > 3600 or not self._cleaned:
                store.forget(datetime.now(UTC) - timedelta(days=self._keep_days))
                self._cleaned = time.monotonic()
        except (SQLAlchemyError, HeadroomError) as error:
            return f"the state database does not take them ({type(error).__name__})"
        return ""
