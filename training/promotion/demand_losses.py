"""Champion and challenger forecast the same days, each issue with what was known then, and are scored on what came."""

import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Protocol

import numpy as np
import pandas as pd

from features.load.history import History
from training.backtests.demand import BacktestPlan, day_ahead_plan
from training.demand.config import LEVELS
from training.demand.quantiles import level_name
from training.promotion.policy import PromotionPolicy
from training.promotion.verdict import Compared, Pair
from training.promotion.window import Window
from training.scoring import beside_truth, row_loss

__all__ = ["Forecaster", "judge_demand"]

Say = Callable[[str], None]
_OUTER = (level_name(LEVELS[0]), level_name(LEVELS[-1]))


class Forecaster(Protocol):
    """What is asked of a demand model to be judged."""

    def forecast(
        self,
        history: History,
        issued_at: pd.Timestamp,
        horizon_hours: int | None = None,
        first_lead_hours: int = 0,
        node_ids: list[str] | None = None,
        quantiles: tuple[float, ...] | None = None,
    ) -> pd.DataFrame: ...


def judge_demand(
    challenger: Forecaster,
    champion: Forecaster,
    history: History,
    window: Window,
    policy: PromotionPolicy,
    fresher_days: float,
    say: Say = lambda _text: None,
) -> Compared:
    """Day-ahead forecasts of every day of `window` by both, on the weather forecasts that were issued by then.

    The truth is what `history` knows now. An interval counts where it is known and both gave a forecast.
    """
    plan = day_ahead_plan(history, window.first, window.last, policy.issue_hour)
    pair = (champion, challenger)
    parts: tuple[list[pd.DataFrame], list[pd.DataFrame]] = ([], [])
    seconds: tuple[list[float], list[float]] = ([], [])
    for number, issue in enumerate(sorted(plan.issues)):
        say(f"judging day {number + 1} of {len(plan.issues)}")
        # In turns, so that neither finds the machine warmed up by the other more often.
        for side in (0, 1) if number % 2 else (1, 0):
            began = time.perf_counter()
            found = _forecast(pair[side], history, issue, plan, list(history.versions.ids))
            seconds[side].append(time.perf_counter() - began)
            parts[side].append(found.assign(day=number))
    frames = [beside_truth(pd.concat(each, ignore_index=True), history.loads) for each in parts]
    losses, coverage = _scored(*frames)
    latency = {"all": Pair(median(seconds[0]), median(seconds[1]))}
    latency["one"] = _one_node(pair, history, plan, policy.latency.repeats)
    return Compared(losses, coverage, latency, fresher_days)


def _forecast(
    model: Forecaster, history: History, issue: pd.Timestamp, plan: BacktestPlan, node_ids: list[str]
) -> pd.DataFrame:
    return model.forecast(
        history,
        issue,
        horizon_hours=plan.horizon_hours,
        first_lead_hours=plan.first_lead_hours,
        node_ids=node_ids,
        quantiles=LEVELS,
    )


def _scored(champion: pd.DataFrame, challenger: pd.DataFrame) -> tuple[pd.DataFrame, Pair]:
    """Mean loss by node and day, and the mean over nodes of the share within P5 to P95, on the same intervals."""
    losses = pd.DataFrame({"champion": row_loss(champion), "challenger": row_loss(challenger)})
    losses = losses.where(losses.notna().all(axis=1))
    keys = [champion["node_id"].astype(str), champion["day"]]
    known = losses["champion"].notna().to_numpy()
    coverage = [_covered(frame[known]) for frame in (champion, challenger)]
    return losses.groupby(keys, sort=True).mean().reset_index(), Pair(*coverage)


def _covered(frame: pd.DataFrame) -> float:
    low, high = (frame[name].to_numpy(dtype=float) for name in _OUTER)
    load = frame["load_kw"].to_numpy(dtype=float)
    within = pd.Series((load >= low) & (load <= high), dtype=float)
    return float(within.groupby(frame["node_id"].to_numpy()).mean().mean())


def _one_node(pair: Sequence[Forecaster], history: History, plan: BacktestPlan, repeats: int) -> Pair:
    """Median seconds of forecasts of single nodes spread over the territory, in turns."""
    ids = history.versions.ids
    chosen = np.unique(np.linspace(0, len(ids) - 1, repeats).astype(int))
    seconds: tuple[list[float], list[float]] = ([], [])
    for number, row in enumerate(np.resize(chosen, repeats)):
        for side in (0, 1) if number % 2 else (1, 0):
            began = time.perf_counter()
            _forecast(pair[side], history, max(plan.issues), plan, [ids[row]])
            seconds[side].append(time.perf_counter() - began)
    return Pair(median(seconds[0]), median(seconds[1]))
