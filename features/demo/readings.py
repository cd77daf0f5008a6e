"""What the collection system made of the truth: gaps, late blocks, wrong values put right later, voltages."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.demo.config import DemoConfig
from features.demo.load import Load
from features.demo.network import Network

__all__ = ["COLLECT_HOURS", "EXTRACT_HOURS", "Readings", "take_readings"]

COLLECT_HOURS = 2
"""From the start of an hour until its load is known: the hour itself, and one more to collect it."""
EXTRACT_HOURS = 2
"""The files are drawn this long after the last hour: what would arrive later is not in them."""


@dataclass(frozen=True)
class Readings:
    """Dense readings of all nodes [nodes × hours] and the areas' voltages over the last days.

    `current_kw` is what a reader finds in the end, NaN where nothing arrived; `first_kw` what was sent first, wrong
    where a correction followed; `delay_h` from the start of the hour until the first value was known;
    `corrected_h` until the right one was, 0 where nothing was corrected.
    `voltage_v` [2 × areas × last hours] are lowest and highest voltages. The lists are planted truth.
    """

    current_kw: np.ndarray
    first_kw: np.ndarray
    delay_h: np.ndarray
    corrected_h: np.ndarray
    voltage_v: np.ndarray
    gaps: list[tuple[int, int, int]]
    late: list[tuple[int, int, int]]
    corrected: list[tuple[int, int, int, float]]
    voltage_faults: list[tuple[int, int, int, str]]


def take_readings(config: DemoConfig, network: Network, load: Load, rng: np.random.Generator) -> Readings:
    """Read the load of every node once per hour, as collection systems do."""
    N, T = load.load_kw.shape
    current = np.round(load.load_kw, 3)
    delay = np.full((N, T), COLLECT_HOURS, dtype=np.int16)
    late = [block[:3] for block in _blocks(N, T, 1 / 1800, (3, 48), rng)]
    for node, begin, end in late:
        arrival = end + int(rng.integers(1, 12))
        delay[node, begin:end] = np.maximum(delay[node, begin:end], arrival - np.arange(begin, end))
    gaps = _blocks(N, T, 1 / 9000, (1, 40), rng)
    for node, begin, end in gaps:
        current[node, begin:end] = np.nan
    first = current.copy()
    corrected_h = np.zeros((N, T), dtype=np.int16)
    corrected = []
    for node, begin, end in _blocks(N, T, 1 / 4800, (1, 24), rng):
        factor = float(rng.choice((0.0, 0.1, 0.5, 1.5, 2.0)))
        first[node, begin:end] = np.round(current[node, begin:end] * factor, 3)
        arrival = end + int(rng.integers(24, 240))
        corrected_h[node, begin:end] = np.maximum(arrival - np.arange(begin, end), delay[node, begin:end] + 1)
        corrected.append((node, begin, end, factor))
    _cut_at_extraction(current, first, delay, corrected_h)
    voltage, faults = _voltages(config, network, load, rng)
    return Readings(current, first, delay, corrected_h, voltage, gaps, late, corrected, faults)


def _cut_at_extraction(current: np.ndarray, first: np.ndarray, delay: np.ndarray, corrected_h: np.ndarray) -> None:
    """Take away what has not arrived when the files are drawn: late rows are missing, wrong ones not yet corrected."""
    T = current.shape[1]
    left = T + EXTRACT_HOURS - np.arange(T)
    missing = delay > left
    current[missing], first[missing] = np.nan, np.nan
    pending = corrected_h > left
    current[pending] = first[pending]
    corrected_h[pending] = 0


def _blocks(
    nodes: int, hours: int, rate: float, length: tuple[int, int], rng: np.random.Generator
) -> list[tuple[int, int, int]]:
    """Random stretches (node, begin, end), `rate` of them per node and hour."""
    count = max(1, round(rate * nodes * hours))
    node, begin = rng.integers(0, nodes, count), rng.integers(0, hours, count)
    end = np.minimum(begin + rng.integers(*length, count, endpoint=True), hours)
    return [(int(n), int(b), int(e)) for n, b, e in zip(node, begin, end, strict=True)]


def _voltages(
    config: DemoConfig, network: Network, load: Load, rng: np.random.Generator
) -> tuple[np.ndarray, list[tuple[int, int, int, str]]]:
    """Lowest and highest single-phase voltage per area and hour: they sink with the load, more on long lines."""
    A, T = len(network.area_ids), load.load_kw.shape[1]
    n = min(24 * config.voltage_days, T)
    use = load.load_kw[-A:, T - n :] / (network.rating_kva * network.power_factor)[:, None]
    drop = rng.uniform(6, 20, A) + np.where(rng.random(A) < 0.06, 22.0, 0.0)
    middle = rng.uniform(229, 236, A)[:, None] - drop[:, None] * use
    lowest = middle - 1.0 - 1.6 * rng.random((A, n), dtype=np.float32)
    highest = middle + 0.8 + 1.4 * rng.random((A, n), dtype=np.float32)
    faults = []
    for _ in range(max(1, round(0.04 * A)) if n else 0):
        area, begin = int(rng.integers(0, A)), int(rng.integers(0, n))
        end = min(begin + int(rng.integers(4, 72)), n)
        kind = str(rng.choice(("broken_neutral", "low_voltage")))
        lowest[area, begin:end] -= rng.uniform(30, 60)
        if kind == "broken_neutral":
            highest[area, begin:end] += rng.uniform(20, 60)
        faults.append((area, T - n + begin, T - n + end, kind))
    return np.round(np.stack([lowest, highest]), 1), faults


def episodes(flag: np.ndarray) -> pd.DataFrame:
    """Runs of true values in a row-by-time array: `row`, `begin`, `end` (exclusive)."""
    padded = np.zeros((flag.shape[0], flag.shape[1] + 2), dtype=np.int8)
    padded[:, 1:-1] = flag
    edge = np.diff(padded, axis=1)
    row, begin = np.nonzero(edge == 1)
    _, end = np.nonzero(edge == -1)
    return pd.DataFrame({"row": row, "begin": begin, "end": end})
