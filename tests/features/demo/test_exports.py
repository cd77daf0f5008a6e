"""Shaped exports: the same to the byte, told by each system in its own words, wrong only where it is said."""

import hashlib
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from features.configs import config_path
from features.demo import DemoConfig, Territory
from features.demo.exports import KINDS, SOURCES, ExportConfig, Rates, write_exports, write_exports_of
from features.demo.exports.clock import last_skipped, paired, repeated
from features.demo.exports.naming import in_collection, traditional
from features.ingest import ingest
from features.workspace import Workspace

# Whole territories are written and ingested.
pytestmark = pytest.mark.slow

TINY = DemoConfig(substations=1, feeders=1, areas=3, customers=12, years=2, customer_years=1, weather_stations=1)


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_same_configuration_writes_the_same_bytes(tmp_path: Path) -> None:
    config = ExportConfig(territory=TINY, load_days=60)
    assert write_exports(config, tmp_path / "a") == write_exports(config, tmp_path / "b")
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    other = config.model_copy(update={"territory": TINY.model_copy(update={"seed": 8})})
    write_exports(other, tmp_path / "c")
    assert digests(tmp_path / "a") != digests(tmp_path / "c")


def test_rates_of_nought_plant_nothing_and_nothing_is_refused(export_territory: Territory, tmp_path: Path) -> None:
    config = ExportConfig(territory=export_territory.config, rates=Rates(**dict.fromkeys(KINDS, 0.0)), load_days=60)
    summary = write_exports_of(export_territory, config, tmp_path / "data")
    assert summary.faults == {}
    assert pd.read_parquet(tmp_path / "data" / "truth" / "fault.parquet").empty
    for name in SOURCES:
        report = ingest(config_path(f"sources/{name}.yaml"), tmp_path / "data", Workspace(tmp_path / "workspace"))
        for table in report.tables.values():
            assert (table.quarantined.total(), table.superseded, table.unchanged) == (0, 0, 0)


@pytest.mark.parametrize(
    "territory",
    [TINY.model_copy(update={"customers": 0}), TINY.model_copy(update={"areas": 1, "voltage_days": 0})],
)
def test_the_smallest_territories_can_be_exported_and_ingested(territory: DemoConfig, tmp_path: Path) -> None:
    write_exports(ExportConfig(territory=territory, load_days=30, voltage=False), tmp_path / "data")
    for name in SOURCES:
        report = ingest(config_path(f"sources/{name}.yaml"), tmp_path / "data", Workspace(tmp_path / "workspace"))
        assert all(table.balanced for table in report.tables.values())


def test_a_clock_without_daylight_saving_time_skips_nothing(export_territory: Territory, tmp_path: Path) -> None:
    config = ExportConfig(territory=export_territory.config, clock="Asia/Shanghai", load_days=60, voltage=False)
    assert "dst" not in write_exports_of(export_territory, config, tmp_path).faults


def test_the_two_odd_hours_of_a_year() -> None:
    hours = pd.date_range("2025-10-25T22:00Z", periods=6, freq="h")
    assert repeated(hours, "Europe/Berlin").tolist() == [0, 0, 1, 2, 0, 0]
    assert not repeated(hours, "Asia/Shanghai").any()
    there = np.ones((3, 6), dtype=bool)
    there[1, 2], there[2, 3] = False, False
    kept = paired(there, hours, "Europe/Berlin")
    assert kept[:, 2:4].tolist() == [[True, True], [False, False], [True, False]]
    assert last_skipped(hours[-1], "Europe/Berlin") == pd.Timestamp("2025-03-30 02:00")
    assert last_skipped(hours[-1], "Asia/Shanghai") is None


