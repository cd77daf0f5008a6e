"""The network and its owners as frames of their contracts: units, nodes, transformers, lines, ties."""

import numpy as np
import pandas as pd

from features.demo import names
from features.demo.days import Days
from features.demo.network import CATALOGUE, Network

__all__ = ["network_frames"]

ALLOWED_UTILISATION = 0.8
_CENTRE = (118.78, 32.06)


def network_frames(
    network: Network, days: Days, rng: np.random.Generator, tie_rng: np.random.Generator
) -> dict[str, pd.DataFrame]:
    """`org_unit`, `node`, `transformer`, `line_segment` and `tie`, valid from the first day.

    `tie_rng` draws where ties stand, so that what `rng` draws is what it was before that was told.

    Where something changed later there are three rows: the first as known at first, the same closed once the change
    came, and its successor.
    """
    frames = {
        "org_unit": _units(network),
        "node": _nodes(network, rng),
        "transformer": _transformers(network),
        "line_segment": _lines(network, rng),
        "tie": _ties(network, tie_rng),
    }
    frames = {name: frame.assign(**_valid_from(days.start_utc, len(frame))) for name, frame in frames.items()}
    for area, day, hall in network.moves:
        change = {"hall_id": f"H{hall + 1:02d}"}
        frames["node"] = _changed(frames["node"], "node_id", network.area_ids[area], days.utc(day), change)
    for area, day, kva in network.upgrades:
        node, at = network.area_ids[area], days.utc(day)
        old = frames["transformer"]
        for place, identity in enumerate(old.loc[old["node_id"] == node, "transformer_id"]):
            # One new transformer takes the place of the first; a second one goes without a successor.
            new = {"transformer_id": f"{node}-N1", "rating_kva": kva} if place == 0 else None
            frames["transformer"] = _changed(frames["transformer"], "transformer_id", identity, at, new)
    return frames


def _valid_from(start: pd.Timestamp, rows: int) -> dict[str, pd.Series]:
    since = pd.Series([start] * rows, dtype="datetime64[us, UTC]")
    open_ended = pd.Series([pd.NaT] * rows, dtype="datetime64[us, UTC]")
    return {"valid_from": since, "valid_to": open_ended, "available_at": since}


def _changed(frame: pd.DataFrame, key: str, value: str, at: pd.Timestamp, change: dict | None) -> pd.DataFrame:
    """The frame with the row of `value` closed at `at` (known then), and with a successor unless `change` is None."""
    row = frame[frame[key] == value].iloc[[0]]
    rows = [frame, row.assign(valid_to=at, available_at=at)]
    if change is not None:
        rows.append(row.assign(valid_from=at, available_at=at, **change))
    return pd.concat(rows, ignore_index=True)


def _units(network: Network) -> pd.DataFrame:
    halls = len(network.department_of_hall)
    departments = int(network.department_of_hall.max()) + 1
    rows: list[tuple[str, str, str, str | None]] = [("C1", names.COMPANY, "company", None)]
    rows += [(f"D{d + 1}", names.department_name(d), "department", "C1") for d in range(departments)]
    rows += [
        (f"H{h + 1:02d}", names.hall_name(h), "hall", f"D{network.department_of_hall[h] + 1}") for h in range(halls)
    ]
    return pd.DataFrame(rows, columns=["unit_id", "name", "kind", "parent_id"])


def _nodes(network: Network, rng: np.random.Generator) -> pd.DataFrame:
    S, F, A = len(network.substation_ids), len(network.feeder_ids), len(network.area_ids)
    hall = network.hall_of_feeder
    department = network.department_of_hall[hall]
    first_feeder = np.searchsorted(network.substation_of_feeder, np.arange(S))
    foa = network.feeder_of_area
    parents: list[str | None] = [None] * S
    parents += [network.substation_ids[s] for s in network.substation_of_feeder]
    parents += [network.feeder_ids[f] for f in foa]
    owners = [f"D{department[f] + 1}" for f in first_feeder]
    owners += [f"H{hall[f] + 1:02d}" for f in range(F)] + [f"H{hall[f] + 1:02d}" for f in foa]
    titles = [names.substation_name(s) for s in range(S)] + [names.feeder_name(f) for f in range(F)]
    titles += [names.area_name(a) for a in range(A)]
    stations = [f"W{network.station_of_feeder[f] + 1}" for f in (*first_feeder, *range(F), *foa)]
    place = _coordinates(network, rng)
    factor = [0.95] * S + list(network.feeder_power_factor) + list(network.power_factor)
    return pd.DataFrame(
        {
            "node_id": network.node_ids,
            "name": titles,
            "kind": ["substation"] * S + ["feeder"] * F + ["area"] * A,
            "parent_id": parents,
            "hall_id": owners,
            "longitude": place[:, 0],
            "latitude": place[:, 1],
            "power_factor": factor,
            "allowed_utilisation": ALLOWED_UTILISATION,
            "rating_kva": [np.nan] * S + list(network.feeder_limit_kva) + [np.nan] * A,
            "rating_assumed": False,
            "weather_station_id": stations,
        }
    )


