"""The tables of a territory: contracts hold, links lead somewhere, and versions tell what was known when."""

import numpy as np
import pandas as pd
import pytest

from features.contracts import CONTRACTS
from features.demo import DemoConfig, Territory, simulate
from features.demo.territory import TABLES


@pytest.fixture(scope="module")
def changing() -> Territory:
    """Enough areas for moves between halls and transformer upgrades."""
    return simulate(DemoConfig(substations=2, feeders=4, areas=60, customers=0, years=2, weather_stations=1))


@pytest.mark.parametrize("table", TABLES)
def test_every_table_satisfies_its_contract(small_territory: Territory, table: str) -> None:
    frame = small_territory.frame(table)
    contract = CONTRACTS[table]
    text = {f.name: "str" for f in contract.fields if f.kind == "text"}
    contract.schema.validate(frame.astype(text), lazy=True)
    assert len(frame) > 0
    assert not frame.duplicated([*contract.key, "available_at"]).any()


def test_links_lead_to_rows_that_exist(small_territory: Territory) -> None:
    frames = small_territory.frames
    nodes = set(frames["node"]["node_id"])
    units = set(frames["org_unit"]["unit_id"])
    assert set(frames["node"]["parent_id"].dropna()) <= nodes
    assert set(frames["node"]["hall_id"]) <= units
    assert set(frames["org_unit"]["parent_id"].dropna()) <= units
    assert set(frames["transformer"]["node_id"]) <= nodes
    assert set(frames["customer"]["area_id"]) <= set(small_territory.area_ids)
    assert set(frames["meter"]["customer_id"]) == set(frames["customer"]["customer_id"])
    assert set(frames["application"]["node_id"]) <= set(small_territory.area_ids)
    assert set(frames["application"]["customer_id"].dropna()) <= set(frames["customer"]["customer_id"])


def test_lines_lead_from_the_substation_to_every_area(small_territory: Territory) -> None:
    lines = small_territory.frames["line_segment"]
    upstream = dict(zip(lines["to_id"], lines["from_id"], strict=True))
    for index, area in enumerate(small_territory.area_ids):
        place = area
        while place in upstream:
            place = upstream[place]
        feeder = small_territory.network.feeder_of_area[index]
        substation = small_territory.network.substation_of_feeder[feeder]
        assert place == small_territory.network.substation_ids[substation]


def test_a_tie_joins_a_joint_of_one_feeder_to_one_of_the_other(small_territory: Territory) -> None:
    lines, ties = small_territory.frames["line_segment"], small_territory.frames["tie"]
    feeder_of = dict(zip(lines["to_id"], lines["feeder_id"], strict=True))
    assert len(ties)
    assert ties["from_id"].map(feeder_of).tolist() == ties["feeder_a_id"].tolist()
    assert ties["to_id"].map(feeder_of).tolist() == ties["feeder_b_id"].tolist()
    assert (ties[["r_ohm", "x_ohm"]] > 0).all(axis=None)


def test_the_organisation_has_three_levels(changing: Territory) -> None:
    units = changing.frames["org_unit"]
    assert set(units["kind"]) == {"company", "department", "hall"}
    kind = dict(zip(units["unit_id"], units["kind"], strict=True))
    above = {"department": "company", "hall": "department"}
    for unit in units.itertuples():
        if unit.kind != "company":
            assert kind[unit.parent_id] == above[unit.kind]
    assert units["name"].is_unique


def test_changes_of_links_and_ratings_are_known_only_from_their_day_on(changing: Territory) -> None:
    areas, day, hall = changing.network.moves[0]
    at, name = changing.days.utc(day), changing.area_ids[areas]

    def owner(moment: pd.Timestamp) -> str:
        nodes = changing.as_of("node", moment).set_index("node_id")
        assert nodes.index.is_unique
        return str(nodes.loc[name, "hall_id"])

    assert owner(at) == f"H{hall + 1:02d}"
    first = changing.network.hall_of_feeder[changing.network.feeder_of_area[areas]]
    assert owner(at - pd.Timedelta(hours=1)) == f"H{first + 1:02d}"


