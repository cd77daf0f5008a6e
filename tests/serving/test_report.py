"""The report: self-contained, truthful to the publication, and silent about what it does not know."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.workspace import TerritorySettings, Workspace
from serving.publish import Provenance, write_publication
from serving.report.page import HeldOut, ReportData, render, write_report
from serving.report.view import by_feeder, by_reason, roomiest, summary, tightest
from training.registry import ModelVersion

NOW = pd.Timestamp("2025-06-01T00:00", tz="UTC")


def _capacity(areas: int = 9) -> pd.DataFrame:
    """One substation, two feeders, `areas` areas; the last area is data-poor, the first has nothing open."""
    rng = np.random.default_rng(5)
    ids = ["S1", "F1", "F2", *[f"A{i}" for i in range(areas)]]
    frame = pd.DataFrame(
        {"node_id": ids, "name": ["城东变", "湖滨线", "学院线", *[f"湖滨{i}号台区" for i in range(areas)]]}
    )
    frame["kind"] = ["substation", "feeder", "feeder", *["area"] * areas]
    frame["limit_kw"] = [9000.0, 4000.0, 4000.0, *[300.0] * areas]
    frame["peak_p50_kw"] = [8000.0, 4400.0, 2000.0, *rng.uniform(100, 250, areas)]
    frame["peak_p90_kw"], frame["peak_p95_kw"] = frame["peak_p50_kw"] * 1.1, frame["peak_p50_kw"] * 1.2
    frame["open_kva"] = [500.0, 0.0, 900.0, 0.0, *np.round(rng.uniform(5, 200, areas - 1) / 5) * 5]
    frame.loc[len(frame) - 1, "open_kva"] = np.nan
    frame["pool_kva"] = [500.0, 0.0, 900.0, *[np.nan] * areas]
    for block in range(6):
        frame[f"block_kva_{block}"] = frame["open_kva"] * (1 + block / 5)
    frame["binding_level"] = frame["kind"]
    frame["binding_node_id"] = ["S1", "F1", "F2", "F1", *ids[4:]]
    frame["reason"] = ["SUBSTATION_FIRM", "FEEDER_N1", "FEEDER_THERMAL", "FEEDER_N1", *["AREA_THERMAL"] * (areas - 1)]
    frame.loc[len(frame) - 1, "reason"] = "DATA_POOR"
    frame["confidence"], frame["rating_assumed"] = "MEDIUM", False
    return frame


def _parents(frame: pd.DataFrame) -> pd.Series:
    above = {"S1": None, "F1": "S1", "F2": "S1"}
    areas = [node for node in frame["node_id"] if node.startswith("A")]
    above |= {node: ("F1" if place % 2 == 0 else "F2") for place, node in enumerate(areas)}
    return pd.Series(above, dtype=object)


def _held_out(node: str) -> HeldOut:
    times = pd.date_range(NOW, periods=48, freq="h")
    fans = pd.DataFrame({"node_id": node, "start_utc": times, "load_kw": 100.0})
    for place, name in enumerate(("q05", "q10", "q25", "q50", "q75", "q90", "q95")):
        fans[name] = 85.0 + 5 * place
    before = pd.DataFrame({"node_id": node, "start_utc": times - pd.Timedelta(days=2), "load_kw": 100.0})
    shares = pd.DataFrame({"kind": "area", "level": [0.05, 0.5, 0.95], "below": [0.04, 0.52, 0.96]})
    return HeldOut(fans, before, shares, 14)


def _data(tmp_path: Path, frame: pd.DataFrame | None = None, **more: object) -> ReportData:
    capacity = _capacity() if frame is None else frame
    made = Provenance(NOW, 365, "peak", 1, "a" * 64, "b" * 12, "c" * 12)
    publication = write_publication(Workspace(tmp_path), capacity, made)
    return ReportData(TerritorySettings(name="示范区"), publication, capacity, _parents(capacity), **more)


def _full(tmp_path: Path) -> ReportData:
    version = ModelVersion(
        "demand", 3, "r", NOW, "d" * 64, ("champion",), {"rcrps": 0.0312, "coverage": 0.894, "nodes": 12}, {}, {}
    )
    gate = [
        {"table": "node_load", "rows_in": 10, "accepted": 7, "superseded": 1, "quarantined": 2, "reasons": "NULL_KEY 2"}
    ]
    return _data(tmp_path, demand=version, held_out=_held_out("A1"), gate=gate, stages=[("train demand", 12.3)])


class _Balance(HTMLParser):
    """Every tag that opens closes, in order; remembers ids and addresses."""

    void = frozenset({"meta", "br", "link", "img", "hr", "input"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.void:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(str(value))
            if name in ("src", "href", "xlink:href"):
                self.addresses.append(str(value))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.void:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_nothing_from_outside(tmp_path: Path) -> None:
    page = render(_full(tmp_path))
    parsed = _Balance()
    parsed.feed(page)
    assert parsed.open == []
    assert all(address.startswith("#") for address in parsed.addresses)
    assert "<script" not in page
    assert "@import" not in page
    assert len(parsed.ids) == len(set(parsed.ids))


def test_the_page_says_what_the_publication_says(tmp_path: Path) -> None:
    data = _full(tmp_path)
    page = write_report(data, tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    for needle in (
        data.publication.id,
        "示范区",
        "湖滨0号台区",
        "FEEDER_N1",
        "89.4%",
        "0.0312",
        "NULL_KEY 2",
        "12.3 s",
    ):
        assert needle in page
    assert "100% of the load fell within P5 to P95" in page


def test_equal_input_gives_an_equal_page(tmp_path: Path) -> None:
    assert render(_full(tmp_path)) == render(_full(tmp_path))


def test_names_cannot_inject_markup(tmp_path: Path) -> None:
    frame = _capacity()
    frame["name"] = "<script>alert(1)</script>"
    assert "<script" not in render(_data(tmp_path, frame))


def test_a_flat_territory_without_models_or_gate_still_reports(tmp_path: Path) -> None:
    frame = _capacity()
    page = render(_data(tmp_path, frame[frame["kind"] == "area"].reset_index(drop=True)))
    assert "Substations and feeders" not in page
    assert "What came through the gate" not in page
    assert "nan" not in re.sub(r"<style>.*?</style>", "", page, flags=re.S).lower().replace("finance", "")


def test_a_scenario_says_so_at_the_top_and_in_every_row(tmp_path: Path) -> None:
    frame = _capacity().assign(standing="scenario", standing_reason="BEYOND_FIRM_HORIZON")
    data = _data(tmp_path, frame)
    far = replace(data.publication, provenance=replace(data.publication.provenance, horizon_days=1826))
    page = render(replace(data, publication=far))
    assert "A scenario, not firm figures" in page
    rows = re.findall(
        r"<tr[ >].*?</tr>", page[page.index("Where it is tightest") : page.index("What binds</h2>")], re.S
    )
    told = [row for row in rows if "<th" not in row]
    assert len(told) == 2 * 8 + 3
    assert all("scenario: BEYOND_FIRM_HORIZON" in row for row in told)
    assert summary(frame)["scenarios"] == len(frame)
    firm = render(_data(tmp_path / "firm", _capacity().assign(standing="firm", standing_reason=None)))
    assert "BEYOND_FIRM_HORIZON" not in firm


def test_all_data_poor_is_told_as_such(tmp_path: Path) -> None:
    frame = _capacity()
    frame["open_kva"], frame["reason"] = np.nan, "DATA_POOR"
    page = render(_data(tmp_path, frame))
    assert "0 of 9" in page
    assert "too little data to say" in page


def test_an_area_held_by_voltage_names_the_point_of_the_line() -> None:
    frame = _capacity()
    frame["voltage_node_id"], frame["voltage_at"] = None, pd.Timestamp("2025-12-30T11:00Z")
    frame.loc[frame["node_id"] == "A0", ["reason", "voltage_node_id"]] = ["VOLTAGE_LOW", "F1-J9"]
    rows = tightest(frame, 9).set_index("node_id")
    assert rows.loc["A0", "why"] == "voltage along the feeder, lowest at F1-J9 in an hour as 2025-12-30 11:00 UTC"
    assert rows.loc["A1", "why"] == "the area's own transformers"


@pytest.mark.parametrize("count", [1, 4, 100])
def test_tightest_and_roomiest_against_plain_sorting(count: int) -> None:
    frame = _capacity(12)
    known = sorted(frame.loc[(frame["kind"] == "area") & frame["open_kva"].notna(), "open_kva"])
    assert list(tightest(frame, count)["open_kva"]) == known[:count]
    assert list(roomiest(frame, count)["open_kva"]) == known[::-1][:count]


def test_by_feeder_counts_every_area_once_under_its_own_feeder() -> None:
    frame = _capacity()
    rows = {row["node_id"]: row for row in by_feeder(frame, _parents(frame))}
    assert list(rows) == ["S1", "F1", "F2"]
    assert (rows["F1"]["areas"], rows["F2"]["areas"]) == (5, 4)
    assert rows["F1"]["full"] == 1
    assert rows["F1"]["poor"] == 1
    assert rows["F1"]["p50"] == pytest.approx(1.1)


def test_a_feeder_without_a_known_substation_is_still_listed() -> None:
    frame = _capacity()
    parents = _parents(frame)
    parents["F2"] = "elsewhere"
    assert [row["node_id"] for row in by_feeder(frame, parents)] == ["S1", "F1", "F2"]


def test_reasons_add_up_to_the_areas() -> None:
    frame = _capacity()
    rows = by_reason(frame)
    assert sum(row["areas"] for row in rows) == summary(frame)["areas"] == 9
    assert rows[0]["code"] == "AREA_THERMAL"
    assert {row["code"] for row in rows} == {"AREA_THERMAL", "FEEDER_N1", "DATA_POOR"}
