"""R2: does the gate tell a challenger that is truly 3 % better from one that is truly 3 % worse?

Real day-ahead forecasts of a trained model on a demo territory, with all that makes their errors alike from day to
day and from node to node. Champion and challenger are that forecast disturbed, each by a model error of its own: the
disagreement of two trained models, moved to other days and nodes and turned in sign by chance, so that it lasts and is
shared as long and as widely as such errors are. It is measured in the node's loss of the season, so that an error of
summer is no giant in spring. The better one errs as much as equally good models do, the other so
much more that over all days its pinball is 3 % worse to the digit. The gate sees one window of its policy at a random
place, with the shipped policy. Neither is fresher; what freshness changes is told beside.
"""

import os
import tempfile
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from benchmarks.result import run, seed
from features.configs import config_path
from features.demo import DemoConfig, simulate
from features.lake import Lake
from features.load.history import History
from features.load.reading import load_history
from features.settings import load_settings
from features.workspace import Workspace
from training.demand import DemandConfig, DemandModel
from training.demand.config import LEVELS
from training.demand.quantiles import level_name
from training.promotion import Compared, Pair, PromotionPolicy, decide
from training.scoring import beside_truth

CASES, MORE_WINDOWS = 20, 10
TRUE_CHANGE = 0.03
DAYS, SEASON_DAYS, LEAD_HOURS, HORIZON_HOURS = 300, 57, 18, 42
TABLES = ("org_unit", "node", "transformer", "weather_observed", "weather_forecast", "node_load")
BAR = {"right": [(">=", 0.85)], "worse_promoted": [("<=", 1.0)]}


@dataclass(frozen=True)
class Stage:
    """Forecasts [node, day, hour, level] and loads [node, day, hour] of all days, kW; `unit_kw` [node, day] the mean
    loss of the season; `errors` [node, day, hour] of models, of mean square 1 in that unit; `size` how much equally
    good models err.
    """

    quantiles: np.ndarray
    load_kw: np.ndarray
    unit_kw: np.ndarray
    errors: tuple[np.ndarray, ...]
    size: float

    def losses(self, shift_kw: np.ndarray) -> np.ndarray:
        """Mean pinball loss [node, day] of the forecast moved by `shift_kw` [node, day, hour]."""
        return np.nanmean(_pinball(self.quantiles, self.load_kw - shift_kw), axis=2)

    def inside(self, shift_kw: np.ndarray, days: slice) -> float:
        """Share of loads within P5 to P95 of the moved forecast."""
        load = (self.load_kw - shift_kw)[:, days]
        low, high = self.quantiles[:, days, :, 0], self.quantiles[:, days, :, -1]
        return float(((load >= low) & (load <= high))[np.isfinite(load)].mean())

    def error(self, rng: np.random.Generator) -> np.ndarray:
        """A model error of size 1, kW: one of `errors` at other days, nodes and of either sign."""
        drawn = self.errors[rng.integers(len(self.errors))]
        moved = np.roll(drawn, rng.integers(28, drawn.shape[1] - 28), axis=1)[rng.permutation(len(drawn))]
        return moved * rng.choice([-1.0, 1.0]) * self.unit_kw[:, :, None]


@dataclass(frozen=True)
class Rivals:
    """Two models of known worth: how far each moves the forecast, kW, and its losses [node, day]."""

    stage: Stage
    champion_kw: np.ndarray
    challenger_kw: np.ndarray
    champion: np.ndarray
    challenger: np.ndarray

    def decided(self, first: int, policy: PromotionPolicy, fresher_days: float) -> str:
        """The gate's code on the window from day `first`."""
        days = slice(first, first + policy.window_days)
        nodes, count = len(self.champion), policy.window_days
        losses = pd.DataFrame(
            {
                "node_id": np.repeat(np.arange(nodes), count),
                "day": np.tile(np.arange(count), nodes),
                "champion": self.champion[:, days].ravel(),
                "challenger": self.challenger[:, days].ravel(),
            }
        )
        coverage = Pair(self.stage.inside(self.champion_kw, days), self.stage.inside(self.challenger_kw, days))
        return decide(Compared(losses, coverage, {"all": Pair(1.0, 1.0)}, fresher_days), policy).reason.code


