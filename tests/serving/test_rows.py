"""Frames as plain rows: nothing is lost, and nothing is missing in silence."""

import json
import math

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from serving.rows import NO_FIGURE, capacity_rows, forecast_rows, plain

VALUES = st.one_of(
    st.none(), st.floats(), st.integers(-(10**9), 10**9), st.text(), st.booleans(), st.just(pd.NaT), st.just(pd.NA)
)


@given(VALUES)
def test_whatever_it_is_it_fits_into_json(value: object) -> None:
    shown = plain(value)
    assert json.loads(json.dumps(shown, allow_nan=False)) == shown
    if isinstance(value, float) and math.isfinite(value):
        assert shown is not None
        assert abs(shown - value) <= 1e-4


def test_an_instant_is_utc() -> None:
    assert plain(pd.Timestamp("2026-01-01T08:00+08:00")) == "2026-01-01T00:00:00Z"


def frame(values: list[float], reasons: list[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "node_id": ["B", "A"],
            "start_utc": pd.DatetimeIndex(["2026-01-01T00:00Z", "2026-01-01T00:00Z"]),
            "lead_hours": [0.0, 0.0],
            "q02.5": values,
            "q50": values,
            "reason": reasons,
        }
    )


def test_reason_codes_are_separate_and_levels_keep_their_columns() -> None:
    rows = forecast_rows(frame([1.0, 2.0], ["", "LEVEL_SHIFT+NO_WEATHER_FORECAST"]), [0.5, 0.025])
    assert list(rows) == ["A", "B"]
    assert rows["A"][0]["quantiles_kw"] == {"0.025": 2.0, "0.5": 2.0}
    assert rows["A"][0]["reasons"] == ["LEVEL_SHIFT", "NO_WEATHER_FORECAST"]
    assert rows["B"][0]["reasons"] == []


def test_a_missing_figure_always_has_a_reason() -> None:
    rows = forecast_rows(frame([np.nan, np.nan], ["", "NO_SIBLING"]), [0.025, 0.5])
    assert rows["B"][0]["reasons"] == [NO_FIGURE]
    assert rows["A"][0]["reasons"] == ["NO_SIBLING"]


def test_what_voltage_says_is_told_with_the_node_and_the_hour(helpers) -> None:
    frame = helpers.capacity_frame()
    frame["voltage_kva"], frame["voltage_node_id"] = [35.0, *[np.nan] * (len(frame) - 1)], "P7"
    frame["voltage_at"] = pd.Timestamp("2025-12-30T11:00Z")
    row = capacity_rows(frame)[frame["node_id"].iloc[0]]
    told = [row[name] for name in ("voltage_kva", "voltage_node_id", "voltage_at")]
    assert told == [35.0, "P7", "2025-12-30T11:00:00Z"]
    assert capacity_rows(frame)[frame["node_id"].iloc[1]]["voltage_kva"] is None


def test_an_older_publication_says_nothing_of_voltage_and_seasons(helpers) -> None:
    row = next(iter(capacity_rows(helpers.capacity_frame()).values()))
    assert {name: row[name] for name in ("voltage_kva", "voltage_at", "limit_season")} == dict.fromkeys(
        ("voltage_kva", "voltage_at", "limit_season")
    )
