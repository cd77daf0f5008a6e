"""Probabilities: in their bounds, monotone, deterministic, true to a known law, and blind to what came later."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import ConfigError, ModelError
from features.load.grid import Versions
from features.load.history import History
from training.foreseen import ForeseenCalibration, ForeseenConfig
from training.foreseen.cases import collect_cases, issue_times

# Models are fitted at past moments.
pytestmark = pytest.mark.slow

Levels = tuple[float, ...]
NOON = ForeseenConfig(longest_lead_days=2, every_days=1, issue_hours=(12,), half_life_days=1000.0, node_days=300.0)
LIMITS = st.floats(60, 180)


@pytest.fixture(scope="module")
def history(ar_history: Callable[..., History]) -> History:
    return ar_history()


@pytest.fixture(scope="module")
def cases(history: History, knowing: Callable[..., Any], levels: Levels) -> pd.DataFrame:
    return collect_cases(history, knowing(), noons(history, 30), levels, NOON)


@pytest.fixture(scope="module")
def calibration(cases: pd.DataFrame, levels: Levels) -> ForeseenCalibration:
    return ForeseenCalibration.fit(cases, NOON, levels, 3, "champion")


def noons(history: History, first_day: int) -> list[pd.Timestamp]:
    begin = history.versions.start + pd.Timedelta(days=first_day)
    return issue_times(history.calendar, begin, history.loads.end, 1, (12,))


def one_day(**changes: Any) -> pd.DataFrame:
    usual = {"node_id": "N0", "node_kind": "area", "lead_days": 1, "level_kw": 119.0, "spread_kw": 5.0}
    return pd.DataFrame([{**usual, "recent_kw": 122.0, "usual_kw": 122.0, **changes}])


def chance(calibration: ForeseenCalibration, limit_kw: float, **changes: Any) -> float:
    return float(calibration.probability(one_day(**changes), np.array([limit_kw]))[0])


class TestAgainstTheLaw:
    @pytest.mark.parametrize("above_kw", [-6.0, 0.0, 6.0])
    @pytest.mark.parametrize("limit_kw", [119.0, 122.0, 126.0, 130.0])
    def test_the_chance_of_the_process_is_recovered(
        self,
        calibration: ForeseenCalibration,
        history: History,
        knowing: Callable[..., Any],
        true_chance: Callable[..., float],
        levels: Levels,
        shape_kw: np.ndarray,
        above_kw: float,
        limit_kw: float,
    ) -> None:
        issued_at = noons(history, 100)[0]
        planted = planted_at(history, issued_at, shape_kw[11] + above_kw)
        rows = collect_cases(planted, knowing(), [issued_at], levels, NOON)
        tomorrow = rows[(rows["lead_days"] == 1) & (rows["node_id"] == "N2")]
        told = calibration.probability(tomorrow, np.array([limit_kw]))[0]
        assert told == pytest.approx(true_chance(above_kw, limit_kw), abs=0.06)

    def test_reliable_on_days_it_has_not_seen(
        self,
        ar_history: Callable[..., History],
        knowing: Callable[..., Any],
        levels: Levels,
        calibration: ForeseenCalibration,
    ) -> None:
        other = ar_history(seed=9)
        rows = collect_cases(other, knowing(), noons(other, 70), levels, NOON).dropna(subset=["run_kw"])
        told = calibration.probability(rows, np.full(len(rows), 124.0))
        came = rows["run_kw"].to_numpy() >= 124.0
        for low in np.arange(0, 1, 0.2):
            inside = (told >= low) & (told < low + 0.2)
            if inside.sum() >= 100:
                assert abs(told[inside].mean() - came[inside].mean()) < 0.07

    def test_a_forecast_that_errs_the_same_way_is_put_right(
        self, history: History, knowing: Callable[..., Any], levels: Levels, calibration: ForeseenCalibration
    ) -> None:
        low = collect_cases(history, knowing(shift_kw=-8.0), noons(history, 30), levels, NOON)
        found = ForeseenCalibration.fit(low, NOON, levels, 3, "champion")
        rows = low[low["lead_days"] == 1]
        straight = rows.assign(level_kw=rows["level_kw"] + 8.0)
        told = found.probability(rows, np.full(len(rows), 124.0))
        assert np.abs(told - calibration.probability(straight, np.full(len(rows), 124.0))).mean() < 0.02


def planted_at(history: History, issued_at: pd.Timestamp, load_kw: float) -> History:
    """The history in which node N2 drew `load_kw` in the hour before the issue."""
    versions: Versions = history.versions
    column = int((issued_at - versions.start) // pd.Timedelta(hours=1)) - 1
    there = (versions.row == 2) & (versions.column == column)
    return replace(history, versions=replace(versions, value=np.where(there, load_kw, versions.value)))


class TestProperties:
    @given(LIMITS, st.floats(0, 40), st.floats(80, 160), st.floats(0.5, 20))
    def test_falls_as_the_limit_rises(
        self, calibration: ForeseenCalibration, limit_kw: float, more: float, level: float, spread: float
    ) -> None:
        low, high = (chance(calibration, at, level_kw=level, spread_kw=spread) for at in (limit_kw, limit_kw + more))
        assert 0 <= high <= low <= 1

    @given(LIMITS, st.floats(0, 40), st.floats(80, 160), st.floats(0.5, 20))
    def test_rises_with_the_forecast(
        self, calibration: ForeseenCalibration, limit_kw: float, more: float, level: float, spread: float
    ) -> None:
        low, high = (chance(calibration, limit_kw, level_kw=at, spread_kw=spread) for at in (level, level + more))
        assert low <= high + 1e-12

    @settings(max_examples=20, deadline=None)
    @given(st.integers(0, 10_000))
    def test_no_pull_turns_the_forecast_round(self, cases: pd.DataFrame, levels: Levels, seed: int) -> None:
        rng = np.random.default_rng(seed)
        shuffled = cases.assign(usual_kw=cases["run_kw"] * rng.uniform(0.5, 1.5), recent_kw=cases["run_kw"])
        found = ForeseenCalibration.fit(shuffled, NOON, levels, 1, "champion")
        for one in found.leads.values():
            assert min(one.pulls) >= 0
            assert one.pulls[0] + one.pulls[1] + 2.5 * one.pulls[2] <= 0.9 + 1e-9

    @pytest.mark.parametrize("unknown", [{"level_kw": np.nan}, {"spread_kw": np.nan}, {"lead_days": 9}])
    def test_what_is_not_known_is_not_made_up(self, calibration: ForeseenCalibration, unknown: dict[str, Any]) -> None:
        assert np.isnan(chance(calibration, 120.0, **unknown))
        assert np.isnan(calibration.expected_kw(one_day(**unknown))[0])

    def test_no_limit_no_probability(self, calibration: ForeseenCalibration) -> None:
        assert np.isnan(chance(calibration, np.nan))

    def test_without_references_the_forecast_speaks_alone(self, calibration: ForeseenCalibration) -> None:
        assert 0 < chance(calibration, 120.0, recent_kw=np.nan, usual_kw=np.nan) < 1

    def test_half_of_the_days_come_above_what_is_expected(
        self, calibration: ForeseenCalibration, cases: pd.DataFrame
    ) -> None:
        known = cases.dropna(subset=["run_kw"])
        assert (known["run_kw"] >= calibration.expected_kw(known)).mean() == pytest.approx(0.5, abs=0.02)


class TestHonesty:
    def test_equal_cases_equal_file(self, cases: pd.DataFrame, levels: Levels, tmp_path: Path) -> None:
        for name in ("one", "two"):
            ForeseenCalibration.fit(cases, NOON, levels, 3, "twin").save(tmp_path / name)
        assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()

    def test_what_was_written_is_read(self, calibration: ForeseenCalibration, tmp_path: Path) -> None:
        calibration.save(tmp_path / "deep" / "foreseen.json")
        assert ForeseenCalibration.load(tmp_path / "deep" / "foreseen.json") == calibration

    @pytest.mark.parametrize("text", ["", "{}", "[1]", '{"kind": "foreseen", "format": 99}'])
    def test_a_damaged_file_is_a_model_error(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "foreseen.json").write_text(text, encoding="utf-8")
        with pytest.raises(ModelError, match=r"foreseen\.json"):
            ForeseenCalibration.load(tmp_path / "foreseen.json")

    def test_no_number_in_the_file_is_not_json(self, calibration: ForeseenCalibration, tmp_path: Path) -> None:
        calibration.save(tmp_path / "f.json")
        assert "NaN" not in (tmp_path / "f.json").read_text(encoding="utf-8")
        assert json.loads((tmp_path / "f.json").read_text(encoding="utf-8"))["version"] == 3

    def test_only_days_that_had_ended_teach(
        self, cases: pd.DataFrame, levels: Levels, history: History, knowing: Callable[..., Any]
    ) -> None:
        moment = history.versions.start + pd.Timedelta(days=90, hours=7)
        told = ForeseenCalibration.fit(cases, NOON, levels, 3, "champion", until=moment)
        then = history.until(moment)
        issues = [at for at in noons(history, 30) if at <= moment]
        replayed = ForeseenCalibration.fit(
            collect_cases(then, knowing(), issues, levels, NOON), NOON, levels, 3, "champion"
        )
        assert told == replayed
        assert told.known_until <= moment

    def test_few_issues_teach_nothing(self, cases: pd.DataFrame, levels: Levels) -> None:
        few = cases[cases["issued_at"] < cases["issued_at"].min() + pd.Timedelta(days=10)]
        with pytest.raises(ModelError, match="10 issue"):
            ForeseenCalibration.fit(few, NOON, levels, 3, "champion")

    def test_an_issue_the_model_has_seen_is_refused(
        self, history: History, knowing: Callable[..., Any], levels: Levels
    ) -> None:
        with pytest.raises(ConfigError, match="nothing is learnt"):
            collect_cases(history, knowing(trained_until=history.loads.end), noons(history, 30), levels, NOON)

    def test_days_without_a_weather_forecast_teach_only_where_there_are_no_others(
        self, cases: pd.DataFrame, levels: Levels
    ) -> None:
        odd = cases["node_id"] == "N1"
        mixed = cases.assign(weather=~odd, run_kw=np.where(odd, 900.0, cases["run_kw"]))
        found = ForeseenCalibration.fit(mixed, NOON, levels, 3, "champion")
        assert found == ForeseenCalibration.fit(cases[~odd], NOON, levels, 3, "champion")
        none = ForeseenCalibration.fit(cases.assign(weather=False), NOON, levels, 3, "champion")
        assert none == ForeseenCalibration.fit(cases, NOON, levels, 3, "champion")
