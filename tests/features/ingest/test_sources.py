"""The shipped mappings: on small files that look like the real ones, and on the real ones where they are."""

import gzip
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.ingest import ingest, read_quarantine
from features.lake import Lake
from features.workspace import Workspace

ROOT = Path(__file__).parents[3]
SOURCES = ROOT / "configs" / "sources"
DATA = Path(os.environ.get("DATA") or ROOT.parent / "shared" / "data")


def real(name: str) -> Path:
    folder = DATA / name
    if not folder.is_dir():
        pytest.skip(f"{folder} is not here; give its parent folder by DATA=")
    return folder


def utc(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


def like_gefcom(folder: Path) -> None:
    hours = ",".join(f"h{n}" for n in range(1, 25))
    full = ",".join(f'"{n},000"' for n in range(1, 25))
    rows = [f"zone_id,year,month,day,{hours}", f"1,2004,7,1,{full}", f"1,2004,7,2,{',' * 23}", f"2,2004,7,1,{full}"]
    (folder / "Load_history.csv.gz").write_bytes(gzip.compress("\n".join(rows).encode()))
    warm = ",".join(["50"] * 24)
    rows = [f"station_id,year,month,day,{hours}", f"1,2004,7,1,{warm}"]
    (folder / "temperature_history.csv.gz").write_bytes(gzip.compress("\n".join(rows).encode()))
    rows = ["station_id,datetime,date,year,month,day,hour,T0_p1", "1,03Jul2004:0:00:00,02Jul2004,2004,7,2,24,77"]
    (folder / "temperature_solution.csv").write_text("\n".join(rows), encoding="utf-8")
    full = ",".join(["7"] * 24)
    rows = [f"id,zone_id,year,month,day,{hours},weight", f"1,1,2004,7,2,{full},1", f"2,21,2004,7,2,{full},20"]
    (folder / "Load_solution.csv.gz").write_bytes(gzip.compress("\n".join(rows).encode()))


def test_gefcom_look_alike(source: Any) -> None:
    like_gefcom(source.data)
    report = ingest(SOURCES / "gefcom2012.yaml", source.data, source.workspace)
    load, node = source.lake.read("node_load"), source.lake.read("node")
    assert (report.tables["node_load"].accepted, report.tables["node_load"].blank) == (48, 24)
    assert load["start_utc"].min() == utc("2004-07-01 05:00")
    assert load["load_kw"].iloc[:3].tolist() == [1000.0, 2000.0, 3000.0]
    assert node["node_id"].tolist() == ["zone-1", "zone-2"]
    assert node["rating_kva"].tolist() == pytest.approx([1.2 * np.quantile(np.arange(1, 25) * 1000, 0.999)] * 2)
    assert node["rating_assumed"].all()
    weather = source.lake.read("weather_observed")
    assert weather["temperature_c"].tolist() == pytest.approx([10.0] * 24 + [25.0])
    assert weather["start_utc"].iloc[-1] == utc("2004-07-03 04:00")
    territory = source.workspace.territory()
    assert (territory.time_zone, territory.country) == ("-05:00", "US")

    ingest(SOURCES / "gefcom2012_solution.yaml", source.data, source.workspace)
    filled = source.lake.read("node_load", where={"node_id": ["zone-1"]})
    assert filled["load_kw"].iloc[24:].tolist() == [7.0] * 24
    assert len(source.lake.read("node_load", as_of=utc("2010-01-01"))) == 48


def test_liander_look_alike(source: Any) -> None:
    head = "index,load,clouds,radiation,temp,windspeed,humidity,rain,winddeg,windspeed_100m,pressure,snowDepth,mxlD"
    rows = [
        head,
        "2020-10-02 09:45:00+00:00,3.31,,,,,,,,,,,",
        "2020-10-02 10:00:00+00:00,-1.5,100.00002,3600,10,2,0.9,0.4,154.7,9.3,99453,0.01,1355",
        "2020-10-02 10:15:00+00:00,,2562,0,11,2,0.9,0,154.7,9.3,99453,0,1355",
    ]
    (source.data / "get_model_input_pid_287.csv.gz").write_bytes(gzip.compress("\n".join(rows).encode()))
    report = ingest(SOURCES / "liander.yaml", source.data, source.workspace)
    load, weather = source.lake.read("node_load"), source.lake.read("weather_observed")
    assert load["load_kw"].tolist() == [3310.0, -1500.0]
    assert load["available_at"].iloc[0] == utc("2020-10-02 10:00")
    assert report.tables["node_load"].blank == 1
    assert dict(report.tables["weather_observed"].quarantined) == {"ABOVE_BOUND": 1}
    figures = ["temperature_c", "humidity_pct", "wind_speed_ms", "radiation_wm2", "rain_mm", "cloud_pct"]
    assert weather[figures].iloc[0].tolist() == pytest.approx([10.0, 90.0, 2.0, 1.0, 0.1, 100.0])
    figures = ["wind_direction_deg", "wind_speed_100m_ms", "pressure_hpa", "snow_depth_m", "mixing_layer_m"]
    assert weather[figures].iloc[0].tolist() == pytest.approx([154.7, 9.3, 994.53, 0.01, 1355.0])
    node = source.lake.read("node").iloc[0]
    assert (node["node_id"], node["weather_station_id"]) == ("pid-287", "pid-287")


def test_gefcom_as_it_is(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    report = ingest(SOURCES / "gefcom2012.yaml", real("gefcom2012"), workspace)
    load = Lake(workspace.lake).read("node_load", columns=["node_id", "start_utc", "load_kw"])
    table = report.tables["node_load"]
    assert (table.rows_in, table.quarantined.total(), table.blank) == (761_400, 0, 30_600)
    assert load["node_id"].nunique() == 20
    # The last known hour begins at 05:00 by the clock of the data.
    assert load["start_utc"].max() == utc("2008-06-30 10:00")
    stations = Lake(workspace.lake).read("weather_observed", columns=["station_id"])["station_id"]
    assert stations.value_counts().unique().tolist() == [39_600]


def test_liander_as_it_is(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    folder = real("liander")
    report = ingest(SOURCES / "liander.yaml", folder, workspace)
    load = Lake(workspace.lake).read("node_load")
    for file in sorted(folder.glob("*.csv.gz")):
        raw = pd.read_csv(file, index_col=0)["load"].dropna()
        node = f"pid-{file.name.split('_')[-1].split('.')[0]}"
        np.testing.assert_allclose(load.loc[load["node_id"] == node, "load_kw"], raw * 1000)
    # The cloud cover of the source exceeds 100 % by far at times.
    kept = read_quarantine(tmp_path / "quarantine")
    assert kept["column"].unique().tolist() == ["cloud_pct"]
    assert len(kept) < 0.01 * report.tables["weather_observed"].rows_in


def test_power_areas_as_they_are(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    report = ingest(SOURCES / "power_areas_cn.yaml", real("power_areas_cn"), workspace)
    # Two loads of -123 MW; a day with a highest temperature no thermometer there has shown, and one without a mean.
    assert dict(report.tables["node_load"].quarantined) == {"BELOW_BOUND": 2}
    assert report.tables["weather_observed"].accepted == 2209
    told = Lake(workspace.lake).read("weather_forecast", where={"station_id": ["area-2"]}).iloc[0]
    assert told["start_utc"] == utc("2011-12-31 16:00")
    assert told["available_at"] == told["start_utc"] - pd.Timedelta(hours=18)
    assert told[["temperature_c", "temperature_max_c", "temperature_min_c"]].tolist() == [15.0, 20.0, 10.4]


def test_gefcom2014_look_alike(source: Any) -> None:
    ends = pd.date_range("2010-09-30 23:00", periods=3, freq="h")
    frame = pd.DataFrame({"ZONEID": 1, "LOAD": [np.nan, 120.0, 110.5], "w1": 50, "w2": [32, 41, 77]})
    frame = frame.assign(task=[1, 1, 2], ts=ends)
    frame.to_parquet(source.data / "load_train_all.parquet")
    report = ingest(SOURCES / "gefcom2014.yaml", source.data, source.workspace)
    load, weather = source.lake.read("node_load"), source.lake.read("weather_observed")
    assert report.tables["node_load"].blank == 1
    assert load["load_kw"].tolist() == [120_000.0, 110_500.0]
    assert load["start_utc"].tolist() == [utc("2010-10-01 04:00"), utc("2010-10-01 05:00")]
    # History is known as it was measured, the second task's hour when its month was released.
    assert load["available_at"].tolist() == [utc("2010-10-01 05:00"), utc("2010-11-01 05:00")]
    second = weather[weather["station_id"] == "station-2"]
    assert second["temperature_c"].tolist() == pytest.approx([0.0, 5.0, 25.0])
    assert second["available_at"].iloc[-1] == utc("2010-11-01 05:00")


def test_gefcom2014_as_it_is(tmp_path: Path) -> None:
    folder, workspace = real("gefcom2014"), Workspace(tmp_path)
    report = ingest(SOURCES / "gefcom2014.yaml", folder, workspace)
    raw = pd.read_parquet(folder / "load_train_all.parquet")
    known = raw["LOAD"].notna()
    assert {name: table.quarantined.total() for name, table in report.tables.items()} == {
        "node_load": 0,
        "weather_observed": 0,
        "node": 0,
    }
    assert report.tables["weather_observed"].accepted == 25 * len(raw)
    lake = Lake(workspace.lake)
    load = lake.read("node_load")
    np.testing.assert_allclose(load["load_kw"], raw.loc[known, "LOAD"] * 1000)
    for task in (2, 9, 15):
        # What is there when a task has been released is what all tasks up to it hold.
        released = raw.loc[known & (raw["task"] <= task), "ts"].max().tz_localize("Etc/GMT+5").tz_convert("UTC")
        there = lake.read("node_load", as_of=released)
        assert len(there) == (known & (raw["task"] <= task)).sum()
        assert len(lake.read("node_load", as_of=released - pd.Timedelta(hours=1))) < len(there) - 600


def like_yangzhong(folder: Path) -> None:
    days = pd.to_datetime(["2015-01-01", "2015-01-01", "2015-01-02"])
    pd.DataFrame({"record_date": days, "user_id": [1, 2, 1], "kwh": [1135, 24, 1020]}).to_parquet(
        folder / "daily_long.parquet", index=False
    )
    rows = [
        "日期,最高气温,最低气温,天气,风向,风力",
        "2015-01-01星期四,5℃,-4℃,晴,北风,微风",
        "2015-01-02星期五,9℃,℃,晴,东风,微风",
    ]
    (folder / "weather.csv").write_text("\n".join(rows), encoding="gb18030")


def test_yangzhong_look_alike(source: Any) -> None:
    like_yangzhong(source.data)
    report = ingest(SOURCES / "yangzhong.yaml", source.data, source.workspace)
    use = source.lake.read("consumption")
    assert use["meter_id"].tolist() == ["E1", "E1", "E2"]
    assert use["start_utc"].tolist() == [utc("2014-12-31 16:00"), utc("2015-01-01 16:00"), utc("2014-12-31 16:00")]
    assert (use["end_utc"] - use["start_utc"]).eq(pd.Timedelta(days=1)).all()
    assert source.lake.read("customer")["customer_id"].tolist() == ["E1", "E2"]
    assert source.lake.read("node")["node_id"].tolist() == ["yangzhong"]
    weather = source.lake.read("weather_observed")
    assert weather["temperature_c"].tolist() == [5.0, 9.0, -4.0]
    assert report.tables["weather_observed"].quarantined == {"BAD_NUMBER": 1}


@pytest.mark.slow
def test_yangzhong_itself(source: Any) -> None:
    report = ingest(SOURCES / "yangzhong.yaml", real("yangzhong"), source.workspace)
    assert report.tables["consumption"].accepted == 1454 * 639
    assert len(source.lake.read("customer")) == 1454
    assert not report.tables["weather_observed"].quarantined


def test_sgcc_look_alike(source: Any) -> None:
    rows = ["1/13/2014,01/02/2014,CONS_NO,FLAG", "3.5,0,AA,1", ",2.25,BB,0"]
    (source.data / "datasetsmall.csv.gz").write_bytes(gzip.compress("\n".join(rows).encode()))
    report = ingest(SOURCES / "sgcc.yaml", source.data, source.workspace)
    assert report.tables["consumption"].blank == 1
    use = source.lake.read("consumption")
    # Midnight in China, and columns in whatever order.
    assert use["start_utc"].tolist() == [utc("2014-01-01 16:00"), utc("2014-01-12 16:00"), utc("2014-01-01 16:00")]
    assert use["kwh"].tolist() == [0.0, 3.5, 2.25]
    assert ((use["end_utc"] - use["start_utc"]) == pd.Timedelta(days=1)).all()
    assert source.lake.read("inspection").set_index("customer_id")["outcome"].to_dict() == {
        "AA": "theft",
        "BB": "in_order",
    }


def test_powerco_look_alike(source: Any) -> None:
    rows = ["id,channel_sales,cons_12m,date_activ,has_gas,origin_up,churn", "x,web,12.5,2013-06-15,t,MISSING,1"]
    (source.data / "client_data.csv.gz").write_bytes(gzip.compress("\n".join(rows).encode()))
    ingest(SOURCES / "powerco.yaml", source.data, source.workspace)
    told = source.lake.read("customer_attribute").set_index("attribute")
    assert told["value_number"].dropna().to_dict() == {"cons_12m": 12.5, "churn": 1.0}
    assert told["value_text"].dropna().to_dict() == {
        "channel_sales": "web",
        "date_activ": "2013-06-15",
        "has_gas": "t",
        "origin_up": "MISSING",
    }
    # Who left is known three months later than the rest.
    early = source.lake.read("customer_attribute", as_of=utc("2016-02-01"))
    assert "churn" not in set(early["attribute"])


def test_sgcc_as_it_is(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    report = ingest(SOURCES / "sgcc.yaml", real("sgcc_small"), workspace)
    assert sum(table.quarantined.total() for table in report.tables.values()) == 0
    outcome = Lake(workspace.lake).read("inspection")["outcome"]
    assert outcome.value_counts().to_dict() == {"in_order": 23_741, "theft": 2_122}


def test_powerco_as_it_is(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    report = ingest(SOURCES / "powerco.yaml", real("powerco"), workspace)
    assert report.tables["customer_attribute"].quarantined.total() == 0
    told = Lake(workspace.lake).read("customer_attribute")
    assert told["customer_id"].nunique() == 14_606
    assert told.loc[told["attribute"] == "churn", "value_number"].mean() == pytest.approx(0.0972, abs=1e-4)
