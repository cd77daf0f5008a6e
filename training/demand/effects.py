"""What events do to load: learnt from those that were, switched on or off for those to come."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from features.errors import ConfigError
from features.load.events import EVENT_COLUMNS, active, known_events
from features.load.history import History
from training.demand.linear import LinearStage, on_grid

__all__ = ["AS_KNOWN", "EVENT_KINDS", "EventEffects", "EventScenario"]

EVENT_KINDS = ("epidemic", "tariff_change", "economic", "other")

_BEFORE = pd.Timedelta(days=28)
_LONGEST = pd.Timedelta(days=60)
_FEWEST_DAYS = 3.0
_SHRINK_DAYS = 14.0
_RECENT = pd.Timedelta(days=7)
_CAP = 1.5


@dataclass(frozen=True, eq=False)
class EventScenario:
    """Which events a forecast counts with: those told of by its issue (`known`), and any that are `assumed`.

    Without `known` no event is to go on at the targets, not even one that goes on now. `assumed` is a table with the
    columns kind, scope_kind, scope_id, start_utc, end_utc.
    """

    known: bool = True
    assumed: pd.DataFrame | None = None

    def at(self, events: pd.DataFrame, issued_at: pd.Timestamp) -> pd.DataFrame:
        """The events that go on at the targets under this scenario; ConfigError for an assumed kind nobody knows."""
        told = known_events(events, issued_at)
        kept = told if self.known else told.iloc[:0]
        if self.assumed is None or not len(self.assumed):
            return kept
        strange = self.assumed.loc[~self.assumed["kind"].isin(EVENT_KINDS), "kind"]
        if len(strange):
            known = ", ".join(EVENT_KINDS)
            raise ConfigError(f"an event of kind {strange.iloc[0]} is unknown ({len(strange)} in all); one of {known}")
        more = self.assumed.assign(available_at=issued_at)[list(EVENT_COLUMNS)]
        return more if not len(kept) else pd.concat([kept[list(EVENT_COLUMNS)], more], ignore_index=True)


AS_KNOWN = EventScenario()
"""What is forecast where nobody asks for anything else."""


@dataclass(frozen=True)
class EventEffects:
    """Logarithm of the factor that an event of each kind puts on the load of each node, `log_effect` [N, kinds].

    A kind that never was within the history has no effect; a node's own effect is drawn towards that of all nodes
    by the days it was seen under one.
    """

    node_ids: tuple[str, ...]
    log_effect: np.ndarray

    @classmethod
    def none(cls, node_ids: tuple[str, ...]) -> "EventEffects":
        """Nothing is known of any event."""
        return cls(node_ids, np.zeros((len(node_ids), len(EVENT_KINDS))))

    @classmethod
    def fit(cls, history: History, stage: LinearStage) -> "EventEffects":
        """From the events of the history: how far load stood from the linear stage while each went on, against the
        four weeks before it (at most the first 60 days count)."""
        effects = cls.none(stage.node_ids)
        for place, kind in enumerate(EVENT_KINDS):
            seen = [_one(history, stage, pd.DataFrame([event])) for event in _judged(history, kind)]
            if seen:
                effects.log_effect[:, place] = _pooled(*map(np.stack, zip(*seen, strict=True)))
        return effects

    def factors(
        self,
        events: pd.DataFrame,
        scenario: EventScenario,
        nodes: pd.DataFrame,
        times: pd.DatetimeIndex,
        issued_at: pd.Timestamp,
    ) -> np.ndarray:
        """What to multiply a forecast with [nodes, T], 1 where no event begins or ends.

        What went on during the last week is in the recent loads already, and so in the forecast: only the change
        against it counts.
        """
        out = np.zeros((len(nodes), len(times)))
        coming = scenario.at(events, issued_at)
        told = known_events(events, issued_at)
        if not len(coming) and not len(told):
            return np.exp(out)
        recent = pd.date_range(issued_at - _RECENT, issued_at, freq="h", inclusive="left")
        row = {node: place for place, node in enumerate(self.node_ids)}
        mine = np.array([row.get(str(node), -1) for node in nodes.index])
        for place, kind in enumerate(EVENT_KINDS):
            effect = self.log_effect[:, place]
            typical = float(np.mean(effect)) if len(effect) else 0.0
            own = np.where(mine >= 0, effect[mine], typical) if len(effect) else np.zeros(len(mine))
            change = active(coming, kind, nodes, times) - active(told, kind, nodes, recent).mean(axis=1)[:, None]
            out += own[:, None] * change
        return np.exp(out)


def _judged(history: History, kind: str) -> list[pd.Series]:
    """Events of the kind with four weeks of history before them and a few days since."""
    events = known_events(history.events, history.as_of)
    first, last = history.loads.start + _BEFORE, history.loads.end - pd.Timedelta(days=_FEWEST_DAYS)
    start = events["start_utc"]
    good = (events["kind"] == kind) & (start >= first) & (start <= last)
    return [event for _, event in events.loc[good.to_numpy(dtype=bool)].iterrows()]


def _one(history: History, stage: LinearStage, event: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Mean log change of each node under one event [N] and the days it was seen [N]."""
    start, end = event["start_utc"].iloc[0], event["end_utc"].iloc[0]
    loads = history.loads
    low = loads.column(start - _BEFORE)
    high = min(loads.column(min(start + _LONGEST, loads.end if pd.isna(end) else end)), loads.values.shape[1])
    part = replace(loads, start=start - _BEFORE, values=loads.values[:, low:high])
    rows, step = np.arange(len(loads.ids)), loads.step_minutes
    if history.weather.observed:
        pad = pd.Timedelta(hours=168)
        temperature = on_grid(history.weather.actual()["temperature_c"], part)
        fitted = stage.predict_kw(rows, part.start - pad, step, temperature, history.calendar)
    else:
        fitted = stage.predict_without_weather(rows, part.start, step, part.values.shape[1], history.calendar)
    known = (part.values > 0) & (fitted > 0)
    distance = np.where(known, np.log(np.where(known, part.values, 1.0) / np.where(known, fitted, 1.0)), np.nan)
    nodes = history.nodes.reindex(list(loads.ids))
    on = active(event, str(event["kind"].iloc[0]), nodes, part.times)
    before = np.isfinite(distance) & (part.times < start)[None, :]
    under = np.isfinite(distance) & on
    days = np.where(before.any(axis=1), under.sum(axis=1) * step / 1440, 0.0)
    return np.clip(_mean(distance, under) - _mean(distance, before), -_CAP, _CAP), days


def _mean(values: np.ndarray, where: np.ndarray) -> np.ndarray:
    count = where.sum(axis=1)
    return np.where(count > 0, np.where(where, values, 0.0).sum(axis=1) / np.maximum(count, 1), 0.0)


def _pooled(change: np.ndarray, days: np.ndarray) -> np.ndarray:
    """Effect of each node [N] from changes and days [events, N]."""
    counted = np.where(days >= _FEWEST_DAYS, days, 0.0)
    total = counted.sum(axis=0)
    own = (change * counted).sum(axis=0) / np.maximum(total, 1e-9)
    if not total.any():
        return np.zeros(len(total))
    # One event of a kind is one event, however many nodes it touched: half of what it seemed to do is believed.
    events = int((counted.sum(axis=1) > 0).sum())
    common = float((own * total).sum() / total.sum())
    share = total / (total + _SHRINK_DAYS)
    found: np.ndarray = events / (events + 1.0) * (share * own + (1 - share) * common)
    return found
