"""Applications for supply and the load they bring: submitted, surveyed, approved, energised; or refused."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from features.demo.days import Days
from features.demo.growth import Growth
from features.demo.network import Network
from features.demo.shapes import COMPONENTS

__all__ = ["CLASS_COMPONENT", "DEMAND_FACTOR", "add_connections", "application_frame", "draw_applications"]

CLASS_COMPONENT = {
    "residential": "res_base",
    "commercial": "com_base",
    "industrial": "ind_base",
    "agricultural": "agr_base",
    "public": "pub_base",
    "ev_charging": "ev_base",
}
DEMAND_FACTOR = {
    "residential": 0.30,
    "commercial": 0.42,
    "industrial": 0.48,
    "agricultural": 0.36,
    "public": 0.40,
    "ev_charging": 0.34,
}
"""Mean of (highest kW ever drawn) / requested kVA, by class; each connection strays around it."""
_KVA = {"residential": 12, "commercial": 22, "industrial": 45, "agricultural": 16, "public": 24, "ev_charging": 30}
_PER_AREA_YEAR = 0.4
_RAMP_DAYS = 90


def draw_applications(days: Days, network: Network, rng: np.random.Generator) -> pd.DataFrame:
    """One row per application, days as numbers from the first day; `drawn_kw` is planted truth, not a source column.

    Applications start 240 days before the first day, so that the territory opens with some in transit, and go on
    to its end, so that it closes with some.
    """
    areas, span = len(network.area_ids), len(days.dates)
    count = max(4, round(_PER_AREA_YEAR * areas * (span + 240) / 365.25))
    submitted = np.sort(rng.integers(-240, span, count))
    area = rng.integers(0, areas, count)
    classes = np.array([_class(network.mix[a], rng) for a in area])
    tight = network.expected_kw[area] / network.rating_kva[area] / network.power_factor[area] > 0.7
    step = (rng.random(count) < 0.08) & ~tight
    usual = np.array([_KVA[c] for c in classes]) * np.exp(0.5 * rng.standard_normal(count))
    large = network.rating_kva[area] * rng.uniform(0.10, 0.22, count)
    kva = np.maximum(5.0, np.round(np.where(step, large, np.minimum(usual, 0.6 * large)) / 5) * 5)
    frame = pd.DataFrame({"area": area, "customer_class": classes, "requested_kva": kva, "step": step})
    frame["constrained"] = tight & (rng.random(count) < 0.7)
    frame["kind"] = rng.choice(["new", "increase", "decrease"], count, p=[0.68, 0.28, 0.04])
    _stages(frame, submitted, rng)
    factor = np.array([DEMAND_FACTOR[c] for c in classes]) * np.exp(0.25 * rng.standard_normal(count))
    sign = np.where(frame["kind"] == "decrease", -1.0, 1.0)
    frame["drawn_kw"] = np.where(frame["end"] == "energised", sign * factor * kva, 0.0)
    return frame


def _class(mix: np.ndarray, rng: np.random.Generator) -> str:
    names = list(CLASS_COMPONENT)
    odds = np.array([mix[COMPONENTS.index(CLASS_COMPONENT[name])] for name in names])
    odds[names.index("ev_charging")] *= 4
    return names[int(rng.choice(len(names), p=odds / odds.sum()))]


def _stages(frame: pd.DataFrame, submitted: np.ndarray, rng: np.random.Generator) -> None:
    """Days of every stage and how it ends (`end`); larger ones take longer, most of it between approval and supply."""
    count = len(frame)
    slow = np.where(frame["step"], 1.6, 1.0)
    frame["submitted"] = submitted
    frame["surveyed"] = submitted + np.ceil(rng.gamma(2.0, 2.0, count)).astype(int) + 1
    frame["approved"] = frame["surveyed"] + np.ceil(slow * rng.gamma(2.5, 5.0, count)).astype(int) + 1
    build = np.ceil(slow * rng.gamma(3.0, 40.0, count)).astype(int) + 5
    frame["energised"] = frame["approved"] + build
    late = np.where(rng.random(count) < 0.3, rng.integers(5, 60, count), rng.integers(-10, 6, count))
    frame["expected"] = np.maximum(frame["energised"] - late, frame["approved"] + 2)
    ends = rng.choice(["energised", "rejected", "withdrawn"], count, p=[0.90, 0.04, 0.06])
    refused = rng.choice(["energised", "rejected", "withdrawn"], count, p=[0.35, 0.30, 0.35])
    frame["end"] = np.where(frame["constrained"], refused, ends)
    closed = frame["surveyed"] + np.ceil(rng.gamma(2.0, 9.0, count)).astype(int)
    frame["closed"] = np.where(frame["end"] == "energised", -10_000, closed)


def add_connections(growth: Growth, applications: pd.DataFrame, days: Days) -> None:
    """Add what energised connections draw to the weights, in place, over a ramp of some weeks.

    An area never falls below a tenth of what it was planned for: a decrease cannot take what is not there.
    """
    day = np.arange(len(days.dates))
    live = applications[(applications["drawn_kw"] != 0.0) & (applications["energised"] < len(day))]
    columns = ("area", "customer_class", "drawn_kw", "energised")
    for area, name, drawn_kw, energised in zip(*(live[c].tolist() for c in columns), strict=True):
        weights = growth.weights[area, COMPONENTS.index(CLASS_COMPONENT[name])]
        ramp = np.clip((day - energised + 1) / _RAMP_DAYS, 0, 1)
        np.maximum(weights + drawn_kw * ramp, 0.1 * weights, out=weights)


def application_frame(
    applications: pd.DataFrame, days: Days, network: Network, customers: Mapping[int, str]
) -> pd.DataFrame:
    """The contract's rows, one for every stage reached before the end: each as the ledger stood from then on.

    `available_at` is the time of the stage, so a reader as of any moment sees what was in transit then.
    """
    stages = _stage_times(applications, days)
    frame = pd.DataFrame({"application_id": [f"Y{i + 1:06d}" for i in range(len(applications))]})
    frame["customer_id"] = [customers.get(i) for i in range(len(applications))]
    frame["node_id"] = np.array(network.area_ids, dtype=object)[applications["area"]]
    for name in ("kind", "customer_class", "requested_kva"):
        frame[name] = applications[name]
    frame["source_constrained"] = applications["constrained"].astype("boolean")
    planned = (days.start_utc + pd.to_timedelta(applications["expected"], unit="D")).dt.as_unit("us")
    versions = []
    for reached, name in enumerate(stages):
        known = stages[name].notna()
        version = frame.loc[known].copy()
        for later, other in enumerate(stages):
            version[other] = stages[other][known] if later <= reached else pd.NaT
        status = name.removesuffix("_at")
        version["status"] = applications["end"][known] if status == "closed" else status
        version["expected_energised_at"] = planned[known].where(version["approved_at"].notna())
        if name != "energised_at":
            # A new customer has no account before it is supplied.
            version.loc[version["kind"] == "new", "customer_id"] = None
        version["available_at"] = stages[name][known]
        versions.append(version)
    return pd.concat(versions).sort_values(["available_at", "application_id"], ignore_index=True)


def _stage_times(applications: pd.DataFrame, days: Days) -> dict[str, pd.Series]:
    """Instants of the stages, empty where they have not happened by the end or never will; in office hours."""
    hour = 9.0 + (np.arange(len(applications)) * 37 % 480) / 60
    refused = applications["end"] != "energised"

    def when(day: pd.Series, applies: pd.Series | bool = True) -> pd.Series:
        minutes = ((day * 24 + hour) * 60).round()
        stamp = days.start_utc + pd.to_timedelta(minutes, unit="min")
        return stamp.where(applies & (day < len(days.dates))).dt.as_unit("us")

    return {
        "submitted_at": when(applications["submitted"]),
        "surveyed_at": when(applications["surveyed"]),
        "closed_at": when(applications["closed"], refused),
        "approved_at": when(applications["approved"], ~refused),
        "energised_at": when(applications["energised"], ~refused),
    }
