"""Uplift from what came of offers: features as they were known when it was decided, and scores of a snapshot."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sqlalchemy import Engine

from features.errors import ModelError, NotFoundError
from features.workspace import Workspace
from serving.cli.train_uplift import uplift
from serving.decisions.pushes.codes import HELD_OUT, SENT
from serving.decisions.pushes.records import Scores
from serving.pushes.learning import features_of, serving_uplift, training_frame
from serving.state import open_state
from tests.serving.pushes.campaigned import DECIDED, NOW, after, answer, contacts, keep, snapshot
from training.uplift import TreesConfig, UpliftConfig, train_uplift

# Models are fitted fold after fold.
pytestmark = pytest.mark.slow

QUICK = UpliftConfig(
    folds=4, outcome=TreesConfig(rounds=15), effect=TreesConfig(rounds=30, leaves=3, min_leaf_rows=60, l2=20), draws=200
)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Nothing in it yet."""
    return Workspace(tmp_path / "workspace")


@pytest.fixture
def engine(workspace: Workspace) -> Iterator[Engine]:
    """The state of the workspace itself, as the command opens it."""
    workspace.root.mkdir()
    opened = open_state(workspace.state_url)
    yield opened
    opened.dispose()


def campaign(workspace: Workspace, engine: Engine, count: int = 1500, gain: float = 0.35) -> np.ndarray:
    """A campaign in which those who use much gain by an offer, and others do not; the use of each."""
    rng = np.random.default_rng(3)
    use = rng.uniform(0, 20, count)
    shot = snapshot(workspace, count, pd.Timestamp(DECIDED), {"use_90d_kwh_day": use})
    sent = rng.random(count) < 0.855
    made = contacts(count, 0, reason=np.where(sent, SENT, HELD_OUT[1]))
    keep(engine, made, shot.id)
    took = rng.random(count) < 0.05 + gain * sent * (use > 10)
    answer(engine, made.loc[took, "push_id"].tolist(), after(5))
    return use


def test_features_are_those_of_the_decision_and_never_later(workspace: Workspace, engine: Engine) -> None:
    many = np.arange(6) * 1.0
    early = snapshot(workspace, 6, pd.Timestamp(DECIDED), {"use_90d_kwh_day": many})
    late = snapshot(workspace, 6, after(31), {"use_90d_kwh_day": many + 100})
    keep(engine, contacts(3, 1), early.id)
    second = contacts(6, 0, "second", decided_at=after(31), campaign="tou_autumn").iloc[4:]
    keep(engine, second, late.id, "second")
    answer(engine, ["run000001"], after(5))
    trial = training_frame(workspace, engine, "time_of_use", after(100).to_pydatetime())
    told = dict(zip(trial.persons, trial.features["use_90d_kwh_day"], strict=True))
    assert told == {"C00000": 0, "C00001": 1, "C00002": 2, "C00003": 3, "C00004": 104, "C00005": 105}
    assert trial.success.tolist() == [0, 1, 0, 0, 0, 0]
    assert trial.treated.tolist() == [True, True, True, False, True, True]
    assert trial.sent_share == pytest.approx(0.95 * 0.9)
    assert trial.until == after(91)


def test_what_is_not_over_or_not_there_is_refused(workspace: Workspace, engine: Engine) -> None:
    with pytest.raises(NotFoundError, match="no service is called"):
        training_frame(workspace, engine, "nothing", NOW)
    with pytest.raises(NotFoundError, match="60 days old"):
        training_frame(workspace, engine, "time_of_use", NOW)
    keep(engine, contacts(5, 2), "a snapshot that was removed")
    with pytest.raises(NotFoundError, match="60 days old"):
        training_frame(workspace, engine, "time_of_use", after(59).to_pydatetime())
    with pytest.raises(NotFoundError, match="snapshot it was decided on"):
        training_frame(workspace, engine, "time_of_use", NOW)


def test_features_are_numbers_tags_and_classes(workspace: Workspace) -> None:
    wide = snapshot(workspace, 4, pd.Timestamp(DECIDED)).wide
    found = features_of(wide, np.array([2, 0]))
    assert found["use_90d_kwh_day"].tolist() == [7, 5]
    assert found["tag:app_user"].isna().tolist() == [False, True]
    assert found["class:residential"].tolist() == [1, 1]
    assert found["class:industrial"].tolist() == [0, 0]


def test_scores_come_of_what_sorts_customers(workspace: Workspace, engine: Engine) -> None:
    use = campaign(workspace, engine)
    wide = snapshot(workspace, 300, after(70), {"use_90d_kwh_day": np.linspace(0, 20, 300)}).wide
    assert serving_uplift(workspace, wide) == Scores()
    trial = training_frame(workspace, engine, "time_of_use", NOW)
    assert trial.features["use_90d_kwh_day"].to_numpy() == pytest.approx(use)
    made = train_uplift(workspace, trial, QUICK)
    assert made.ships, made.said
    scores = serving_uplift(workspace, wide)
    told = scores.uplift["time_of_use"]
    assert ((told >= 0) & (told <= 1)).all()
    assert told[200:].mean() > told[:100].mean() + 0.1
    assert dict(scores.versions) == {"uplift-time_of_use": 1}


def test_the_command_says_whether_it_is_used(workspace: Workspace, engine: Engine, tmp_path: Path) -> None:
    campaign(workspace, engine)
    quick = tmp_path / "quick.yaml"
    quick.write_text(json.dumps(QUICK.model_dump(mode="json")))
    asked = ["--service", "time_of_use", "--workspace", str(workspace.root), "--config", str(quick)]
    told = CliRunner().invoke(uplift, [*asked, "--json"])
    assert told.exit_code == 0, told.output
    document = json.loads(told.stdout)
    assert document["ships"]
    assert document["name"] == "uplift-time_of_use"
    again = CliRunner().invoke(uplift, asked)
    assert "had been trained before" in again.output
    assert "and is used" in again.output


def test_the_command_refuses_too_few_in_words(workspace: Workspace, engine: Engine) -> None:
    shot = snapshot(workspace, 30, pd.Timestamp(DECIDED))
    keep(engine, contacts(25, 5), shot.id)
    found = CliRunner().invoke(uplift, ["--service", "time_of_use", "--workspace", str(workspace.root)])
    assert isinstance(found.exception, ModelError)
    assert "The propensity score stays" in str(found.exception)
