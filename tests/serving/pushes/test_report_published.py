"""From a real publication of offers to its report: who was sent to, what was held out, and which block bound."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Engine

from benchmarks.push_world import push_world
from features.workspace import Workspace
from serving.decisions.pushes.codes import SENT
from serving.decisions.pushes.records import Scores
from serving.pushes.configs import load_catalogue, load_push_policy
from serving.pushes.drawing import main_block
from serving.pushes.material import Material, moment_of
from serving.pushes.publish import publish_on
from serving.pushes.report import blocks_of, report_campaign
from serving.pushes.store import PushStore
from tests.serving.decisions.pushes.worlds import NOW
from tests.serving.pushes.campaigned import answer
from tests.serving.pushes.offered import ZONE, stand


@pytest.fixture
def published(engine: Engine, workspace: Workspace) -> PushStore:
    """A publication for two thousand customers, by the shipped catalogue and policy."""
    wide, people, own_kw, grid = push_world(2000, seed=7)
    stand(engine, grid)
    moment = moment_of(NOW, ZONE, NOW)
    material = Material(
        load_catalogue(), load_push_policy(), wide, people, own_kw, Scores(), moment, "gone", (), "f", ZONE
    )
    publish_on(workspace, engine, material)
    return PushStore(engine)


def test_what_was_published_is_reported(published: PushStore, engine: Engine, workspace: Workspace) -> None:
    made = published.campaign("e_bill_2026")
    sent = made["reason"] == SENT
    answer(engine, made.loc[sent, "push_id"].iloc[::2].tolist(), pd.Timestamp(NOW) + pd.Timedelta(days=3))
    report = report_campaign(workspace, engine, "e_bill_2026", NOW + timedelta(days=60))
    assert report.persons[0] + report.persons[1] == made["person_id"].nunique()
    assert not report.warnings
    success = report.figures[0].estimate
    assert success is not None
    assert success.low > 0.3
    assert success.sent == pytest.approx(0.5, abs=0.01)
    assert set(published.campaigns()) >= {"e_bill_2026", "ev_charging_2026"}


def test_relief_is_judged_in_the_block_that_bound(published: PushStore, workspace: Workspace) -> None:
    made = pd.concat([published.campaign(one) for one in published.campaigns()], ignore_index=True)
    catalogue = load_catalogue()
    own = made["service"].map({one.code: main_block(one) for one in catalogue.services}).to_numpy()
    found = blocks_of(workspace, published, made, catalogue)
    relief = made["relief_node_id"].notna().to_numpy()
    assert relief.any()
    # Here it is the evening that is full everywhere, whenever else a service would free more.
    assert set(found[relief]) <= {4, 5}
    assert np.array_equal(found[~relief], own[~relief])
