"""What is measured over time: node load, weather observed and forecast, and the events that disturb both."""

from features.contracts.codes import EVENT_KIND, EVENT_SCOPE
from features.contracts.contract import Contract, Field, available

__all__ = ["EVENT", "METER_VOLTAGE", "NODE_LOAD", "WEATHER_COLUMNS", "WEATHER_FORECAST", "WEATHER_OBSERVED"]

NODE_LOAD = Contract(
    name="node_load",
    meaning="Mean power of a node over one interval; negative is export.",
    purpose="demand forecasts, a year's peak and everything made from them",
    fields=(
        Field("node_id", "text", "the node"),
        Field("start_utc", "utc", "start of the interval"),
        # 200 GW: the largest interconnected systems are below it.
        Field("load_kw", "float", "mean power over the interval", "kW", ge=-200_000_000, le=200_000_000),
        Field("voltage_v_min", "float", "lowest voltage seen in the interval", "V", nullable=True, ge=0),
        Field("voltage_v_max", "float", "highest voltage seen in the interval", "V", nullable=True, ge=0),
        Field("load_a_kw", "float", "mean power of phase A", "kW", nullable=True),
        Field("load_b_kw", "float", "mean power of phase B", "kW", nullable=True),
        Field("load_c_kw", "float", "mean power of phase C", "kW", nullable=True),
        available(),
    ),
    key=("node_id", "start_utc"),
    event_time="start_utc",
)

METER_VOLTAGE = Contract(
    name="meter_voltage",
    meaning="Voltage at a meter over one interval: of its phase, or the mean of three.",
    purpose="telling on which area and phase a meter hangs: voltages of one transformer move together",
    fields=(
        Field("meter_id", "text", "the meter"),
        Field("start_utc", "utc", "start of the interval"),
        Field("voltage_v", "float", "mean voltage over the interval, phase to neutral", "V", ge=0, le=1000),
        available(),
    ),
    key=("meter_id", "start_utc"),
    event_time="start_utc",
)

_WEATHER = (
    Field("temperature_c", "float", "air temperature", "degC", ge=-60, le=60),
    Field("humidity_pct", "float", "relative humidity", "%", nullable=True, ge=0, le=110),
    Field("wind_speed_ms", "float", "wind speed at 10 m", "m/s", nullable=True, ge=0, le=120),
    Field("radiation_wm2", "float", "global horizontal irradiance", "W/m2", nullable=True, ge=-5, le=1600),
    Field("rain_mm", "float", "rain in the interval", "mm", nullable=True, ge=0, le=500),
    Field("cloud_pct", "float", "cloud cover", "%", nullable=True, ge=0, le=100),
    Field("temperature_max_c", "float", "highest air temperature within the interval", "degC", True, -60, 60),
    Field("temperature_min_c", "float", "lowest air temperature within the interval", "degC", True, -60, 60),
    Field("wind_direction_deg", "float", "where the wind comes from, clockwise from north", "deg", True, 0, 360),
    Field("wind_speed_100m_ms", "float", "wind speed at 100 m", "m/s", nullable=True, ge=0, le=150),
    Field("pressure_hpa", "float", "air pressure at the ground", "hPa", nullable=True, ge=500, le=1100),
    Field("snow_depth_m", "float", "depth of lying snow", "m", nullable=True, ge=0, le=30),
    Field("mixing_layer_m", "float", "depth of the mixed layer of air", "m", nullable=True, ge=0, le=10_000),
)
WEATHER_COLUMNS = tuple(field.name for field in _WEATHER)

WEATHER_OBSERVED = Contract(
    name="weather_observed",
    meaning="Weather as measured at a station.",
    purpose="learning how load follows weather",
    fields=(
        Field("station_id", "text", "the weather station"),
        Field("start_utc", "utc", "start of the interval"),
        *_WEATHER,
        available(),
    ),
    key=("station_id", "start_utc"),
    event_time="start_utc",
)

WEATHER_FORECAST = Contract(
    name="weather_forecast",
    meaning="Weather as forecast for a station at an issue time.",
    purpose="forecasting load with what was known of the weather at the time",
    fields=(
        Field("station_id", "text", "the weather station"),
        Field("issued_at", "utc", "when the forecast was issued"),
        Field("start_utc", "utc", "start of the interval it speaks of"),
        *_WEATHER,
        available(),
    ),
    key=("station_id", "issued_at", "start_utc"),
    event_time="start_utc",
)

EVENT = Contract(
    name="event",
    meaning="Something outside the grid that changes use: an epidemic, a tariff change, an economic event.",
    purpose="keeping what will not come back out of what is learnt",
    fields=(
        Field("event_id", "text", "identifier of the event"),
        Field("kind", "text", "what sort of event", codes=EVENT_KIND),
        Field("name", "text", "name as people say it"),
        Field("scope_kind", "text", "what the scope names", codes=EVENT_SCOPE),
        Field("scope_id", "text", "the unit, node or class it touches; empty for all", nullable=True),
        Field("start_utc", "utc", "first instant of the event"),
        Field("end_utc", "utc", "first instant after it; empty while open", nullable=True),
        available(),
    ),
    key=("event_id",),
    event_time="start_utc",
)
