"""Faults and changes planted into a territory's tables: what a watcher is tried on. Each returns a new table."""

import numpy as np
import pandas as pd

from features.demo.territory import Territory

__all__ = ["bias_forecasts", "offset_station", "shift_level", "silence_node"]


def offset_station(
    observed: pd.DataFrame, station: str, since: pd.Timestamp, degrees: float, ramp_days: float = 0.0
) -> pd.DataFrame:
    """`weather_observed` with the thermometer of `station` off by `degrees` from `since` on, after a ramp."""
    age = (observed["start_utc"] - since) / pd.Timedelta(days=1)
    share = (age / ramp_days).clip(0, 1) if ramp_days else (age >= 0).astype(float)
    wrong = (observed["station_id"].astype(str) == station) & (age >= 0)
    return observed.assign(temperature_c=observed["temperature_c"] + (share * degrees).where(wrong, 0.0))


def bias_forecasts(forecasts: pd.DataFrame, since: pd.Timestamp, degrees: float) -> pd.DataFrame:
    """`weather_forecast` with every temperature issued from `since` on off by `degrees`: the provider changed."""
    wrong = forecasts["issued_at"] >= since
    return forecasts.assign(temperature_c=forecasts["temperature_c"] + np.where(wrong, degrees, 0.0))


def shift_level(
    territory: Territory, loads: pd.DataFrame, area_id: str, since: pd.Timestamp, factor: float
) -> pd.DataFrame:
    """`node_load` with `area_id` drawing `factor` times its load from `since` on; the nodes above carry it, too."""
    network = territory.network
    area = network.area_ids.index(area_id)
    feeder = int(network.feeder_of_area[area])
    above = (network.feeder_ids[feeder], network.substation_ids[int(network.substation_of_feeder[feeder])])
    row = territory.node_ids.index(area_id)
    more = pd.Series((factor - 1) * territory.true_kw[row], index=territory.days.hours)
    node = loads["node_id"].astype(str)
    after = loads["start_utc"] >= since
    load = loads["load_kw"].where(~(after & (node == area_id)), loads["load_kw"] * factor)
    extra = loads["start_utc"].map(more).where(after & node.isin(above), 0.0)
    return loads.assign(load_kw=load + extra)


def silence_node(loads: pd.DataFrame, node_id: str, since: pd.Timestamp) -> pd.DataFrame:
    """`node_load` without anything `node_id` reads from `since` on."""
    return loads[~((loads["node_id"].astype(str) == node_id) & (loads["start_utc"] >= since))].reset_index(drop=True)
