"""The family from cases to an artifact and back."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.behaviour.use import DailyUse
from features.configs import config_path
from features.contracts import CONTRACTS
from features.errors import ModelError
from features.frames import empty_frame
from features.settings import load_settings
from training.anomaly import ANOMALY, AnomalyConfig, AnomalyModel
from training.anomaly.alarms import AlarmConfig
from training.anomaly.cases import asked_of, joined, labelled
from training.anomaly.config import BoosterConfig
from training.anomaly.daily import DailyConfig
from training.anomaly.windows import WindowConfig
from training.customers.cases import Cases

MakeCrowd = Callable[..., np.ndarray]
SMALL = BoosterConfig(rounds=40, learning_rate=0.1, leaves=7, bags=1)
CONFIG = AnomalyConfig(
    windows=WindowConfig(window_days=90, history_days=300, turned=False),
    booster=SMALL,
    daily=DailyConfig(
        windows=WindowConfig(window_days=60, history_days=150, turned=False),
        every_days=60,
        copies=1,
        folds=2,
        alarms=AlarmConfig(clean_alarm_share_180d=0.05, calibration_days=60, alive_days=60),
        booster=SMALL,
    ),
)
END = pd.Timestamp("2025-06-30 16:00", tz="UTC")


@pytest.fixture(scope="module")
def use(make_crowd: MakeCrowd) -> DailyUse:
    kwh = make_crowd(customers=150, days=420).astype(np.float32)
    kwh[:8, -60:] *= 0.35
    return DailyUse(
        tuple(f"K{one:03d}" for one in range(150)), pd.Timestamp("2025-07-01") - pd.Timedelta(420, "D"), kwh
    )


def asked(use: DailyUse, back: int) -> Cases:
    day = use.end_day - pd.Timedelta(days=back)
    return asked_of(
        use.until(day), np.full(len(use.customer_ids), "residential"), END - pd.Timedelta(days=back), CONFIG
    )


@pytest.fixture(scope="module")
def cases(use: DailyUse) -> Cases:
    nothing = empty_frame(CONTRACTS["inspection"])
    return joined([labelled(asked(use, back), nothing, CONFIG) for back in (100, 70)])


@pytest.fixture(scope="module")
def model(cases: Cases) -> AnomalyModel:
    return ANOMALY.fit(cases, CONFIG, END)


def test_half_of_those_nobody_looked_at_are_attacked(cases: Cases) -> None:
    assert 0.4 < cases.rows["stolen"].mean() < 0.6
    assert not cases.rows["inspected"].any()
    assert (cases.rows["known_at"] == cases.rows["origin"] + pd.Timedelta(days=90)).all()


def test_planted_thieves_score_high_and_lose_energy(use: DailyUse, model: AnomalyModel) -> None:
    told = model.predict(asked(use, 0))
    assert tuple(told.columns) == tuple(ANOMALY.says)
    assert told["theft_score"].between(0, 1).all()
    assert set(told["theft_score"].nlargest(8).index) >= set(range(6))
    assert told.loc[:7, "alarm"].mean() > 0.7
    assert (told.loc[told["alarm"] == 1, "alarm_days"] >= 0).all()
    lost = told.dropna(subset="lost_kwh_p50")
    assert (lost["lost_kwh_p10"] <= lost["lost_kwh_p90"]).all()


def test_saved_and_loaded_says_the_same(use: DailyUse, model: AnomalyModel, tmp_path: Path) -> None:
    model.save(tmp_path / "model")
    again = ANOMALY.load(tmp_path / "model")
    pd.testing.assert_frame_equal(model.predict(asked(use, 0)), again.predict(asked(use, 0)))
    with pytest.raises(ModelError):
        ANOMALY.load(tmp_path)


def test_losses_and_scores_beat_the_naive_rule(use: DailyUse, model: AnomalyModel) -> None:
    held = labelled(asked(use, 10), empty_frame(CONTRACTS["inspection"]), CONFIG)
    loss, scores = ANOMALY.losses(model, held), ANOMALY.scores(model, held)
    assert loss.mean() < np.log(2)
    assert scores["auc"] > scores["naive_auc"]
    assert model.gains()["gain"].sum() == pytest.approx(1.0)


def test_inspections_decide_where_there_are_any(use: DailyUse) -> None:
    origin = END - pd.Timedelta(days=70)
    looks = pd.DataFrame(
        {
            "inspection_id": ["1", "2", "3", "4"],
            "customer_id": ["K000", "K001", "K002", "K003"],
            "outcome": ["theft", "in_order", "theft", "no_access"],
            "inspected_at": origin + pd.to_timedelta([10, 20, 30, 40], unit="D"),
            "fault_since": [pd.NaT, pd.NaT, origin + pd.Timedelta(days=5), pd.NaT],
            "available_at": origin + pd.to_timedelta([12, 22, 32, 42], unit="D"),
        }
    )
    rows = labelled(asked(use, 70), looks, CONFIG).rows.set_index("customer_id")
    assert rows["inspected"].sum() == 2
    assert rows.loc["K000", "stolen"] == 1
    assert rows.loc["K001", "stolen"] == 0
    assert rows.loc["K000", "known_at"] == origin + pd.Timedelta(days=12)


def test_the_shipped_settings_are_the_defaults() -> None:
    assert load_settings(AnomalyConfig, config_path(ANOMALY.config_file)) == AnomalyConfig()