def test_an_upgrade_replaces_the_areas_transformers(changing: Territory) -> None:
    area, day, kva = changing.network.upgrades[0]
    at, name = changing.days.utc(day), changing.area_ids[area]

    def capacity(moment: pd.Timestamp) -> float:
        frame = changing.as_of("transformer", moment)
        return float(frame.loc[frame["node_id"] == name, "rating_kva"].sum())

    assert capacity(at - pd.Timedelta(hours=1)) == changing.network.rating_kva[area]
    assert capacity(at) == kva


def test_the_dense_arrays_are_the_latest_version_of_the_long_rows(small_territory: Territory) -> None:
    frame = small_territory.frame("node_load").sort_values("available_at", kind="stable")
    hour = (frame["start_utc"] - small_territory.start) // pd.Timedelta(hours=1)
    dense = np.full(small_territory.load_kw.shape, np.nan)
    dense[frame["node_id"].cat.codes.to_numpy(), hour.to_numpy()] = frame["load_kw"]
    np.testing.assert_array_equal(dense, small_territory.load_kw)


def test_late_and_corrected_rows_are_there_at_a_small_rate(small_territory: Territory) -> None:
    frame = small_territory.frame("node_load")
    delay = frame["available_at"] - frame["start_utc"]
    late = (delay > pd.Timedelta(hours=2)).mean()
    again = frame.duplicated(["node_id", "start_utc"]).mean()
    assert 0.001 < late < 0.05
    assert 0.0005 < again < 0.01
    # A correction says something else than the first value, and comes later.
    twice = frame[frame.duplicated(["node_id", "start_utc"], keep=False)].groupby(
        ["node_id", "start_utc"], observed=True
    )
    assert (twice["load_kw"].nunique() == 2).mean() > 0.95
    assert (twice["available_at"].nunique() == 2).all()
    assert frame["available_at"].max() <= small_territory.end + pd.Timedelta(hours=2)


def test_what_is_read_is_near_the_truth_where_it_is_read(small_territory: Territory) -> None:
    read = ~np.isnan(small_territory.load_kw)
    assert 0.99 < read.mean() < 1.0
    near = np.isclose(small_territory.load_kw[read], small_territory.true_kw[read], rtol=0, atol=1e-3)
    # What was wrong and has not been corrected when the files are drawn stays wrong.
    assert near.mean() > 0.999


def test_an_application_can_be_followed_from_version_to_version(small_territory: Territory) -> None:
    versions = small_territory.frames["application"]
    order = ["submitted_at", "surveyed_at", "approved_at", "energised_at"]
    stages = versions[order].to_numpy(dtype="datetime64[us]")
    with np.errstate(invalid="ignore"):
        assert not (np.diff(stages, axis=1) < np.timedelta64(0, "us")).any()
    for version in versions.itertuples():
        reached = [t for t in (*(getattr(version, n) for n in order), version.closed_at) if not pd.isna(t)]
        assert max(reached) == version.available_at
    middle = small_territory.start + (small_territory.end - small_territory.start) / 2
    then = small_territory.as_of("application", middle)
    assert then["application_id"].is_unique
    assert (then["energised_at"].dropna() <= middle).all()


def test_some_applications_are_in_transit_at_the_end(changing: Territory) -> None:
    now = changing.as_of("application", changing.end)
    assert (now["status"] == "approved").sum() >= 1
    assert (now["status"] == "energised").sum() > 5


def test_forecasts_reach_two_weeks_beyond_the_end_and_grow_worse_with_their_lead(small_territory: Territory) -> None:
    forecast = small_territory.frames["weather_forecast"]
    assert forecast["start_utc"].max() >= small_territory.end + pd.Timedelta(days=14)
    assert (forecast["issued_at"].dt.hour == 0).all()
    observed = small_territory.frames["weather_observed"].astype({"station_id": "str"})
    both = forecast.merge(observed, on=["station_id", "start_utc"], suffixes=("", "_seen"))
    lead = (both["start_utc"] - both["issued_at"]) / pd.Timedelta(hours=1)
    miss = (both["temperature_c"] - both["temperature_c_seen"]).abs()
    assert miss[lead < 24].mean() < miss[(lead > 96) & (lead < 144)].mean() < 6
