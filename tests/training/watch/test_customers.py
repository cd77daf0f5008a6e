"""Watching models of customers: what moved is found, and what did not is left in peace."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.lake import Lake
from features.workspace import TerritorySettings
from tests.customer_family import BEGIN, PERIOD, Line, LineConfig, LineFamily, fill_lake
from training.customers.cases import Cases
from training.customers.scoring import scored_cases
from training.watch import WatchPolicy
from training.watch.customers import CustomerEvidence, watch_customers
from training.watch.drift import Sample, judge_drift, mapped, stability, strays
from training.watch.tables import newest_known, silent_tables
from training.watch.threshold import Rates

POLICY = WatchPolicy()
NOW = BEGIN + 12 * PERIOD
RATES = Rates(0.02, 0.3, 60)
FLOORS, NONE = (0.25, 0.1), np.array([])


def sample(values: np.ndarray, origins: int = 1) -> Sample:
    place = np.arange(len(values)) % origins
    return Sample(values, place, len(values) // origins)


def slow_stability(reference: np.ndarray, recent: np.ndarray, edges: np.ndarray) -> float:
    """Bin by bin, as the definition says, with half a case more in every bin that holds any."""
    cuts = [-np.inf, *edges, np.inf]
    bins = list(itertools.pairwise(cuts))
    counts = [[int(((one > low) & (one <= high)).sum()) for low, high in bins] for one in (reference, recent)]
    kept = [place for place in range(len(bins)) if counts[0][place] + counts[1][place]]
    total = 0.0
    for place in kept:
        q, p = ((count[place] + 0.5) / (sum(count) + 0.5 * len(kept)) for count in counts)
        total += (p - q) * np.log(p / q)
    return total


@given(seed=st.integers(0, 10_000), shift=st.floats(-3, 3))
def test_the_index_is_what_the_definition_says(seed: int, shift: float) -> None:
    rng = np.random.default_rng(seed)
    before, after = rng.normal(0, 1, 300), rng.normal(shift, 1, 200)
    edges = np.quantile(before, np.arange(1, 10) / 10)
    found, bins = stability(before, after)
    assert found == pytest.approx(slow_stability(before, after, edges))
    assert bins == 10
    assert found >= 0
    assert stability(before, before)[0] == pytest.approx(0.0)


def test_figures_with_few_values_are_compared_value_by_value() -> None:
    same, bins = stability(np.repeat([0.0, 1.0], 100), np.repeat([0.0, 1.0], 50))
    assert (same, bins) == (pytest.approx(0.0), 2)
    assert stability(np.repeat([0.0, 1.0], [190, 10]), np.repeat([0.0, 1.0], 100))[0] > 0.5
    assert stability(np.zeros(100), np.ones(100))[0] > 5
    # A value nobody had before is not taken for its neighbour.
    assert stability(np.repeat([0.0, 1.0], 100), np.repeat([0.0, 0.5], 100))[0] > 1


def test_quiet_features_hardly_ever_alarm_and_shifted_ones_do() -> None:
    rng = np.random.default_rng(8)
    alarms = notices = 0
    for _ in range(300):
        judged = judge_drift(sample(rng.normal(size=400)), sample(rng.normal(size=100)), NONE, RATES, (1e-9, 1e-9), 1.0)
        assert judged is not None
        alarms += judged.severity == "alarm"
        notices += judged.severity == "watch"
    # The rates of the policy, shared over sixty figures, with no floor to help.
    assert alarms <= 1
    assert notices <= 10
    for _ in range(50):
        moved = judge_drift(sample(rng.normal(size=400)), sample(rng.normal(1.0, 1, 400)), NONE, RATES, FLOORS, 1.2)
        assert moved is not None
        assert moved.severity == "alarm"


def test_a_figure_that_strays_from_origin_to_origin_must_stray_further() -> None:
    rng = np.random.default_rng(2)
    seasons = rng.normal(size=1200) + 0.4 * (np.arange(1200) % 4)
    before = sample(seasons, 4)
    judged = judge_drift(before, sample(rng.normal(1.2, 1, 400)), strays(before), RATES, FLOORS, 1.2)
    assert judged is not None
    assert judged.severity != "alarm"
    gone = judge_drift(before, sample(rng.normal(12.0, 1, 400)), strays(before), RATES, FLOORS, 1.2)
    assert gone is not None
    assert gone.severity == "alarm"


def test_what_is_hardly_known_is_not_judged() -> None:
    few = np.where(np.arange(200) < 20, 1.0, np.nan)
    assert judge_drift(sample(few), sample(np.ones(200)), NONE, RATES, FLOORS, 1.2) is None


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = Lake(tmp_path_factory.mktemp("watch") / "lake")
    fill_lake(lake, customers=600, periods=12)
    return lake


@pytest.fixture(scope="module")
def model() -> Line:
    return Line(LineConfig(), 0.75, 0.12, BEGIN + 8 * PERIOD)


@pytest.fixture(scope="module")
def evidence(lake: Lake, model: Line) -> CustomerEvidence:
    """Learnt until the eighth period; scored on the eighth and ninth; the last two have come since."""
    family = LineFamily()
    cases = family.cases(lake, TerritorySettings(), LineConfig())
    origin, known = cases.rows["origin"], cases.rows["known_at"]
    held = cases.take(origin.isin([BEGIN + 6 * PERIOD, BEGIN + 7 * PERIOD]).to_numpy(dtype=bool))
    return CustomerEvidence(
        learnt=cases.take((known <= model.trained_until).to_numpy(dtype=bool)),
        then=family.asked(lake, TerritorySettings(), LineConfig(), model.trained_until),
        asked=family.asked(lake, TerritorySettings(), LineConfig(), NOW),
        fresh=cases.take((known > model.trained_until).to_numpy(dtype=bool)),
        held_out=scored_cases(family, model, held),
    )


def kinds(evidence: CustomerEvidence, model: Line, policy: WatchPolicy = POLICY) -> set[tuple[str, str]]:
    found = watch_customers(LineFamily(), model, evidence, policy, NOW).findings
    alarms = found[found["severity"] == "alarm"]
    return set(zip(alarms["kind"], alarms["subject"], strict=True))


def test_nothing_new_is_nothing_to_tell(evidence: CustomerEvidence, model: Line) -> None:
    watched = watch_customers(LineFamily(), model, evidence, POLICY, NOW)
    assert not watched.alarmed
    assert set(watched.performance.index) == {"all", "residential", "commercial"}
    assert (watched.performance["ratio"].between(0.8, 1.25)).all()
    assert watched.notes == ()


def test_a_shifted_feature_is_found_with_what_is_said_from_it(evidence: CustomerEvidence, model: Line) -> None:
    asked = evidence.asked
    moved = replace(asked, features=asked.features.assign(change=asked.features["change"] + 0.5))
    found = kinds(replace(evidence, asked=moved), model)
    assert {("FEATURE_DRIFT", "change"), ("SCORE_DRIFT", "p_up")} <= found
    assert ("FEATURE_DRIFT", "log_last") not in found


def test_a_feature_the_model_does_not_use_drifts_without_an_alarm(evidence: CustomerEvidence, model: Line) -> None:
    asked = evidence.asked
    moved = replace(asked, features=asked.features.assign(log_last=asked.features["log_last"] + 3))
    found = watch_customers(LineFamily(), model, replace(evidence, asked=moved), POLICY, NOW)
    assert not found.alarmed
    (finding,) = found.findings[found.findings["subject"] == "log_last"]["sentence"]
    assert "it moves what is said by 0% of its spread" in finding


@given(recent=st.lists(st.floats(-9, 9), min_size=1, max_size=40), reference=st.lists(st.floats(-9, 9), min_size=1))
def test_a_mapped_figure_keeps_its_order_and_takes_the_other_distribution(
    recent: list[float], reference: list[float]
) -> None:
    out = mapped(np.array([*recent, np.nan]), np.array(reference))
    assert np.isnan(out[-1])
    order = np.argsort(recent, kind="stable")
    assert (np.diff(out[:-1][order]) >= 0).all()
    assert set(out[:-1]) <= set(reference)
    np.testing.assert_array_equal(mapped(np.array(recent), np.array(recent)), np.array(recent))


def test_cases_that_were_altered_to_learn_from_are_no_measure_of_how_customers_are(
    evidence: CustomerEvidence, model: Line
) -> None:
    learnt = evidence.learnt
    attacked = np.arange(len(learnt.rows)) % 2 == 0
    features = learnt.features.assign(change=learnt.features["change"] - 3 * attacked)
    unmarked = replace(learnt, features=features)
    assert ("FEATURE_DRIFT", "change") in kinds(replace(evidence, learnt=unmarked), model)
    marked = replace(unmarked, rows=learnt.rows.assign(altered=attacked))
    assert kinds(replace(evidence, learnt=marked), model) == set()


def test_a_feature_that_is_no_longer_known_is_a_fault_of_the_data(evidence: CustomerEvidence, model: Line) -> None:
    asked = evidence.asked
    lost = asked.features["log_last"].where(np.arange(len(asked.rows)) % 2 == 0)
    gone = replace(evidence, asked=replace(asked, features=asked.features.assign(log_last=lost)))
    assert kinds(gone, model) == {("FEATURE_MISSING", "log_last")}


def test_outcomes_that_are_missed_by_more_than_before_are_found(evidence: CustomerEvidence, model: Line) -> None:
    rows = evidence.fresh.rows
    worse = rows.assign(next_kwh=rows["next_kwh"] * np.where(rows["unit"] == "commercial", 1.5, 1.0))
    found = kinds(replace(evidence, fresh=replace(evidence.fresh, rows=worse)), model)
    assert {("LOSS", "all"), ("LOSS", "commercial")} == found


def test_what_cannot_be_judged_is_said(evidence: CustomerEvidence, model: Line) -> None:
    none = evidence.fresh.take(np.zeros(len(evidence.fresh.rows), dtype=bool))
    watched = watch_customers(LineFamily(), model, replace(evidence, fresh=none), POLICY, NOW)
    assert ["0 customer(s)" in note for note in watched.notes] == [True]
    assert watched.performance.empty
    blind = watch_customers(LineFamily(), model, replace(evidence, held_out=None), POLICY, NOW)
    assert blind.notes == ("performance was not judged: the champion keeps no evaluation",)
    assert isinstance(evidence.learnt, Cases)


def test_a_table_that_stays_away_longer_than_ever_is_stale(lake: Lake) -> None:
    rule = POLICY.customers.model_copy(update={"silence_past_days": 720})
    assert list(silent_tables(lake, rule, NOW)) == []
    (finding,) = silent_tables(lake, rule, NOW + pd.Timedelta(days=120))
    assert (finding.kind, finding.subject, finding.since) == ("STALE_TABLE", "consumption", NOW - PERIOD)
    assert "table consumption" in finding.sentence
    assert newest_known(lake, BEGIN) == NOW
    assert newest_known(lake, NOW + PERIOD) == NOW + PERIOD
