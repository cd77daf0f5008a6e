"""Faults of applications: handed in twice, for an area nobody knows, or in VA; and what only looks so."""

import numpy as np
import pandas as pd

from features.demo.exports.book import Book
from features.demo.exports.config import FaultRates
from features.demo.exports.ledgers import Sheets
from features.demo.exports.naming import full_width

__all__ = ["fault_applications"]

_FILE = "sg186_applications.csv"
_TIMES = ("受理时间", "勘查时间", "批复时间", "送电时间", "终止时间", "变更时间")
_FORM = "%Y-%m-%d %H:%M"


def fault_applications(book: Book, sheets: Sheets, rates: FaultRates, rng: np.random.Generator) -> dict[str, str]:
    """Strike applications, each with one fault at most; returns the first application of each that repeats it."""
    names = book.frames[_FILE]["申请编号"].drop_duplicates().tolist()
    repeated = {}
    for name in book.choose(_open_long(book, names), rates.repeated_application, rng):
        twin = f"R{name}"
        if _copy(book, sheets, name, twin, int(rng.integers(1, 26)), {}):
            repeated[twin] = name
            written = book.frames[_FILE]["申请编号"] == twin
            if rng.random() < 0.5:
                book.frames[_FILE].loc[written, "申请容量(kVA)"] = (
                    book.frames[_FILE].loc[written, "申请容量(kVA)"].map(full_width)
                )
            book.record("repeated_application", "marketing", _FILE, twin, f"link:repeats:{name}")
    _decoys(book, sheets, names, rates.repeated_application, rng)
    for name in book.choose(names, rates.unmatched_application, rng):
        number = str(rng.choice(["", "0", f"0188{int(rng.integers(10**6)):06d}"]))
        book.change(_FILE, book.frames[_FILE]["申请编号"] == name, "台区编号", number)
        book.record("unmatched_application", "marketing", _FILE, name, "work_item:unmatched_application")
    for name in book.choose(names, rates.va_for_kva, rng):
        where = book.frames[_FILE]["申请编号"] == name
        kva = book.frames[_FILE].loc[where, "申请容量(kVA)"].str.replace(",", "").astype(float)
        book.frames[_FILE].loc[where, "申请容量(kVA)"] = (1000 * kva).map("{:,.0f}".format)
        book.record("va_for_kva", "marketing", _FILE, name, "work_item:unit_suspected")
    return repeated


def _open_long(book: Book, names: list[str]) -> list[str]:
    """Applications that no one had turned down or supplied within a month of being handed in."""
    frame = book.frames[_FILE]
    last = frame.drop_duplicates("申请编号", keep="last").set_index("申请编号")
    begin = pd.to_datetime(last["受理时间"], format=_FORM)
    ended = pd.to_datetime(
        last["终止时间"].where(last["终止时间"] != "", last["送电时间"]), format=_FORM, errors="coerce"
    )
    long = ended.isna() | (ended - begin > pd.Timedelta(days=35))
    return [name for name in names if long[name]]


def _copy(book: Book, sheets: Sheets, name: str, twin: str, days: int, changes: dict[str, str]) -> bool:
    """The application again some days later under another number; False where that would be after the end."""
    frame = book.frames[_FILE]
    rows = frame[frame["申请编号"] == name].assign(**{"申请编号": twin, **changes})
    for column in _TIMES:
        later = pd.to_datetime(rows[column], format=_FORM, errors="coerce") + pd.Timedelta(days=days)
        rows[column] = later.dt.strftime(_FORM).fillna("")
    end = sheets.territory.end.tz_convert("Asia/Shanghai").tz_localize(None)
    rows = rows[pd.to_datetime(rows["变更时间"], format=_FORM) < end]
    if rows.empty:
        return False
    book.frames[_FILE] = pd.concat([frame, rows], ignore_index=True)
    return True


def _decoys(book: Book, sheets: Sheets, names: list[str], rate: float, rng: np.random.Generator) -> None:
    """What looks like a repetition and is none: another place, another applicant, another capacity, or long after."""
    for number, name in enumerate(book.choose(names, rate, rng)):
        kva = float(
            book.frames[_FILE].loc[book.frames[_FILE]["申请编号"] == name, "申请容量(kVA)"].iloc[0].replace(",", "")
        )
        changes, days = [
            ({"地址编码": f"DZ9{number:05d}"}, 10),
            ({"申请人编号": f"SQ9{number:05d}", "户号": ""}, 10),
            ({"申请容量(kVA)": f"{kva + 10:,.0f}"}, 10),
            ({}, 75),
        ][number % 4]
        if _copy(book, sheets, name, f"D{name}", days, changes):
            book.record("decoy_application", "marketing", _FILE, f"D{name}", "accepted")
