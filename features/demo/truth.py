"""Planted truth as tables: what a detector may be judged by, and no feature may read."""

import numpy as np
import pandas as pd

from features.demo.applications import DEMAND_FACTOR
from features.demo.customers import Customers
from features.demo.days import Days
from features.demo.load import Load
from features.demo.metering import Metering
from features.demo.network import Network
from features.demo.readings import Readings, episodes
from features.demo.turns import turn_table

__all__ = ["balance_table", "truth_tables"]


def truth_tables(
    days: Days,
    network: Network,
    load: Load,
    readings: Readings,
    customers: Customers,
    metering: Metering,
    applications: pd.DataFrame,
    shifts: list[tuple[int, int, float]],
) -> dict[str, pd.DataFrame]:
    """All planted truth by table name; times are UTC, ends exclusive."""
    area_ids, node_ids = np.array(network.area_ids), np.array(network.node_ids)
    return {
        "overload": _overloads(days, network, load),
        "voltage_fault": _spans(readings.voltage_faults, ["area", "begin", "end", "kind"], area_ids, days),
        "level_shift": pd.DataFrame(
            {
                "area_id": [area_ids[a] for a, _, _ in shifts],
                "start_utc": [days.utc(d) for _, d, _ in shifts],
                "factor": [f for *_, f in shifts],
            }
        ),
        "late_block": _spans(readings.late, ["node", "begin", "end"], node_ids, days),
        "corrected_block": _spans(readings.corrected, ["node", "begin", "end", "factor"], node_ids, days),
        "gap": _spans(readings.gaps, ["node", "begin", "end"], node_ids, days),
        "connection": _connections(applications, network),
        "theft": _meter_spans(metering.thefts, days, customers, metering),
        "growth": turn_table(customers.turns, customers.customer_ids, days, customers.first_day),
        "stale_meter": _meter_spans(metering.stale, days, customers, metering),
        "unread_use": _unread(days, customers, metering),
        "area_balance": balance_table(days, network, load, customers),
    }


def balance_table(days: Days, network: Network, load: Load, customers: Customers) -> pd.DataFrame:
    """Per area and local day, kWh: `load` = `customers` (true use) + `other` connections + `losses`."""
    A, first = len(network.area_ids), customers.first_day
    D = len(days.dates) - first
    named = np.zeros((A, D))
    np.add.at(named, customers.area, customers.kwh)

    def daily(hourly: np.ndarray) -> np.ndarray:
        return hourly[-A:, 24 * first :].reshape(A, D, 24).sum(axis=2).ravel()

    return pd.DataFrame(
        {
            "area_id": np.repeat(np.array(network.area_ids), D),
            "start_utc": np.tile(days.utc(first + np.arange(D)), A),
            "load_kwh": daily(load.load_kw),
            "customers_kwh": named.ravel(),
            "other_kwh": customers.other_kwh.ravel(),
            "losses_kwh": daily(load.losses_kw),
        }
    )


def _overloads(days: Days, network: Network, load: Load) -> pd.DataFrame:
    """Stretches in which an area drew more than its transformers are rated for."""
    A = len(network.area_ids)
    use = load.load_kw[-A:] / network.capacity_kw(len(days.dates))
    runs = episodes(use > 1.0)
    runs["highest_utilisation"] = [use[r, b:e].max() for r, b, e in runs[["row", "begin", "end"]].to_numpy()]
    runs["area_id"] = np.array(network.area_ids)[runs["row"]]
    runs["start_utc"], runs["end_utc"] = _hour(days, runs["begin"]), _hour(days, runs["end"])
    return runs[["area_id", "start_utc", "end_utc", "highest_utilisation"]]


def _hour(days: Days, number: pd.Series) -> pd.Series:
    return days.start_utc + pd.to_timedelta(number, unit="h")


def _spans(rows: list, names: list[str], ids: np.ndarray, days: Days) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=names)
    place = names[0]
    frame.insert(0, f"{place}_id", ids[frame.pop(place).to_numpy(dtype=int)])
    frame["start_utc"], frame["end_utc"] = _hour(days, frame.pop("begin")), _hour(days, frame.pop("end"))
    return frame


def _meter_spans(rows: list, days: Days, customers: Customers, metering: Metering) -> pd.DataFrame:
    """Stretches of a meter, with the energy it did not show (kWh; negative where it showed too much)."""
    hidden = customers.kwh - np.where(np.isnan(metering.kwh), customers.kwh, metering.kwh)
    frame = pd.DataFrame(rows, columns=["customer", "begin", "end", "kind"])
    missing = [hidden[c, b:e].sum() for c, b, e, _ in rows]
    return pd.DataFrame(
        {
            "customer_id": [customers.customer_ids[c] for c in frame["customer"]],
            "meter_id": [customers.meter_ids[c] for c in frame["customer"]],
            "kind": frame["kind"],
            "start_utc": days.utc(customers.first_day + frame["begin"].to_numpy(dtype=int)),
            "end_utc": days.utc(customers.first_day + frame["end"].to_numpy(dtype=int)),
            "hidden_kwh": np.array(missing, dtype=float),
        }
    )


def _unread(days: Days, customers: Customers, metering: Metering) -> pd.DataFrame:
    """True use of every meter-day whose reading is missing or differs."""
    customer, day = np.nonzero(~np.isclose(metering.kwh, customers.kwh, rtol=0, atol=1e-9))
    connected = (day >= (customers.since - customers.first_day)[customer]) & (day < customers.until[customer])
    customer, day = customer[connected], day[connected]
    return pd.DataFrame(
        {
            "meter_id": np.array(customers.meter_ids, dtype=object)[customer],
            "start_utc": days.utc(customers.first_day + day),
            "true_kwh": customers.kwh[customer, day],
            "read_kwh": metering.kwh[customer, day],
        }
    )


def _connections(applications: pd.DataFrame, network: Network) -> pd.DataFrame:
    """What each application draws, or would, once it is connected (kW; negative for a decrease)."""
    return pd.DataFrame(
        {
            "application_id": [f"Y{i + 1:06d}" for i in range(len(applications))],
            "area_id": np.array(network.area_ids, dtype=object)[applications["area"]],
            "drawn_kw": applications["drawn_kw"],
            "usual_demand_factor": applications["customer_class"].map(DEMAND_FACTOR),
        }
    )
