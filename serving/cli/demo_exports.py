"""`headroom demo-exports`: a demo territory as four systems would export it, with planted faults and the truth."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from serving.cli.options import json_option, print_json

if TYPE_CHECKING:
    from features.demo.exports import ExportConfig, ExportSummary

__all__ = ["command"]


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--areas", type=click.IntRange(1), help="Transformer areas (default: configs/demo.yaml).")
@click.option("--customers", type=click.IntRange(0), help="Customers with daily use.")
@click.option("--years", type=click.IntRange(2), help="Years of hourly load.")
@click.option("--seed", type=click.IntRange(0), help="Seed of the territory; the same seed gives the same files.")
@click.option("--rates", type=click.FloatRange(0, 0.5), help="Share of records struck by every kind of fault.")
@click.option("--rate", "single", metavar="KIND=SHARE", multiple=True, help="Share of one kind; may be repeated.")
@click.option("--load-days", type=click.IntRange(30), help="Days of load and daily use before the end.")
@click.option("--voltage/--no-voltage", default=True, help="Hourly voltages of every meter, or none.")
@json_option
def command(
    folder: Path,
    areas: int | None,
    customers: int | None,
    years: int | None,
    seed: int | None,
    rates: float | None,
    single: tuple[str, ...],
    load_days: int | None,
    voltage: bool,
    as_json: bool,
) -> None:
    """Write a demo territory into DIR as marketing, assets, topology and collection systems export it.

    The files are mapped by demo_sg186, demo_pms, demo_gis, demo_collection and demo_weather in configs/sources, to be
    ingested in this order. DIR/truth holds what is true and every planted fault with what must become of it.
    """
    from features.demo.exports import write_exports

    asked = {"areas": areas, "customers": customers, "years": years, "seed": seed}
    given = {name: value for name, value in asked.items() if value is not None}
    more: dict[str, object] = {"voltage": voltage} | ({} if load_days is None else {"load_days": load_days})
    summary = write_exports(_config(given, _rates(rates, single), more), folder)
    if as_json:
        print_json(summary.to_dict())
    else:
        _show(folder, summary)


def _config(territory: dict[str, int], rates: dict[str, float], more: dict[str, object]) -> "ExportConfig":
    from features.configs import config_path
    from features.demo import DemoConfig
    from features.demo.exports import ExportConfig
    from features.settings import load_settings, parse_settings

    size = load_settings(DemoConfig, config_path("demo.yaml")).model_copy(update=territory)
    return parse_settings(ExportConfig, {"territory": size, "rates": rates} | more, "the options")


def _rates(every: float | None, single: tuple[str, ...]) -> dict[str, float]:
    """Shares by kind: one for all, then those of single kinds."""
    from features.demo.exports import KINDS

    rates = {} if every is None else dict.fromkeys(KINDS, every)
    for text in single:
        kind, _, share = text.partition("=")
        if kind not in KINDS:
            raise click.BadParameter(f"there is no kind {kind!r}; known: {', '.join(KINDS)}", param_hint="--rate")
        try:
            rates[kind] = float(share)
        except ValueError as error:
            raise click.BadParameter(f"{text!r}: the share is no number", param_hint="--rate") from error
    return rates


def _show(folder: Path, summary: "ExportSummary") -> None:
    from features.demo.exports import SOURCES
    from serving.cli.tables import number, show_table

    show_table("Files", ["file", "rows"], [[name, number(rows)] for name, rows in summary.files.items()], ["rows"])
    if summary.faults:
        faults = [[kind, number(count)] for kind, count in summary.faults.items()]
        show_table("Planted faults", ["kind", "planted"], faults, ["planted"])
    click.echo("Ingest, in this order:")
    for name in SOURCES:
        click.echo(f"  headroom ingest configs/sources/{name}.yaml --data {folder}")
