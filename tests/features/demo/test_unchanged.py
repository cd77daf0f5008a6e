"""What a territory held before its customers had bills, contacts and visits is still the same, to the last digit."""

import hashlib
from pathlib import Path

import pandas as pd
import pytest

from features.demo import DemoConfig, generate

TINY = DemoConfig(substations=1, feeders=2, areas=4, customers=30, years=2, customer_years=1, weather_stations=1)

GOLDEN: dict[str, str] = {
    "applications.csv": "49a7f77a98e4edd7",
    "area_transformers.csv": "bbe430ce21b99a93",
    "consumption.parquet": "de559837dc4ffe01",
    "customers.csv": "4bebbb7db8689bc2",
    "events.csv": "fe8a310b522c8743",
    "line_segments.csv": "d877cb91eded0f4d",
    "load_areas_2024.parquet": "3922fcec94aa223f",
    "load_areas_2025.parquet": "93172e802c2fec96",
    "load_scada.parquet": "67e9d2687eb4128d",
    "main_transformers.csv": "0ee86088377ec384",
    "meters.csv": "33c1d1e3f43f8f4d",
    "nodes.csv": "3aed29793d6d6447",
    "org_units.csv": "802589eaaf3b3d86",
    "ties.csv": "c444b0405a01c4b6",
    "truth/area_balance.parquet": "254b60c92e7b8253",
    "truth/connection.parquet": "b72b206c02e9cf76",
    "truth/corrected_block.parquet": "7927d3f2870c08c6",
    "truth/gap.parquet": "f53bb0f7f618cc2f",
    "truth/late_block.parquet": "93c5baccb78c3e5a",
    "truth/level_shift.parquet": "4780ead73cfed211",
    "truth/overload.parquet": "f3b84e1a69ab4215",
    "truth/stale_meter.parquet": "e7232460db7bf520",
    "truth/theft.parquet": "6f701c330429daa0",
    "truth/unread_use.parquet": "cf979e5c8c461338",
    "truth/voltage_fault.parquet": "9abf3772a175052c",
    "weather_forecast.parquet": "5bbb4a24f45dbde1",
    "weather_observed.parquet": "b1622dc562aa5b05",
}
"""File below the territory's folder → digest of its rows, taken before the tables of dealings were added; of the ties
since it is told where they stand; of what customers used and what is made of it, since their use takes turns."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("unchanged")
    generate(TINY, place)
    return place


def digest(path: Path) -> str:
    """Of the text of the rows: the bytes of a Parquet file also tell the version of the library that wrote it."""
    text = path.read_text("utf-8") if path.suffix == ".csv" else pd.read_parquet(path).to_csv(index=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@pytest.mark.parametrize("name", GOLDEN)
def test_older_files_keep_their_rows_and_their_planted_junk(folder: Path, name: str) -> None:
    assert digest(folder / name) == GOLDEN[name]
