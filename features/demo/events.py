"""What disturbs use from outside: epidemics, tariff changes, economic events, with a real effect on the weights."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from features.demo.days import Days
from features.demo.shapes import COMPONENT_CLASS, COMPONENTS

__all__ = ["EVENTS", "Event", "apply_events", "event_frame"]


@dataclass(frozen=True)
class Event:
    """One event and what it does: log effects by customer class, full after `ramp_days`, gone after its end."""

    kind: str
    name: str
    start: date
    end: date | None
    effect: dict[str, float]
    ramp_days: int = 7

    @property
    def scope(self) -> tuple[str, str | None]:
        """One class where only that is touched, else the whole territory."""
        return ("customer_class", next(iter(self.effect))) if len(self.effect) == 1 else ("all", None)


EVENTS = (
    Event(
        "epidemic",
        "疫情一级响应",
        date(2020, 1, 24),
        date(2020, 3, 28),
        {"commercial": -0.45, "industrial": -0.35, "public": -0.30, "residential": 0.06},
    ),
    Event("tariff_change", "分时电价调整", date(2021, 12, 1), None, {"industrial": -0.02}),
    Event("epidemic", "城区封控管理", date(2022, 4, 6), date(2022, 5, 10), {"commercial": -0.50, "public": -0.25}),
    Event("economic", "外贸订单下滑", date(2023, 3, 1), date(2023, 6, 1), {"industrial": -0.10}, ramp_days=30),
    Event("tariff_change", "居民峰谷电价推广", date(2024, 3, 1), None, {"ev_charging": 0.05}),
    Event("economic", "消费节", date(2025, 9, 20), date(2025, 10, 20), {"commercial": 0.05}),
)


def apply_events(weights: np.ndarray, days: Days) -> None:
    """Multiply the daily weights [areas × components × days] by what the events do, in place."""
    day = np.arange(len(days.dates))
    for event in EVENTS:
        first = days.number(event.start)
        last = days.number(event.end) if event.end else 10**6
        on = np.clip((day - first) / event.ramp_days, 0, 1) * np.clip((last - day) / event.ramp_days, 0, 1)
        if not on.any():
            continue
        for index, component in enumerate(COMPONENTS):
            effect = event.effect.get(COMPONENT_CLASS[component], 0.0)
            if effect:
                weights[:, index] *= np.exp(effect * on)


def event_frame(days: Days) -> pd.DataFrame:
    """The contract's rows of the events that touch the territory's days, each known a day before it begins."""
    rows = []
    for index, event in enumerate(EVENTS):
        if days.number(event.start) >= len(days.dates) or (event.end and days.number(event.end) <= 0):
            continue
        start = days.utc(days.number(event.start))
        end = days.utc(days.number(event.end)) if event.end else pd.NaT
        known = start - pd.Timedelta(days=1)
        rows.append((f"E{index + 1:02d}", event.kind, event.name, *event.scope, start, end, known))
    names = ["event_id", "kind", "name", "scope_kind", "scope_id", "start_utc", "end_utc", "available_at"]
    frame = pd.DataFrame(rows, columns=names)
    # Where all are open, the column holds no instant that would tell its zone.
    return frame.assign(end_utc=pd.to_datetime(frame["end_utc"], utc=True))