def _coordinates(network: Network, rng: np.random.Generator) -> np.ndarray:
    """Longitude and latitude of all nodes: areas scattered along their feeder, feeders around their substation."""
    S, F, A = len(network.substation_ids), len(network.feeder_ids), len(network.area_ids)
    substation = np.array(_CENTRE) + rng.normal(0, 0.09, (S, 2))
    feeder = substation[network.substation_of_feeder] + rng.normal(0, 0.03, (F, 2))
    area = feeder[network.feeder_of_area] + rng.normal(0, 0.012, (A, 2))
    return np.round(np.concatenate([substation, feeder, area]), 5)


def _transformers(network: Network) -> pd.DataFrame:
    rows = [
        (f"{node}-T{i + 1}", node, kva, 3)
        for node, bank in zip(network.substation_ids, network.bank_kva, strict=True)
        for i, kva in enumerate(bank)
    ]
    for index, (node, kva) in enumerate(zip(network.area_ids, network.rating_kva, strict=True)):
        # Every ninth large area has two transformers of half the size, where the catalogue has them.
        double = index % 9 == 4 and kva / 2 in CATALOGUE["area"]
        parts = (kva / 2, kva / 2) if double else (kva,)
        rows += [(f"{node}-T{i + 1}", node, part, 3) for i, part in enumerate(parts)]
    frame = pd.DataFrame(rows, columns=["transformer_id", "node_id", "rating_kva", "phases"])
    # One substation's transformers have been rated for the heat and the cold; of the others the nameplate holds.
    seasonal = frame["rating_kva"].where(frame["node_id"] == network.substation_ids[0])
    frame = frame.assign(rating_summer_kva=0.95 * seasonal, rating_winter_kva=1.05 * seasonal)
    return frame[[*frame.columns[:3], "rating_summer_kva", "rating_winter_kva", "phases"]].astype({"phases": "Int64"})


def _lines(network: Network, rng: np.random.Generator) -> pd.DataFrame:
    """Each feeder is a trunk from the substation over joints, one joint per area, and a short spur to the area."""
    rows = []
    for f, feeder in enumerate(network.feeder_ids):
        substation = network.substation_ids[network.substation_of_feeder[f]]
        members = np.flatnonzero(network.feeder_of_area == f)
        limit, upstream = network.feeder_limit_kva[f], substation
        for position, a in enumerate(members):
            joint = f"{feeder}-J{position + 1}"
            km = rng.uniform(1.0, 2.5) if position == 0 else rng.uniform(0.2, 0.8)
            trunk = limit if position < len(members) / 2 else max(0.6 * limit, 1.2 * network.rating_kva[members].max())
            rows.append((f"{feeder}-L{position + 1}", feeder, upstream, joint, 0.17 * km, 0.34 * km, min(trunk, limit)))
            spur = rng.uniform(0.05, 0.4)
            thermal = max(1.5 * network.rating_kva[a], 400.0)
            rows.append(
                (f"{feeder}-B{position + 1}", feeder, joint, network.area_ids[a], 0.45 * spur, 0.38 * spur, thermal)
            )
            upstream = joint
    names_ = ["segment_id", "feeder_id", "from_id", "to_id", "r_ohm", "x_ohm", "thermal_limit_kva"]
    frame = pd.DataFrame(rows, columns=names_)
    # Nobody has rated its lines by season; what policy says of all lines holds.
    frame = frame.assign(thermal_limit_summer_kva=np.nan, thermal_limit_winter_kva=np.nan, nominal_kv=np.nan)
    return frame.round({"r_ohm": 4, "x_ohm": 4, "thermal_limit_kva": 0})


def _ties(network: Network, rng: np.random.Generator) -> pd.DataFrame:
    """Neighbouring feeders are tied in a chain, most of them; each can hand over a share of the smaller one.

    A tie joins a joint in the outer half of one trunk to one in the outer half of the other.
    """
    rows = []
    for f in range(len(network.feeder_ids) - 1):
        if f % 4 == 3:
            continue
        smaller = min(network.feeder_limit_kva[f], network.feeder_limit_kva[f + 1])
        limit = round((0.15, 0.25, 0.2)[f % 3] * smaller, -1)
        km = rng.uniform(0.3, 1.5)
        ends = [_outer_joint(network, one, rng) for one in (f, f + 1)]
        pair = (network.feeder_ids[f], network.feeder_ids[f + 1])
        rows.append((f"TIE{f + 1:02d}", *pair, limit, *ends, round(0.17 * km, 4), round(0.34 * km, 4)))
    columns = ["tie_id", "feeder_a_id", "feeder_b_id", "transfer_limit_kva", "from_id", "to_id", "r_ohm", "x_ohm"]
    return pd.DataFrame(rows, columns=columns).astype({"transfer_limit_kva": "float64"})


def _outer_joint(network: Network, feeder: int, rng: np.random.Generator) -> str:
    count = int((network.feeder_of_area == feeder).sum())
    return f"{network.feeder_ids[feeder]}-J{int(rng.integers(count // 2, count)) + 1}"
