"""A weekly digest as one HTML page for people: no network, no script, the same bytes for the same digest."""

from collections.abc import Mapping
from importlib import resources
from typing import Any

from serving.report.words import EVENT_WORDS, reason_words

__all__ = ["render"]


def render(told: Mapping[str, Any], org_unit: str) -> str:
    """The page of one unit of a digest (as `serving.desk.digests` makes it), with a line for each unit below."""
    import jinja2

    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    text = resources.files("serving.report").joinpath("digest.html").read_text(encoding="utf-8")
    units = {one["org_unit"]: one for one in told["units"]}
    unit = units[org_unit]
    return environment.from_string(text).render(
        told=told,
        unit=unit,
        below=[one for one in told["units"] if one is not unit],
        happened=_count(unit),
        count=_count,
        words=EVENT_WORDS,
        reason=reason_words,
        figure=_figure,
    )


def _count(unit: Mapping[str, Any]) -> int:
    return sum(kind["events"] for kind in unit["events"]["kinds"].values())


def _figure(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    return f"{100 * value:.1f} %" if unit == "1" else f"{value:,.1f} {unit}"
