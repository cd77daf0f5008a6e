"""The plots of a study, as SVG: how the best value came about, what matters, and where the good values lie."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from training.figures import BLUE, GREY, INK, ORANGE, svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["history_plot", "importance_plot", "slice_plot"]

_SLICES = 4


def history_plot(trials: pd.DataFrame) -> str:
    """Value of each trial and the best so far, against the settings as they were (slot 0).

    `trials` has slot, state (COMPLETE or PRUNED) and value, as trial_table gives it.
    """

    def draw(figure: "Figure") -> None:
        axes = figure.add_subplot()
        whole, given_up = _parts(trials)
        axes.plot(whole["slot"], whole["value"], ls="", marker="o", ms=4, color=BLUE, label="complete")
        # A trial given up early was scored on the first folds only: its mean is on another scale.
        edge = np.full(len(given_up), 0.02)
        at_edge: dict[str, Any] = {
            "transform": axes.get_xaxis_transform(),
            "ls": "",
            "marker": "x",
            "ms": 4,
            "color": GREY,
        }
        axes.plot(given_up["slot"], edge, label="given up early", **at_edge)
        reach = np.append(whole["slot"], trials["slot"].max())
        best = whole["value"].cummin()
        axes.step(reach, np.append(best, best.iloc[-1]), where="post", color=ORANGE, lw=1.4, label="best so far")
        first = whole.loc[whole["slot"] == 0, "value"]
        if len(first):
            axes.axhline(float(first.iloc[0]), color=INK, lw=0.8, ls="--", label="settings as they were")
        _focus(axes, whole["value"])
        axes.set(xlabel="trial", ylabel="value (lower is better)")
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=4, fontsize=8.5)

    return svg("study-history", (6.4, 3.2), draw, "Value of each trial of the study and the best so far")


def importance_plot(importances: Mapping[str, float]) -> str:
    """Share of the differences between trials that each parameter explains."""

    def draw(figure: "Figure") -> None:
        axes = figure.add_subplot()
        names = sorted(importances, key=lambda name: importances[name])
        axes.barh(names, [importances[name] for name in names], color=BLUE, height=0.7)
        axes.set(xlabel="importance (shares of 1)")
        axes.grid(axis="y", visible=False)

    return svg("study-importances", (6.4, 0.8 + 0.26 * len(importances)), draw, "Importance of each tuned parameter")


def slice_plot(trials: pd.DataFrame, names: list[str], log: Mapping[str, bool]) -> str:
    """Value against each of the most important parameters, later trials darker. `log`: names on a log axis."""
    shown = names[:_SLICES]

    def draw(figure: "Figure") -> None:
        panels: Any = figure.subplots(1, len(shown), sharey=True, squeeze=False)
        whole, _ = _parts(trials)
        for axes, name in zip(panels[0], shown, strict=True):
            shade = 0.25 + 0.75 * (np.arange(len(whole)) + 1) / max(len(whole), 1)
            values = whole[name].astype(str) if whole[name].dtype == object else whole[name]
            axes.scatter(values, whole["value"], s=16, color=BLUE, alpha=shade, lw=0)
            if log.get(name, False):
                _log(axes)
            axes.set_xlabel(name)
            _focus(axes, whole["value"])
        panels[0][0].set_ylabel("value (lower is better)")

    return svg("study-slices", (2.6 * len(shown), 2.8), draw, "Value of the trials against " + ", ".join(shown))


def _parts(trials: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    ordered = trials.sort_values("slot")
    complete = ordered["state"] == "COMPLETE"
    return ordered[complete], ordered[~complete]


def _log(axes: "Axes") -> None:
    """A log axis with plain figures, also where it spans less than a factor of ten."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _focus(axes: "Axes", values: pd.Series) -> None:
    """Let one disastrous trial not flatten the rest."""
    if len(values) < 3:
        return
    low, middle = float(values.min()), float(values.median())
    reach = max(middle - low, 1e-9)
    axes.set_ylim(low - 0.3 * reach, min(float(values.max()), middle + 3 * reach) + 0.3 * reach)
