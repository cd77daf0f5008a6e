"""Reading as of a moment: what came later is not seen, and readings of meters become days of customers."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.behaviour import Known, features_at, metering, read_known
from features.contracts import CONTRACTS
from features.demo import DemoConfig, Territory, simulate
from features.errors import NotFoundError
from features.frames import as_contract
from features.lake import Lake
from features.lake.held import HeldLake
from features.workspace import TerritorySettings

CHINA = TerritorySettings()
AT = pd.Timestamp("2025-06-10 20:00", tz="UTC")
TABLES = (
    *("org_unit", "node", "transformer", "node_load", "weather_observed", "event", "customer", "meter"),
    *("consumption", "application", "tariff", "bill", "payment", "app_activity", "work_order", "satisfaction"),
)


@pytest.fixture(scope="session")
def village() -> Territory:
    """Four areas and 120 customers with two years of use."""
    return simulate(
        DemoConfig(substations=1, feeders=2, areas=4, customers=120, years=3, customer_years=2, weather_stations=2)
    )


@pytest.fixture(scope="session")
def complete(village: Territory, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake that holds everything, what came after AT as well."""
    lake = Lake(tmp_path_factory.mktemp("complete") / "lake")
    for name in TABLES:
        lake.append(name, village.frame(name), "first")
    return lake


@pytest.fixture(scope="session")
def then(complete: Lake) -> Known:
    return read_known(complete, CHINA, AT)


def test_a_past_moment_is_read_as_it_was_then(village: Territory, complete: Lake, then: Known, tmp_path: Path) -> None:
    young = Lake(tmp_path / "lake")
    for name in TABLES:
        frame = village.frame(name)
        young.append(name, frame[(frame["available_at"] <= AT).to_numpy(dtype=bool)], "first")
    found = features_at(then)
    pd.testing.assert_frame_equal(found, features_at(read_known(young, CHINA, AT)))
    pd.testing.assert_frame_equal(found, features_at(read_known(young, CHINA, AT, as_of=AT + pd.Timedelta(days=9))))
    # Of a territory without short intervals these are not known; all others are, of somebody.
    silent = {name for name in found.columns if found[name].isna().all()}
    assert silent == {
        *("peak_kw", "base_kw", "load_factor", "night_share", "morning_share", "evening_share", "peak_hour"),
        *("shape_cluster", "shape_entropy", "feeder_coincidence", "contract_use_share", "export_share"),
    }


def test_a_lake_held_in_memory_gives_the_same(complete: Lake, then: Known) -> None:
    held = HeldLake(complete)
    for at in (AT + pd.Timedelta(days=90), AT):
        found = features_at(read_known(held, CHINA, at))
    pd.testing.assert_frame_equal(found, features_at(then))


def test_customers_read_a_few_at_a_time_are_the_same(
    complete: Lake, then: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metering, "_AT_ONCE", 50)
    few = read_known(complete, CHINA, AT)
    assert few.use.customer_ids == then.use.customer_ids
    np.testing.assert_array_equal(few.use.kwh, then.use.kwh)


def test_a_correction_that_came_later_is_not_seen(village: Territory, complete: Lake, then: Known) -> None:
    # An own copy: the shared lake stays as it is.
    lake = Lake(complete.root.parent / "corrected")
    readings = village.frame("consumption")
    lake.append("consumption", readings, "first")
    for name in ("customer", "meter"):
        lake.append(name, village.frame(name), "first")
    day = readings["start_utc"] == readings.loc[readings["available_at"] <= AT, "start_utc"].max()
    known = readings["available_at"].max()
    lake.append("consumption", readings[day].assign(kwh=999.0, available_at=known), "correction")
    early = read_known(lake, CHINA, AT)
    np.testing.assert_array_equal(early.use.kwh, then.use.kwh)
    after = pd.Timestamp(known) + pd.Timedelta(hours=1)
    late = read_known(lake, CHINA, after, use_days=400)
    column = list(late.use.days).index(then.use.days[-2])
    changed = late.use.kwh[:, column]
    assert set(changed[np.isfinite(changed)]) == {999}


def test_days_are_those_of_the_meters(village: Territory, then: Known) -> None:
    metering, customers = village.metering.kwh, village.customers
    assert then.use.end_day == pd.Timestamp("2025-06-11")
    first = (then.use.first_day - village.days.dates[customers.first_day]).days
    rows = [customers.customer_ids.index(one) for one in then.use.customer_ids]
    wanted = np.full(then.use.kwh.shape, np.nan)
    begin = max(-first, 0)
    wanted[:, begin:] = metering[rows, first + begin : first + 730]
    # The last day before AT is over, but its readings come at six in the morning.
    assert np.isnan(then.use.kwh[:, -1]).all()
    np.testing.assert_allclose(then.use.kwh[:, :-1], wanted[:, :-1], rtol=1e-6)


