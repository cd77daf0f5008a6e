"""Write a territory as four systems would export it, with planted faults, and beside it what is true."""

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from features.demo.export import write_frame
from features.demo.exports.applications import Requests, write_applications
from features.demo.exports.assets import write_assets
from features.demo.exports.batches import fill_batches
from features.demo.exports.beliefs import draw_beliefs
from features.demo.exports.collection import write_archive
from features.demo.exports.config import ExportConfig
from features.demo.exports.facts import Facts, facts_of
from features.demo.exports.files import write_ledgers
from features.demo.exports.homes import Homes, draw_homes
from features.demo.exports.marketing import write_marketing
from features.demo.exports.measured import measured_files
from features.demo.exports.rows import Book, Chances, Fault
from features.demo.exports.topology import write_topology
from features.demo.exports.truth import fault_table, truth_tables
from features.demo.exports.writing import plant_broken, plant_characters
from features.demo.sources import weather_files
from features.demo.territory import Territory, simulate

__all__ = ["SOURCES", "ExportSummary", "write_exports", "write_exports_of"]

SOURCES = ("demo_sg186", "demo_pms", "demo_gis", "demo_collection", "demo_weather")
"""The mappings (configs/sources/NAME.yaml) of the exports, in the order in which they are to be ingested."""


@dataclass(frozen=True)
class ExportSummary:
    """What was written: rows by file (broken ones included), and planted faults by kind."""

    seed: int
    areas: int
    customers: int
    files: dict[str, int]
    faults: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def write_exports(config: ExportConfig, out_dir: Path) -> ExportSummary:
    """Simulate the territory and write its exports into `out_dir`, what is true into `out_dir/truth`."""
    return write_exports_of(simulate(config.territory), config, out_dir)


def write_exports_of(territory: Territory, config: ExportConfig, out_dir: Path) -> ExportSummary:
    """Write the exports of a territory that was already simulated from `config.territory`."""
    truth_dir = out_dir / "truth"
    truth_dir.mkdir(parents=True, exist_ok=True)
    facts, book = facts_of(territory, config), Book()
    homes, requests, strangers, chances = _fill(facts, book)
    rows, places = write_ledgers(book, config, out_dir)
    rows |= _write_again(book, chances, rows, out_dir)
    for name, frame in _measured(facts, chances, book):
        write_frame(frame, out_dir / name)
        rows[name] = len(frame)
    tables = truth_tables(facts, homes, requests, strangers)
    for name, frame in (tables | {"fault": fault_table(book.faults, places)}).items():
        write_frame(frame, truth_dir / f"{name}.parquet")
    return ExportSummary(
        seed=config.territory.seed,
        areas=len(territory.area_ids),
        customers=len(territory.customers.customer_ids),
        files=rows,
        faults=dict(sorted(Counter(fault.kind for fault in book.faults).items())),
    )


def _fill(facts: Facts, book: Book) -> tuple[Homes, Requests, int, Chances]:
    """Every ledger's rows: faults of substance first, then of batches, of writing, and rows that are broken."""
    beliefs, chances = draw_beliefs(facts)
    homes = draw_homes(facts, chances)
    book.faults += beliefs.faults + homes.faults
    write_marketing(facts, beliefs, homes, book)
    requests = write_applications(facts, chances, book)
    write_assets(facts, beliefs, book)
    write_topology(facts, beliefs, homes, book)
    write_archive(facts, beliefs, homes, book)
    book.settle()
    fill_batches(facts, chances, book)
    plant_characters(facts, chances, book)
    plant_broken(facts, chances, book)
    return homes, requests, len(beliefs.strangers), chances


def _write_again(book: Book, chances: Chances, rows: dict[str, int], folder: Path) -> dict[str, int]:
    """The last file of some ledgers comes once more under another name."""
    again: dict[str, int] = {}
    for stem in ("sg186_areas", "gis_customers", "col_archive"):
        if chances.count("batches", 1) == 0:
            continue
        sheet = book.sheets[stem]
        last = max(name for name in rows if name.startswith(stem))
        name = f"{Path(last).stem}_again.csv"
        shutil.copyfile(folder / last, folder / name)
        again[name] = rows[last]
        book.faults += [Fault("batches", sheet.system, table, name, "unchanged", file=name) for table in sheet.tables]
    return again


def _measured(facts: Facts, chances: Chances, book: Book) -> Iterator[tuple[str, pd.DataFrame]]:
    yield from measured_files(facts, chances, book)
    yield from weather_files(facts.territory)
