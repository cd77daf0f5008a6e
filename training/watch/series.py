"""A daily series against its own past: rolling windows, the same season where it is seasonal."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.clock import Calendar
from training.watch.days import same_season, utc_of
from training.watch.findings import Finding
from training.watch.policy import WatchPolicy
from training.watch.threshold import USUAL_TAIL, Judged, Rates, judge, rolling_past

__all__ = ["Outcome", "Series", "judge_series"]


@dataclass(frozen=True)
class Series:
    """One figure a local day. `words` completes the sentence "SUBJECT: WORDS +3.1 degC over the last 7 days"."""

    kind: str
    subject: str
    words: str
    unit: str
    daily: pd.Series
    floor: float
    seasonal: bool = False
    upward_only: bool = False
    tail: float = USUAL_TAIL


@dataclass(frozen=True)
class Outcome:
    """How a series was judged: the window (days) in which it is furthest off, and how it stands there."""

    series: Series
    window: int
    judged: Judged
    since: pd.Timestamp

    def finding(self, calendar: Calendar) -> Finding | None:
        """The finding, None when nothing is unusual."""
        severity, judged, series = self.judged.severity, self.judged, self.series
        if severity is None:
            return None
        sentence = (
            f"{series.subject}: {series.words} {judged.value:+.2f} {series.unit} over the last {self.window} days; "
            f"usual is {judged.usual:+.2f}, an alarm from {judged.threshold:.2f} away"
        )
        since = utc_of(pd.DatetimeIndex([self.since]), calendar)[0]
        return Finding(
            series.kind,
            series.subject,
            since,
            judged.value,
            judged.usual,
            judged.threshold,
            series.unit,
            severity,
            sentence,
        )


def judge_series(series: Series, policy: WatchPolicy, tests: int) -> Outcome | None:
    """The last windows of the series against past windows; the one furthest off. None where too little is known.

    `tests` is how many windows of all series are looked at in this run.
    """
    rates = Rates(policy.alarm_rate, policy.watch_rate, tests)
    daily = series.daily.iloc[-policy.reference_days :]
    found = [
        (window, judged)
        for window in policy.windows_days
        if (judged := _judge_window(series, daily, window, policy, rates)) is not None
    ]
    if not found:
        return None
    window, judged = max(found, key=lambda one: (_rank(one[1]), one[1].excess))
    return Outcome(series, window, judged, _since(daily, judged))


def _rank(judged: Judged) -> int:
    return {"alarm": 2, "watch": 1, None: 0}[judged.severity]


def _judge_window(series: Series, daily: pd.Series, window: int, policy: WatchPolicy, rates: Rates) -> Judged | None:
    least = max(int(np.ceil(policy.least_share * window)), 1)
    rolled = daily.rolling(window, min_periods=least).mean().to_numpy()
    if not len(rolled):
        return None
    days = pd.DatetimeIndex(daily.index)
    season = same_season(days, days[-1], policy.season_days) if series.seasonal else None
    past, windows = rolling_past(rolled, policy.gap_days, window, season)
    if windows < policy.least_windows:
        return None
    return judge(
        float(rolled[-1]),
        past,
        windows,
        rates,
        floor=series.floor,
        margin=policy.margin,
        upward_only=series.upward_only,
        tail=series.tail,
    )


def _since(daily: pd.Series, judged: Judged) -> pd.Timestamp:
    """The first of the days, back from the last, that lie more than half the threshold off on the same side."""
    off = (daily - judged.usual) * np.sign(judged.deviation) > judged.threshold / 2
    known = daily.notna()
    normal = np.flatnonzero((known & ~off).to_numpy())
    first = int(normal[-1]) + 1 if len(normal) else 0
    return pd.Timestamp(daily.index[min(first, len(daily) - 1)])