def test_areas_have_their_rating_load_and_everything_above(village: Territory, then: Known) -> None:
    nodes = village.as_of("node", AT).set_index("node_id")
    load = village.as_of("node_load", AT)
    load = load[(load["start_utc"] >= AT - pd.Timedelta(days=365)) & (load["start_utc"] < AT)]
    for name, area in then.areas.iterrows():
        node = nodes.loc[name]
        mine = load.loc[load["node_id"] == name, "load_kw"]
        assert area["peak_kw"] == mine.max()
        assert area["feeder_id"] == node["parent_id"]
        assert set(area["above"]) >= {
            node["parent_id"],
            nodes.loc[node["parent_id"], "parent_id"],
            node["hall_id"],
            "C1",
        }
    assert (then.customers["hall_id"] == then.customers["area_id"].map(nodes["hall_id"])).all()


def lake_of(tmp_path: Path, **tables: list[dict]) -> Lake:
    lake = Lake(tmp_path / "lake")
    for name, rows in tables.items():
        contract = CONTRACTS[name]
        frame = pd.DataFrame(rows).reindex(columns=list(contract.columns))
        for field in contract.fields:
            if field.kind == "utc":
                frame[field.name] = pd.to_datetime(frame[field.name], utc=True)
        lake.append(name, as_contract(contract, frame), "first")
    return lake


def local(text: str, zone: str = "Asia/Shanghai") -> pd.Timestamp:
    return pd.Timestamp(text, tz=zone).tz_convert("UTC")


def account(name: str, since: str, until: str | None = None) -> dict:
    valid = {"valid_from": local(since), "valid_to": None if until is None else local(until)}
    facts = {"customer_id": name, "area_id": "A1", "customer_class": "residential", "contract_kva": 8.0}
    return facts | valid | {"available_at": local(since)}


def meter(name: str, customer: str, since: str, until: str | None = None) -> dict:
    valid = {"valid_from": local(since), "valid_to": None if until is None else local(until)}
    return {"meter_id": name, "customer_id": customer, **valid, "available_at": local(since)}


def reading(name: str, begin: str, end: str, kwh: float, zone: str = "Asia/Shanghai") -> dict:
    stamps = {"start_utc": local(begin, zone), "end_utc": local(end, zone), "available_at": local(end, zone)}
    return {"meter_id": name, "kwh": kwh, **stamps}


def hours(name: str, day: str, kwh: float, count: int = 24, zone: str = "Asia/Shanghai") -> list[dict]:
    edge = local(day, zone) + pd.to_timedelta(np.arange(count + 1), unit="h")
    return [
        {"meter_id": name, "kwh": kwh, "start_utc": edge[i], "end_utc": edge[i + 1], "available_at": edge[i + 1]}
        for i in range(count)
    ]


def test_meters_add_up_and_a_day_with_a_part_missing_is_not_known(tmp_path: Path) -> None:
    lake = lake_of(
        tmp_path,
        customer=[account("K1", "2024-01-01"), account("K2", "2024-01-01"), account("K3", "2024-01-01", "2025-01-03")],
        meter=[
            meter("M1", "K1", "2024-01-01"),
            meter("M2", "K1", "2025-01-02"),
            meter("M3", "K2", "2024-01-01", "2025-01-02 10:00"),
            meter("M4", "K2", "2025-01-02 10:00"),
            meter("M5", "K3", "2024-01-01", "2025-01-03"),
            meter("M5", "K2", "2025-01-04"),
        ],
        consumption=[
            *[reading("M1", f"2025-01-0{day}", f"2025-01-0{day + 1}", 1.0) for day in range(1, 6)],
            *[reading("M2", f"2025-01-0{day}", f"2025-01-0{day + 1}", 10.0) for day in (1, 2, 4)],
            reading("M3", "2025-01-01", "2025-01-02", 3.0),
            reading("M3", "2025-01-02", "2025-01-02 10:00", 1.0),
            reading("M4", "2025-01-02 10:00", "2025-01-03", 2.0),
            *hours("M4", "2025-01-03", 0.25),
            *hours("M4", "2025-01-04", 0.5),
            *[reading("M5", f"2025-01-0{day}", f"2025-01-0{day + 1}", 100.0) for day in range(1, 6)],
            *hours("M4", "2025-01-05", 0.5, 23),
        ],
    )
    known = read_known(lake, CHINA, local("2025-01-06 12:00"), use_days=5)
    assert known.use.customer_ids == ("K1", "K2")
    # The second meter came on the second day and has no reading on the third and fifth.
    np.testing.assert_array_equal(known.use.kwh[0], [1, 11, np.nan, 11, np.nan])
    # A meter changed within a day; on the fourth the meter of a closed account was taken over; the last lacks an hour.
    np.testing.assert_array_equal(known.use.kwh[1], [3, 3, 6, 112, np.nan])
    assert known.intervals is not None
    assert known.intervals.step_minutes == 60
    assert known.intervals.start == local("2025-01-01")
    assert np.isnan(known.intervals.kwh[0]).all()
    np.testing.assert_array_equal(known.intervals.kwh[1, 48:72], np.full(24, 0.25))
    # From the fourth day on the customer has two meters, one of them without short intervals.
    assert np.isnan(known.intervals.kwh[1, 72:]).all()


