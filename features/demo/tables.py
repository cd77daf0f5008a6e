"""Long frames of the measured tables: node load, weather and its forecasts, customers and their use."""

import numpy as np
import pandas as pd

from features.demo.config import DemoConfig
from features.demo.customers import Customers
from features.demo.days import Days
from features.demo.metering import Metering
from features.demo.network import Network
from features.demo.readings import EXTRACT_HOURS, Readings
from features.demo.weather import Weather, ar1

__all__ = ["consumption_frame", "customer_frames", "node_load_frame", "weather_frames"]

_FORECAST_LEADS_H = 15 * 24


def labels(ids: tuple[str, ...], codes: np.ndarray) -> pd.Categorical:
    """Repeated identifiers without repeating their text."""
    return pd.Categorical.from_codes(codes, categories=pd.Index(list(ids), dtype="str"))


def node_load_frame(network: Network, days: Days, readings: Readings) -> pd.DataFrame:
    """Long rows of everything read: first values in order of node and hour, then the corrections that followed."""
    node, hour = np.nonzero(~np.isnan(readings.first_kw))
    again, then = np.nonzero((readings.corrected_h > 0) & ~np.isnan(readings.first_kw))
    rows, hours = np.concatenate([node, again]), np.concatenate([hour, then])
    delay = np.concatenate([readings.delay_h[node, hour], readings.corrected_h[again, then]])
    frame = pd.DataFrame({"node_id": labels(network.node_ids, rows), "start_utc": days.hours[hours]})
    frame["load_kw"] = np.concatenate([readings.first_kw[node, hour], readings.current_kw[again, then]])
    low, high = _voltage_columns(network, readings, rows, hours)
    frame["voltage_v_min"], frame["voltage_v_max"] = low, high
    for name in ("load_a_kw", "load_b_kw", "load_c_kw"):
        frame[name] = np.nan
    frame["available_at"] = days.hours[0] + pd.to_timedelta(hours + delay, unit="h")
    return frame


def _voltage_columns(
    network: Network, readings: Readings, rows: np.ndarray, hours: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest voltage of every row; only areas have one, and only in the last days."""
    first_area = len(network.node_ids) - len(network.area_ids)
    first_hour = readings.first_kw.shape[1] - readings.voltage_v.shape[2]
    measured = (rows >= first_area) & (hours >= first_hour)
    columns = np.full((2, len(rows)), np.nan)
    columns[:, measured] = readings.voltage_v[:, rows[measured] - first_area, hours[measured] - first_hour]
    return columns[0], columns[1]


def customer_frames(days: Days, network: Network, customers: Customers) -> dict[str, pd.DataFrame]:
    """`customer` and `meter`: valid from the first day, or from when they were connected.

    An account that ends has a second version, known from that day on, that says when; its meter stays where it is.
    """
    since = days.utc(np.maximum(customers.since, 0))
    area = np.array(network.area_ids, dtype=object)[customers.area]
    empty = pd.Series(pd.NaT, index=range(len(area)), dtype="datetime64[us, UTC]")
    validity = {"valid_from": since, "valid_to": empty, "available_at": since}
    ids = list(customers.customer_ids)
    phase = np.array(["A", "B", "C"], dtype=object)[np.arange(len(ids)) * 7 % 3]
    phase = np.where(customers.customer_class == "residential", phase, "ABC")
    contract = {"contract_kva": customers.contract_kva}
    customer = pd.DataFrame(
        {"customer_id": ids, "area_id": area, "customer_class": customers.customer_class} | contract
    )
    meter = pd.DataFrame({"meter_id": list(customers.meter_ids), "customer_id": ids, "phase": phase})
    ended = np.flatnonzero(customers.until < len(days.dates) - customers.first_day)
    closed = days.utc(customers.first_day + customers.until[ended])
    customer = customer.assign(**validity)
    if len(ended):
        last = customer.iloc[ended].assign(valid_to=closed, available_at=closed)
        customer = pd.concat([customer, last], ignore_index=True)
    return {"customer": customer, "meter": meter.assign(**validity)}


def consumption_frame(days: Days, customers: Customers, metering: Metering) -> pd.DataFrame:
    """Daily use by meter, where it was read; known the next morning at six o'clock local time."""
    meter, day = np.nonzero(~np.isnan(metering.kwh))
    midnight = days.utc(customers.first_day + np.arange(metering.kwh.shape[1] + 1))
    frame = pd.DataFrame({"meter_id": labels(customers.meter_ids, meter)})
    frame["start_utc"], frame["end_utc"] = midnight[day], midnight[day + 1]
    frame["kwh"] = metering.kwh[meter, day]
    frame["available_at"] = frame["end_utc"] + pd.Timedelta(hours=6)
    return frame[frame["available_at"] <= midnight[-1] + pd.Timedelta(hours=EXTRACT_HOURS)]


def weather_frames(
    config: DemoConfig, days: Days, weather: Weather, rng: np.random.Generator
) -> dict[str, pd.DataFrame]:
    """`weather_observed` over the territory's days, and `weather_forecast` of the last `forecast_days` issues."""
    stations = tuple(f"W{i + 1}" for i in range(len(weather.temperature_c)))
    T = 24 * len(days.dates)
    hours = days.hours
    observed = pd.DataFrame(
        {
            "station_id": labels(stations, np.repeat(np.arange(len(stations)), T)),
            "start_utc": hours.append([hours] * (len(stations) - 1)),
        }
    )
    for name in weather.columns:
        observed[name] = np.round(weather.columns[name][:, :T].ravel(), 2)
    observed["available_at"] = observed["start_utc"] + pd.Timedelta(hours=1, minutes=20)
    return {"weather_observed": observed, "weather_forecast": _forecasts(config, days, weather, stations, rng)}


def _forecasts(
    config: DemoConfig, days: Days, weather: Weather, stations: tuple[str, ...], rng: np.random.Generator
) -> pd.DataFrame:
    """Issues of 00:00 UTC, hourly for 15 days ahead; errors grow with the lead and hang together within an issue."""
    T = 24 * len(days.dates)
    midnight_utc = int((pd.Timestamp("1970-01-01T00:00Z") - days.start_utc).total_seconds() // 3600) % 24
    issues = np.arange(midnight_utc, T, 24)[-config.forecast_days :]
    lead = np.arange(_FORECAST_LEADS_H)
    size = 0.5 + 3.2 * (1 - np.exp(-lead / 110))
    at = issues[:, None] + lead[None, :]
    frames = []
    for s, station in enumerate(stations):
        error = ar1(rng, at.shape, 0.97) * size
        columns = {name: values[s, at] for name, values in weather.columns.items()}
        columns["temperature_c"] = columns["temperature_c"] + error
        issued = days.start_utc + pd.to_timedelta(np.repeat(issues, len(lead)), unit="h")
        start = days.start_utc + pd.to_timedelta(at.ravel(), unit="h")
        frame = pd.DataFrame({"station_id": station, "issued_at": issued, "start_utc": start})
        for name in weather.columns:
            frame[name] = np.round(columns[name].ravel(), 2)
        frame["available_at"] = frame["issued_at"] + pd.Timedelta(hours=3)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)
