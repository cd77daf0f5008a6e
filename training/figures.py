"""Plots as SVG text, the same for the run in MLflow and for the report; text stays text, so any browser renders it."""

import io
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "BLUE",
    "GREY",
    "INK",
    "ORANGE",
    "bars",
    "beside_naive",
    "fan",
    "heat",
    "outcomes",
    "reliability",
    "series_colours",
    "stacked",
    "svg",
]

# Distinguishable with any common colour blindness and in print (after Okabe and Ito).
BLUE, ORANGE, GREEN, GREY, INK = "#0072B2", "#D55E00", "#009E73", "#8A8F98", "#1F2430"
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9.5,
    "text.color": INK,
    "axes.edgecolor": "#C9CDD4",
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E9EBEF",
    "xtick.color": "#4A5160",
    "ytick.color": "#4A5160",
    "legend.frameon": False,
}


def svg(name: str, size: tuple[float, float], draw: Callable[["Figure"], None], meaning: str) -> str:
    """One figure as an `<svg>` element that a screen reader can name; equal input gives equal text."""
    import matplotlib
    from matplotlib.figure import Figure

    # The salt keeps the ids of several figures on one page apart, and the same from run to run.
    with matplotlib.rc_context({**_STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=size, layout="constrained")
        draw(figure)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)
    text = buffer.getvalue()
    # Ids of groups are never referred to, and would repeat from figure to figure on one page.
    text = re.sub(r'<g id="[^"]*"', "<g", text[text.index("<svg") :])
    return text.replace("<svg ", f'<svg role="img" aria-label="{_escape(meaning)}" ', 1)


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


def series_colours(count: int) -> list[str]:
    """As many colours as there are series, in an order that tells neighbours apart."""
    order = (BLUE, ORANGE, GREEN, INK, GREY)
    return [order[place % len(order)] for place in range(count)]


def fan(name: str, frame: pd.DataFrame, title: str, time_label: str, before: pd.DataFrame | None = None) -> str:
    """Forecast quantiles as bands, the median, and what happened.

    `frame` holds `time` (local), `load_kw` (NaN where unknown) and `q05 q25 q50 q75 q95`, kW; `before` holds `time`
    and `load_kw` of the days known when the forecast was issued.
    """
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    def draw(figure: "Figure") -> None:
        axes = figure.add_subplot()
        time = frame["time"].dt.tz_localize(None).to_numpy()
        axes.fill_between(time, frame["q05"], frame["q95"], color=BLUE, alpha=0.22, lw=0, label="P5 to P95")
        axes.fill_between(time, frame["q25"], frame["q75"], color=BLUE, alpha=0.42, lw=0, label="P25 to P75")
        axes.plot(time, frame["q50"], color=BLUE, lw=1.4, label="median forecast")
        if before is not None and len(before):
            past = before["time"].dt.tz_localize(None).to_numpy()
            axes.plot(past, before["load_kw"], color=GREY, lw=1.0, label="known at issue")
            axes.axvline(time[0], color=GREY, lw=0.8, ls="--")
        axes.plot(time, frame["load_kw"], color=INK, lw=0.8, label="what happened")
        locator = AutoDateLocator(minticks=4, maxticks=9)
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
        axes.set(ylabel="load, kW", xlabel=time_label)
        axes.set_title(title, loc="left", fontsize=10)
        axes.margins(x=0.01)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=5, fontsize=8.5)

    return svg(name, (9.6, 2.9), draw, f"Forecast fan against the load that happened: {title}")


def reliability(name: str, observed: Mapping[str, pd.Series]) -> str:
    """Share of actuals at or below each forecast quantile against the level claimed, one line per group of nodes.

    Each series is indexed by the level (0 to 1). On the diagonal a quantile means what it says.
    """

    def draw(figure: "Figure") -> None:
        axes = figure.add_subplot()
        axes.plot([0, 1], [0, 1], color=GREY, lw=0.9, ls="--", label="what is claimed")
        marks = zip(observed.items(), (BLUE, ORANGE, GREEN, INK), ("o", "s", "^", "D"), strict=False)
        for (group, shares), colour, marker in marks:
            axes.plot(shares.index, shares, color=colour, marker=marker, ms=4, lw=1.2, label=group)
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="level of the quantile", ylabel="share of actuals below it")
        axes.set_aspect("equal")
        axes.legend(loc="upper left", fontsize=8.5)

    return svg(name, (4.2, 3.8), draw, "Reliability of the quantiles: share of actuals below each level")


def bars(name: str, edges: np.ndarray, counts: np.ndarray, xlabel: str, ylabel: str, meaning: str) -> str:
    """A histogram: `counts` of the bins between consecutive `edges`."""
    from matplotlib.ticker import MaxNLocator

    def draw(figure: "Figure") -> None:
        axes = figure.add_subplot()
        axes.bar(edges[:-1], counts, width=np.diff(edges), align="edge", color=BLUE, edgecolor="white", lw=0.8)
        axes.set(xlabel=xlabel, ylabel=ylabel)
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(axis="x", visible=False)

    return svg(name, (5.0, 3.8), draw, meaning)


