"""Applications as the marketing system keeps them: every stage, some handed in twice, some for no area it knows."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from features.demo.exports.facts import Facts
from features.demo.exports.marketing import UNKNOWN_AREA
from features.demo.exports.naming import full_width
from features.demo.exports.rows import Book, Chances, Fault, Row, Sheet
from features.demo.sources import CODES

__all__ = ["Requests", "write_applications"]

_KNOWN = "变更时间"
_ID, _APPLICANT, _SITE, _AREA, _KVA = "申请编号", "申请人编号", "用电地址编码", "台区编号", "申请容量(kVA)"
_TIMES = {
    "submitted_at": "受理时间",
    "surveyed_at": "勘查时间",
    "approved_at": "批复时间",
    "energised_at": "送电时间",
    "closed_at": "终止时间",
    "expected_energised_at": "计划送电日期",
}


@dataclass
class Requests:
    """True area of every application, decoys and repeats included, and which repeats which."""

    node: dict[str, str] = field(default_factory=dict)
    repeats: dict[str, str] = field(default_factory=dict)


def write_applications(facts: Facts, chances: Chances, book: Book) -> Requests:
    """Fill `sg186_applications`."""
    rng = np.random.default_rng([facts.territory.config.seed, 204])
    sheet = Sheet("marketing", "sg186_applications", ("ledger_application",), _KNOWN)
    book.sheets[sheet.name] = sheet
    frame = facts.territory.frame("application")
    index = {node: a for a, node in enumerate(facts.territory.area_ids)}
    ids = list(dict.fromkeys(frame["application_id"].astype("str")))
    applicant = dict(zip(ids, rng.permutation(900_000)[: len(ids)] + 100_000, strict=True))
    site = dict(zip(ids, rng.permutation(900_000)[: len(ids)] + 100_000, strict=True))
    requests = Requests()
    for row in frame.to_dict("records"):
        name, area = str(row["application_id"]), index[str(row["node_id"])]
        who = {_APPLICANT: f"P{applicant[name]:07d}", _SITE: f"DZ-{site[name]}"}
        sheet.add(name, _cells(row, facts.marketing["area"][area], facts.spells[area][-1].hall) | who)
        requests.node[name] = str(row["node_id"])
    _unmatched(facts, chances, sheet, book)
    _in_va(chances, sheet, book)
    _twice(facts, chances, sheet, book, requests)
    return requests


def _cells(row: dict, area: str, hall: str) -> dict[str, object]:
    cells: dict[str, object] = {_ID: row["application_id"], "户号": row["customer_id"], _AREA: area, "受理单位": hall}
    cells |= {"业务类型": CODES[row["kind"]], "用电类别": CODES[row["customer_class"]]}
    cells |= {_KVA: f"{row['requested_kva']:,.0f}", "状态": CODES[row["status"]]}
    cells |= {header: row[name] for name, header in _TIMES.items()}
    cells["受限标志"] = "是" if row["source_constrained"] else "否"
    return cells | {_KNOWN: row["available_at"]}


def _unmatched(facts: Facts, chances: Chances, sheet: Sheet, book: Book) -> None:
    """The area's number is gone, is of no area, or has a slip; only where no account would tell the area anyhow."""
    about = sheet.about()
    strangers = [name for name, rows in about.items() if not any(isinstance(r.cells["户号"], str) for r in rows)]
    real = set(facts.marketing["area"])
    least = max(3, chances.count("unmatched_application", len(about)))
    for turn, name in enumerate(chances.some("unmatched_application", strangers, least=least)):
        number = str(about[name][0].cells[_AREA])
        slips = [number[:-1] + digit for digit in "0123456789" if number[:-1] + digit not in real]
        wrong = ("", UNKNOWN_AREA.format(900_000 + turn), slips[0])[turn % 3]
        for row in about[name]:
            row.cells[_AREA] = wrong
        _note(book, sheet, "unmatched_application", name, "work_item:unmatched_application")


def _in_va(chances: Chances, sheet: Sheet, book: Book) -> None:
    about = sheet.about()
    for name in chances.some("va_for_kva", list(about)):
        for row in about[name]:
            row.cells[_KVA] = f"{1000 * float(str(row.cells[_KVA]).replace(',', '')):,.0f}"
        _note(book, sheet, "va_for_kva", name, "work_item:unit_suspected")


def _note(book: Book, sheet: Sheet, kind: str, name: str, expected: str) -> None:
    book.faults.append(Fault(kind, "marketing", sheet.tables[0], name, expected, place=(sheet.name, name)))


def _twice(facts: Facts, chances: Chances, sheet: Sheet, book: Book, requests: Requests) -> None:
    """Repeats, and as many others that only look like repeats: another site, applicant or capacity, or much later."""
    about, end = sheet.about(), facts.territory.end
    recent = [n for n, rows in about.items() if rows[0].cells["受理时间"] < end - pd.Timedelta(days=100)]
    serial = len(about)
    for decoy in (False, True):
        for turn, name in enumerate(chances.some("repeated_application", recent, least=4 if decoy else 2)):
            serial += 1
            new = f"Y{serial:06d}"
            rows = _again(about[name][0], new, turn if decoy else None, chances.rng)
            sheet.rows += [row for row in rows if row.cells[_KNOWN] <= end]
            requests.node[new] = requests.node[name]
            if not decoy:
                requests.repeats[new] = name
            _note(book, sheet, "repeated_application", new, "accepted" if decoy else "mended")


def _again(first: Row, name: str, decoy: int | None, rng: np.random.Generator) -> list[Row]:
    """Another application like `first`, as handed in and as taken back some days later; true repeats differ in
    writing alone.
    """
    days = int(rng.integers(70, 95)) if decoy is not None and decoy % 4 == 3 else int(rng.integers(2, 28))
    submitted = first.cells["受理时间"] + pd.Timedelta(days=days, hours=int(rng.integers(0, 3)))
    number = float(str(first.cells[_KVA]).replace(",", ""))
    cells = first.cells | {_ID: name, "受理时间": submitted, _KNOWN: submitted}
    if decoy is None:
        cells[_SITE] = str(cells[_SITE]).replace("-", "- ") if rng.random() < 0.5 else cells[_SITE]
        cells[_APPLICANT] = full_width(str(cells[_APPLICANT])) if rng.random() < 0.5 else cells[_APPLICANT]
        cells[_KVA] = f"{number:.1f}"
    elif decoy % 4 == 0:
        cells[_SITE] = f"DZ-{int(rng.integers(1_000_000, 2_000_000))}"
    elif decoy % 4 == 1:
        cells[_APPLICANT] = f"P{int(rng.integers(1_000_000, 2_000_000)):07d}"
    elif decoy % 4 == 2:
        cells[_KVA] = f"{number + 5 * int(rng.integers(2, 8)):,.0f}"
    closed = submitted + pd.Timedelta(days=int(rng.integers(5, 20)))
    over = cells | {"状态": CODES["withdrawn"], "终止时间": closed, _KNOWN: closed}
    return [Row(cells, name), Row(over, name)]
