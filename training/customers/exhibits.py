"""What is logged beside a version of customers, so that a person can judge it: figures and tables of its evaluation.

A family may offer more than it has to, and is then shown better: `outcomes` (see scored_cases), and a model with
`gains()`, a frame by feature of what the feature is good for.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from training.customers.family import CustomerModel
from training.customers.scoring import CAME, by_origin, by_unit
from training.figures import GREY, reliability, series_colours, svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Exhibits", "calibration_table", "quantile_shares", "show_model", "show_scores"]

_LEVEL = re.compile(r"_p(\d\d)(?=_|$)")
_BINS = 10


@dataclass(frozen=True)
class Exhibits:
    """Figures (file name → SVG text) and tables (file name → frame)."""

    figures: dict[str, str] = field(default_factory=dict)
    tables: dict[str, Any] = field(default_factory=dict)

    def __or__(self, other: "Exhibits") -> "Exhibits":
        return Exhibits(self.figures | other.figures, self.tables | other.tables)


def show_model(model: CustomerModel) -> Exhibits:
    """What the model itself tells: the gains of its features, where it offers them."""
    gains = getattr(model, "gains", None)
    return Exhibits(tables={"features.csv": gains().round(5)}) if callable(gains) else Exhibits()


def show_scores(scored: pd.DataFrame) -> Exhibits:
    """Losses by unit and origin, and how well quantiles and chances hold, of the `scored` cases (see scored_cases)."""
    if scored.empty:
        return Exhibits()
    tables: dict[str, Any] = {"units.csv": by_unit(scored).round(5), "origins.csv": by_origin(scored).round(5)}
    figures = {}
    came = _came(scored)
    shares = quantile_shares(scored, came)
    if shares:
        figures["reliability.svg"] = reliability("reliability", shares)
        tables["reliability.csv"] = pd.DataFrame(shares).rename_axis("level").round(5)
    chances = {name: calibration_table(scored[name], actual) for name, actual in _events(scored, came).items()}
    if chances:
        figures["chances.svg"] = _chances("chances", chances)
        tables["chances.csv"] = pd.concat(chances, names=["says", "tenth"]).round(5)
    return Exhibits(figures, tables)


def _came(scored: pd.DataFrame) -> dict[str, np.ndarray]:
    """Column that is said → what came of it, where that is known."""
    names = [name.removeprefix(CAME) for name in map(str, scored.columns) if name.startswith(CAME)]
    return {name: scored[CAME + name].to_numpy(dtype=float) for name in names}


def quantile_shares(scored: pd.DataFrame, came: Mapping[str, np.ndarray]) -> dict[str, pd.Series]:
    """Share of outcomes at or below each quantile, indexed by level, by what is forecast (`value_p10_cny` …)."""
    found: dict[str, dict[float, float]] = {}
    actual = {_LEVEL.sub("", name): values for name, values in came.items() if _LEVEL.search(name)}
    for name in scored.columns:
        level, base = _LEVEL.search(name), _LEVEL.sub("", name)
        if level is None or base not in actual or name.startswith(CAME):
            continue
        said = scored[name].to_numpy(dtype=float)
        known = np.isfinite(said) & np.isfinite(actual[base])
        if known.any():
            found.setdefault(base, {})[int(level[1]) / 100] = float((actual[base] <= said)[known].mean())
    return {base: pd.Series(shares).sort_index() for base, shares in found.items()}


def _events(scored: pd.DataFrame, came: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Those of the outcomes that happened or did not, both among the scored cases."""
    found = {}
    for name, actual in came.items():
        known = actual[np.isfinite(actual) & np.isfinite(scored[name].to_numpy(dtype=float))]
        if not _LEVEL.search(name) and set(np.unique(known)) == {0.0, 1.0}:
            found[name] = actual
    return found


def calibration_table(said: pd.Series, actual: np.ndarray) -> pd.DataFrame:
    """Cases by tenths of the chance said, the highest first: cases, said (mean), came (share), lift over all cases, and
    caught, the share of all events in this tenth and those above."""
    chance = said.to_numpy(dtype=float)
    known = np.flatnonzero(np.isfinite(chance) & np.isfinite(actual))
    order = known[np.argsort(-chance[known], kind="stable")]
    base = actual[order].mean()
    rows = [
        {
            "cases": len(part),
            "said": chance[part].mean(),
            "came": actual[part].mean(),
            "lift": actual[part].mean() / base,
        }
        for part in np.array_split(order, min(_BINS, len(order)))
    ]
    table = pd.DataFrame(rows, index=pd.RangeIndex(1, len(rows) + 1, name="tenth"))
    return table.assign(caught=(table["cases"] * table["came"]).cumsum() / actual[order].sum())


def _chances(name: str, tables: Mapping[str, pd.DataFrame]) -> str:
    """Left: the chance said against the share that came, by tenths. Right: events found among the likeliest."""

    def draw(figure: "Figure") -> None:
        left, right = figure.subplots(1, 2)
        top = max(float(table[["said", "came"]].to_numpy().max()) for table in tables.values())
        left.plot([0, top], [0, top], color=GREY, lw=0.9, ls="--", label="what is claimed")
        right.plot([0, 1], [0, 1], color=GREY, lw=0.9, ls="--")
        for (what, table), colour in zip(tables.items(), series_colours(len(tables)), strict=True):
            left.plot(table["said"], table["came"], color=colour, marker="o", ms=4, lw=1.2, label=what)
            looked = (table["cases"].cumsum() / table["cases"].sum()).to_numpy()
            right.plot(np.append(0, looked), np.append(0, table["caught"]), color=colour, marker="o", ms=4, lw=1.2)
        left.set(xlabel="chance said", ylabel="share that came")
        right.set(xlabel="share of customers, the likeliest first", ylabel="share of events among them")
        left.legend(loc="upper left", fontsize=8.5)

    return svg(name, (8.4, 3.6), draw, "Chances said against what came, and events found among the likeliest customers")