def measure() -> tuple[Mapping[str, float], Mapping[str, Any]]:
    """Shares of right decisions, and what other windows, freshness and equal models give."""
    number = seed(0)
    stage = prepare(number)
    policy = load_settings(PromotionPolicy, config_path("policy/promotion.yaml"))
    rng = np.random.default_rng([number, 2])
    better = [rivals(stage, rng, -TRUE_CHANGE) for _ in range(CASES)]
    worse = [rivals(stage, rng, TRUE_CHANGE) for _ in range(CASES)]
    equal = [rivals(stage, rng, 0.0) for _ in range(CASES)]
    first = [rng.integers(0, DAYS - policy.window_days + 1, MORE_WINDOWS) for _ in range(CASES)]
    promoted = {"better": 0.0, "worse": 0.0}
    told = {}
    for name, group in (("better", better), ("worse", worse)):
        codes = [one.decided(int(at[0]), policy, 0.0) for one, at in zip(group, first, strict=True)]
        told[name] = pd.Series(codes).value_counts().to_dict()
        promoted[name] = float(sum(code == "BETTER" for code in codes))
    right = (promoted["better"] + CASES - promoted["worse"]) / (2 * CASES)
    metrics = {"right": right, "better_promoted": promoted["better"], "worse_promoted": promoted["worse"]}
    more = {
        f"{name}{'_fresher' if days else ''}": share(group, first, policy, days)
        for name, group in (("better", better), ("equal", equal), ("worse", worse))
        for days in (0.0, 30.0)
    }
    peers = {
        "reasons": told,
        f"share promoted over {CASES * MORE_WINDOWS} windows": more,
        "size of the better model's error, mean losses": round(stage.size, 3),
    }
    return metrics, peers


def share(group: list[Rivals], first: list[np.ndarray], policy: PromotionPolicy, fresher_days: float) -> float:
    """Share promoted over all windows of all cases."""
    codes = [one.decided(int(at), policy, fresher_days) for one, all_ in zip(group, first, strict=True) for at in all_]
    return round(float(np.mean([code in ("BETTER", "FRESHER") for code in codes])), 3)


def rivals(stage: Stage, rng: np.random.Generator, change: float) -> Rivals:
    """A pair of which the challenger's pinball is (1 + change) times the champion's, mean over nodes, over all days."""
    bare = stage.losses(np.zeros_like(stage.load_kw))
    good_kw = stage.size * stage.error(rng)
    # What by chance makes the forecast better is no error.
    while _over(stage.losses(good_kw), bare) <= 1:
        good_kw = stage.size * stage.error(rng)
    good, other_kw = stage.losses(good_kw), stage.error(rng)
    ratio = 1 / (1 + change) if change < 0 else 1 + change

    def excess(size: float) -> float:
        return _over(stage.losses(size * other_kw), good) - ratio

    size = float(brentq(excess, 0.0, 8.0, xtol=1e-4))
    bad_kw = size * other_kw
    bad = stage.losses(bad_kw)
    if change < 0:
        return Rivals(stage, bad_kw, good_kw, bad, good)
    return Rivals(stage, good_kw, bad_kw, good, bad)


def _over(losses: np.ndarray, others: np.ndarray) -> float:
    """Mean over nodes of the loss over all days, relative to the other's."""
    return float(np.mean(losses.mean(axis=1) / others.mean(axis=1)))


