"""Model cards: what a version was trained on and how it did, in a person's words."""

from typing import Any

from training.registry import ModelVersion

__all__ = ["demand_card", "peak_card"]

_DEMAND = (
    ("rcrps", "rCRPS, day ahead (lower is better)", "{:.4f}"),
    ("coverage", "load within P5 to P95, day ahead (90 % claimed)", "{:.1%}"),
    ("coverage_worst", "the same, at the worst node", "{:.1%}"),
    ("rcrps_14d", "rCRPS, up to 14 days in one go", "{:.4f}"),
    ("coverage_14d", "load within P5 to P95, up to 14 days", "{:.1%}"),
    ("nodes", "nodes scored", "{:.0f}"),
)

_PEAK = (
    ("kappa", "κ in force", "{:.3f}"),
    ("outcomes", "outcomes behind it", "{:.0f}"),
    ("years", "years they cover", "{:.1f}"),
    ("held", "peaks within κ · P50, with the κ known then", "{:.1%}"),
    ("held_bare", "peaks within the bare P50", "{:.1%}"),
)
_KINDS = ("area", "feeder", "substation")


def demand_card(version: ModelVersion | None) -> dict[str, Any] | None:
    """The card of a demand model; None without one."""
    if version is None:
        return None
    rows = [
        {"label": label, "cells": [shape.format(version.metrics[name])]}
        for name, label, shape in _DEMAND
        if name in version.metrics
    ]
    for kind in _KINDS:
        if f"coverage_{kind}" in version.metrics:
            share = f"{version.metrics[f'coverage_{kind}']:.1%}"
            rows.append({"label": f"load within P5 to P95, {kind}s", "cells": [share]})
    judged = version.tags.get("refit_of")
    model = f"version {judged}, these parameters before they were fitted on all data," if judged else "the model"
    note = f"Scored on the last days of the data, which {model} never saw; forecasts use what was known at each issue."
    return {"title": f"Demand, version {version.version}", "heads": [], "rows": rows, "note": note}


def peak_card(version: ModelVersion | None) -> dict[str, Any] | None:
    """The card of a peak model, a column per kind of node; None without one."""
    if version is None:
        return None
    found = version.metrics
    kinds = [kind for kind in _KINDS if f"kappa_{kind}" in found]
    rows = [
        {
            "label": label,
            "cells": [shape.format(found[f"{name}_{k}"]) if f"{name}_{k}" in found else "–" for k in kinds],
        }
        for name, label, shape in _PEAK
    ]
    target = found.get("target_coverage", float("nan"))
    note = (
        f"From rolling origins of this territory's own past, one year ahead; κ aims at {target:.0%}. "
        "The effective sample is years, not nodes: a few years cannot prove a percentage."
    )
    return {"title": f"Peak, version {version.version}", "heads": [f"{k}s" for k in kinds], "rows": rows, "note": note}
