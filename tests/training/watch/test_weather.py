"""Weather inputs: what is planted is named, and nothing else."""

from collections.abc import Callable

import pandas as pd

from features.demo import Territory
from features.demo.plants import bias_forecasts, offset_station
from features.load.history import History
from training.watch import WatchPolicy
from training.watch.series import Outcome
from training.watch.weather import count_tests, judge_weather, sensor_faults

POLICY = WatchPolicy()
Make = Callable[[dict[str, pd.DataFrame]], History]


def outcomes(history: History, now: pd.Timestamp) -> list[Outcome]:
    return judge_weather(history.until(now), POLICY, now, count_tests(history, POLICY))


def alarms(history: History, now: pd.Timestamp) -> set[tuple[str, str]]:
    found = outcomes(history, now)
    return {(one.series.kind, one.series.subject) for one in found if one.judged.severity == "alarm"}


def test_nothing_is_raised_where_nothing_was_planted(quiet_history: History, small_territory: Territory) -> None:
    found = outcomes(quiet_history, small_territory.end)
    assert not alarms(quiet_history, small_territory.end)
    kinds = {one.series.kind for one in found}
    assert {"STATION_OFF", "FORECAST_BIAS", "WEATHER_UNUSUAL", "STATION_SWING", "READINGS_LATE"} <= kinds


def test_of_two_stations_the_one_that_is_off_is_named_by_its_forecasts(
    history_with: Make, small_territory: Territory
) -> None:
    since = small_territory.end - pd.Timedelta(days=6)
    observed = offset_station(small_territory.frame("weather_observed"), "W2", since, 4.0)
    history = history_with({"weather_observed": observed})
    assert alarms(history, small_territory.end) == {("STATION_OFF", "W2")}
    faults = sensor_faults(outcomes(history, small_territory.end))
    local = history.calendar.local(pd.DatetimeIndex([since]))[0].normalize()
    assert set(faults) == {"W2"}
    assert abs((faults["W2"] - local).days) <= 1


def test_a_forecast_that_turned_too_warm_is_named(history_with: Make, small_territory: Territory) -> None:
    since = small_territory.end - pd.Timedelta(days=7)
    forecasts = bias_forecasts(small_territory.frame("weather_forecast"), since, 3.0)
    found = alarms(history_with({"weather_forecast": forecasts}), small_territory.end)
    assert found == {("FORECAST_BIAS", "W1"), ("FORECAST_BIAS", "W2")}


def test_a_sensor_that_is_stuck_is_named(history_with: Make, small_territory: Territory) -> None:
    observed = small_territory.frame("weather_observed")
    stuck = (observed["station_id"].astype(str) == "W1") & (
        observed["start_utc"] >= small_territory.end - pd.Timedelta(days=5)
    )
    frozen = observed["temperature_c"].where(~stuck, observed.loc[stuck, "temperature_c"].iloc[0])
    history = history_with({"weather_observed": observed.assign(temperature_c=frozen)})
    assert ("STATION_SWING", "W1") in alarms(history, small_territory.end)
    assert "W1" in sensor_faults(outcomes(history, small_territory.end))


def test_a_territory_without_weather_has_nothing_to_judge(
    history_of: Callable[..., History],
) -> None:
    history = history_of(with_weather=False)
    assert outcomes(history, history.as_of) == []
