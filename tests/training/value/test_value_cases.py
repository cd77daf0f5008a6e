"""Cases of value from a lake: one way to make features, no look ahead, and too little said plainly."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.behaviour import FEATURE_NAMES
from features.contracts import CONTRACTS
from features.errors import NotFoundError
from features.lake import Lake
from features.workspace import TerritorySettings
from training.customers.cases import Cases
from training.value import VALUE, ValueConfig
from training.value.build import NAMES, OUTCOMES

TERRITORY = TerritorySettings()
CONFIG = ValueConfig(most_origins=2)


@pytest.fixture(scope="module")
def cases(value_lake: Lake) -> Cases:
    return VALUE.cases(value_lake, TERRITORY, CONFIG)


def test_a_case_says_what_came_and_when_it_was_known(cases: Cases) -> None:
    rows = cases.rows
    assert len(cases.origins()) == 2
    assert (rows["known_at"] == rows["origin"] + pd.Timedelta(days=395)).all()
    assert rows[list(OUTCOMES)].notna().all(axis=None)
    assert list(cases.features.columns) == list(NAMES)
    assert set(FEATURE_NAMES) < set(NAMES)
    parts = {name: cases.context[f"last_{name}_cny"] for name in ("revenue", "purchase", "serve", "bad_debt")}
    rest = parts["revenue"] - parts["purchase"] - parts["serve"] - parts["bad_debt"]
    assert cases.context["last_margin_cny"] == pytest.approx(rest)
    assert (cases.context["last_revenue_cny"] > 0).mean() > 0.9


def test_what_is_asked_has_the_features_of_what_was_learnt(value_lake: Lake, cases: Cases) -> None:
    origin = cases.origins()[0]
    asked = VALUE.asked(value_lake, TERRITORY, CONFIG, origin)
    learnt = cases.take((cases.rows["origin"] == origin).to_numpy())
    place = pd.Index(asked.rows["customer_id"]).get_indexer(pd.Index(learnt.rows["customer_id"]))
    assert (place >= 0).all()
    pd.testing.assert_frame_equal(asked.features.iloc[place].reset_index(drop=True), learnt.features)
    assert asked.context["last_margin_cny"][place] == pytest.approx(learnt.context["last_margin_cny"])
    assert asked.rows[["known_at", *OUTCOMES]].isna().all(axis=None)


def test_what_becomes_known_later_changes_nothing(value_lake: Lake, cases: Cases, tmp_path: Path) -> None:
    origin = cases.origins()[0]
    known_at = cases.rows["known_at"].iloc[0]
    cut = Lake(tmp_path / "lake")
    for name in value_lake.tables():
        # Of the day of the outcome on nothing is there but what the outcome is made of.
        frame = value_lake.versions(name, as_of=known_at)
        text = {field.name: "str" for field in CONTRACTS[name].fields if field.kind == "text"}
        cut.append(name, frame.astype(text), "cut")
    early = VALUE.cases(cut, TERRITORY, ValueConfig(most_origins=1), as_of=known_at)
    whole = cases.take((cases.rows["origin"] == origin).to_numpy())
    assert early.origins() == [origin]
    pd.testing.assert_frame_equal(early.features, whole.features)
    pd.testing.assert_frame_equal(early.rows, whole.rows)


def test_a_case_is_not_there_before_its_outcome_is_known(value_lake: Lake, cases: Cases) -> None:
    last = cases.origins()[-1]
    known_at = cases.rows["known_at"].max()
    earlier = VALUE.cases(value_lake, TERRITORY, CONFIG, as_of=known_at - pd.Timedelta(hours=1))
    assert last not in earlier.origins()
    assert len(cases.known(known_at - pd.Timedelta(hours=1)).rows) == (cases.rows["origin"] != last).sum()


def test_a_short_outcome_is_put_on_a_year(value_lake: Lake, cases: Cases) -> None:
    short = VALUE.cases(value_lake, TERRITORY, ValueConfig(horizon_days=182, origin_step_months=12, most_origins=1))
    assert (short.rows["known_at"] - short.rows["origin"] == pd.Timedelta(days=212)).all()
    assert short.rows["kwh"].median() == pytest.approx(cases.rows["kwh"].median(), rel=0.3)
    change = (short.rows["value_cny"] - short.context["last_margin_cny"]) / short.context["size_cny"]
    assert abs(np.median(change)) < 0.3


def test_too_few_bills_are_said_plainly(value_lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no bill"):
        VALUE.cases(Lake(tmp_path / "none"), TERRITORY, CONFIG)
    with pytest.raises(NotFoundError, match="790 days are needed"):
        VALUE.cases(value_lake, TERRITORY, CONFIG, as_of=pd.Timestamp("2024-09-01", tz="UTC"))
