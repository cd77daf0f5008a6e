"""The comparison as a run of its own: table, figure and verdict beside the models it is about."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from features.settings import config_hash
from features.workspace import Workspace
from training.figures import BLUE, GREY, ORANGE, svg
from training.promotion.policy import PromotionPolicy
from training.promotion.verdict import Verdict
from training.registry import log_to_run, start_run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["differences", "log_verdict"]


def log_verdict(workspace: Workspace, verdict: Verdict, policy: PromotionPolicy) -> str:
    """Log what was found to the experiment `<name>-gate`; the id of the run."""
    title = f"version {verdict.version} against {verdict.judged_champion}"
    tags = {
        "challenger": str(verdict.version),
        "champion": str(verdict.champion),
        "judged_champion": str(verdict.judged_champion),
        "promoted": str(verdict.promoted).lower(),
        "reason": verdict.reason.code,
        "sentence": verdict.reason.sentence,
        "window": verdict.window,
    }
    if verdict.forced is not None:
        tags |= {"forced_by": verdict.forced.by, "forced_why": verdict.forced.why}
    run_id = start_run(workspace, f"{verdict.name}-gate", title, params={"policy": config_hash(policy)}, tags=tags)
    compared = len(verdict.table) > 0
    log_to_run(
        workspace,
        run_id,
        metrics={name: value for name, value in verdict.figures.items() if np.isfinite(value)},
        figures={"differences.svg": differences("differences", verdict.table, policy.margin)} if compared else {},
        tables={
            "verdict.json": {**verdict.to_dict(), "policy": policy.model_dump(mode="json")},
            **({"nodes.csv": verdict.table.reset_index()} if compared else {}),
        },
        finish="FINISHED",
    )
    return run_id


def differences(name: str, table: pd.DataFrame, margin: float) -> str:
    """Relative difference of every node with its interval, best to worst; left of 0 the challenger loses less."""
    ordered = table.sort_values("difference", kind="stable")
    place = np.arange(len(ordered))

    def draw(figure: "Figure") -> None:
        axes = figure.add_subplot()
        worse = (ordered["low"] > 0).to_numpy()
        for chosen, colour, label in ((~worse, BLUE, "node"), (worse, ORANGE, "node that loses more, beyond chance")):
            part = ordered[chosen]
            if not len(part):
                continue
            axes.hlines(place[chosen], 100 * part["low"], 100 * part["high"], color=colour, alpha=0.45, lw=1.6)
            axes.plot(100 * part["difference"], place[chosen], ls="", marker="o", ms=2.6, color=colour, label=label)
        axes.axvline(0, color=GREY, lw=0.9)
        axes.axvline(100 * margin, color=GREY, lw=0.9, ls="--", label="margin")
        if len(ordered) <= 40:
            axes.set_yticks(place, [str(node) for node in ordered.index], fontsize=7.5)
        else:
            axes.set_yticks([])
        axes.set(xlabel="difference of the loss, challenger against champion, %", ylabel="nodes, best to worst")
        axes.legend(loc="lower right", fontsize=8.5)

    return svg(name, (7.2, 4.6), draw, "Difference of the loss of every node with its interval")
