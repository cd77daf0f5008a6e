"""A forecast of a whole tree: from each node's own quantiles to scenarios that add up, and their quantiles again."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from features.errors import ConfigError
from features.load.grid import Grid
from features.load.history import History
from training.demand.effects import AS_KNOWN, EventScenario
from training.demand.quantiles import level_name
from training.hierarchy.scenarios import coherent, joint, normal_scores
from training.hierarchy.tree import Tree, rest_shares
from training.scoring import beside_truth

if TYPE_CHECKING:
    from training.demand import DemandModel

__all__ = ["FEWEST_PAST", "coherent_forecast", "coherent_issue", "past_forecasts"]

FEWEST_PAST = 20
"""Past issues below which nothing is said of how nodes go together."""

_MOST_PAST = 200


def coherent_issue(
    forecast: pd.DataFrame,
    past: pd.DataFrame,
    loads: Grid,
    parent_of: Mapping[str, object],
    levels: tuple[float, ...],
    reconciled: bool = True,
) -> tuple[pd.DataFrame, np.ndarray, Tree]:
    """The forecast of one issue made to add up: the table with new quantiles, scenarios [K, N, H] in kW, their tree.

    `forecast` is a table of DemandModel.forecast; `past` tables of earlier issues (column issued_at) with the load
    that came (load_kw), same nodes and leads; `loads` what was known at the issue. A node without figures keeps none,
    and what it carries counts to the rest of its parent. Without `reconciled` parents are only what leaves add up to.
    Raises ConfigError where there are fewer than FEWEST_PAST earlier issues.
    """
    columns = [level_name(level) for level in levels]
    known = forecast.groupby("node_id", sort=False)[columns[0]].apply(lambda values: bool(np.isfinite(values).all()))
    tree = Tree.of(tuple(str(node) for node in known.index[known.to_numpy()]), parent_of)
    leads = np.sort(forecast["lead_hours"].unique())
    issues = np.sort(past["issued_at"].unique())[-_MOST_PAST:]
    if len(issues) < FEWEST_PAST:
        raise ConfigError(
            f"scenarios of a tree need at least {FEWEST_PAST} earlier forecasts with what came, there are {len(issues)}"
        )
    quantiles = _cube(forecast, columns, tree, leads)
    scores = np.stack(
        [_scores(part, columns, tree, leads, levels) for at, part in past.groupby("issued_at") if at in issues]
    )
    scenarios = joint(quantiles, scores, levels)
    summing = tree.summing(rest_shares(tree, loads))
    leaves = tree.leaves
    added = np.einsum("nl,klh->knh", summing, scenarios[:, leaves])
    scenarios = coherent(scenarios, summing) if reconciled else added
    return _with(forecast, scenarios, tree, leads, levels), scenarios, tree


def past_forecasts(
    model: "DemandModel", history: History, issued_at: pd.Timestamp, horizon_hours: int, days: int = 60
) -> pd.DataFrame:
    """What `model` would have said at the same hour of earlier days, as coherent_issue wants it.

    Only days whose last target is known by `issued_at`. The model may have been trained on them: from them comes how
    nodes go together, not how wide their forecasts are.
    """
    parts = []
    gap = int(np.ceil(horizon_hours / 24))
    for back in range(gap + days - 1, gap - 1, -1):
        at = issued_at - pd.Timedelta(days=back)
        if at <= history.loads.start + pd.Timedelta(days=28):
            continue
        then = history.until(at)
        found = model.forecast(then, at, horizon_hours=horizon_hours, actual_weather=True)
        parts.append(found.assign(issued_at=at))
    if not parts:
        raise ConfigError(f"no day before {issued_at:%Y-%m-%d %H:%M} UTC has four weeks of load behind it")
    return beside_truth(pd.concat(parts, ignore_index=True), history.until(issued_at).loads)


def coherent_forecast(
    model: "DemandModel",
    history: History,
    issued_at: pd.Timestamp,
    horizon_hours: int,
    quantiles: tuple[float, ...] | None = None,
    events: EventScenario = AS_KNOWN,
    days: int = 60,
) -> pd.DataFrame:
    """The forecast of all nodes, made to add up; columns as DemandModel.forecast, at `quantiles` of the scenarios."""
    then = history.until(issued_at)
    found = model.forecast(then, issued_at, horizon_hours=horizon_hours, events=events)
    past = past_forecasts(model, then, issued_at, horizon_hours, days)
    parents = dict(zip(then.nodes.index.astype(str), then.nodes["parent_id"], strict=True))
    levels = model.config.levels
    table, scenarios, tree = coherent_issue(found, past, then.loads, parents, levels)
    if quantiles is None or tuple(quantiles) == tuple(levels):
        return table
    wanted = tuple(sorted(quantiles))
    rest = table[["node_id", "start_utc", "lead_hours"]].assign(**{level_name(level): np.nan for level in wanted})
    rest = rest.assign(reason=table["reason"])
    return _with(rest, scenarios, tree, np.sort(rest["lead_hours"].unique()), wanted)


def _cube(frame: pd.DataFrame, columns: list[str], tree: Tree, leads: np.ndarray) -> np.ndarray:
    """[N, H, columns]; NaN where the frame has no row."""
    out = np.full((len(tree.ids), len(leads), len(columns)), np.nan)
    row = frame["node_id"].astype(str).map({node: place for place, node in enumerate(tree.ids)})
    at = np.searchsorted(leads, frame["lead_hours"].to_numpy())
    good = row.notna().to_numpy() & (at < len(leads))
    out[row[good].to_numpy(dtype=int), at[good]] = frame.loc[good, columns].to_numpy(dtype=float)
    return out


def _scores(
    part: pd.DataFrame, columns: list[str], tree: Tree, leads: np.ndarray, levels: tuple[float, ...]
) -> np.ndarray:
    values = _cube(part, [*columns, "load_kw"], tree, leads)
    return normal_scores(values[..., -1], values[..., :-1], levels)


def _with(
    forecast: pd.DataFrame, scenarios: np.ndarray, tree: Tree, leads: np.ndarray, levels: tuple[float, ...]
) -> pd.DataFrame:
    """The table with the quantiles of the scenarios, in its own order."""
    found = np.moveaxis(np.quantile(scenarios, levels, axis=0), 0, -1)
    row = forecast["node_id"].astype(str).map({node: place for place, node in enumerate(tree.ids)})
    good = row.notna().to_numpy()
    at = np.searchsorted(leads, forecast["lead_hours"].to_numpy())[good]
    out = forecast.copy()
    out.loc[good, [level_name(level) for level in levels]] = found[row[good].to_numpy(dtype=int), at]
    return out
