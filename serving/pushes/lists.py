"""What is sent, as others read it: NDJSON for a CRM, and a work list of cards for every hall. Nothing personal."""

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Mapping
from datetime import tzinfo
from typing import Any

import numpy as np
import pandas as pd

from features.frames import each_row
from serving.decisions.pushes.catalogue import Catalogue, Service
from serving.decisions.pushes.codes import SENT
from serving.decisions.pushes.records import ADDS_VA, CONTACT_COLUMNS, HELD_VA
from serving.pushes.records import Push, PushRun
from serving.pushes.telling import NOT_CAUSAL, ndjson, push_entry, score_kind

__all__ = ["CARD_COLUMNS", "cards", "file_names", "lines"]

CARD_COLUMNS = (
    "push_id",
    "customer_id",
    "service",
    "service_english",
    "service_chinese",
    "say_english",
    "say_chinese",
    "why_english",
    "why_chinese",
    "relief",
    "valid_until",
)
"""One row a card; `valid_until` is the local day on which it lapses."""

_KEPT = tuple(name for name in CONTACT_COLUMNS if name not in (*ADDS_VA, *HELD_VA))
_ODD = re.compile(r"[^\w-]")
_LONGEST = 80
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def lines(run: PushRun, contacts: pd.DataFrame, catalogue: Catalogue) -> bytes:
    """One JSON object a line for each message of the application that is sent, in the order of the run; as
    `serving.pushes.telling.push_entry` tells an offer."""
    app = ((contacts["reason"] == SENT) & (contacts["channel"] == "app")).to_numpy(dtype=bool)
    told = (
        push_entry(_push(run, int(place), row), run, catalogue, run.decided_at)
        for place, row in zip(np.flatnonzero(app), each_row(contacts[app]), strict=True)
    )
    return b"".join(ndjson(told))


def cards(contacts: pd.DataFrame, catalogue: Catalogue, zone: tzinfo) -> Iterator[tuple[str, bytes]]:
    """Hall and its cards as CSV that a spreadsheet opens with Chinese in it, the first to be handed out first."""
    sent = contacts[((contacts["reason"] == SENT) & (contacts["channel"] == "hall")).to_numpy(dtype=bool)]
    services = {one.code: one for one in catalogue.services}
    for hall, part in sent.groupby("hall_id", sort=True):
        rows = [[_cell(one) for one in _card(row, services[row.service], zone)] for row in each_row(part)]
        sheet = io.StringIO()
        writer = csv.writer(sheet, lineterminator="\r\n")
        writer.writerows([list(CARD_COLUMNS), *rows])
        yield str(hall), sheet.getvalue().encode("utf-8-sig")


def file_names(halls: list[str]) -> Mapping[str, str]:
    """Hall → name of its file, without ending: the hall's id where that can be one, else what is left of it and a hash;
    no two are the same even where capitals make no difference."""
    plain = {hall: _ODD.sub("_", hall) for hall in halls}
    folded = [name.casefold() for name in plain.values()]
    return {
        hall: name
        if name == hall and len(name.encode()) <= _LONGEST and folded.count(name.casefold()) == 1
        else f"{name.encode()[:_LONGEST].decode(errors='ignore')}-{hashlib.sha256(hall.encode()).hexdigest()[:10]}"
        for hall, name in plain.items()
    }


def _push(run: PushRun, place: int, row: Any) -> Push:
    """A contact as the state keeps it, before anybody answered."""
    values = {name: getattr(row, name) for name in _KEPT}
    adds, held = (tuple(int(getattr(row, name)) for name in names) for names in (ADDS_VA, HELD_VA))
    ids = {name: _text(values[name]) for name in ("hall_id", "area_id", "relief_node_id")}
    nothing = {"answered_at": None, "answer": None, "reservation_id": None}
    return Push(run_id=run.run_id, place=place, adds_va=adds, held_va=held, **{**values, **ids, **nothing})


def _card(row: Any, service: Service, zone: tzinfo) -> list[str]:
    relieves = _text(row.relief_node_id) is not None
    chance = f"{100 * row.propensity:.0f}"
    english = f"about {chance} of 100 accept ({score_kind(row.uplift)})" + (
        "; frees load where the grid is full" if relieves else ""
    )
    chinese = (
        f"预计接受率约 {chance}%（{'倾向估计，非因果' if score_kind(row.uplift) == NOT_CAUSAL else '随机试验增益'}）"
    )
    return [
        row.push_id,
        row.customer_id,
        row.service,
        service.name.english,
        service.name.chinese,
        service.says.english,
        service.says.chinese,
        english,
        chinese + ("；可为受限台区削峰" if relieves else ""),
        "yes 是" if relieves else "no 否",
        f"{pd.Timestamp(row.expires_at).tz_convert(zone):%Y-%m-%d}",
    ]


def _cell(text: str) -> str:
    """A text a spreadsheet takes for a text: none that begins like a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