def test_every_kind_is_planted_where_the_truth_says(exported) -> None:
    assert set(exported.summary.faults) == set(KINDS)
    faults = exported.truth("fault")
    assert faults["kind"].value_counts().to_dict() == exported.summary.faults
    assert faults["file"].notna().all()
    assert set(faults["file"]) <= set(exported.summary.files)
    for file, rows in faults[faults["line"].notna()].groupby("file"):
        first = 1 if file.endswith(".parquet") else 2
        assert rows["line"].min() >= first
        if not file.endswith(".xlsx"):
            assert rows["line"].max() < exported.summary.files[file] + first


def test_exact_names_find_clearly_less_than_four_fifths_of_the_counterparts(exported) -> None:
    nodes = exported.lake.read("ledger_node").astype({"system": "str", "source_id": "str"})
    nodes = nodes.merge(exported.truth("node")[["system", "source_id", "node_id"]], on=["system", "source_id"])
    nodes = nodes[nodes["node_id"].notna()]
    equal, pairs = 0, 0
    for one, other in combinations(nodes["system"].unique(), 2):
        both = nodes[nodes["system"] == one].merge(nodes[nodes["system"] == other], on="node_id")
        pairs += len(both)
        equal += int((both["name_x"].astype("str") == both["name_y"].astype("str")).sum())
    assert pairs > 200
    assert 0.02 < equal / pairs < 0.5


def test_capacities_disagree_and_units_are_wrong_where_planted(exported) -> None:
    now = exported.lake.valid("ledger_node", at=exported.lake.read("node_load")["start_utc"].max())
    truth = exported.truth("node").set_index(["system", "source_id"])["node_id"]
    now["node_id"] = [truth.get((s, i)) for s, i in zip(now["system"], now["source_id"], strict=True)]
    plates = now[(now["system"] == "assets") & (now["kind"] == "transformer")].groupby("node_id")["rating_kva"].sum()
    areas = now[(now["system"] == "marketing") & (now["kind"] == "area")]
    ratio = pd.Series(areas["rating_kva"].to_numpy() / plates.loc[areas["node_id"]].to_numpy(), areas["source_id"])
    for kind, right in (("va_for_kva", lambda r: (r == 1000).all()), ("capacity", lambda r: (r != 1).all())):
        found = exported.faults(kind)["subject"]
        named = [s.removeprefix("marketing:") for s in found if s.startswith("marketing:")]
        assert named
        assert right(ratio.loc[named])
        ratio = ratio.drop(named)
    assert (ratio == 1).all()


def parents(exported, system: str, kind: str) -> pd.Series:
    at = exported.lake.read("node_load")["start_utc"].max()
    links = exported.lake.valid("ledger_link", at=at)
    mine = links[(links["system"] == system) & (links["child_kind"] == kind)]
    return mine.set_index(mine["child_id"].astype("str"))["parent_id"].astype("str")


def test_customers_hang_elsewhere_only_where_planted(exported) -> None:
    """Marketing's word on every customer's area is the truth, but for those it missed, mislaid or orphaned."""
    number = exported.truth("node").query("system == 'marketing'").set_index("node_id")["source_id"]
    truth = exported.truth("customer_area").set_index("customer_id")["node_id"].map(number)
    said = parents(exported, "marketing", "customer")
    wrong = set(said.index[said != truth.loc[said.index]])
    planted = exported.truth("fault").query("system == 'marketing' and table == 'ledger_link'")
    planted = planted[planted["kind"].isin(["moved", "orphan"]) & planted["expected"].str.startswith("work_item")]
    lost = set(exported.faults("orphan", "work_item:orphan_record")["subject"])
    assert wrong == set(planted["subject"]) | lost
    assert lost
    assert not set(said.loc[sorted(lost)]) & set(number)


