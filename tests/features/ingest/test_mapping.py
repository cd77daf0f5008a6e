"""Mappings: what is wrong in a YAML is said by name, before anything is read."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from features.demo.exports import SOURCES
from features.errors import ConfigError
from features.ingest import load_mapping
from features.ingest.plan import plan_jobs
from features.ingest.units import conversion

COLUMNS = {
    "node_id": "id",
    "start_utc": "stamp",
    "load_kw": {"from": "mw", "unit": "MW"},
    "available_at": {"after": "start_utc", "delay_minutes": 15},
}


def written(folder: Path, table: dict[str, Any] | None = None, **top: Any) -> Path:
    base = {"table": "node_load", "files": "*.csv", "columns": COLUMNS}
    document = {"name": "try", "tables": [{**base, **(table or {})}], **top}
    path = folder / "source.yaml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def test_a_plain_text_is_short_for_from(tmp_path: Path) -> None:
    table = load_mapping(written(tmp_path)).tables[0]
    assert table.columns["node_id"].source == "id"
    assert table.columns["available_at"].after == ("start_utc",)
    assert table.sources() == ["id", "stamp", "mw"]


@pytest.mark.parametrize("name", ["gefcom2012", "gefcom2012_solution", "liander", "sgcc", "powerco", "demo", *SOURCES])
def test_the_shipped_mappings_are_valid(name: str) -> None:
    root = Path(__file__).parents[3]
    assert load_mapping(root / "configs" / "sources" / f"{name}.yaml").name == name


@pytest.mark.parametrize(
    ("table", "top", "message"),
    [
        ({"fils": "x"}, {}, "fils"),
        ({}, {"surprise": 1}, "surprise"),
        ({"table": "node_loads"}, {}, "no table 'node_loads'"),
        ({"files": []}, {}, "either files or derive"),
        ({"columns": {**COLUMNS, "load_mw": "x"}}, {}, "no column 'load_mw'"),
        ({"columns": {"node_id": "id"}}, {}, "no mapping for start_utc, load_kw, available_at"),
        ({"columns": {**COLUMNS, "load_kw": {"from": "x", "unit": "degF"}}}, {}, "'degF' cannot become kW"),
        ({"columns": {**COLUMNS, "load_kw": {"from": "x", "format": "%Y"}}}, {}, "format cannot be used there"),
        ({"columns": {**COLUMNS, "load_kw": {"from": "x", "plain": True}}}, {}, "plain cannot be used there"),
        ({"columns": {**COLUMNS, "load_kw": {"from": "x", "constant": 1}}}, {}, "exactly one of"),
        ({"columns": {**COLUMNS, "load_kw": {"unit": "kW"}}}, {}, "exactly one of"),
        ({"columns": {**COLUMNS, "load_kw": {"from": "x", "thousands": ",", "decimal": ","}}}, {}, "same sign"),
        ({"columns": {**COLUMNS, "start_utc": {"from": "x", "zone": "Mars/Olympus"}}}, {}, "Mars/Olympus"),
        ({"columns": {**COLUMNS, "available_at": {"after": "node_id"}}}, {}, "no time of node_load"),
        ({"layout": {"kind": "hours", "columns": "h"}}, {}, "needs one {}"),
        ({"layout": {"kind": "diagonal"}}, {}, "diagonal"),
        ({"layout": {"kind": "wide", "columns": "zone_("}}, {}, "no regular expression"),
        ({"file_id": "["}, {}, "no regular expression"),
        ({"columns": {**COLUMNS, "start_utc": {"from": "x", "format": "%Q"}}}, {}, "'%Q'"),
        ({"columns": {**COLUMNS, "start_utc": {"from": "x", "shift_minutes": float("nan")}}}, {}, "shift_minutes"),
        ({"columns": {**COLUMNS, "load_kw": {"from": "x", "factor": float("inf")}}}, {}, "finite"),
        ({}, {"time_zone": "+25h"}, "+25h"),
        ({}, {"time_zone": "+99:00"}, "+99:00"),
        ({}, {"territory": {"time_zone": "UTC", "country": "QQ"}}, "'QQ'"),
        ({}, {"name": "No Good"}, "name"),
        ({}, {"tables": []}, "tables"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, table: dict[str, Any], top: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_mapping(written(tmp_path, table, **top))
    assert message in str(caught.value)
    assert "source.yaml" in str(caught.value)


def test_plain_is_part_of_what_a_batch_is_known_by_only_where_it_is_on(tmp_path: Path) -> None:
    """Files that are in under a mapping from before there was such an option are still in under it."""
    (tmp_path / "one.csv").write_text("id,stamp,mw\nA,2024-01-01 00:00,1\n", encoding="utf-8")

    def batch(**node: Any) -> str:
        source = load_mapping(written(tmp_path, {"columns": {**COLUMNS, "node_id": {"from": "id", **node}}}))
        return plan_jobs(source, tmp_path)[0].batch

    assert "plain" not in load_mapping(written(tmp_path)).tables[0].columns["node_id"].model_dump(mode="json")
    assert batch() == batch(plain=False) != batch(plain=True)


@pytest.mark.parametrize(
    ("unit", "target", "value", "expected"),
    [
        ("MW", "kW", 1.5, 1500.0),
        ("W", "kW", 1500.0, 1.5),
        ("VA", "kVA", 400_000.0, 400.0),
        ("MVA", "kVA", 40.0, 40_000.0),
        ("Wh", "kWh", 250.0, 0.25),
        ("MWh", "kWh", 2.0, 2000.0),
        ("degF", "degC", 212.0, 100.0),
        ("degF", "degC", 32.0, 0.0),
        ("K", "degC", 273.15, 0.0),
        ("fraction", "%", 0.5, 50.0),
        ("percent", "1", 80.0, 0.8),
        ("km/h", "m/s", 36.0, 10.0),
        ("J/m2/h", "W/m2", 3600.0, 1.0),
        ("kW", "kW", 7.0, 7.0),
    ],
)
def test_units(unit: str, target: str, value: float, expected: float) -> None:
    scale, shift = conversion(unit, target, "column")
    assert value * scale + shift == pytest.approx(expected, abs=1e-9)


def test_units_of_different_kinds() -> None:
    with pytest.raises(ConfigError, match="kWh"):
        conversion("kWh", "kW", "load_kw")
