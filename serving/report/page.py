"""The report: one HTML file with everything in it, plots included, that needs no network and no script."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.clock import Calendar
from features.workspace import TerritorySettings
from serving.publish import Publication
from serving.report.cards import demand_card, peak_card
from serving.report.view import block_columns, by_feeder, by_reason, roomiest, summary, tightest
from serving.report.words import BLOCK_LABELS, KIND_WORDS, reason_words
from training.figures import bars, fan, outcomes, reliability
from training.registry import ModelVersion
from training.standing import BEYOND_FIRM, FIRM_DAYS

__all__ = ["HeldOut", "ReportData", "render", "write_report"]

_FULL_WIDTH = 80.0  # per cent of a track at which the limit stands; beyond it lies overload
_ROWS = 10


@dataclass(frozen=True)
class HeldOut:
    """Forecasts of days the model never saw. `fans` and `before` as `training.evaluation` writes them."""

    fans: pd.DataFrame  # node_id, issued_at, start_utc, load_kw, q05 q25 q50 q75 q95
    before: pd.DataFrame  # node_id, start_utc, load_kw
    shares: pd.DataFrame  # kind, level, below
    days: int


@dataclass(frozen=True)
class ReportData:
    """Everything a report tells; what is absent is left out of the page."""

    territory: TerritorySettings
    publication: Publication
    capacity: pd.DataFrame
    parents: pd.Series  # node_id -> the node above
    demand: ModelVersion | None = None
    peak: ModelVersion | None = None
    held_out: HeldOut | None = None
    outcomes: pd.DataFrame | None = None  # origin, kind, ratio, walk_kappa
    gate: Sequence[Mapping[str, Any]] = ()  # table, rows_in, accepted, superseded, quarantined, reasons
    stages: Sequence[tuple[str, float]] = field(default_factory=tuple)


def write_report(data: ReportData, path: Path) -> Path:
    """Render `data` to `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(data), encoding="utf-8")
    return path


def render(data: ReportData) -> str:
    """The page as HTML text."""
    import jinja2

    text = resources.files("serving.report").joinpath("template.html").read_text(encoding="utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    return environment.from_string(text).render(_context(data))


def _context(data: ReportData) -> dict[str, Any]:
    calendar = Calendar(data.territory.time_zone, data.territory.country, data.territory.subdivision)
    names = data.capacity.set_index("node_id")["name"]
    made = data.publication.provenance
    now_local = calendar.local(pd.DatetimeIndex([made.now]))[0]
    return {
        "territory": data.territory,
        "publication": data.publication,
        "horizon_days": made.horizon_days,
        "scenario": reason_words(BEYOND_FIRM) if made.horizon_days > FIRM_DAYS else "",
        "now_local": f"{now_local:%Y-%m-%d %H:%M}",
        "tiles": _tiles(data.capacity),
        "block_labels": BLOCK_LABELS if block_columns(data.capacity) else (),
        "tight": _area_rows(tightest(data.capacity, _ROWS), data.capacity, names),
        "room": _area_rows(roomiest(data.capacity, _ROWS), data.capacity, names),
        "levels": [_track(row) for row in by_feeder(data.capacity, data.parents)],
        "full_width": _FULL_WIDTH,
        "reasons": by_reason(data.capacity),
        "spread": _spread(data.capacity),
        "fans": _fans(data, calendar) if data.held_out is not None else [],
        "held_out_days": data.held_out.days if data.held_out is not None else 0,
        "cards": [card for card in (demand_card(data.demand), peak_card(data.peak)) if card],
        "reliability": _reliability(data.held_out),
        "peaks": outcomes("outcomes", data.outcomes) if data.outcomes is not None and len(data.outcomes) else "",
        "gate": data.gate,
        "made": _made(data),
        "serve": _serve(data.capacity),
        "stages": data.stages,
    }


def _serve(capacity: pd.DataFrame) -> str:
    first = tightest(capacity, 1)
    node = str((first if len(first) else capacity)["node_id"].iloc[0])
    return (
        "KEY=$(headroom keys add my-desk --role planner)\n"
        "headroom serve &\n"
        'curl -s localhost:3000/v1/capacity -H "Authorization: Bearer $KEY" \\\n'
        f"  -H 'Content-Type: application/json' -d '{{\"node_ids\": [\"{node}\"]}}'"
    )


def _tiles(capacity: pd.DataFrame) -> list[dict[str, str]]:
    found = summary(capacity)
    tiles = [
        {"value": f"{found['answered']:,} of {found['areas']:,}", "label": "areas with a figure"},
        {"value": f"{found['full']:,}", "label": "areas with nothing open"},
        {"value": _kva(found["median_kva"]), "label": "median kVA open at an area"},
        {"value": f"{found['poor']:,}", "label": "areas with too little data to say"},
    ]
    if found["upper"]:
        label = "feeders and substations with no pool left"
        tiles.append({"value": f"{found['upper_full']:,} of {found['upper']:,}", "label": label})
    if found["assumed"]:
        tiles.append({"value": f"{found['assumed']:,}", "label": "nodes whose rating is assumed"})
    return tiles


def _kva(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:,.0f}"


def _area_rows(part: pd.DataFrame, capacity: pd.DataFrame, names: pd.Series) -> list[dict[str, Any]]:
    blocks = block_columns(capacity)
    ceiling = float(part[blocks].max().max()) if len(part) and blocks else 0.0
    rows = []
    for record in part.to_dict("records"):
        row = {str(name): value for name, value in record.items()}
        where = row["binding_node_id"]
        own = pd.isna(where) or where == row["node_id"]
        row["where"] = "here" if own else f"{names.get(where, where)}"
        row["blocks"] = [_cell(row[name], ceiling) for name in blocks]
        rows.append(row)
    return rows


def _cell(kva: float, ceiling: float) -> dict[str, float]:
    share = kva / ceiling if ceiling > 0 and not pd.isna(kva) else 0.0
    return {"kva": kva, "shade": round(0.30 * min(max(share, 0.0), 1.0), 3)}


def _track(row: dict[str, Any]) -> dict[str, Any]:
    """Widths in per cent of the track, cut off at its end; orange where the median is over the limit."""
    for name in ("p50", "p95"):
        row[f"{name}_width"] = 0.0 if np.isnan(row[name]) else round(min(max(row[name], 0.0) * _FULL_WIDTH, 100.0), 2)
    row["colour"] = "#d55e00" if row["p50"] > 1 else "#0072b2"
    return row


def _spread(capacity: pd.DataFrame) -> str:
    known = capacity.loc[(capacity["kind"] == "area") & capacity["open_kva"].notna(), "open_kva"].to_numpy(dtype=float)
    if not len(known):
        return ""
    counts, edges = np.histogram(known, bins=12, range=(0.0, max(float(known.max()), 1.0)))
    return bars("spread", edges, counts, "open capacity, kVA", "areas", "Histogram of the open capacity of the areas")


def _fans(data: ReportData, calendar: Calendar) -> list[dict[str, str]]:
    assert data.held_out is not None
    told = data.capacity.set_index("node_id")
    items = []
    for node in _shown(data):
        part = data.held_out.fans[data.held_out.fans["node_id"] == node]
        frame = part.assign(time=calendar.local(pd.DatetimeIndex(part["start_utc"])))
        past = data.held_out.before[data.held_out.before["node_id"] == node]
        past = past.assign(time=calendar.local(pd.DatetimeIndex(past["start_utc"])))
        inside = ((frame["load_kw"] >= frame["q05"]) & (frame["load_kw"] <= frame["q95"]))[frame["load_kw"].notna()]
        kind = KIND_WORDS.get(told["kind"].get(node, ""), "node")
        caption = f"{kind} {told['name'].get(node, node)}: {inside.mean():.0%} of the load fell within P5 to P95."
        svg = fan(f"fan-{node}", frame, str(node), f"local time ({data.territory.time_zone})", past)
        items.append({"svg": svg, "caption": caption})
    return items


def _shown(data: ReportData) -> list[str]:
    """The nodes whose fan is drawn, chosen by how tight they are, not by how well they were forecast: the substation
    and the feeder with the smallest pool, and the tightest area.
    """
    assert data.held_out is not None
    seen = set(data.held_out.fans["node_id"])
    known = data.capacity[data.capacity["node_id"].isin(seen)]
    first = [tightest(known, 1, kind) for kind in ("substation", "feeder", "area")]
    chosen = [str(part["node_id"].iloc[0]) for part in first if len(part)]
    return chosen or sorted(seen)[:1]


def _reliability(held_out: HeldOut | None) -> str:
    if held_out is None or held_out.shares.empty:
        return ""
    lines = {str(kind): part.set_index("level")["below"] for kind, part in held_out.shares.groupby("kind", sort=True)}
    return reliability("reliability", lines)


def _made(data: ReportData) -> list[tuple[str, str]]:
    made = data.publication.provenance
    rows = [
        ("model", f"{made.model_name} version {made.model_version} · {made.model_hash[:12]}"),
        ("data", made.data_hash),
        ("configuration", made.config_hash),
        ("figures", data.publication.content_hash[:12]),
    ]
    if data.demand is not None:
        rows.insert(1, ("demand model", f"demand version {data.demand.version} · {data.demand.sha256[:12]}"))
    return rows
