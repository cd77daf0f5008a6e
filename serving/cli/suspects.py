"""`headroom suspects`: areas that lose more than they used to, and which of their customers may be the cause."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from features.workspace import Workspace
from serving.cli.options import json_option, print_json, workspace_option

if TYPE_CHECKING:
    from serving.customers.suspects import Reads
    from training.anomaly.area_loss import Suspects

__all__ = ["command"]


@click.command()
@click.argument("area", required=False)
@click.option(
    "--at",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%SZ"]),
    help="Use only what was known at this moment, UTC (default: when the newest use became known).",
)
@click.option("--limit", type=click.IntRange(1), default=15, show_default=True, help="Most rows shown.")
@workspace_option
@json_option
def command(area: str | None, workspace: Workspace, at: datetime | None, limit: int, as_json: bool) -> None:
    """Areas whose own meter saw more than their customers' meters and earlier losses explain, the clearest first.

    With AREA its customers instead, by how much of that each may be the cause of, with the evidence. A suspicion is no
    more than a reason to look: it accuses nobody.
    """
    import pandas as pd

    from serving.customers.suspects import lossy_areas, read_reads, suspects_in

    reads = read_reads(workspace, None if at is None else pd.Timestamp(at.replace(tzinfo=UTC)))
    if area is not None:
        _show_customers(area, reads, suspects_in(workspace, reads, area), limit, as_json)
        return
    frame = lossy_areas(workspace, reads).head(limit)
    if as_json:
        print_json({"at": reads.at.isoformat(), "model_version": reads.version, "areas": frame.to_dict("records")})
        return
    from serving.cli.tables import number, show_table

    rows = [
        [one["area_id"], number(one["customers"]), *(number(one[name], 1) for name in _AREA_KWH), f"{one['ratio']:.2f}"]
        for one in frame.to_dict("records")
    ]
    columns = ["area 台区", "customers", "loss kWh/day", "usual", "energy kWh/day", "loss/usual"]
    show_table(f"unexplained loss as of {reads.at:%Y-%m-%d}", columns, rows, columns[1:])


_AREA_KWH = ("lost_kwh_day", "usual_kwh_day", "area_kwh_day")


def _show_customers(area: str, reads: "Reads", found: "Suspects", limit: int, as_json: bool) -> None:
    from serving.cli.tables import number, show_table
    from training.anomaly.evidence import sentence

    records = found.table.head(limit).to_dict("records")
    told = [
        {
            "customer_id": str(reads.customer_ids[one["row"]]),
            **{str(name): value for name, value in one.items() if name != "row"},
            "evidence": [{"en": sentence(why), "zh": sentence(why, "zh")} for why in reasons],
        }
        for one, reasons in zip(records, found.reasons, strict=False)
    ]
    loss = float(found.unexplained[found.unexplained == found.unexplained].sum())
    if as_json:
        head = {"area_id": area, "at": reads.at.isoformat(), "model_version": reads.version, "unexplained_kwh": loss}
        print_json(head | {"window_days": len(found.unexplained), "customers": told})
        return
    columns = ["customer 用户", "explains kWh", "share", "gap kWh", "score", "evidence 依据"]
    rows = [
        [
            one["customer_id"],
            number(one["explained_kwh"]),
            f"{one['explained_share']:.0%}",
            number(one["gap_kwh"]),
            f"{one['theft_score']:.2f}",
            "; ".join(f"{why['en']} {why['zh']}" for why in one["evidence"][:1]),
        ]
        for one in told
    ]
    title = f"{area}: {loss:,.0f} kWh unexplained in {len(found.unexplained)} days"
    show_table(title, columns, rows, columns[1:5])
