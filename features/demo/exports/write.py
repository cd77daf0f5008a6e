"""Write the exports: ledgers as a stock and later files, readings as Parquet, and the truth beside them."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.demo.export import write_file
from features.demo.exports.book import TAG, Book
from features.demo.exports.config import ExportConfig
from features.demo.exports.equipment import fault_equipment
from features.demo.exports.ledgers import Sheets, local_time, sound_ledgers
from features.demo.exports.naming import Naming
from features.demo.exports.readings import readings_of
from features.demo.exports.requests import fault_applications
from features.demo.exports.slips import fault_writing
from features.demo.exports.supply import fault_supply
from features.demo.exports.truth import export_truth
from features.demo.sources import weather_files
from features.demo.territory import Territory, simulate

__all__ = ["ExportSummary", "write_exports"]

_CHANGED = {"sg186_applications.csv": "变更时间"}
_IN_PARTS = ("sg186_areas.csv", "sg186_customers.csv", "sg186_meters.csv", "sg186_applications.csv", "col_meters.csv")
_MONTH = pd.Timedelta(days=30)
_FORM = "%Y-%m-%d %H:%M"


@dataclass(frozen=True)
class ExportSummary:
    """Rows by file (broken ones included), and planted faults by kind."""

    seed: int
    files: dict[str, int]
    faults: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def write_exports(config: ExportConfig, out_dir: Path, territory: Territory | None = None) -> ExportSummary:
    """Simulate a territory (unless given) and write its exports into `out_dir`, the truth into `out_dir/truth`.

    The mappings `demo_sg186`, `demo_pms`, `demo_gis`, `demo_collection` and `demo_weather` read them. The same
    configuration gives the same content.
    """
    territory = territory or simulate(config.territory)
    seed = config.territory.seed
    rng = [np.random.default_rng([seed, 200 + part]) for part in range(8)]
    sheets = Sheets(territory, Naming.draw(territory.network, rng[0]), _transformer_ids(territory, rng[1]), rng[2])
    book = Book()
    for name, frame in (sound_ledgers(sheets) | readings_of(territory, config, rng[3])).items():
        book.add(name, frame)
    fault_equipment(book, sheets, config.rates, rng[4])
    fault_supply(book, sheets, config.rates, rng[5])
    repeated = fault_applications(book, sheets, config.rates, rng[6])
    fault_writing(book, config, rng[7])
    _in_parts(book, config, territory, np.random.default_rng([seed, 210]))
    truth = out_dir / "truth"
    truth.mkdir(parents=True, exist_ok=True)
    rows = dict(_written(book, out_dir))
    for name, frame in weather_files(territory):
        write_file(frame, out_dir / name)
        rows[name] = len(frame)
    tables = export_truth(sheets, repeated, book.table())
    for name, frame in tables.items():
        write_file(frame, truth / f"{name}.parquet")
    kinds = tables["fault"]["kind"].value_counts().sort_index()
    return ExportSummary(seed, rows, {str(kind): int(count) for kind, count in kinds.items()})


def _transformer_ids(territory: Territory, rng: np.random.Generator) -> pd.DataFrame:
    """Own numbers of every transformer in the asset ledger and in the topology."""
    names = territory.frame("transformer")["transformer_id"].drop_duplicates().tolist()
    assets, topology = rng.permutation(len(names)), rng.permutation(len(names))
    return pd.DataFrame(
        {
            "assets": [f"16M{20_000_000 + n * 101:08d}" for n in assets],
            "topology": [str(7_000_000 + n * 13) for n in topology],
        },
        index=names,
    )


def _in_parts(book: Book, config: ExportConfig, territory: Territory, rng: np.random.Generator) -> None:
    """Ledgers as a stock and monthly files after it; some rows late, some sent again, two files out of order."""
    if not config.increments:
        return
    end = territory.end
    edges = [end - _MONTH * (config.increments - part) for part in range(config.increments)]
    for name in _IN_PARTS:
        frame = book.frames.pop(name)
        column = _CHANGED.get(name, "更新时间")
        frame = _some_late(book, name, frame, column, config.rates.late, end, rng)
        known = pd.to_datetime(frame[column], format=_FORM, errors="coerce")
        part = np.searchsorted([_plain(edge) for edge in edges], known.to_numpy(), side="right")
        stem, kind = name.split(".")
        parts = [frame[part == number] for number in range(config.increments + 1)]
        parts[-1] = _sent_again(book, name, parts[0], parts[-1], config.rates.repeated_row, rng)
        if config.increments > 1:
            # The file that comes later by name holds what was known earlier.
            parts[1], parts[2] = parts[2], parts[1]
        for number, rows in enumerate(parts):
            label = "0_stock" if number == 0 else str(number)
            book.frames[f"{stem}_{label}.{kind}"] = rows.reset_index(drop=True)


def _plain(moment: pd.Timestamp) -> np.datetime64:
    return np.datetime64(moment.tz_convert("Asia/Shanghai").tz_localize(None))


def _some_late(
    book: Book, name: str, frame: pd.DataFrame, column: str, rate: float, end: pd.Timestamp, rng: np.random.Generator
) -> pd.DataFrame:
    """Rows that were long true before anybody entered them; not where stages would come out of order."""
    if name in _CHANGED or rate <= 0:
        return frame
    sound = frame.index[(frame[TAG] < 0) & ~frame.duplicated(frame.columns[0], keep=False)]
    count = min(len(sound), max(1, round(rate * len(sound))))
    late = rng.choice(sound.to_numpy(), count, replace=False)
    moment = local_time(pd.Series([end - pd.Timedelta(days=20)]))[0]
    for label in late:
        book.record("late", name.split("_")[0], name, str(frame.at[label, frame.columns[0]]), "accepted")
    frame = frame.copy()
    frame.loc[late, column] = moment
    return frame


def _sent_again(
    book: Book, name: str, stock: pd.DataFrame, last: pd.DataFrame, rate: float, rng: np.random.Generator
) -> pd.DataFrame:
    """The last file brings some rows of the stock once more."""
    sound = stock[stock[TAG] < 0]
    count = min(len(sound), max(1, round(rate * len(sound)))) if rate > 0 and len(sound) else 0
    again = sound.iloc[np.sort(rng.choice(len(sound), count, replace=False))] if count else sound.iloc[:0]
    for subject in again[again.columns[0]]:
        book.record("repeated_row", name.split("_")[0], name, str(subject), "accepted")
    return pd.concat([last, again])


def _written(book: Book, out_dir: Path) -> Iterator[tuple[str, int]]:
    """Write every file; of the applications' first increment a copy under another name, as happens."""
    sheets: dict[str, dict[str, pd.DataFrame]] = {}
    for name, frame in book.frames.items():
        plain = frame.drop(columns=TAG)
        if "#" in name:
            workbook, sheet = name.split("#")
            sheets.setdefault(workbook, {})[sheet] = plain
        elif name.endswith(".parquet"):
            write_file(plain, out_dir / name)
        else:
            encoding = "gb18030" if name.startswith("sg186") else "utf-8-sig"
            plain.to_csv(out_dir / name, index=False, encoding=encoding, lineterminator="\n")
        yield name, len(plain)
    for workbook, pages in sheets.items():
        with pd.ExcelWriter(out_dir / workbook, engine="openpyxl") as writer:
            for sheet, plain in pages.items():
                plain.to_excel(writer, sheet_name=sheet, index=False)
    first = out_dir / "sg186_applications_1.csv"
    if first.is_file():
        (out_dir / "sg186_applications_1_again.csv").write_bytes(first.read_bytes())
        yield "sg186_applications_1_again.csv", len(book.frames[first.name])
