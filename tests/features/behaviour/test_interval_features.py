"""Use within the day: peak and base, parts of the day, the feeder's peak, export, and the tariff's periods."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.crowd import AT
from features.behaviour import IntervalUse, Known
from features.behaviour.catalogue import FEATURES
from features.behaviour.interval import interval_features
from features.behaviour.periods import hours_of
from features.behaviour.shapes import STANDARD_SHAPES, assign, day_shares, fit_shapes, hour_means
from features.contracts import CONTRACTS
from features.errors import DataError, ModelError

START = pd.Timestamp("2025-09-01", tz="Asia/Shanghai").tz_convert("UTC")
DAYS, STEPS = 91, 96


@pytest.fixture(scope="session")
def with_intervals(make_known: Callable[..., Known]) -> Callable[..., Known]:
    """Customers with quarter-hourly kWh [customers × 91 days × 96] from the first of September on."""

    def make(kwh: np.ndarray, **more: object) -> Known:
        use = IntervalUse(START, 15, kwh.reshape(len(kwh), -1).astype(np.float32))
        return make_known(np.ones((len(kwh), 10)), intervals=use, **more)

    return make


def random_use(count: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    kwh = rng.gamma(2.0, 0.5, (count, DAYS, STEPS)) * rng.uniform(0.5, 2.0, (count, 1, STEPS))
    kwh[0, :, 40:60] -= 2.5
    kwh[rng.random(kwh.shape) < 0.02] = np.nan
    kwh[1, 40:] = np.nan
    return kwh


def test_every_feature_is_what_its_intervals_say(with_intervals: Callable[..., Known]) -> None:
    kwh = random_use(6)
    found = interval_features(with_intervals(kwh))
    assert found.iloc[1].isna().all()
    hour = np.repeat(np.arange(24), 4)
    for place in (0, 2, 3, 4, 5):
        row, mine = found.iloc[place], pd.Series(kwh[place].ravel()).dropna()
        by_hour = pd.Series(kwh[place].ravel()).groupby(np.tile(hour, DAYS)).mean().clip(lower=0)
        share = by_hour / by_hour.sum()
        expected = {
            "peak_kw": mine.max() * 4,
            "base_kw": mine.quantile(0.05, interpolation="lower") * 4,
            "load_factor": mine.mean() / mine.max(),
            "night_share": share[[22, 23, 0, 1, 2, 3, 4, 5]].sum(),
            "morning_share": share[[6, 7, 8, 9]].sum(),
            "evening_share": share[[18, 19, 20, 21]].sum(),
            "peak_hour": share.idxmax(),
            "shape_entropy": -(share[share > 0] * np.log(share[share > 0])).sum() / np.log(24),
            "contract_use_share": mine.max() * 4 / 8,
            "export_share": -mine.clip(upper=0).sum() / mine.abs().sum(),
            "shape_cluster": ((STANDARD_SHAPES - share.to_numpy()) ** 2).sum(axis=1).argmin(),
        }
        assert row[list(expected)].to_dict() == pytest.approx(expected, rel=1e-4)


def test_coincidence_is_with_the_highest_hours_of_the_own_feeder(with_intervals: Callable[..., Known]) -> None:
    kwh = np.full((3, DAYS, STEPS), 1.0)
    kwh[0, :10, 76:80] = 2.0
    kwh[1, :10, 76:80] = 0.5
    hours = pd.date_range(START, periods=24 * DAYS, freq="h")
    load = np.full(24 * DAYS, 100.0)
    load[19 : 19 + 240 : 24] = 500.0
    areas = pd.DataFrame({"feeder_id": ["F1", None]}, index=["A1", "A2"])
    known = with_intervals(kwh, feeder_kw=pd.DataFrame({"F1": load}, index=hours), areas=areas)
    known = replace(known, customers=known.customers.assign(area_id=["A1", "A1", "A2"]))
    found = interval_features(known)["feeder_coincidence"]
    assert found.tolist() == pytest.approx([1.0, 0.5, np.nan], nan_ok=True)


def bills(*rows: dict) -> pd.DataFrame:
    names = ("sharp_kwh", "peak_kwh", "flat_kwh", "valley_kwh", "demand_kw", "amount_cny")
    frame = pd.DataFrame(list(rows)).reindex(columns=[*rows[0], *(one for one in names if one not in rows[0])])
    frame = frame.assign(issued_at=AT - pd.Timedelta(days=20), bill_id=[f"B{n}" for n in range(len(rows))])
    return frame.astype({name: CONTRACTS["bill"].field(name).dtype for name in frame.columns})


def test_periods_are_as_billed_else_by_the_hours_of_the_tariff(with_intervals: Callable[..., Known]) -> None:
    kwh = np.full((4, DAYS, STEPS), 1.0)
    rows = bills(
        {"customer_id": "K0", "tariff_id": "T1", "kwh": 100.0, "peak_kwh": 60.0, "valley_kwh": 30.0, "flat_kwh": 10.0},
        {"customer_id": "K1", "tariff_id": "T1", "kwh": 100.0},
        {"customer_id": "K2", "tariff_id": "T2", "kwh": 100.0},
    )
    tariffs = pd.DataFrame(
        {
            "tariff_id": ["T1", "T1", "T1", "T2"],
            "period": ["peak", "valley", "deep_valley", "all"],
            "local_hours": ["08:00-11:00,17:00-22:00", "23:00-02:00", "02:00-05:30", None],
            "valid_from": START,
            "valid_to": pd.NaT,
        }
    )
    tariffs["valid_to"] = pd.to_datetime(tariffs["valid_to"], utc=True)
    found = interval_features(with_intervals(kwh, bills=rows, tariffs=tariffs))
    assert found.loc["K0", ["sharp_share", "peak_period_share", "valley_share"]].tolist() == [0, 0.6, 0.3]
    by_hours = found.loc["K1", ["sharp_share", "peak_period_share", "valley_share"]]
    assert by_hours.tolist() == pytest.approx([0, 8 / 24, 6.5 / 24])
    assert found.loc[["K2", "K3"], ["sharp_share", "peak_period_share", "valley_share"]].isna().all(axis=None)


def test_without_intervals_bills_alone_tell_periods_and_the_use_of_the_contract(make_known: Callable) -> None:
    rows = bills({"customer_id": "K0", "tariff_id": "T1", "kwh": 10.0, "valley_kwh": 5.0, "demand_kw": 6.0})
    found = interval_features(make_known(np.ones((2, 10)), bills=rows))
    names = ["valley_share", "peak_period_share", "sharp_share", "contract_use_share"]
    assert found.loc["K0", names].tolist() == [0.5, 0, 0, 0.75]
    assert found.loc["K1"].isna().all()
    assert set(found.columns) <= {one.name for one in FEATURES if one.group == "interval use"}


def test_hours_of_a_tariff_that_are_none_are_refused() -> None:
    assert hours_of("22:30-01:00").tolist() == [1] + [0] * 21 + [0.5, 1]
    assert hours_of("18:00-24:00")[-6:].tolist() == [1] * 6
    with pytest.raises(DataError, match="local_hours"):
        hours_of("all day")


def test_standard_shapes_are_days_and_each_is_nearest_to_itself() -> None:
    assert STANDARD_SHAPES.shape == (8, 24)
    np.testing.assert_allclose(STANDARD_SHAPES.sum(axis=1), 1)
    assert assign(STANDARD_SHAPES, STANDARD_SHAPES).tolist() == list(range(8))
    assert np.isnan(assign(STANDARD_SHAPES, np.full((1, 24), np.nan))).all()


def test_fitted_shapes_do_not_depend_on_the_order_of_customers_and_keep_their_numbers(
    with_intervals: Callable[..., Known],
) -> None:
    rng = np.random.default_rng(2)
    kinds = rng.integers(0, 4, 80)
    days = STANDARD_SHAPES[[1, 3, 5, 4]][kinds] * np.exp(0.1 * rng.standard_normal((80, 24)))
    kwh = np.repeat(np.repeat(days[:, None, :], DAYS, axis=1), 4, axis=2)
    known = with_intervals(kwh)
    centres = fit_shapes(known, 4)
    assert centres.argmax(axis=1).tolist() == sorted(centres.argmax(axis=1))
    shuffled = fit_shapes(with_intervals(kwh[rng.permutation(80)]), 4)
    np.testing.assert_allclose(centres, shuffled, atol=1e-6)
    mixed = centres[[2, 0, 3, 1]]
    np.testing.assert_allclose(fit_shapes(known, 4, previous=mixed), mixed, atol=1e-6)
    numbers = interval_features(known, centres)["shape_cluster"]
    assert pd.crosstab(numbers, kinds).gt(0).sum().eq(1).all()
    with pytest.raises(ModelError, match="3 customers"):
        fit_shapes(with_intervals(kwh[:3]), 4)
    with pytest.raises(ModelError, match="earlier"):
        fit_shapes(known, 4, previous=STANDARD_SHAPES)


def test_the_mean_day_runs_by_local_hours(with_intervals: Callable[..., Known]) -> None:
    kwh = np.zeros((1, DAYS, STEPS))
    kwh[0, :, 28:32] = 1.0
    shares = day_shares(hour_means(with_intervals(kwh)))
    assert shares[0].argmax() == 7
    assert shares[0, 7] == pytest.approx(1)