def test_days_on_which_clocks_change_have_their_own_length(tmp_path: Path) -> None:
    zone = "Europe/Amsterdam"
    lake = lake_of(
        tmp_path,
        customer=[account("K1", "2024-01-01")],
        meter=[meter("M1", "K1", "2024-01-01")],
        consumption=[
            *hours("M1", "2025-03-29", 1.0, 24, zone),
            *hours("M1", "2025-03-30", 1.0, 23, zone),
            *hours("M1", "2025-03-31", 1.0, 24, zone),
        ],
    )
    known = read_known(
        lake, TerritorySettings(time_zone=zone, country="NL"), local("2025-04-01 12:00", zone), use_days=3
    )
    np.testing.assert_array_equal(known.use.kwh[0], [24, 23, 24])


def test_a_lake_without_customers_says_so(tmp_path: Path) -> None:
    lake = lake_of(tmp_path, customer=[account("K1", "2025-01-01")])
    with pytest.raises(NotFoundError, match="no customer"):
        read_known(lake, CHINA, local("2024-01-01"))


def test_customers_alone_are_enough_for_features_most_of_them_unknown(tmp_path: Path) -> None:
    lake = lake_of(tmp_path, customer=[account("K1", "2025-01-01")])
    found = features_at(read_known(lake, CHINA, local("2025-02-01"))).loc["K1"].dropna()
    expected = {"tenure_days": 31, "contract_kva": 8, "kva_growth_share": 0, "area_customers": 1}
    assert found.to_dict() == expected


def test_short_intervals_stand_beside_the_load_of_their_feeder(tmp_path: Path) -> None:
    since = {"valid_from": local("2024-01-01"), "available_at": local("2024-01-01")}
    node = {"name": "n", "power_factor": 0.9, "allowed_utilisation": 0.8, "rating_assumed": False, **since}
    begin = local("2025-01-01")
    edge = begin + pd.to_timedelta(np.arange(24 * 91 + 1), unit="h")
    busy = edge[:-1].hour == 11
    lake = lake_of(
        tmp_path,
        customer=[account("K1", "2024-01-01")],
        meter=[meter("M1", "K1", "2024-01-01")],
        node=[
            node | {"node_id": "A1", "kind": "area", "parent_id": "F1", "rating_kva": 100.0},
            node | {"node_id": "F1", "kind": "feeder", "parent_id": None, "rating_kva": 900.0},
        ],
        node_load=[
            {"node_id": name, "start_utc": at, "load_kw": 400.0 if high else 90.0, "available_at": at}
            for name in ("A1", "F1")
            for at, high in zip(edge, busy, strict=False)
        ],
        consumption=[
            {"meter_id": "M1", "kwh": 3.0 if high else 1.0, "start_utc": a, "end_utc": b, "available_at": b}
            for a, b, high in zip(edge[:-1], edge[1:], busy, strict=True)
        ],
    )
    known = read_known(lake, CHINA, local("2025-04-02"))
    assert known.intervals is not None
    assert known.intervals.start == begin
    assert known.feeder_kw["F1"].max() == 400
    found = features_at(known).loc["K1"]
    names = ["peak_kw", "base_kw", "peak_hour", "feeder_coincidence", "contract_use_share", "area_rating_kva"]
    assert found[names].tolist() == [3, 1, 19, 1, 3 / 8, 100]
    # A quarter of the year's load is too little to speak of its peak, all of the quarter's is enough.
    assert np.isnan(found["area_peak_utilisation"])
    assert found["share_of_area"] == pytest.approx((23 + 3) / (23 * 90 + 400))