def stacked(name: str, table: pd.DataFrame, xlabel: str) -> str:
    """One bar a row, its parts (columns) one after the other."""

    def draw(figure: "Figure") -> None:
        axes = figure.add_subplot()
        begin = np.zeros(len(table))
        for column, colour in zip(table, (GREY, ORANGE, GREEN, BLUE, INK), strict=False):
            values = table[column].to_numpy(dtype=float)
            axes.barh(range(len(table)), values, left=begin, color=colour, label=str(column).replace("_", " "))
            begin = begin + values
        axes.set_yticks(range(len(table)), [str(label) for label in table.index])
        axes.set(xlabel=xlabel)
        axes.grid(axis="y", visible=False)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.3), ncols=len(table.columns), fontsize=8.5)

    return svg(name, (7.2, 1.4 + 0.4 * len(table)), draw, f"{xlabel} by {table.index.name}")


def heat(name: str, table: pd.DataFrame, xlabel: str, ylabel: str, meaning: str) -> str:
    """A table as colours, darker for more: rows from top to bottom, columns from left to right; NaN stays blank."""

    def draw(figure: "Figure") -> None:
        axes = figure.add_subplot()
        drawn = axes.imshow(table.to_numpy(dtype=float), aspect="auto", cmap="Blues", vmin=0.0)
        axes.set_yticks(range(len(table)), [str(label) for label in table.index])
        step = max(1, len(table.columns) // 8)
        axes.set_xticks(range(0, len(table.columns), step), [str(label) for label in table.columns[::step]])
        axes.set(xlabel=xlabel, ylabel=ylabel)
        axes.grid(visible=False)
        figure.colorbar(drawn, ax=axes, label=meaning)

    return svg(name, (7.2, 3.0), draw, f"{meaning} by {ylabel} and {xlabel}")


def outcomes(name: str, frame: pd.DataFrame) -> str:
    """Earlier origins: what came over what was forecast (P50), and the factor κ that stood at that time.

    `frame` holds origin, kind, ratio, walk_kappa; one panel per kind, each origin with the range P5 to P95 of its
    nodes, their median, and κ.
    """
    kinds = sorted(set(frame["kind"]))

    def draw(figure: "Figure") -> None:
        panels: Any = figure.subplots(1, len(kinds), sharey=True, squeeze=False)
        for axes, kind in zip(panels[0], kinds, strict=True):
            grouped = frame[frame["kind"] == kind].groupby("origin", sort=True)
            spread = grouped["ratio"].quantile([0.05, 0.5, 0.95]).unstack()
            place = np.arange(len(spread))
            axes.vlines(place, spread[0.05], spread[0.95], color=BLUE, alpha=0.35, lw=5, label="outcomes, P5 to P95")
            axes.plot(place, spread[0.5], ls="", marker="o", ms=4, color=BLUE, label="their median")
            axes.plot(
                place, grouped["walk_kappa"].first(), ls="", marker="_", ms=14, mew=2, color=ORANGE, label="κ then"
            )
            axes.axhline(1.0, color=GREY, lw=0.9, ls="--")
            axes.set_xticks(place, [f"{origin:%Y-%m}" for origin in spread.index], rotation=60, fontsize=8)
            axes.set_title(f"{kind}s", loc="left", fontsize=10)
        panels[0][0].set_ylabel("peak that came / P50 forecast")
        handles, labels = panels[0][0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=8.5)

    return svg(name, (9.6, 3.2), draw, "Outcomes of earlier peak forecasts against the factor that stood at the time")


def beside_naive(name: str, table: pd.DataFrame, scores: Mapping[str, str]) -> str:
    """Scores over origins, one panel each, with those of the naive rule: `scores` maps a column of `table` (index:
    origin) to the column of the naive rule."""

    def draw(figure: "Figure") -> None:
        panels: Any = figure.subplots(1, len(scores), squeeze=False)
        place = np.arange(len(table))
        for axes, (score, naive) in zip(panels[0], scores.items(), strict=True):
            axes.plot(place, table[naive], color=GREY, marker="o", ms=4, lw=1.0, label="naive rule")
            axes.plot(place, table[score], color=BLUE, marker="o", ms=4, lw=1.4, label="model")
            axes.set_xticks(place, [f"{origin:%Y-%m}" for origin in table.index], rotation=60, fontsize=8)
            axes.set_title(score.replace("_", " "), loc="left", fontsize=10)
        panels[0][0].legend(loc="best", fontsize=8.5)

    return svg(name, (3.2 * len(scores) + 0.6, 3.2), draw, "Scores of each origin beside those of the naive rule")
