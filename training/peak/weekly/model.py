"""Forecasts of the weekly maximum as of the end of a past: steps re-based, two members combined, figures labelled."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from features.errors import ModelError
from training.peak.inputs import PeakInputs
from training.peak.steps import LevelStep, find_steps, rebased
from training.peak.weekly.config import WeeklyConfig
from training.peak.weekly.direct import direct_quantiles
from training.peak.weekly.scenarios import weekly_scenarios
from training.peak.weekly.weeks import Weeks, next_monday
from training.standing import BEYOND_FIRM, FIRM, SCENARIO

__all__ = ["WeeklyPeaks", "weekly_peaks"]


@dataclass(frozen=True)
class WeeklyPeaks:
    """Quantiles of the highest load of each Monday week, kW [node, week, level]; NaN for nodes of too short a past.

    `combined_kw` is the answer; `scenario_kw` and `direct_kw` are its members, the latter None where the past is too
    short for it. `annual_kw` [node] is the trailing annual peak after re-basing; `steps` tells what was re-based.
    """

    node_ids: tuple[str, ...]
    origin: pd.Timestamp
    first_day: pd.DatetimeIndex
    lead_weeks: np.ndarray
    levels: tuple[float, ...]
    combined_kw: np.ndarray
    scenario_kw: np.ndarray
    direct_kw: np.ndarray | None
    annual_kw: np.ndarray
    steps: tuple[LevelStep, ...]
    firm: np.ndarray

    def frame(self) -> pd.DataFrame:
        """One row a node and week: origin, week, lead_weeks, node_id, annual_kw, p50_kw … of the levels, the same of
        either member, rebased_since (NaT for none), standing (firm or scenario) and its reason."""
        nodes, weeks = self.combined_kw.shape[:2]
        since = {step.node_id: step.since for step in self.steps}
        frame = pd.DataFrame(
            {
                "origin": self.origin,
                "week": np.tile(self.first_day, nodes),
                "lead_weeks": np.tile(self.lead_weeks, nodes),
                "node_id": np.repeat(np.array(self.node_ids, dtype=object), weeks),
                "annual_kw": np.repeat(self.annual_kw, weeks),
            }
        )
        members = {"": self.combined_kw, "scenario_": self.scenario_kw, "direct_": self.direct_kw}
        for prefix, values in members.items():
            for k, level in enumerate(self.levels):
                name = f"{prefix}p{100 * level:g}_kw"
                frame[name] = np.nan if values is None else values[:, :, k].ravel()
        steps = [since.get(node, pd.NaT) for node in self.node_ids]
        frame["rebased_since"] = np.repeat(pd.DatetimeIndex(steps), weeks)
        firm = np.tile(self.firm, nodes)
        frame["standing"] = np.where(firm, FIRM, SCENARIO)
        frame["reason"] = np.where(firm, "", BEYOND_FIRM)
        return frame


def weekly_peaks(inputs: PeakInputs, config: WeeklyConfig, origin: pd.Timestamp | None = None) -> WeeklyPeaks:
    """Quantiles of the weeks after the local day `origin` (default: the day that follows `inputs`), week 0 being that
    of the first Monday on or after it.

    Future weather is not known; days between the end of `inputs` and `origin` are forecast too.

    Level steps are found and the past before them re-based first. The answer is the weighted mean, in quantiles, of
    the scenarios and the direct member. Raises ModelError where there is no past, or it reaches beyond `origin`.
    """
    if not len(inputs.nodes) or not len(inputs.days):
        raise ModelError("weekly maxima need nodes and their loads: the past holds none")
    steps = find_steps(inputs, config.steps)
    past = rebased(inputs, steps)
    origin = past.days[-1] + pd.Timedelta(days=1) if origin is None else origin
    if origin <= past.days[-1]:
        raise ModelError(f"the origin {origin:%Y-%m-%d} lies within the past, which ends {past.days[-1]:%Y-%m-%d}")
    monday = next_monday(origin)
    scenario = np.moveaxis(np.quantile(weekly_scenarios(past, config, monday), config.levels, axis=2), 0, 2)
    weeks = Weeks.of(past)
    annual = _annual(past)
    direct = direct_quantiles(weeks, annual, config, _skipped(weeks, monday)) if len(weeks.first_day) else None
    known = np.isfinite(past.peak_kw).all(axis=2).sum(axis=1)
    scenario[known < config.min_history_days] = np.nan
    leads = np.arange(config.first_week, config.last_week + 1)
    first_day = monday + pd.to_timedelta(7 * leads, unit="D")
    firm = (first_day + pd.Timedelta(days=7) - origin).days.to_numpy() <= config.firm_days
    made = WeeklyPeaks(
        tuple(past.nodes.index.astype(str)),
        origin,
        first_day,
        leads,
        config.levels,
        scenario,
        scenario,
        direct,
        annual,
        steps,
        firm,
    )
    return made if direct is None else replace(made, combined_kw=_combined(scenario, direct, config.direct_share))


def _combined(scenario: np.ndarray, direct: np.ndarray, share: float) -> np.ndarray:
    """The mean of the two in quantiles; the scenarios alone where the direct member says nothing."""
    return np.where(np.isfinite(direct), (1 - share) * scenario + share * direct, scenario)


def _annual(inputs: PeakInputs) -> np.ndarray:
    """Highest load of the last 52 weeks, kW [node]; NaN where nothing is known."""
    year = inputs.peak_kw[:, -364:].reshape(len(inputs.nodes), -1)
    known = np.isfinite(year)
    top = np.where(known, year, -np.inf).max(axis=1)
    return np.where(known.any(axis=1), top, np.nan)


def _skipped(weeks: Weeks, monday: pd.Timestamp) -> int:
    """Whole weeks between the end of the last whole week and week 0."""
    return int((monday - weeks.first_day[-1]).days) // 7 - 1
