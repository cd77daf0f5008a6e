"""Rolling origins of a family of customer models: each fitted on what was known then, scored beside the naive rule."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from features.errors import ModelError, NotFoundError
from features.lake import Lake
from features.settings import Settings
from features.workspace import TerritorySettings
from training.backtests.report import BacktestReport
from training.customers.exhibits import show_scores
from training.customers.family import Family
from training.customers.holding import of_origins
from training.customers.reading import read_cases
from training.customers.scoring import by_unit, scored_cases, usable_scores
from training.figures import beside_naive

__all__ = ["CustomerBacktest", "CustomerPlan", "backtest_customers", "customers_report"]

_NAIVE = "naive_"
_MOST_PANELS = 4

Progress = Callable[[Iterable[pd.Timestamp]], Iterator[pd.Timestamp]]


@dataclass(frozen=True)
class CustomerPlan:
    """Which of the family's origins are judged: of those from `first` to `last` (UTC) at which something could be
    learnt, at most so many, evenly spread."""

    first: pd.Timestamp | None = None
    last: pd.Timestamp | None = None
    most_origins: int = 8

    def name(self) -> str:
        """What the run is called."""
        ends = [f"{one:%Y-%m-%d}" if one is not None else "…" for one in (self.first, self.last)]
        return f"origins {ends[0]} to {ends[1]}"

    def params(self) -> dict[str, Any]:
        """The plan as parameters of a run."""
        return {"first": str(self.first or ""), "last": str(self.last or ""), "most_origins": self.most_origins}

    def within(self, origins: list[pd.Timestamp]) -> list[pd.Timestamp]:
        """Those from `first` to `last`, oldest first."""
        first, last = self.first or origins[0], self.last or origins[-1]
        return [one for one in origins if first <= one <= last]

    def spread(self, origins: list[pd.Timestamp]) -> list[pd.Timestamp]:
        """At most `most_origins` of them, evenly from the first to the last."""
        places = np.linspace(0, len(origins) - 1, min(self.most_origins, len(origins))).round().astype(int)
        return [origins[place] for place in np.unique(places)]


@dataclass(frozen=True)
class CustomerBacktest:
    """`origins`: scores of each judged origin beside those of the naive rule, and how many cases were learnt from and
    scored. `scored`: every judged case (see scored_cases). `left_out`: origin → why it was not judged."""

    family: Family
    origins: pd.DataFrame
    scored: pd.DataFrame
    left_out: pd.DataFrame
    figures: dict[str, str]
    tables: dict[str, Any]


def backtest_customers(
    family: Family,
    lake: Lake,
    territory: TerritorySettings,
    config: Settings,
    plan: CustomerPlan,
    progress: Progress = iter,
) -> CustomerBacktest:
    """Fit at every origin on the cases whose outcome was known by then, and score the cases of the origin.

    An origin at which too little was known is left out and named. Raises NotFoundError where no origin lies within the
    plan, and ModelError where none of them could be judged.
    """
    cases = read_cases(family, lake, territory, config)
    known = cases.origins()
    inside = plan.within(known)
    if not inside:
        raise NotFoundError(
            f"no origin of {family.name} lies within {plan.name()}: with known outcomes there are {len(known)}, "
            f"{known[0]:%Y-%m-%d} to {known[-1]:%Y-%m-%d}"
        )
    earliest = cases.rows["known_at"].min()
    left_out = {origin: "no outcome was known yet" for origin in inside if origin < earliest}
    rows, parts = {}, []
    for origin in progress(plan.spread([origin for origin in inside if origin not in left_out])):
        past, held = cases.known(origin), of_origins(cases, [origin])
        try:
            model = family.fit(past, config, origin)
        except ModelError as error:
            left_out[origin] = str(error)
            continue
        parts.append(scored_cases(family, model, held))
        counts = {"training_cases": float(len(past.rows)), "cases": float(len(held.rows))}
        rows[origin] = {**counts, **usable_scores(family.scores(model, held))}
    reasons = pd.DataFrame({"reason": left_out}).rename_axis("origin")
    if not parts:
        raise ModelError(f"no origin of {family.name} can be judged: {reasons['reason'].iloc[0]}")
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("origin")
    scored = pd.concat(parts, ignore_index=True)
    shown = show_scores(scored)
    return CustomerBacktest(family, table, scored, reasons, shown.figures, shown.tables)


def customers_report(found: CustomerBacktest) -> BacktestReport:
    """Means over the origins; tables by origin and unit; each score over time beside that of the naive rule."""
    origins = found.origins
    shown = {"origins": origins, "units": by_unit(found.scored), "left_out": found.left_out}
    tables = {
        **found.tables,
        **{f"{name}.csv": table.round(5) for name, table in shown.items()},
        "cases.parquet": found.scored,
    }
    metrics = {str(name): float(origins[name].mean()) for name in origins if name != "training_cases"}
    metrics |= {"origins": float(len(origins)), "origins_left_out": float(len(found.left_out))}
    pairs = {name: _NAIVE + name for name in map(str, origins.columns) if _NAIVE + name in origins}
    figures = dict(found.figures)
    if pairs:
        figures["origins.svg"] = beside_naive("origins", origins, dict(list(pairs.items())[:_MOST_PANELS]))
    return BacktestReport(metrics, tables, figures, shown)
