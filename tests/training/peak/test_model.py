"""The model as a whole: fit, keep, read back, learn what connections draw."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.clock import Calendar
from features.errors import ModelError
from features.load.grid import Grid, Versions
from features.load.history import History
from features.load.weather import Weather
from training.peak import ConnectionPolicy, PeakConfig, PeakModel
from training.peak.inputs import PeakInputs
from training.peak.learn import learn_demand


@pytest.fixture(scope="module")
def model(three_years: PeakInputs, quick: PeakConfig) -> PeakModel:
    return PeakModel.fit_inputs(three_years, quick, ConnectionPolicy())


def test_what_is_read_back_says_the_same(model: PeakModel, three_years: PeakInputs, tmp_path: Path) -> None:
    model.save(tmp_path / "peak")
    assert sorted(one.name for one in (tmp_path / "peak").iterdir()) == ["peak.json", "peak.npz"]
    again = PeakModel.load(tmp_path / "peak")
    assert again.config == model.config
    assert again.connections == model.connections
    assert again.kappa("area", 365) == model.kappa("area", 365)
    pd.testing.assert_frame_equal(
        again.peaks_of(three_years, (365,)).frame(), model.peaks_of(three_years, (365,)).frame()
    )


def test_kappa_of_a_past_moment_does_not_look_ahead(model: PeakModel, three_years: PeakInputs, tmp_path: Path) -> None:
    calendar, first = three_years.calendar, three_years.days[0].tz_localize("UTC")
    origins = model.evidence.origin_day
    whole = model.kappa("area", 365)
    # The year that the first origin spoke of ends with the day before.
    ends = first + pd.Timedelta(days=int(origins[0]) + 365)
    assert model.seen_by(ends - pd.Timedelta(seconds=1), calendar).kappa("area", 365).source.startswith("prior")
    one = model.seen_by(ends, calendar).kappa("area", 365)
    assert one.source.startswith("1 earlier origins over 1.0 years")
    assert model.seen_by(model.fitted_at, calendar).kappa("area", 365) == whole
    assert len(origins) > 1
    model.save(tmp_path)
    again = PeakModel.load(tmp_path)
    assert again.seen_by(ends, calendar).kappa("area", 365) == one
    manifest = json.loads((tmp_path / "peak.json").read_text())
    del manifest["first_day"]
    (tmp_path / "peak.json").write_text(json.dumps(manifest))
    old = PeakModel.load(tmp_path)
    assert old.kappa("area", 365) == whole
    assert old.seen_by(ends, calendar).kappa("area", 365).source.startswith("prior")


def test_a_damaged_or_foreign_artifact_is_refused(model: PeakModel, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        PeakModel.load(tmp_path)
    model.save(tmp_path)
    manifest = json.loads((tmp_path / "peak.json").read_text())
    (tmp_path / "peak.json").write_text(json.dumps(manifest | {"format": 99}))
    with pytest.raises(ModelError, match="format 99"):
        PeakModel.load(tmp_path)
    (tmp_path / "peak.npz").write_bytes(b"junk")
    with pytest.raises(ModelError, match="cannot be read"):
        PeakModel.load(tmp_path)


def test_an_empty_history_cannot_be_learnt_from(three_years: PeakInputs, quick: PeakConfig) -> None:
    empty = replace(three_years, nodes=three_years.nodes.iloc[:0], peak_kw=three_years.peak_kw[:0])
    with pytest.raises(ModelError, match="needs nodes"):
        PeakModel.fit_inputs(empty, quick, ConnectionPolicy())


def flat_history(hours: int, start: str = "2023-01-01T16:00") -> History:
    """One node at 50 kW in China, from a local midnight on unless said."""
    loads = Grid(("A",), pd.Timestamp(start, tz="UTC"), 60, np.full((1, hours), 50.0))
    table = pd.DataFrame({"kind": ["area"], "parent_id": None, "weather_station_id": None}, index=["A"])
    nodes = table.rename_axis("node_id")
    return History(Versions.from_grid(loads), Weather({}), nodes, Calendar("Asia/Shanghai", "CN"), loads.end)


@pytest.mark.parametrize(
    ("hours", "start"), [(2, "2023-01-01T16:00"), (20, "2023-01-01T16:00"), (30, "2023-01-02T00:00")]
)
def test_less_than_a_whole_day_is_refused(quick: PeakConfig, hours: int, start: str) -> None:
    with pytest.raises(ModelError, match=r"one whole local day .* none of the 1 nodes .* from 350 days on"):
        PeakModel.fit(flat_history(hours, start), quick)


@pytest.mark.parametrize("days", [1, 117])
def test_a_short_history_is_learnt_from_and_says_nothing_yet(quick: PeakConfig, days: int) -> None:
    history = flat_history(24 * days)
    model = PeakModel.fit(history, quick)
    frame = model.peaks(history, 31).frame()
    assert frame["known_days"].tolist() == [days]
    assert frame["peak_p50_kw"].isna().all()
    assert model.kappa("area", 31).source.startswith("prior")


def test_a_history_of_the_lake_is_understood(quick: PeakConfig) -> None:
    hours = 400 * 24
    start = pd.Timestamp("2022-12-31T16:00", tz="UTC")
    daily = 50 + 20 * np.sin(2 * np.pi * np.arange(hours) / 24)
    loads = Grid(("A", "B"), start, 60, np.stack([daily, 2 * daily]))
    nodes = pd.DataFrame(
        {"kind": "area", "parent_id": None, "weather_station_id": None},
        index=pd.Index(["A", "B", "C"], name="node_id"),
    )
    history = History(Versions.from_grid(loads), Weather({}), nodes, Calendar("Asia/Shanghai", "CN"), loads.end)
    model = PeakModel.fit(history, quick)
    frame = model.peaks(history, 31).frame()
    np.testing.assert_allclose(frame["peak_p50_kw"], [70.0, 140.0, np.nan], rtol=0.02)
    assert frame["known_days"].tolist() == [400, 400, 0]
    assert model.kappa("area", 31).source.startswith("prior") == (len(model.evidence.origin_day) == 0)


def test_demand_factors_are_learnt_from_the_steps_connections_left(
    four_years: PeakInputs, quick: PeakConfig, apply
) -> None:
    policy = ConnectionPolicy(ramp_days=30, learn_weight=2.0)
    planted, rows, loads = 0.70, [], four_years.peak_kw.copy()
    unit = policy.block_kw_per_kva().loc["commercial"].to_numpy() / policy.demand_factor["commercial"]
    for k in range(6):
        day = 500 + 70 * k
        rows.append(
            apply(
                application_id=f"Y{k}",
                node_id=f"A{k}",
                energised_at=four_years.days[day].tz_localize("UTC"),
                submitted_at=four_years.days[100].tz_localize("UTC"),
                approved_at=four_years.days[200].tz_localize("UTC"),
                available_at=four_years.days[day].tz_localize("UTC"),
            )
        )
        loads[k, day:] += planted * 100 * unit
    known = replace(four_years, peak_kw=loads, applications=pd.concat(rows, ignore_index=True))
    learnt = learn_demand(known, quick, policy).demand_factor
    assert learnt["commercial"] == pytest.approx(planted, abs=0.12)
    # What all classes share moves the others, less.
    assert policy.demand_factor["public"] < learnt["public"] < 1.0
    assert learn_demand(four_years, quick, policy) == policy
    fixed = policy.model_copy(update={"learn": False})
    assert learn_demand(known, quick, fixed) == fixed
