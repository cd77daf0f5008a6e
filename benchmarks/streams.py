"""Streams of 15-minute readings with planted episodes, made dirty as collection systems make them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.demo import DemoConfig, simulate
from features.demo.network import Network

__all__ = ["STEP_MINUTES", "Truth", "dirty", "frame_of", "plant", "runs"]

STEP_MINUTES = 15
INVALID = 9999.99
_DAYS = 14
_WORST_DAYS = 7.0  # how late corrections come, at most
_KINDS = ("overload", "low_voltage", "high_voltage")
_FIGURES = ("load_kw", "voltage_v_min", "voltage_v_max")


@dataclass(frozen=True)
class Truth:
    """What flowed: `figures` [measure, node, slot] of load (kW), lowest and highest voltage (V), from `since` on."""

    nodes: pd.DataFrame
    since: pd.Timestamp
    figures: np.ndarray

    @property
    def rating_kw(self) -> np.ndarray:
        return (self.nodes["rating_kva"] * self.nodes["power_factor"]).to_numpy()


def plant(number: int, days: int = _DAYS) -> Truth:
    """The last days of a demo territory, brought below all limits, with episodes and traps of every length."""
    territory = simulate(DemoConfig(seed=number, years=2, customers=120, customer_years=1))
    rng = np.random.default_rng([number, 41])
    nodes = _nodes(territory.network)
    hours = territory.true_kw[:, -24 * days - 1 :]
    quarter = np.arange(96 * days) / 4
    load = np.stack([np.interp(quarter, np.arange(hours.shape[1]), row) for row in hours])
    load *= 1 + 0.02 * rng.standard_normal(load.shape)
    rating = (nodes["rating_kva"] * nodes["power_factor"]).to_numpy()[:, None]
    load *= np.minimum(1.0, 0.7 * rating / np.abs(load).max(axis=1, keepdims=True))
    low = 214 + 2.0 * rng.standard_normal(load.shape)
    high = 226 + 2.0 * rng.standard_normal(load.shape)
    figures = np.stack([load / rating, np.clip(low, 204, 219), np.clip(high, 221, 232)])
    areas = np.flatnonzero(nodes["kind"] == "area")
    for place, rows in ((0, np.arange(len(nodes))), (1, areas), (2, areas)):
        for row in rows:
            _episodes(figures[place, row], place, rng)
    figures[0] *= rating
    # As meters tell them; what is judged is what was sent.
    figures[0], figures[1:] = figures[0].round(3), figures[1:].round(1)
    figures[1:, np.flatnonzero(nodes["kind"] != "area")] = np.nan
    return Truth(nodes, territory.end - pd.Timedelta(days=days), figures)


def _nodes(network: Network) -> pd.DataFrame:
    """Every node with its rating and power factor."""
    banks = [sum(bank) for bank in network.bank_kva]
    rating = np.concatenate([banks, network.feeder_limit_kva, network.rating_kva])
    kinds = ["substation"] * len(banks) + ["feeder"] * len(network.feeder_ids) + ["area"] * len(network.area_ids)
    nodes = pd.DataFrame({"rating_kva": rating, "kind": kinds}, index=pd.Index(network.node_ids, name="node_id"))
    return nodes.assign(power_factor=0.95, hall_id="H01", customers=10)


def _episodes(series: np.ndarray, place: int, rng: np.random.Generator) -> None:
    """Overwrite stretches: beyond the level, or just not; long, or just too short; some with a dip inside."""
    slot = int(rng.integers(4, 80))
    while True:
        length = int(rng.choice([rng.integers(1, 8), rng.integers(8, 12), rng.integers(12, 60)]))
        if slot + length > len(series):
            return
        beyond, near = rng.random() < 0.75, rng.random(length)
        if place == 0:
            values = rng.uniform(1.0, 1.6) + 0.2 * near if beyond else 0.93 + 0.0699 * near
        elif place == 1:
            values = rng.uniform(180, 197.8) - 5 * near if beyond else 198.0 + 2 * near
        else:
            values = rng.uniform(235.6, 250) + 5 * near if beyond else 235.35 - 2 * near
        usual = series[slot : slot + length].copy()
        series[slot : slot + length] = values
        if length > 3 and rng.random() < 0.15:
            dip = int(rng.integers(1, length - 1))
            series[slot + dip] = usual[dip]
        # The next may follow after a single reading between the limits, or days later.
        slot += length + int(rng.choice([1, 2, rng.integers(3, 20), rng.integers(20, 200)]))


def runs(truth: Truth, minutes: dict[str, int], volts: dict[str, float]) -> pd.DataFrame:
    """Episodes by the letter, on what flowed: node, kind, begin and end (slots). `minutes` is how long one lasts."""
    found = []
    share = truth.figures[0] / truth.rating_kw[:, None]
    low, high = truth.figures[1] < volts["low_voltage"], truth.figures[2] > volts["high_voltage"]
    for kind, beyond in zip(_KINDS, (share >= 1.0, low, high), strict=True):
        for row, line in enumerate(beyond):
            edge = np.flatnonzero(np.diff(np.concatenate([[False], line, [False]]).astype(np.int8)))
            for begin, end in edge.reshape(-1, 2):
                if (end - begin) * STEP_MINUTES >= minutes[kind]:
                    found.append((truth.nodes.index[row], kind, int(begin), int(end)))
    return pd.DataFrame(found, columns=["node_id", "kind", "begin", "end"])


def dirty(truth: Truth, number: int) -> pd.DataFrame:
    """Rows of node_load as they arrive, ordered by `available_at`: late blocks, wrong values that are put right
    within a week, values that say `not known`, points and blocks that are lost, and repeats.
    """
    rng = np.random.default_rng([number, 42])
    _, nodes, slots = truth.figures.shape
    cells = nodes * slots
    delay = rng.uniform(16, 60, (nodes, slots))
    for row, begin, end in _blocks(nodes, slots, cells // 1500, 48, rng):
        late = rng.uniform(30, 720) if rng.random() < 0.8 else rng.uniform(720, 1440 * (_WORST_DAYS - 1))
        delay[row, begin:end] = (end - np.arange(begin, end)) * STEP_MINUTES + late
    first = truth.figures.copy()
    wrong = np.zeros((nodes, slots))
    for row, begin, end in _blocks(nodes, slots, cells // 2400, 24, rng):
        factor = rng.choice([0.0, 0.1, 0.5, 1.5, 2.0, np.nan])
        sent = INVALID if np.isnan(factor) else factor * first[:, row, begin:end]
        first[:, row, begin:end] = sent
        wrong[row, begin:end] = rng.uniform(60, 1440 * (_WORST_DAYS - 0.5))
    for row, slot, _ in _blocks(nodes, slots, cells // 300, 1, rng):
        first[:, row, slot] = INVALID
        wrong[row, slot] = max(wrong[row, slot], rng.uniform(10, 600))
    lost = np.zeros((nodes, slots), dtype=bool)
    for row, begin, end in [
        *_blocks(nodes, slots, cells // 700, 1, rng),
        *_blocks(nodes, slots, cells // 20_000, 40, rng),
    ]:
        lost[row, begin:end] = True
    again = frame_of(truth, truth.figures, ~lost & (wrong > 0), np.maximum(delay, 15) + wrong)
    frame = pd.concat([frame_of(truth, first, ~lost, delay), again], ignore_index=True)
    repeats = frame.iloc[rng.integers(0, len(frame), len(frame) // 100)].copy()
    repeats["available_at"] += pd.to_timedelta(rng.integers(0, 90, len(repeats)), unit="min").astype("timedelta64[us]")
    both = pd.concat([frame, repeats], ignore_index=True)
    return both.sort_values("available_at", kind="stable", ignore_index=True)


def frame_of(truth: Truth, figures: np.ndarray, which: np.ndarray, delay_minutes: np.ndarray) -> pd.DataFrame:
    """Rows of node_load of some cells; each known so many minutes after its interval began."""
    row, slot = np.nonzero(which)
    start = truth.since + pd.to_timedelta(slot * STEP_MINUTES, unit="min").astype("timedelta64[us]")
    names = pd.Index(truth.nodes.index.astype("str"))
    frame = pd.DataFrame({"node_id": pd.Categorical.from_codes(row, categories=names), "start_utc": start})
    for place, name in enumerate(_FIGURES):
        frame[name] = figures[place, row, slot]
    late = pd.to_timedelta((delay_minutes[row, slot] * 60).astype(np.int64), unit="s").astype("timedelta64[us]")
    return frame.assign(available_at=frame["start_utc"] + late)


def _blocks(nodes: int, slots: int, count: int, longest: int, rng: np.random.Generator) -> list[tuple[int, int, int]]:
    """Random stretches: node, first slot, end."""
    row, begin = rng.integers(0, nodes, count), rng.integers(0, slots, count)
    end = np.minimum(begin + rng.integers(1, longest, count, endpoint=True), slots)
    return [(int(r), int(b), int(e)) for r, b, e in zip(row, begin, end, strict=True)]
