"""What the collection system measured, stamped by a clock that is put forward and back."""

import numpy as np
import pandas as pd

from features.demo.config import TIME_ZONE
from features.demo.exports.config import ExportConfig
from features.demo.territory import Territory
from features.demo.voltages import meter_voltages

__all__ = ["readings_of"]


def readings_of(territory: Territory, config: ExportConfig, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Loads of upper nodes and of areas, daily use, and hourly voltages, by file name."""
    made = _loads(territory, config)
    made["col_use.parquet"] = _use(territory, config)
    if config.voltage and len(territory.customers.area):
        made["col_voltage.parquet"] = _voltages(territory, config, rng)
    return made


def _clock(times: pd.Series, zone: str) -> pd.Series:
    """What a clock on the wall of that zone shows: an hour twice in autumn, one never in spring."""
    return times.dt.tz_convert(zone).dt.tz_localize(None)


def _shown_twice(wall: pd.Series, zone: str) -> pd.Series:
    """Where a wall clock's time is one that comes twice."""
    return wall.dt.tz_localize(zone, ambiguous="NaT", nonexistent="shift_forward").isna()


def _utc(times: pd.Series) -> pd.Series:
    return times.dt.tz_localize(None)


def _loads(territory: Territory, config: ExportConfig) -> dict[str, pd.DataFrame]:
    frame = territory.frame("node_load")
    frame = frame[frame["start_utc"] >= territory.end - pd.Timedelta(days=config.load_days)].reset_index(drop=True)
    # A correction of an hour that the clock shows twice could be of either: this system sends none.
    wall = _clock(frame["start_utc"], config.collection_zone)
    again = frame.assign(wall=wall).duplicated(["node_id", "wall"], keep=False)
    corrected = frame.duplicated(["node_id", "start_utc"]) & again & _shown_twice(wall, config.collection_zone)
    frame = frame[~corrected].reset_index(drop=True)
    area = frame["node_id"].isin(territory.area_ids).to_numpy()
    both = pd.DataFrame(
        {
            "测点号": frame["node_id"],
            "数据时间": _clock(frame["start_utc"], config.collection_zone),
            "入库时间_utc": _utc(frame["available_at"]),
        }
    )
    upper = both[~area].assign(**{"有功(MW)": np.round(frame["load_kw"][~area] / 1000, 6)})
    areas = both[area].assign(
        **{
            "有功(kW)": frame["load_kw"][area],
            "最低电压(V)": frame["voltage_v_min"][area],
            "最高电压(V)": frame["voltage_v_max"][area],
        }
    )
    return {"col_load_scada.parquet": upper, "col_load_areas.parquet": areas}


def _use(territory: Territory, config: ExportConfig) -> pd.DataFrame:
    frame = territory.frame("consumption")
    frame = frame[frame["start_utc"] >= territory.end - pd.Timedelta(days=config.use_days)]
    return pd.DataFrame(
        {
            "表号": frame["meter_id"],
            "数据日期": frame["start_utc"].dt.tz_convert(TIME_ZONE).dt.tz_localize(None),
            "日用电量(kWh)": frame["kwh"],
            "入库时间_utc": _utc(frame["available_at"]),
        }
    )


def _voltages(territory: Territory, config: ExportConfig, rng: np.random.Generator) -> pd.DataFrame:
    """Hourly volts of every meter from when it was connected."""
    customers = territory.customers
    letters = territory.frame("meter").set_index("meter_id")["phase"].reindex(list(customers.meter_ids))
    phase = letters.map({"A": 0, "B": 1, "C": 2}).fillna(-1).to_numpy(dtype=int)
    volts = meter_voltages(customers, territory.readings, phase, rng)
    hours = territory.days.hours[-volts.shape[1] :]
    since = territory.days.utc(np.maximum(customers.since, 0))
    there = hours.to_numpy()[None, :] >= since.to_numpy()[:, None]
    row, column = np.nonzero(there)
    start = pd.Series(hours).take(column).reset_index(drop=True)
    return pd.DataFrame(
        {
            "表号": pd.Categorical.from_codes(row, categories=pd.Index(list(customers.meter_ids), dtype="str")),
            "数据时间": _clock(start, config.collection_zone),
            "电压(V)": volts[row, column].astype("float64").round(1),
            "入库时间_utc": _utc(start + pd.Timedelta(hours=2)),
        }
    )
