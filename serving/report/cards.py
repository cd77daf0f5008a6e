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


def demand_card(version: ModelVersion | None) -> dict[str, Any] | None:
    """The card of a demand model; None without one."""
    if version is None:
        return None
    rows = _rows(version, _DEMAND)
    for name in sorted(version.metrics):
        if name.startswith("coverage_") and name.removeprefix("coverage_") in ("area", "feeder", "substation"):
            kind = name.removeprefix("coverage_")
            rows.append({"label": f"load within P5 to P95, {kind}s", "value": f"{version.metrics[name]:.1%}"})
    note = "Scored on the last days of the data, which the model never saw; forecasts use what was known at each issue."
    return {"title": f"Demand, version {version.version}", "rows": rows, "note": note}


def peak_card(version: ModelVersion | None) -> dict[str, Any] | None:
    """The card of a peak model; None without one."""
    if version is None:
        return None
    found, rows = version.metrics, []
    for kind in ("area", "feeder", "substation"):
        if f"kappa_{kind}" not in found:
            continue
        rows.append({"label": f"κ of {kind}s", "value": f"{found[f'kappa_{kind}']:.3f}"})
        stands_on = f"{found[f'outcomes_{kind}']:.0f} over {found[f'years_{kind}']:.1f} years"
        rows.append({"label": f"outcomes of {kind}s behind it", "value": stands_on})
        if f"held_{kind}" in found:
            label = f"{kind} peaks within κ · P50, with the κ known then"
            rows.append({"label": label, "value": f"{found[f'held_{kind}']:.1%}"})
            rows.append({"label": f"{kind} peaks within the bare P50", "value": f"{found[f'held_bare_{kind}']:.1%}"})
    target = found.get("target_coverage", float("nan"))
    note = (
        f"From rolling origins of this territory's own past, one year ahead; κ aims at {target:.0%}. "
        "The effective sample is years, not nodes: a few years cannot prove a percentage."
    )
    return {"title": f"Peak, version {version.version}", "rows": rows, "note": note}


def _rows(version: ModelVersion, wanted: tuple[tuple[str, str, str], ...]) -> list[dict[str, str]]:
    return [
        {"label": label, "value": shape.format(version.metrics[name])}
        for name, label, shape in wanted
        if name in version.metrics
    ]
