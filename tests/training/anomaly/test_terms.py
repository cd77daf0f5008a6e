"""Terms: what they find, that units do not matter, and that they know no later day."""

from collections.abc import Callable

import numpy as np
import pytest

from training.anomaly.terms.onset import fall_onset
from training.anomaly.windows import WindowConfig, filled, view_of, window_terms

MakeCrowd = Callable[..., np.ndarray]
CONFIG = WindowConfig(window_days=90, history_days=279, turned=True)


def test_a_fall_is_found_at_its_day(make_crowd: MakeCrowd) -> None:
    kwh = make_crowd()
    kwh[3, -47:] *= 0.5
    view = view_of(kwh, kwh, CONFIG)
    assert fall_onset(view.rest, 90)[3] == pytest.approx(47, abs=1)
    terms = window_terms(kwh, kwh, CONFIG)
    assert terms["low_t"].idxmin() == 3
    assert terms.loc[3, "on_fall_step"] == pytest.approx(np.log(0.5), abs=0.08)


def test_terms_but_the_level_do_not_depend_on_the_unit(make_crowd: MakeCrowd) -> None:
    kwh = make_crowd(customers=40)
    one, other = (window_terms(values, values, CONFIG) for values in (kwh, 1000 * kwh))
    rest = one.columns != "log_level"
    np.testing.assert_allclose(one.loc[:, rest], other.loc[:, rest], atol=2e-3)


def test_terms_of_a_customer_do_not_depend_on_the_others_asked_with_it(make_crowd: MakeCrowd) -> None:
    kwh = make_crowd(customers=40)
    some = np.array([5, 17])
    np.testing.assert_allclose(
        window_terms(kwh[some], kwh, CONFIG, some), window_terms(kwh, kwh, CONFIG).iloc[some], rtol=1e-3, atol=1e-3
    )


def test_large_crowds_go_in_chunks(make_crowd: MakeCrowd) -> None:
    kwh = make_crowd(customers=230)
    small = CONFIG.model_copy(update={"chunk": 100})
    np.testing.assert_allclose(window_terms(kwh, kwh, small), window_terms(kwh, kwh, CONFIG), rtol=1e-3, atol=1e-3)
    few = window_terms(kwh, kwh, CONFIG.model_copy(update={"references": 60}))
    assert few.shape[0] == 230


def test_what_is_filled_does_not_depend_on_later_days(make_crowd: MakeCrowd) -> None:
    kwh = make_crowd(customers=10, days=100)
    kwh[np.random.default_rng(1).random(kwh.shape) < 0.1] = np.nan
    kwh[:, 0] = 1.0
    later = kwh.copy()
    later[:, 60:] *= 7
    whole = filled(kwh)
    assert np.isfinite(whole).all()
    np.testing.assert_array_equal(filled(later)[:, :60], whole[:, :60])
