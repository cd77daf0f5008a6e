"""The quality report: the same figures as a document for programs and as one HTML page for people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import pandas as pd

from features.contracts import AVAILABLE_AT
from features.frames import each_row
from features.lake import Lake
from features.quality import DIMENSIONS, Measurement, QualityRules, dimension_scores, rolled_up, rule_scores
from features.quality.counts import Score, weighted

__all__ = ["Organisation", "document", "render"]

_WIDTH, _HEIGHT = 150, 32


@dataclass(frozen=True)
class Organisation:
    """Org units in the order of the tree: `names`, `kinds` and `parents` by unit."""

    names: Mapping[str, str]
    kinds: Mapping[str, str]
    parents: Mapping[str, str | None]

    @classmethod
    def read(cls, lake: Lake, now: pd.Timestamp) -> "Organisation":
        """Units that hold at `now`."""
        units = lake.valid("org_unit", at=now, as_of=now).sort_values(AVAILABLE_AT, kind="stable")
        rows = {str(row.unit_id): row for row in each_row(units)}
        above = {unit: row.parent_id if isinstance(row.parent_id, str) else None for unit, row in rows.items()}
        order = sorted(rows, key=lambda unit: _path(unit, above))
        return cls(
            {unit: str(rows[unit].name) for unit in order},
            {unit: str(rows[unit].kind) for unit in order},
            {unit: above[unit] for unit in order},
        )


def _path(unit: str, above: Mapping[str, str | None]) -> tuple[str, ...]:
    way: list[str] = []
    at: str | None = unit
    while at is not None and at not in way:
        way.insert(0, at)
        at = above.get(at)
    return tuple(way)


def document(
    measured: Measurement, past: Sequence[Measurement], rules: QualityRules, organisation: Organisation
) -> dict[str, Any]:
    """Everything the report tells, in plain values: scores are null where nothing was checked."""
    counts = measured.counts
    scores = rule_scores(counts, rules)
    by_unit = rolled_up(counts, organisation.parents)
    return {
        "id": measured.id,
        "as_of": measured.as_of.isoformat(),
        "score": _round(weighted(scores, rules.rules)),
        "dimensions": _scores(counts, rules),
        "tables": {name: _round(v) for name, v in dimension_scores(counts, rules, lambda one: one.table).items()},
        "rules": [_rule(rule, scores[rule.id], measured) for rule in rules.rules],
        "sources": [_group(str(name), part, rules) for name, part in counts.groupby("source")],
        "org_units": [
            _group(unit, by_unit[by_unit["unit"] == unit], rules)
            | {"name": organisation.names[unit], "kind": organisation.kinds[unit], "parent": organisation.parents[unit]}
            for unit in organisation.names
        ],
        "trend": [
            {"as_of": one.as_of.isoformat(), "score": _round(weighted(rule_scores(one.counts, rules), rules.rules))}
            | {"dimensions": _scores(one.counts, rules)}
            for one in past
        ],
    }


def _scores(counts: pd.DataFrame, rules: QualityRules) -> dict[str, float | None]:
    found = dimension_scores(counts, rules, lambda one: one.dimension)
    return {name: _round(found.get(name)) for name in DIMENSIONS}


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 6)


def _rule(rule: Any, score: Score, measured: Measurement) -> dict[str, Any]:
    return {
        "id": rule.id,
        "dimension": rule.dimension,
        "table": rule.table,
        "english": rule.english,
        "chinese": rule.chinese,
        "weight": rule.weight,
        "checked": score.checked,
        "failed": score.failed,
        "score": _round(score.value),
        "level": rule.level(score.value),
        "examples": list(measured.examples.get(rule.id, ())),
    }


def _group(name: str, counts: pd.DataFrame, rules: QualityRules) -> dict[str, Any]:
    scores = rule_scores(counts, rules)
    return {
        "id": name,
        "score": _round(weighted(scores, rules.rules)),
        "checked": int(counts["checked"].sum()),
        "failed": int(counts["failed"].sum()),
        "rules": {rule.id: _round(scores[rule.id].value) for rule in rules.rules if scores[rule.id].checked},
    }


def render(told: Mapping[str, Any], rules: QualityRules, territory: str) -> str:
    """The page of a `document`: no network, no script."""
    import jinja2

    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    environment.globals["spark"] = _spark
    text = resources.files("serving.report").joinpath("quality.html").read_text(encoding="utf-8")
    shown = {rule for unit in told["org_units"] for rule in unit["rules"]}
    ordered = sorted(told["rules"], key=lambda rule: (rule["score"] is None, rule["score"] or 0.0))
    return environment.from_string(text).render(
        told=told,
        territory=territory,
        worst=ordered,
        heat=[rule for rule in told["rules"] if rule["id"] in shown],
        bounds={rule.id: (rule.watch_below, rule.bad_below) for rule in rules.rules},
        dimensions=DIMENSIONS,
    )


def _spark(values: Sequence[float | None]) -> str:
    """Points of a small line: time to the right, better upwards; gaps where nothing was checked are passed over."""
    known = [(place, value) for place, value in enumerate(values) if value is not None]
    if len(known) < 2:
        return ""
    low, high = min(value for _, value in known), max(value for _, value in known)
    # A line that hardly moves must not look like one that does.
    middle, span = (low + high) / 2, max(high - low, 0.01)
    across = max(len(values) - 1, 1)
    step, rise = (_WIDTH - 6) / across, (_HEIGHT - 8) / span
    points = ((3 + place * step, _HEIGHT / 2 - (value - middle) * rise) for place, value in known)
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