def prepare(number: int) -> Stage:
    """Train three models on a demo territory and let them forecast its last days, day ahead."""
    base = load_settings(DemandConfig, config_path("demo/demand.yaml"))
    # One thread each: two models are trained at a time.
    base = base.model_copy(update={"booster": base.booster.model_copy(update={"threads": 1, "max_rows": 50_000})})
    lighter = {"rounds": base.booster.rounds // 2, "leaves": 15}
    configs = (
        base,
        base.model_copy(update={"seed": base.seed + 1}),
        base.model_copy(update={"booster": base.booster.model_copy(update=lighter)}),
    )
    with ProcessPoolExecutor(min(os.cpu_count() or 1, 2), mp_context=get_context("spawn")) as pool:
        return stage_of(list(pool.map(forecasts, [number] * len(configs), configs)))


def stage_of(tables: list[pd.DataFrame]) -> Stage:
    """From the forecasts of the model that is disturbed, of an equally good one, and of another."""
    names = [level_name(level) for level in LEVELS]
    shape = (tables[0]["node_id"].nunique(), DAYS, HORIZON_HOURS - LEAD_HOURS)
    names = [level_name(level) for level in LEVELS]
    quantiles = np.stack([tables[0][name].to_numpy(dtype=np.float32).reshape(shape) for name in names], axis=-1)
    load = tables[0]["load_kw"].to_numpy(dtype=np.float32).reshape(shape)
    # Nodes whose load is not known on some day are left out: what they are missing would have to be made up.
    known = np.isfinite(load).any(axis=2).all(axis=1) & np.isfinite(quantiles).all(axis=(1, 2, 3))
    unit = seasonal(np.nanmean(_pinball(quantiles[known], load[known]), axis=2))
    medians = [table["q50"].to_numpy(dtype=np.float32).reshape(shape)[known] for table in tables]
    fields = [(median - medians[0]) / unit[:, :, None] for median in medians[1:]]
    sizes = [float(np.sqrt(np.mean(field**2))) for field in fields]
    errors = tuple(field / size for field, size in zip(fields, sizes, strict=True))
    # Two equally good models differ by the errors of both.
    return Stage(quantiles[known], load[known], unit, errors, sizes[0] / np.sqrt(2))


def seasonal(loss: np.ndarray) -> np.ndarray:
    """Running mean of eight weeks [node, day]."""
    return pd.DataFrame(loss.T).rolling(SEASON_DAYS, center=True, min_periods=1).mean().to_numpy(dtype=np.float32).T


def territory_history(number: int) -> History:
    """Three years of a territory of fifty areas, with a weather forecast issued every day of the last."""
    territory = simulate(
        DemoConfig(
            seed=number, substations=2, feeders=5, areas=50, customers=200, years=3, customer_years=1, forecast_days=400
        )
    )
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder))
        for table in TABLES:
            Lake(workspace.lake).append(table, territory.frame(table), "all")
        return load_history(Lake(workspace.lake), workspace.territory())


def forecasts(number: int, config: DemandConfig) -> pd.DataFrame:
    """Of every judged day, issued at six the day before, by a model trained on what was known before all of them."""
    history = territory_history(number)
    first = history.loads.end - pd.Timedelta(days=DAYS)
    issues = [first + pd.Timedelta(days=day, hours=-LEAD_HOURS) for day in range(DAYS)]
    model = DemandModel.fit(history.until(issues[0]), config)
    nodes = list(history.versions.ids)
    parts = [model.forecast(history, at, HORIZON_HOURS, LEAD_HOURS, nodes).assign(issued_at=at) for at in issues]
    table = beside_truth(pd.concat(parts, ignore_index=True), history.loads)
    return table.sort_values(["node_id", "issued_at", "lead_hours"], ignore_index=True)


def _pinball(quantiles: np.ndarray, load_kw: np.ndarray) -> np.ndarray:
    levels = np.array(LEVELS, dtype=np.float32)
    error = load_kw[..., None] - quantiles
    return np.maximum(levels * error, (levels - 1) * error).mean(axis=-1)


if __name__ == "__main__":
    run("R2", measure, BAR)
