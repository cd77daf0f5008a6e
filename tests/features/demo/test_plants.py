"""What is planted is planted where and when it was asked for, and nowhere else."""

import numpy as np
import pandas as pd
import pytest

from features.demo import Territory
from features.demo.plants import bias_forecasts, offset_station, shift_level, silence_node


def test_a_station_is_off_from_then_on(small_territory: Territory) -> None:
    observed, since = small_territory.frame("weather_observed"), small_territory.end - pd.Timedelta(days=4)
    for ramp, half in ((0.0, 4.0), (4.0, 2.0)):
        change = offset_station(observed, "W1", since, 4.0, ramp)["temperature_c"] - observed["temperature_c"]
        mine = (observed["station_id"].astype(str) == "W1") & (observed["start_utc"] >= since)
        assert change[~mine].abs().max() == 0
        middle = observed.loc[mine, "start_utc"] == since + pd.Timedelta(days=2)
        assert change[mine][middle].to_numpy() == pytest.approx([half])


def test_forecasts_are_biased_by_their_issue(small_territory: Territory) -> None:
    forecasts, since = small_territory.frame("weather_forecast"), small_territory.end - pd.Timedelta(days=4)
    change = bias_forecasts(forecasts, since, 3.0)["temperature_c"] - forecasts["temperature_c"]
    assert np.allclose(change, np.where(forecasts["issued_at"] >= since, 3.0, 0.0))


def test_a_level_shift_is_carried_by_the_nodes_above(small_territory: Territory) -> None:
    loads, since = small_territory.frame("node_load"), small_territory.end - pd.Timedelta(days=4)
    area = small_territory.area_ids[0]
    shifted = shift_level(small_territory, loads, area, since, 1.5)
    change = (
        (shifted["load_kw"] - loads["load_kw"]).groupby(loads["node_id"].astype(str)).agg(lambda one: one.abs().sum())
    )
    feeder = small_territory.network.feeder_ids[small_territory.network.feeder_of_area[0]]
    assert set(change.index[change > 0]) == {area, feeder, small_territory.network.substation_ids[0]}
    before = loads["start_utc"] < since
    assert shifted[before].equals(loads[before])
    assert change[feeder] == pytest.approx(change[area], rel=0.1)


def test_a_silent_node_says_nothing_more(small_territory: Territory) -> None:
    loads, since = small_territory.frame("node_load"), small_territory.end - pd.Timedelta(days=4)
    node = small_territory.node_ids[-1]
    left = silence_node(loads, node, since)
    last = left.groupby(left["node_id"].astype(str))["start_utc"].max()
    assert last[node] < since
    assert (last.drop(index=node) >= since).all()
