"""Mutated sources and mappings: a clear error or a balanced report, never a traceback, never half a table."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from features.errors import HeadroomError
from features.ingest import ingest

pytestmark = pytest.mark.slow

MAPPING = """\
name: fuzz
time_zone: Europe/Amsterdam
tables:
  - table: node_load
    files: load.csv
    skip_blank: kw
    columns:
      node_id: {from: id, prefix: n-}
      start_utc: {from: stamp, format: iso, ambiguous: in_order}
      load_kw: {from: kw, unit: MW, thousands: ",", junk: ["9999.99"]}
      available_at: {after: start_utc, delay_minutes: 15}
  - table: node
    derive: {table: node_load, id: node_id, of: load_kw, level: 0.999}
    columns:
      node_id: node_id
      name: node_id
      kind: {constant: area}
      power_factor: {constant: 1.0}
      allowed_utilisation: {constant: 1.0}
      rating_kva: {from: quantile, factor: 1.2}
      rating_assumed: {constant: true}
      valid_from: first
      available_at: {after: valid_from}
"""
PIECES = [
    b",",
    b'"',
    b"\n",
    b"\r\n",
    b"\x00",
    b"\xff\xfe",
    b"9" * 400,
    "１，２".encode(),
    b"-",
    b"{",
    b"}",
    b": ",
    b"nan",
    b"\t",
]


def mutated(text: bytes, rng: random.Random) -> bytes:
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(text) + 1)
        cut = rng.choice([0, 0, 1, rng.randint(1, 30)])
        text = text[:at] + rng.choice([*PIECES, bytes([rng.randrange(256)]), b""]) + text[at + cut :]
    return text


@pytest.mark.parametrize("seed", range(8))
def test_mutations(make_source: Callable[[], Any], seed: int) -> None:
    rng = random.Random(seed)
    stamps = pd.date_range("2024-10-26", periods=60, freq="h").strftime("%Y-%m-%d %H:%M")
    plain = "\n".join(["id,stamp,kw", *(f'a,{stamp},"1,{n:03}.5"' for n, stamp in enumerate(stamps))]).encode()
    outcomes: list[bool] = []
    for _ in range(40):
        source = make_source()
        in_csv = rng.random() < 0.6
        (source.data / "load.csv").write_bytes(mutated(plain, rng) if in_csv else plain)
        path: Path = source.root / "source.yaml"
        path.write_bytes(MAPPING.encode() if in_csv else mutated(MAPPING.encode(), rng))
        try:
            report = ingest(path, source.data, source.workspace)
        except HeadroomError:
            assert source.lake.tables() == []
            outcomes.append(False)
            continue
        for name, table in report.tables.items():
            assert table.balanced
            assert table.written == table.accepted == len(source.lake.versions(name))
        outcomes.append(True)
    assert any(outcomes)
