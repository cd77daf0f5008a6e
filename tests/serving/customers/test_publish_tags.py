"""Publishing what is told of customers: features, scores of any family there is, tags, and one snapshot."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.demo import Territory
from features.errors import ConflictError, ModelError, NotFoundError
from features.lake import Lake
from features.workspace import Workspace
from serving.customers import publish
from serving.customers.publish import Scored, newest_moment, publish_tags, score_customers
from serving.decisions.selection import HELD
from serving.state import open_state
from training.customers.cases import Cases

TABLES = ("org_unit", "node", "transformer", "customer", "meter", "consumption", "application", "bill", "payment")


@pytest.fixture(scope="module")
def small(small_territory: Territory, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The small territory's customers; nothing may be added but snapshots and state."""
    workspace = Workspace(tmp_path_factory.mktemp("publish") / "workspace")
    lake = Lake(workspace.lake)
    for name in TABLES:
        lake.append(name, small_territory.frame(name), "first")
    return workspace


@pytest.fixture
def engine(tmp_path: Path) -> Any:
    opened = open_state(f"sqlite:///{tmp_path / 'state.db'}")
    yield opened
    opened.dispose()


def valued(workspace: Workspace, at: pd.Timestamp, customers: pd.Index) -> Scored:
    """A model that says of customer i that he is worth 10·i, and nothing of the first."""
    values = 10.0 * np.arange(len(customers))
    values[0] = np.nan
    frame = pd.DataFrame({"value_p50_cny": values, "p_leave": 0.0, "theft_score": 0.0}, index=customers)
    return Scored(frame, ({"name": "value", "version": 3, "sha256": "ab" * 32},), ("anomaly: none serves",))


def test_a_snapshot_has_features_scores_and_tags_of_everybody(small: Workspace, engine: Any, customers: Any) -> None:
    made = publish_tags(small, engine, definitions=customers.definitions(), score=valued)
    snapshot, wide = made.snapshot, made.snapshot.wide
    there = len(Lake(small.lake).valid("customer", at=snapshot.as_of, as_of=snapshot.as_of))
    assert snapshot.customers == made.summary.run.customers == there
    assert np.isfinite(wide.numbers["use_90d_kwh_day"]).mean() > 0.9
    assert set(wide.texts["hall_id"].values) <= set(Lake(small.lake).read("org_unit")["unit_id"])
    assert (
        int((wide.tags["high_value"] == HELD).sum()) == int((wide.numbers["value_p50_cny"] >= 300).sum()) == there // 2
    )
    assert wide.tags["high_value"][0] == -1
    assert snapshot.made_from["models"][0]["version"] == 3
    assert snapshot.notes == ("anomaly: none serves",)
    again = publish_tags(small, engine, definitions=customers.definitions(), score=valued)
    assert (again.snapshot.made_at, again.summary.new) == (snapshot.made_at, False)
    with pytest.raises(ConflictError):
        publish_tags(small, engine, snapshot.as_of - pd.Timedelta(days=9), customers.definitions(), valued)


def test_the_moment_is_when_the_newest_use_became_known(small: Workspace, engine: Any) -> None:
    now = pd.Timestamp.now(tz="UTC")
    at = newest_moment(Lake(small.lake), now)
    assert at == Lake(small.lake).read("consumption", columns=["available_at"])["available_at"].max() < now
    assert newest_moment(Lake(small.lake), at - pd.Timedelta(days=3)) <= at - pd.Timedelta(days=3)
    with pytest.raises(NotFoundError):
        publish_tags(small, engine, pd.Timestamp("1999-01-01", tz="UTC"))


def test_every_family_is_asked_and_one_without_a_model_is_not_known(
    small: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    customers = pd.Index(["a", "b", "c"], name="customer_id")

    class Model:
        def predict(self, cases: Cases) -> pd.DataFrame:
            return pd.DataFrame({"value_p50_cny": [1.0, 3.0]})

    def serving(_: Workspace, name: str) -> Any:
        if name == "prospects":
            raise ModelError("not part of this installation")
        rows = pd.DataFrame({"customer_id": ["a", "c"]})
        asked = Cases(rows, pd.DataFrame(index=rows.index), {})
        # What is asked with settings other than the version's own would be another question.
        one = SimpleNamespace(asked=lambda _lake, _territory, config, _at: {"as trained": asked}[config])
        model = SimpleNamespace(family=one, model=Model(), config="as trained", version=2, sha256="c" * 64)
        return model if name == "value" else None

    monkeypatch.setattr(publish, "serving_version", serving)
    found = score_customers(small, pd.Timestamp("2026-01-01", tz="UTC"), customers)
    assert found.frame["value_p50_cny"].tolist()[0::2] == [1.0, 3.0]
    assert found.frame.iloc[1].isna().all()
    assert found.frame["theft_score"].isna().all()
    assert found.models == ({"name": "value", "version": 2, "sha256": "c" * 64},)
    assert ["anomaly" in found.notes[0], "installation" in found.notes[1]] == [True, True]


def test_a_model_that_knows_too_little_of_a_moment_says_so(small: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*_: Any) -> Cases:
        raise NotFoundError("0 days of use are known, of at least 270")

    model = SimpleNamespace(family=SimpleNamespace(asked=asked), config=None)
    monkeypatch.setattr(publish, "serving_version", lambda _, name: model if name == "anomaly" else None)
    found = score_customers(small, pd.Timestamp("2026-01-01", tz="UTC"), pd.Index(["a"]))
    assert found.frame["theft_score"].isna().all()
    assert found.models == ()
    assert "anomaly: 0 days of use are known, of at least 270" in found.notes
