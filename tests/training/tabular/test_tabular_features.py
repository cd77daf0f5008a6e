"""Features of short rows of use and of foreign attributes: order, scale and unknown values as they should be."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.tabular.attributes import AttributePlan, attribute_features, attribute_table
from training.tabular.days import day_features

PLAN = AttributePlan(
    ratios=("use", "price"),
    gaps=(("use", "price", 2.0),),
    products=(("use", "price"),),
    together=(("use", "channel"),),
)
WEEKDAY = (np.arange(26) + 2) % 7


def test_every_row_has_numbers_even_where_nothing_was_used_or_read() -> None:
    kwh = np.vstack([np.zeros(26), np.full(26, np.nan), np.arange(26.0), np.full(26, 3.0)])
    frame = day_features(kwh, WEEKDAY)
    assert len(frame) == 4
    assert not np.isinf(frame.to_numpy()).any()
    assert frame["zeros"].tolist() == [26, 26, 1, 0]
    assert frame["missing"].tolist() == [0, 26, 0, 0]
    assert frame["longest_zeros"].tolist() == [26, 26, 1, 0]
    assert frame["different"].tolist() == [1, 1, 26, 1]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_the_order_of_customers_does_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    kwh = np.round(rng.gamma(2, 3, (12, 26)), 2)
    order = rng.permutation(12)
    frame, mixed = day_features(kwh, WEEKDAY), day_features(kwh[order], WEEKDAY)
    np.testing.assert_allclose(mixed.to_numpy(), frame.to_numpy()[order], rtol=1e-9, atol=1e-9)


def test_runs_and_catching_up_are_counted() -> None:
    kwh = np.full((1, 26), 5.0)
    kwh[0, 4:7] = 0.0
    kwh[0, 7] = 20.0
    kwh[0, 20] = 0.0
    found = day_features(kwh, WEEKDAY).iloc[0]
    assert (found["longest_zeros"], found["runs_of_zeros"], found["catching_up"]) == (3, 2, 1)


def test_too_few_days_are_told() -> None:
    with pytest.raises(ValueError, match="15 days"):
        day_features(np.ones((2, 10)), np.arange(10) % 7)


def rows() -> pd.DataFrame:
    at = pd.Timestamp("2024-01-01", tz="UTC")
    made = [("a", "use", 10.0, None, at), ("a", "use", 20.0, None, at + pd.Timedelta(days=1))]
    made += [("b", "use", 20.0, None, at), ("c", "price", 2.0, None, at)]
    made += [("a", "channel", np.nan, "web", at), ("b", "channel", np.nan, "web", at)]
    return pd.DataFrame(made, columns=["customer_id", "attribute", "value_number", "value_text", "observed_at"])


def test_the_latest_value_counts_and_what_is_not_said_is_unknown() -> None:
    numbers, texts = attribute_table(rows())
    assert numbers.loc["a", "use"] == 20.0
    assert np.isnan(numbers.loc["a", "price"])
    assert texts["channel"].isna().tolist() == [False, False, True]


def test_ratios_and_how_common_values_are() -> None:
    numbers, texts = attribute_table(rows())
    frame = attribute_features(numbers.assign(price=2.0), texts, PLAN)
    assert frame.loc["a", "use/price"] == pytest.approx(np.log(20.001 / 2.001))
    assert frame.loc["a", "common_use"] == pytest.approx(np.log(2))
    assert frame.loc["a", "use-2*price"] == 16.0
    assert frame.loc["a", "use*price"] == 40.0
    assert frame["common_use+channel"].round(3).tolist() == [0.693, 0.693, 0.0]
    assert frame["channel=web"].tolist() == [1.0, 1.0, 0.0]
