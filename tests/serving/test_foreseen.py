"""What `foresee` tells, and refuses to tell; and the command that learns from a backtest."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from scipy.special import ndtri

from features.clock import Calendar
from features.configs import config_path
from features.demo import Territory
from features.errors import ModelError
from features.lake import Lake
from features.load.grid import Grid, Versions
from features.load.history import History
from features.load.reading import load_history
from features.load.weather import Weather
from features.settings import load_settings
from features.workspace import Workspace
from serving.cli.monitor_calibrate import calibrate as command
from serving.decisions.monitoring.foreseen import COLUMNS, ForeseenPolicy
from serving.foreseen import calibrate, foresee, stored_calibration
from training.demand import DemandConfig, DemandModel
from training.demand.config import LEVELS
from training.demand.quantiles import level_name
from training.foreseen import ForeseenCalibration, ForeseenConfig
from training.foreseen.calibration import LeadMap
from training.foreseen.scores import GRID
from training.jobs import train_demand
from training.promotion import PromotionPolicy, promote_challenger
from training.registry import champion

START = pd.Timestamp("2024-12-31T16:00Z")
NOW = START + pd.Timedelta(days=40, hours=12)
POLICY = ForeseenPolicy()
SHAPE = 60 + 40 * np.exp(-(((np.arange(24) - 15) / 3.0) ** 2))
"""Highest at 15 h local time; the two highest hours on end hold 95.8 kW."""


@dataclass(frozen=True)
class Flat:
    """The same day over and over, times the last known load over what that day has at the hour."""

    trained_until: pd.Timestamp = START

    def forecast(
        self,
        history: History,
        issued_at: pd.Timestamp,
        horizon_hours: int,
        *,
        node_ids: list[str],
        quantiles: tuple[float, ...],
    ) -> pd.DataFrame:
        known = history.versions.grid(issued_at)
        times = pd.date_range(issued_at, periods=horizon_hours, freq="h")
        hours = history.calendar.local(times).hour.to_numpy()
        before = known.column(issued_at) - 1
        level = known.values[:, before] / SHAPE[(hours[0] - 1) % 24]
        values = (level[:, None] * SHAPE[hours])[..., None] + 4.0 * ndtri(np.array(quantiles))
        frame = pd.DataFrame({"node_id": np.repeat(np.array(node_ids, dtype=object), horizon_hours), "reason": ""})
        stamps = pd.DatetimeIndex(np.tile(times.tz_localize(None), len(node_ids))).tz_localize("UTC")
        flat = values.reshape(-1, len(quantiles))
        columns = {level_name(level): flat[:, place] for place, level in enumerate(quantiles)}
        return frame.assign(start_utc=stamps, **columns)


def history_of(ratings_kw: list[float], days: int = 50) -> History:
    ids = tuple(f"A{number}" for number in range(len(ratings_kw)))
    loads = np.tile(np.tile(SHAPE, days), (len(ids), 1))
    nodes = pd.DataFrame(
        {"kind": "area", "parent_id": "F1", "rating_kva": [one / 0.9 for one in ratings_kw], "power_factor": 0.9},
        index=pd.Index(ids, name="node_id"),
    )
    versions = Versions.from_grid(Grid(ids, START, 60, loads))
    return History(versions, Weather({}), nodes, Calendar("Asia/Shanghai", "CN"), START + pd.Timedelta(days=days))


def plain(version: int = 4, leads: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7)) -> ForeseenCalibration:
    """Worst runs are normal around the forecast."""
    one = LeadMap(1, 0.0, (0.0, 0.0, 0.0), {"": tuple(GRID)}, 30, 300)
    maps = {lead: replace(one, lead_days=lead) for lead in leads}
    return ForeseenCalibration(version, ForeseenConfig(), LEVELS, "champion", START, START, maps, {})


class TestForesee:
    def test_every_node_kind_and_day_of_the_week_ahead(self) -> None:
        found = foresee(history_of([96.0, 200.0]), Flat(), 4, plain(), POLICY, NOW)
        assert found.reason is None
        assert tuple(found.chances.columns) == COLUMNS
        assert len(found.chances) == 2 * 2 * 7
        assert found.chances["day"].min() == pd.Timestamp("2025-02-11")
        assert sorted(found.chances["lead_days"].unique()) == [1, 2, 3, 4, 5, 6, 7]

    def test_a_limit_at_the_expected_run_is_one_in_two(self) -> None:
        rating = float(np.minimum(SHAPE[1:], SHAPE[:-1]).max())
        chances = foresee(history_of([rating]), Flat(), 4, plain(), POLICY, NOW).chances
        overload = chances[chances["kind"] == "overload"]
        assert overload["probability"].to_numpy() == pytest.approx(0.5)
        assert overload["expected_worst"].to_numpy() == pytest.approx(1.0)

    def test_the_hour_is_the_first_one_over_the_limit(self) -> None:
        chances = foresee(history_of([100.0]), Flat(), 4, plain(), POLICY, NOW).chances
        heavy = chances[(chances["kind"] == "heavy") & (chances["lead_days"] == 1)].iloc[0]
        first = int(np.argmax(SHAPE >= 80.0))
        assert heavy["start_utc"] == pd.Timestamp("2025-02-11", tz="Asia/Shanghai") + pd.Timedelta(hours=first)

    def test_no_rating_no_probability(self) -> None:
        chances = foresee(history_of([np.nan, 90.0]), Flat(), 4, plain(), POLICY, NOW).chances
        unknown = chances[chances["node_id"] == "A0"]
        assert unknown["probability"].isna().all()
        assert chances.loc[chances["node_id"] == "A1", "probability"].notna().all()

    def test_a_lead_that_was_not_learnt_stays_unknown(self) -> None:
        chances = foresee(history_of([90.0]), Flat(), 4, plain(leads=(1, 2)), POLICY, NOW).chances
        assert sorted(chances.dropna(subset=["probability"])["lead_days"].unique()) == [1, 2]

    @pytest.mark.parametrize(("calibration", "reason"), [(None, "NO_CALIBRATION"), (plain(version=3), "OTHER_VERSION")])
    def test_nothing_is_made_up(self, calibration: ForeseenCalibration | None, reason: str) -> None:
        found = foresee(history_of([90.0]), Flat(), 4, calibration, POLICY, NOW)
        assert found.reason == reason
        assert found.chances.empty
        assert tuple(found.chances.columns) == COLUMNS

    def test_what_came_later_is_not_seen(self) -> None:
        whole = history_of([90.0, 110.0])
        there = pd.Timestamp(whole.versions.start) + pd.to_timedelta(whole.versions.column, unit="h") >= NOW
        later = replace(whole, versions=replace(whole.versions, value=np.where(there, 1e4, whole.versions.value)))
        found = [foresee(one, Flat(), 4, plain(), POLICY, NOW).chances for one in (whole, later, whole.until(NOW))]
        pd.testing.assert_frame_equal(found[0], found[1])
        pd.testing.assert_frame_equal(found[0], found[2])


@pytest.fixture(scope="module")
def trained(small_territory: Territory, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A champion that has seen everything, so that its twin must be fitted."""
    workspace = Workspace(tmp_path_factory.mktemp("foreseen") / "workspace")
    lake = Lake(workspace.lake)
    first = small_territory.end - pd.Timedelta(days=120)
    for name in ("org_unit", "node", "transformer", "weather_observed", "weather_forecast", "node_load"):
        rows = small_territory.frame(name)
        recent = rows[rows["start_utc"] >= first].reset_index(drop=True) if "start_utc" in rows else rows
        lake.append(name, recent, "first")
    tiny = {"rounds": 10, "max_rows": 4000, "leaves": 7, "threads": 1}
    train_demand(workspace, DemandConfig.model_validate({"booster": tiny, "calibration": {"max_issues": 5}}))
    promote_challenger(workspace, "demand", PromotionPolicy())
    return workspace


