"""A simulated territory: dense arrays for those who need speed, contract frames for those who need tables."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from features.contracts import AVAILABLE_AT, CONTRACTS
from features.demo.applications import add_connections, application_frame, draw_applications
from features.demo.climate import with_marked_years, year_marks
from features.demo.config import DemoConfig
from features.demo.customers import Customers, draw_customers
from features.demo.days import Days, days_of
from features.demo.dealings import DEALINGS, Dealings, Ground, deal
from features.demo.events import apply_events, event_frame
from features.demo.growth import draw_growth
from features.demo.ledgers import network_frames
from features.demo.load import Load, simulate_load
from features.demo.metering import Metering, read_meters
from features.demo.network import Network, draw_network
from features.demo.readings import Readings, take_readings
from features.demo.tables import consumption_frame, customer_frames, node_load_frame, weather_frames
from features.demo.truth import truth_tables
from features.demo.weather import Weather, simulate_weather
from features.frames import as_contract

__all__ = ["TABLES", "Territory", "simulate"]

FORECAST_REACH_DAYS = 16
TABLES = (
    *("org_unit", "node", "transformer", "line_segment", "tie", "node_load", "weather_observed", "weather_forecast"),
    *("event", "customer", "meter", "consumption", "application"),
    *DEALINGS,
)
"""The contracts that a territory fills."""


@dataclass(frozen=True)
class Territory:
    """What was simulated. `load_kw` [nodes × hours] is what a reader finds at the end: NaN where nothing was read;
    `true_kw` is what flowed. Rows follow `node_ids` (substations, feeders, areas); hours run from `start`, UTC.
    """

    config: DemoConfig
    days: Days
    network: Network
    weather: Weather
    load: Load
    customers: Customers
    applications: pd.DataFrame
    readings: Readings
    metering: Metering
    year_marks: np.ndarray
    shifts: list[tuple[int, int, float]]
    _frames: dict[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def node_ids(self) -> tuple[str, ...]:
        return self.network.node_ids

    @property
    def area_ids(self) -> tuple[str, ...]:
        return self.network.area_ids

    @property
    def start(self) -> pd.Timestamp:
        """First hour, UTC."""
        return self.days.start_utc

    @property
    def end(self) -> pd.Timestamp:
        """The instant after the last hour, UTC: the moment the data is complete up to."""
        return self.days.utc(len(self.days.dates))

    @property
    def load_kw(self) -> np.ndarray:
        return self.readings.current_kw

    @property
    def true_kw(self) -> np.ndarray:
        return self.load.load_kw

    @property
    def station_ids(self) -> tuple[str, ...]:
        return tuple(f"W{i + 1}" for i in range(len(self.weather.temperature_c)))

    @property
    def temperature_c(self) -> np.ndarray:
        """Observed air temperature [stations × hours], aligned with `load_kw`."""
        return self.weather.temperature_c[:, : self.true_kw.shape[1]]

    @cached_property
    def frames(self) -> dict[str, pd.DataFrame]:
        """Every table of `TABLES` but `node_load` and `consumption`, which are large: ask `frame` for those."""
        small = [name for name in TABLES if name not in ("node_load", "consumption")]
        return {name: self.frame(name) for name in small}

    def frame(self, table: str) -> pd.DataFrame:
        """The rows of one contract, clean of planted junk, all versions; made when first asked for."""
        if table == "node_load":
            return as_contract(CONTRACTS[table], node_load_frame(self.network, self.days, self.readings))
        if table == "consumption":
            return as_contract(CONTRACTS[table], consumption_frame(self.days, self.customers, self.metering))
        if table not in self._frames:
            made = self.dealings.frames() if table in DEALINGS else self._small_frames()
            self._frames.update({name: as_contract(CONTRACTS[name], frame) for name, frame in made.items()})
        return self._frames[table]

    @cached_property
    def dealings(self) -> Dealings:
        """Bills, contacts and visits; drawn when first asked for, since many who need loads need none of them."""
        ground = Ground(
            seed=self.config.seed,
            days=self.days,
            network=self.network,
            load=self.load,
            customers=self.customers,
            readings=self.readings,
            metering=self.metering,
            applications=self.applications,
        )
        return deal(ground)

    def _small_frames(self) -> dict[str, pd.DataFrame]:
        rng = np.random.default_rng([self.config.seed, 90])
        frames = network_frames(self.network, self.days, rng, np.random.default_rng([self.config.seed, 92]))
        frames |= customer_frames(self.days, self.network, self.customers)
        weather = weather_frames(self.config, self.days, self.weather, rng)
        # The territory's weather has fewer variables than the contract knows.
        frames |= {name: frame.reindex(columns=CONTRACTS[name].columns) for name, frame in weather.items()}
        frames["event"] = event_frame(self.days)
        frames["application"] = application_frame(
            self.applications, self.days, self.network, self.customers.of_application
        )
        return frames

    def as_of(self, table: str, at: pd.Timestamp) -> pd.DataFrame:
        """The rows a reader sees at `at`: the latest version known of each key and, where rows have a validity,
        those that hold then.
        """
        contract, frame = CONTRACTS[table], self.frame(table)
        known = frame[frame[AVAILABLE_AT] <= at].sort_values(AVAILABLE_AT, kind="stable")
        latest = known.drop_duplicates(list(contract.key), keep="last")
        if "valid_to" in contract.columns:
            latest = latest[(latest["valid_from"] <= at) & ~(latest["valid_to"] <= at)]
        return latest.sort_values(list(contract.key), ignore_index=True)

    @cached_property
    def truth(self) -> dict[str, pd.DataFrame]:
        """Planted truth by table name; no feature may read it."""
        of_load = truth_tables(
            self.days,
            self.network,
            self.load,
            self.readings,
            self.customers,
            self.metering,
            self.applications,
            self.shifts,
        )
        return of_load | self.dealings.truth()


def simulate(config: DemoConfig | None = None) -> Territory:
    """Simulate a territory; the same configuration gives the same territory."""
    config = config or DemoConfig()
    # One stream per part, so that a change of one part leaves the draws of the others alone.
    rng = [np.random.default_rng([config.seed, part]) for part in range(10)]
    days, beyond = days_of(config), days_of(config, FORECAST_REACH_DAYS)
    network = draw_network(config, rng[0])
    marks = year_marks(int(days.year.max()) + 1, config.spread.year_common, rng[1])
    weather = simulate_weather(beyond, config.weather_stations, rng[2])
    weather, _ = with_marked_years(weather, beyond, marks, network.mix.mean(axis=0))
    growth = draw_growth(config, days, network, rng[3])
    applications = draw_applications(days, network, rng[4])
    add_connections(growth, applications, days)
    apply_events(growth.weights, days)
    load = simulate_load(days, network, growth.weights, weather, config.spread.covered, rng[5])
    customers = draw_customers(config, days, load, applications, rng[6], rng[9])
    readings = take_readings(config, network, load, rng[7])
    metering = read_meters(customers, rng[8])
    return Territory(
        config=config,
        days=days,
        network=network,
        weather=weather,
        load=load,
        customers=customers,
        applications=applications,
        readings=readings,
        metering=metering,
        year_marks=marks,
        shifts=growth.shifts,
    )
