"""Backtests of customer models: every origin knows its own past only, and what cannot be judged is named."""

from pathlib import Path

import pandas as pd
import pytest

from features.errors import ModelError, NotFoundError
from features.lake import Lake
from features.workspace import TerritorySettings
from tests.customer_family import BEGIN, PERIOD, LineConfig, LineFamily, fill_lake
from training.backtests.customers import CustomerPlan, backtest_customers, customers_report


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = Lake(tmp_path_factory.mktemp("backtest") / "lake")
    fill_lake(lake)
    return lake


def test_every_origin_is_fitted_on_what_was_known_then_and_beats_the_naive_rule(lake: Lake) -> None:
    family = LineFamily()
    found = backtest_customers(family, lake, TerritorySettings(), LineConfig(), CustomerPlan())
    assert list(found.origins.index) == [BEGIN + place * PERIOD for place in range(3, 10)]
    assert list(found.left_out.index) == [BEGIN + 2 * PERIOD]
    assert "no outcome was known yet" in found.left_out["reason"].iloc[0]
    for (cases, until), origin in zip(family.seen, found.origins.index, strict=True):
        assert until == origin
        assert (cases.rows["known_at"] <= origin).all()
    assert (found.origins["log_error"] < found.origins["naive_log_error"]).all()
    report = customers_report(found)
    assert report.metrics["log_error"] == pytest.approx(found.scored["loss"].mean())
    assert {"origins.svg", "reliability.svg", "chances.svg"} <= set(report.figures)
    assert {"origins.csv", "units.csv", "left_out.csv", "cases.parquet"} <= set(report.tables)


def test_origins_can_be_bounded_and_thinned(lake: Lake) -> None:
    origins = [BEGIN + place * PERIOD for place in range(2, 10)]
    assert CustomerPlan(most_origins=3).spread(origins) == [origins[0], origins[4], origins[7]]
    assert CustomerPlan(most_origins=3).spread([]) == []
    assert CustomerPlan(origins[2], origins[3]).within(origins) == origins[2:4]
    late = CustomerPlan(first=origins[-1] + PERIOD)
    with pytest.raises(NotFoundError, match="with known outcomes there are 8"):
        backtest_customers(LineFamily(), lake, TerritorySettings(), LineConfig(), late)


def test_a_lake_in_which_no_origin_can_be_judged_is_said(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    fill_lake(lake, customers=10)
    plan = CustomerPlan(last=BEGIN + 2 * PERIOD)
    with pytest.raises(ModelError, match="no outcome was known yet"):
        backtest_customers(LineFamily(), lake, TerritorySettings(), LineConfig(), plan)
    # One origin of ten customers is too few to fit on; from two on it works.
    found = backtest_customers(LineFamily(), lake, TerritorySettings(), LineConfig(), CustomerPlan())
    assert list(found.left_out["reason"].iloc[1:]) == ["10 cases are too few"]
    assert isinstance(found.origins.index[0], pd.Timestamp)
