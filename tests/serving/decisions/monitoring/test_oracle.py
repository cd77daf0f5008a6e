"""The streaming monitor against a slow one that loops over one node's readings."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.decisions.monitoring import MonitoringState

NEVER = 9999.99
# Right at levels, just off them, and far from them: that is where rules differ.
KW = st.sampled_from(
    [0.0, 30.0, 79.9, 80.0, 80.1, 99.9, 100.0, 110.0, 125.0, 135.0, 155.0, 165.0, 185.0, -4.0, -30.0, NEVER]
)
VOLTS = st.sampled_from([190.0, 197.9, 198.0, 220.0, 235.4, 235.5, 250.0, NEVER])
PHASE = st.sampled_from([10.0, 20.0, 30.0, NEVER])
# Long stretches of one value, so that runs last long enough; gaps between them.
STRETCH = st.tuples(st.integers(1, 40), KW, VOLTS, PHASE, st.booleans())


def stream_of(build: SimpleNamespace, stretches: list[Any], step: int, rng: np.random.Generator) -> pd.DataFrame:
    """Stretches of readings and gaps, with single strays, wrong first versions, and repeats."""
    rows, slot = [], 0
    for length, kw, volts, phase, gap in stretches:
        for _ in range(min(length, 12) if gap else length):
            value = float(rng.choice([kw, kw, kw, kw, kw, kw + 5.0, 81.0]))
            told = {"slot": slot, "load_kw": value, "voltage_v_min": volts, "voltage_v_max": max(volts, 220.0)}
            told |= {"load_a_kw": phase, "load_b_kw": 20.0, "load_c_kw": 20.0}
            slot += 1
            if gap and rng.random() < 0.9:
                continue
            if rng.random() < 0.1:
                rows.append(told | {"load_kw": float(rng.choice([500.0, 0.0, NEVER])), "version": 0})
                told["version"] = int(rng.integers(0, 20))
            rows += [told] * int(rng.choice([1, 1, 1, 2]))
    return build.readings_of(rows, step)


def spread(frame: pd.DataFrame, batches: int, rng: np.random.Generator) -> list[pd.DataFrame]:
    """The rows in any order, in so many batches, some of them empty."""
    shuffled = frame.take(rng.permutation(len(frame)))
    cuts = np.sort(rng.integers(0, len(frame) + 1, max(batches - 1, 0)))
    return [shuffled.iloc[first:last] for first, last in zip([0, *cuts], [*cuts, len(frame)], strict=True)]


@pytest.mark.parametrize("rule_set", ["a", "b"])
@pytest.mark.parametrize("step", [15, 60])
def test_any_stream_gives_the_events_of_the_slow_monitor(build: SimpleNamespace, rule_set: str, step: int) -> None:
    policy = build.policy_of(rule_set, correct_days=62)

    @settings(max_examples=40, deadline=None)
    @given(st.lists(STRETCH, min_size=1, max_size=12), st.integers(0, 2**32), st.integers(1, 6), st.integers(0, 600))
    def check(stretches: list[Any], seed: int, batches: int, later: int) -> None:
        rng = np.random.default_rng(seed)
        frame = stream_of(build, stretches, step, rng)
        nodes = build.nodes_of("A1")
        state = MonitoringState(nodes, policy, build.SINCE, step)
        ledger = build.Ledger()
        newest = build.SINCE + pd.Timedelta(minutes=step * sum(length for length, *_ in stretches))
        now = newest + pd.Timedelta(minutes=later)
        for part in spread(frame, batches, rng):
            ledger.take(state.update(part, now))
        expected = build.slow_events(frame, nodes.iloc[0], policy, build.SINCE, now, step)
        assert build.told(state.events(), now) == expected
        # Whoever only reads the changes knows the same.
        assert build.told(ledger.frame(), now) == expected

    check()


@pytest.mark.parametrize("rule_set", ["a", "b"])
def test_events_outlive_what_is_kept(build: SimpleNamespace, rule_set: str) -> None:
    """Readings slide out of a day's ring, in order of time or nearly: what began before it keeps start and worst."""
    policy = build.policy_of(rule_set, correct_days=1)

    @settings(max_examples=15, deadline=None)
    @given(st.lists(STRETCH, min_size=8, max_size=30), st.integers(0, 2**32), st.integers(10, 200))
    def check(stretches: list[Any], seed: int, size: int) -> None:
        rng = np.random.default_rng(seed)
        frame = stream_of(build, stretches, 15, rng)
        # Each row comes up to 90 slots late, so that none is too late for a ring of 96.
        slot = (frame["start_utc"] - build.SINCE) // pd.Timedelta(minutes=15)
        frame = frame.iloc[np.argsort(slot.to_numpy() + rng.uniform(0, 90, len(frame)), kind="stable")]
        nodes = build.nodes_of("A1")
        now = build.SINCE + pd.Timedelta(minutes=15 * (sum(length for length, *_ in stretches) + 3))
        state, ledger = MonitoringState(nodes, policy, build.SINCE), build.Ledger()
        for first in range(0, len(frame), size):
            update = state.update(frame.iloc[first : first + size], now)
            assert update.too_late == 0
            ledger.take(update)
        expected = build.slow_events(frame, nodes.iloc[0], policy, build.SINCE, now, 15)
        assert build.told(ledger.frame(), now) == expected

    check()
