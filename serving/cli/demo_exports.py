"""`headroom demo-exports`: the demo territory as four systems would export it, with planted faults."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from serving.cli.options import json_option, print_json

if TYPE_CHECKING:
    from features.demo.exports import FaultRates

__all__ = ["command"]


@click.command("demo-exports")
@click.argument("directory", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--areas", type=click.IntRange(1), help="Transformer areas (default: configs/demo.yaml).")
@click.option("--customers", type=click.IntRange(0), help="Customers with daily use.")
@click.option("--years", type=click.IntRange(2), help="Years of hourly load.")
@click.option("--seed", type=click.IntRange(0), help="Seed of the territory and of its faults.")
@click.option("--rates", type=click.FloatRange(0, 0.5), default=0.02, show_default=True, help="Share of every fault.")
@click.option("--rate", multiple=True, metavar="KIND=SHARE", help="Share of one kind of fault; may be repeated.")
@click.option("--voltage/--no-voltage", default=True, help="Write hourly voltages of meters, the largest file.")
@json_option
def command(
    directory: Path,
    areas: int | None,
    customers: int | None,
    years: int | None,
    seed: int | None,
    rates: float,
    rate: tuple[str, ...],
    voltage: bool,
    as_json: bool,
) -> None:
    """Write SG186-, PMS-, GIS- and collection-shaped files with planted faults into DIR, the truth into DIR/truth.

    Every system has its own identifiers and names for the same things. configs/sources/demo_sg186.yaml, demo_pms,
    demo_gis, demo_collection and demo_weather read the files; then `headroom reconcile` brings them together.
    """
    from features.configs import config_path
    from features.demo import DemoConfig
    from features.demo.exports import ExportConfig, write_exports
    from features.settings import load_settings, parse_settings

    asked = {"areas": areas, "customers": customers, "years": years, "seed": seed}
    territory = load_settings(DemoConfig, config_path("demo.yaml"))
    territory = territory.model_copy(update={name: value for name, value in asked.items() if value is not None})
    config = ExportConfig(territory=territory, rates=parse_rates(rates, rate), voltage=voltage)
    config = parse_settings(ExportConfig, config.model_dump(), "demo-exports")
    summary = write_exports(config, directory)
    if as_json:
        print_json(summary.to_dict())
        return
    from serving.cli.tables import number, show_table

    show_table("Files", ["file", "rows"], [[name, number(rows)] for name, rows in summary.files.items()], ["rows"])
    faults = [[kind, number(count)] for kind, count in summary.faults.items()]
    show_table("Planted faults", ["kind", "count"], faults, ["count"])
    click.echo(f"What is true lies in {directory / 'truth'}; nothing but a judge may read it.")


def parse_rates(share: float, single: tuple[str, ...]) -> "FaultRates":
    """The rates of all kinds: one share for all, then those given by name. UsageError for a wrong one."""
    from features.demo.exports import FaultRates

    rates = dict.fromkeys(FaultRates.model_fields, share)
    for text in single:
        kind, sign, value = text.partition("=")
        if not sign or kind not in rates:
            raise click.UsageError(f"--rate {text}: give KIND=SHARE; kinds: {', '.join(rates)}")
        try:
            rates[kind] = float(value)
        except ValueError as error:
            raise click.UsageError(f"--rate {text}: {value!r} is no number") from error
        if not 0 <= rates[kind] <= 0.5:
            raise click.UsageError(f"--rate {text}: a share lies between 0 and .5")
    return FaultRates(**rates)