def test_meters_on_two_areas_and_rewired_areas_are_the_planted_ones(exported) -> None:
    archive = parents(exported, "collection", "meter")
    assert set(archive.index[archive.index.duplicated()]) == set(exported.faults("two_areas")["subject"])
    node = exported.truth("node").set_index(["system", "source_id"])["node_id"]
    true = exported.truth("parent").set_index("node_id")["parent_id"]
    wrong = set()
    for system, kind in (("marketing", "area"), ("assets", "transformer"), ("topology", "transformer")):
        for child, parent in parents(exported, system, kind).items():
            below, above = node[system, child], node[system, parent]
            if not pd.isna(below) and above != below and true[below] != above:
                wrong.add((system, below))
    planted = exported.faults("rewired")
    assert wrong == set(zip(planted["system"], planted["subject"], strict=True)) != set()


def test_repeats_are_the_same_again_and_decoys_are_not(exported) -> None:
    apps = exported.lake.read("ledger_application").set_index("application_id")
    apps.index = apps.index.astype("str")
    repeats = exported.truth("repeat")
    same = ["applicant_id", "site_id", "requested_kva"]
    key = apps[same].astype({"applicant_id": "str", "site_id": "str"})
    for new, old in repeats.itertuples(index=False):
        assert tuple(key.loc[new]) == tuple(key.loc[old])
        gap = apps.loc[new, "submitted_at"] - apps.loc[old, "submitted_at"]
        assert pd.Timedelta(0) < gap <= pd.Timedelta(days=30)
    decoys = exported.faults("repeated_application", "accepted")["subject"]
    assert len(decoys) >= 4
    assert not set(decoys) & set(repeats["application_id"])
    known = set(repeats["application_id"])
    twins = apps.reset_index().merge(apps.reset_index(), on=same)
    twins = twins[twins["submitted_at_x"] > twins["submitted_at_y"]]
    close = twins[twins["submitted_at_x"] - twins["submitted_at_y"] <= pd.Timedelta(days=60)]
    assert set(close["application_id_x"].astype("str")) == known


def test_unmatched_applications_name_no_area_that_there_is(exported) -> None:
    apps = exported.lake.read("ledger_application")
    areas = exported.lake.read("ledger_node").query("system == 'marketing' and kind == 'area'")["source_id"]
    stray = apps[~apps["area_id"].isin(areas)]
    assert set(stray["application_id"]) == set(exported.faults("unmatched_application")["subject"])
    assert stray["area_id"].isna().any()
    assert set(exported.truth("application_area")["application_id"]) == set(apps["application_id"])


def test_references_point_elsewhere_or_nowhere_where_planted(exported) -> None:
    nodes = exported.lake.read("ledger_node").astype({"system": "str", "source_id": "str"})
    truth = exported.truth("node").set_index(["system", "source_id"])["node_id"]
    kept = nodes[nodes["reference_id"].notna()]
    pairs = zip(kept["system"], kept["source_id"], kept["reference_system"], kept["reference_id"], strict=True)
    wrong = {f"{s}:{i}" for s, i, other, there in pairs if truth[s, i] != truth[other, there]}
    assert wrong == set(exported.faults("different_id", "work_item")["subject"]) != set()
    gone = exported.faults("different_id", "mended")["subject"]
    nowhere = nodes[nodes["reference_system"].notna() & nodes["reference_id"].isna()]
    assert set(gone) <= set(nowhere["system"] + ":" + nowhere["source_id"])


def test_traditional_names_and_spoken_numbers() -> None:
    assert traditional("10kV滨河线") == "10kV濱河線"
    spoken = [in_collection("area", "", n).removesuffix("号变") for n in (2, 10, 15, 20, 34, 100, 105, 110, 234)]
    assert spoken == ["二", "十", "十五", "二十", "三十四", "一百", "一百零五", "一百一十", "二百三十四"]


@pytest.mark.parametrize(
    "values", [{"rates": {"capacity": 0.6}}, {"rates": {"capacities": 0.1}}, {"clock": "Mars/Base"}]
)
def test_wrong_settings_are_refused(values: dict) -> None:
    with pytest.raises(ValidationError):
        ExportConfig.model_validate(values)
