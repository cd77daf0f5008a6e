"""Readings that come late, do not come, or have stopped coming."""

import numpy as np
import pandas as pd

from features.clock import Calendar
from features.load.grid import Grid, Versions
from training.watch import WatchPolicy
from training.watch.arrival import arrival_series, silences
from training.watch.series import judge_series

START = pd.Timestamp("2025-01-01T00:00Z")
POLICY = WatchPolicy()
DAYS = 200
NOW = START + pd.Timedelta(days=DAYS)


def grid(nodes: int = 6) -> np.ndarray:
    return np.ones((nodes, DAYS * 24))


def versions(values: np.ndarray, delay_hours: np.ndarray | float = 1.0) -> Versions:
    """Each reading known `delay_hours` after its interval."""
    plain = Versions.from_grid(Grid(tuple(f"N{n}" for n in range(len(values))), START, 60, values))
    delay = np.broadcast_to(delay_hours, values.shape)[plain.row, plain.column]
    available = plain.available + (delay * 3_600_000_000).astype(np.int64)
    order = np.argsort(available, kind="stable")
    parts = {name: getattr(plain, name)[order] for name in ("row", "column", "value")}
    return Versions(plain.ids, START, 60, plain.width, **parts, available=available[order])


def alarms(made: Versions) -> set[str]:
    feed = np.full(len(made.ids), "load feed", dtype=object)
    series = arrival_series(made, feed, Calendar("Asia/Shanghai", "CN"), POLICY, NOW)
    found = [judge_series(one, POLICY, 20) for one in series]
    return {one.series.kind for one in found if one is not None and one.judged.severity == "alarm"}


def test_a_feed_as_always_raises_nothing() -> None:
    assert alarms(versions(grid())) == set()


def test_a_feed_that_turned_slow_and_one_that_lost_readings_are_named() -> None:
    late = np.ones((6, DAYS * 24))
    late[:, -8 * 24 :] = 9.0
    assert alarms(versions(grid(), late)) == {"READINGS_LATE"}
    holes = grid()
    holes[:, -8 * 24 :][:, np.arange(8 * 24) % 3 == 0] = np.nan
    assert alarms(versions(holes)) >= {"READINGS_MISSING"}


def test_one_late_meter_is_no_late_feed() -> None:
    late = np.ones((6, DAYS * 24))
    late[2, -8 * 24 :] = 20.0
    assert alarms(versions(grid(), late)) == set()


def test_history_handed_over_in_bulk_says_nothing_of_the_feed() -> None:
    delay = np.ones((6, DAYS * 24))
    handed = (DAYS - 60) * 24
    delay[:, :handed] = handed - np.arange(handed)
    assert alarms(versions(grid(), delay)) == set()


def test_a_silent_node_is_stale_once_it_is_silent_for_longer_than_usual() -> None:
    values = grid()
    values[3, -80:] = np.nan
    values[4, 1000:1060] = np.nan  # sixty hours once: this node is used to that
    values[4, -80:] = np.nan
    found = {one.row_id: one for one in silences(versions(values), POLICY.stale, 365, NOW)}
    assert found["N3"].hours == 80
    assert found["N3"].last_end == NOW - pd.Timedelta(hours=80)
    assert found["N4"].allowed_hours > found["N4"].hours
    assert not found["N4"].stale
    assert not found["N0"].stale


def test_stale_follows_the_margin_and_never_exceeds_the_cap() -> None:
    values = grid()
    values[3, -80:] = np.nan
    found = {one.row_id: one for one in silences(versions(values), POLICY.stale, 365, NOW)}
    assert found["N3"].stale
    assert found["N3"].allowed_hours == POLICY.stale.floor_hours
    values[3, 100:2000] = np.nan
    again = {one.row_id: one for one in silences(versions(values), POLICY.stale, 365, NOW)}
    assert again["N3"].allowed_hours == POLICY.stale.cap_hours
