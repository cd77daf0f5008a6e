"""Faults of writing: full-width and traditional characters, sentinels, broken cells, hours that never were."""

import numpy as np
import pandas as pd

from features.clock import time_zone
from features.demo.exports.book import Book
from features.demo.exports.config import ExportConfig
from features.demo.exports.naming import full_width, traditional

__all__ = ["fault_writing"]

_IDENTIFIERS = (
    ("sg186_customers.csv", "户号", "marketing"),
    ("sg186_customers.csv", "合同容量(kVA)", "marketing"),
    ("sg186_areas.csv", "台区名称", "marketing"),
    ("pms.xlsx#配变", "设备编码", "assets"),
    ("gis_supply.csv", "户号", "topology"),
    ("col_meters.csv", "表号", "collection"),
)
_NAMES = (
    ("sg186_areas.csv", "台区名称", "marketing"),
    ("pms.xlsx#配变", "设备名称", "assets"),
    ("gis_transformers.csv", "名称", "topology"),
    ("col_points.csv", "测点名称", "collection"),
)
_SENTINEL = 9999.99
_SENTINELS = (
    ("col_load_areas.parquet", "有功(kW)"),
    ("col_use.parquet", "日用电量(kWh)"),
    ("col_voltage.parquet", "电压(V)"),
)
_STRANGE = (
    ("sg186_meters.csv", "户号", "K9999999X", "表号"),
    ("col_load_areas.parquet", "测点号", "A9999X", None),
    ("col_use.parquet", "表号", "M9999999X", None),
)
_BROKEN = (
    ("sg186_customers.csv", "合同容量(kVA)", "-8", "BELOW_BOUND", "户号"),
    ("sg186_customers.csv", "用电类别", "其他", "UNKNOWN_CODE", "户号"),
    ("sg186_areas.csv", "台区容量(kVA)", "四百", "BAD_NUMBER", "台区编号"),
    ("sg186_applications.csv", "受理时间", "2024-02-30 09:15", "BAD_TIME", "申请编号"),
    ("gis_transformers.csv", "经度", "218.7", "ABOVE_BOUND", "OBJECTID"),
    ("pms.xlsx#配变", "额定容量(kVA)", "-400", "BELOW_BOUND", "设备编码"),
)


def fault_writing(book: Book, config: ExportConfig, rng: np.random.Generator) -> None:
    """Faults that may come on top of others: they change how a thing is written, or stand in rows of their own."""
    rates = config.rates
    for file, column, system in _IDENTIFIERS:
        _rewrite(book, file, column, system, "full_width", rates.full_width, rng)
    for file, column, system in _NAMES:
        _rewrite(book, file, column, system, "traditional", rates.traditional, rng)
    for file, column in _SENTINELS:
        if file in book.frames:
            _extra(book, file, column, _SENTINEL, "sentinel", "JUNK_VALUE", rates.sentinel, rng)
    for file, column, value, key in _STRANGE:
        _extra(book, file, column, value, "orphan", "ORPHAN_LINK", rates.orphan, rng, key)
    for file, column, value, reason, key in _BROKEN:
        _extra(book, file, column, value, "malformed", reason, rates.malformed, rng, key)
    _skipped_hours(book, config, rng)


def _rewrite(book: Book, file: str, column: str, system: str, kind: str, rate: float, rng: np.random.Generator) -> None:
    frame = book.frames[file]
    count = max(1, round(rate * len(frame))) if rate > 0 else 0
    change = full_width if kind == "full_width" else traditional
    for place in rng.choice(len(frame), min(count, len(frame)), replace=False):
        label, before = frame.index[place], str(frame[column].iloc[place])
        if change(before) != before:
            frame.at[label, column] = change(before)
            book.record(kind, system, file, before, "mended")


def _count(rate: float, rows: int) -> int:
    """Broken rows of a file: a share of a thousand of them at most, so that large files hold few among many."""
    return max(1, round(rate * min(rows, 1000))) if rate > 0 else 0


def _extra(
    book: Book,
    file: str,
    column: str,
    value: object,
    kind: str,
    reason: str,
    rate: float,
    rng: np.random.Generator,
    key: str | None = None,
) -> None:
    """Broken copies of rows beside the sound ones, each under a number of its own where the file has one."""
    frame = book.frames[file]
    for _ in range(_count(rate, len(frame))):
        row = frame.iloc[[int(rng.integers(0, len(frame)))]].copy()
        row[column] = pd.Series([value], index=row.index, dtype=None if not isinstance(value, str) else "object")
        subject = f"{file} {column}"
        if key is not None:
            subject = f"X{int(rng.integers(10**6, 10**7))}"
            row[key] = subject
        tag = book.record(kind, file.split(".")[0], file, subject, f"quarantine:{reason}")
        book.plant(file, row, tag)


def _skipped_hours(book: Book, config: ExportConfig, rng: np.random.Generator) -> None:
    """Rows stamped at hours the clock leapt over."""
    file, column = "col_load_areas.parquet", "数据时间"
    frame = book.frames[file]
    hours = pd.date_range(frame[column].min(), frame[column].max(), freq="h")
    zone = time_zone(config.collection_zone)
    skipped = hours[hours.tz_localize(zone, nonexistent="NaT", ambiguous="NaT").isna()]
    never = [hour for hour in skipped if not _twice(hour, config.collection_zone)]
    for _ in range(_count(config.rates.dst, 200) if never else 0):
        row = frame.iloc[[int(rng.integers(0, len(frame)))]].copy()
        row[column] = pd.Series([never[int(rng.integers(len(never)))]], index=row.index, dtype=frame[column].dtype)
        tag = book.record("dst", "collection", file, str(row[column].iloc[0]), "quarantine:NONEXISTENT_TIME")
        book.plant(file, row, tag)


def _twice(hour: pd.Timestamp, zone: str) -> bool:
    """Whether a wall clock shows this hour twice; both readings then differ."""
    wall = pd.DatetimeIndex([hour])
    summer, winter = (
        wall.tz_localize(zone, ambiguous=np.array([first]), nonexistent="NaT")[0] for first in (True, False)
    )
    return bool(pd.notna(summer) and summer != winter)
