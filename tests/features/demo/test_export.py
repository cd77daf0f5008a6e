"""The files of a territory: the same to the byte, in the shape their mapping expects, broken only where it is said."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from features.configs import config_path
from features.demo import DemoConfig, DemoSummary, Territory, generate, write_territory
from features.demo.junk import plant_junk
from features.ingest.mapping import load_mapping
from features.settings import load_settings

TINY = DemoConfig(substations=1, feeders=1, areas=3, customers=12, years=2, customer_years=1, weather_stations=1)


@pytest.fixture(scope="module")
def written(small_territory: Territory, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, DemoSummary]:
    folder = tmp_path_factory.mktemp("demo")
    return folder, write_territory(small_territory, folder)


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype="str") if path.suffix == ".csv" else pq.read_table(path).to_pandas()


def test_the_same_configuration_writes_the_same_bytes(tmp_path: Path) -> None:
    first, second = generate(TINY, tmp_path / "a"), generate(TINY, tmp_path / "b")
    assert first == second
    assert digests(tmp_path / "a") == digests(tmp_path / "b")


def test_the_summary_counts_the_rows_of_every_file(written: tuple[Path, DemoSummary]) -> None:
    folder, summary = written
    assert {name: len(read(folder / name)) for name in summary.files} == summary.files
    assert {path.name for path in folder.iterdir() if path.is_file()} == set(summary.files)
    assert summary.to_dict()["start"] == "2023-12-31T16:00:00+00:00"


def test_every_mapped_column_is_in_its_files_and_every_file_is_mapped(written: tuple[Path, DemoSummary]) -> None:
    folder, summary = written
    mapped = set()
    for table in load_mapping(config_path("sources/demo.yaml")).tables:
        files = [path for pattern in table.files for path in folder.glob(pattern)]
        assert files, table.files
        for path in files:
            assert set(table.sources()) <= set(read(path).columns)
            mapped.add(path.name)
    assert mapped == set(summary.files)


def test_no_mapping_reaches_the_planted_truth(written: tuple[Path, DemoSummary]) -> None:
    folder, _ = written
    truth = set((folder / "truth").iterdir())
    assert len(truth) >= 10
    for table in load_mapping(config_path("sources/demo.yaml")).tables:
        assert not truth & {path for pattern in table.files for path in folder.glob(pattern)}


def test_broken_rows_stand_where_the_truth_says(written: tuple[Path, DemoSummary]) -> None:
    folder, summary = written
    broken = read(folder / "truth" / "broken_row.parquet")
    assert broken["reason"].value_counts().to_dict() == summary.broken
    assert not broken.duplicated(["file", "line"]).any()
    for name, rows in broken.groupby("file"):
        table = read(folder / name)
        at = rows["line"].to_numpy(dtype=int) - (2 if name.endswith(".csv") else 1)
        for position, reason in zip(at, rows["reason"], strict=True):
            assert looks_broken(table.iloc[position], reason), (name, position, reason)


def looks_broken(row: pd.Series, reason: str) -> bool:
    texts = [str(value) for value in row]
    signs = {
        "JUNK_VALUE": lambda: "9999.99" in texts,
        "ORPHAN_LINK": lambda: any(text.endswith("X") and text[:-1].strip("AFKM9") == "" for text in texts),
        "MISSING_VALUE": lambda: row.isna().any(),
        "BELOW_BOUND": lambda: any(text.startswith("-") or text == "0.095" for text in texts),
        "ABOVE_BOUND": lambda: any(
            text in ("9900000000.0", "99000000000.0", "500000000.0", "99.9", "99") for text in texts
        ),
        "UNKNOWN_CODE": lambda: bool({"其他", "D", "不明"} & set(texts)),
        "BAD_TIME": lambda: "2024-02-30 09:15" in texts,
        "BAD_NUMBER": lambda: "1,25" in texts or "四百" in texts,
        "PERIOD_REVERSED": lambda: "2000-01-01 00:00:00" in texts,
        "KNOWN_TOO_EARLY": lambda: "2000-01-01 00:00:00" in texts,
    }
    return bool(signs[reason]())


def test_good_rows_are_all_still_there_after_planting() -> None:
    frame = pd.DataFrame({"测点": pd.Categorical(["F01", "F02"] * 50), "有功(MW)": np.arange(100.0)})
    mixed, junk = plant_junk("load_scada.parquet", frame, np.random.default_rng(0))
    kept = mixed.drop(index=junk["line"].to_numpy(dtype=int) - 1)
    assert kept["有功(MW)"].tolist() == frame["有功(MW)"].tolist()
    assert kept["测点"].astype("str").tolist() == frame["测点"].astype("str").tolist()


def test_the_shipped_configuration_is_the_default() -> None:
    assert load_settings(DemoConfig, config_path("demo.yaml")) == DemoConfig()
