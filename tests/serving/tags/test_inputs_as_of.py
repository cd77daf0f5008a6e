"""As of when inputs are: what has stopped coming in is stale to the tags that stand on it, and to no other."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.crowd import AT, crowd
from features.behaviour import Known, features_at
from serving.decisions.tags import UNKNOWN, State, assign
from serving.tags import load_definitions
from serving.tags.inputs import inputs_as_of, known_inputs

DAY = pd.Timedelta(days=1)


@pytest.fixture(scope="module")
def known() -> Known:
    """Forty customers; no test may change it."""
    return crowd(40, seed=2)


def test_inputs_are_as_of_the_newest_row_of_what_they_stand_on(known: Known) -> None:
    found = inputs_as_of(known)
    assert set(found) <= known_inputs()
    assert found["use_90d_kwh_day"] == pd.Timestamp("2025-12-01", tz="Asia/Shanghai")
    assert found["bill_12m_cny"] == known.bills["issued_at"].max()
    assert found["late_share"] == min(known.bills["issued_at"].max(), known.payments["paid_at"].max())
    assert found["value_p50_cny"] == min(found["bill_12m_cny"], found["use_90d_kwh_day"])
    assert "kva_growth_share" not in found


def test_tags_on_what_stopped_are_unknown_and_others_stay(known: Known) -> None:
    stopped = replace(known, payments=known.payments[known.payments["paid_at"] < AT - 100 * DAY])
    kwh = known.use.kwh.copy()
    kwh[:, -60:] = np.nan
    silent = replace(known, use=replace(known.use, kwh=kwh))
    inputs = features_at(known).assign(customer_class=known.customers["customer_class"].astype("str"))
    definitions = load_definitions()

    def unknown_of(what: Known) -> set[str]:
        state, _ = assign(State.empty(), inputs, definitions, AT.to_pydatetime(), inputs_as_of(what))
        of_all = (state.cells.status == UNKNOWN).all(axis=0)
        return {tag for tag, one in zip(state.tags, of_all, strict=True) if one}

    usual = unknown_of(known)
    assert {"autopay_user", "late_payer", "growing", "vacant"}.isdisjoint(usual)
    payment = {"app_payer", "arrears", "autopay_ready", "autopay_user", "counter_payer", "late_payer"}
    assert unknown_of(stopped) - usual == payment
    assert {"growing", "vacant", "use_pattern_steady"} <= unknown_of(silent) - usual
    assert "autopay_user" not in unknown_of(silent)