@pytest.mark.slow
class TestCalibrate:
    CONFIG = ForeseenConfig(weeks=4, every_days=1, least_issues=10, longest_lead_days=3)

    def test_learns_from_a_twin_and_serves_the_champion(self, trained: Workspace) -> None:
        made = calibrate(trained, self.CONFIG)
        serving = champion(trained, "demand")
        assert serving is not None
        assert made.calibration.backtested == "twin"
        assert stored_calibration(trained) == made.calibration
        history = load_history(Lake(trained.lake), trained.territory())
        model = DemandModel.load(serving.path)
        now = history.loads.end
        found = foresee(history, model, serving.version, made.calibration, POLICY, now)
        assert found.reason is None
        assert found.chances["probability"].dropna().between(0, 1).all()
        assert found.chances["probability"].notna().any()
        assert foresee(history, model, serving.version + 1, made.calibration, POLICY, now).reason == "OTHER_VERSION"

    def test_the_command_says_what_it_learnt(self, trained: Workspace, tmp_path: Path) -> None:
        settings = tmp_path / "foreseen.yaml"
        settings.write_text("{weeks: 4, every_days: 1, least_issues: 10, longest_lead_days: 2}", encoding="utf-8")
        ran = CliRunner().invoke(
            command, ["--workspace", str(trained.root), "--config", str(settings), "--json"], catch_exceptions=False
        )
        assert ran.exit_code == 0
        told = json.loads(ran.stdout)
        assert told["lead_days"] == [1, 2]
        assert told["backtested"] == "twin"


def test_nothing_to_calibrate_without_a_champion(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no demand model serves"):
        calibrate(Workspace(tmp_path), ForeseenConfig())


def test_a_workspace_has_no_calibration_at_first(tmp_path: Path) -> None:
    assert stored_calibration(Workspace(tmp_path)) is None


def test_the_shipped_settings_are_those_of_the_code() -> None:
    assert load_settings(ForeseenConfig, config_path("foreseen.yaml")) == ForeseenConfig()
