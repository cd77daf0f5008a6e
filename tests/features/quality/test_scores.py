"""Scores follow from counts, upwards by sums; a run is kept once; rules that make no sense are refused."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.configs import config_path
from features.demo import Territory, write_territory
from features.errors import ConfigError
from features.ingest import ingest
from features.quality import DIMENSIONS, QualityRules, dimension_scores, history, measure, rolled_up, rule_scores
from features.quality.counts import COUNTS
from features.settings import load_settings, parse_settings
from features.workspace import Workspace

SHIPPED = load_settings(QualityRules, config_path("quality.yaml"))
PARENTS = {"C1": None, "D1": "C1", "D2": "C1", "H1": "D1", "H2": "D1", "H3": "D2"}


def counts(*rows: tuple[str, str, int, int]) -> pd.DataFrame:
    frame = pd.DataFrame([(rule, "node", "s", unit, c, f) for rule, unit, c, f in rows], columns=list(COUNTS))
    return frame.astype(COUNTS)


def rules(**weights: float) -> QualityRules:
    check = {"kind": "present", "columns": ["name"]}
    usual = {"dimension": "completeness", "table": "node", "english": "-", "chinese": "-", "check": check}
    made = [usual | {"id": name, "weight": weight} for name, weight in weights.items()]
    return parse_settings(QualityRules, {"rules": made}, "test")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["r", "s"]), st.sampled_from(["H1", "H2", "H3", "D1"]), st.integers(0, 50), st.floats(0, 1)
        ),
        min_size=1,
        max_size=30,
    )
)
def test_a_unit_counts_what_is_below_it_and_nothing_twice(drawn: list[tuple[str, str, int, float]]) -> None:
    rows = [(rule, unit, checked, int(share * checked)) for rule, unit, checked, share in drawn]
    whole = rolled_up(counts(*rows), PARENTS)
    for unit, below in {"C1": PARENTS, "D1": ("D1", "H1", "H2"), "D2": ("D2", "H3"), "H2": ("H2",)}.items():
        mine = whole[whole["unit"] == unit]
        assert mine["checked"].sum() == sum(c for _, u, c, _ in rows if u in below)
        assert mine["failed"].sum() == sum(f for _, u, _, f in rows if u in below)


def test_a_department_is_no_average_of_its_halls() -> None:
    whole = rolled_up(counts(("r", "H1", 1000, 0), ("r", "H2", 10, 10)), PARENTS)
    score = rule_scores(whole[whole["unit"] == "D1"], rules(r=1.0))["r"]
    assert score.value == pytest.approx(1000 / 1010)


def test_weights_count_among_rules_that_checked_something() -> None:
    made = counts(("a", "H1", 10, 5), ("b", "H1", 10, 0))
    found = dimension_scores(made, rules(a=3.0, b=1.0, c=9.0), lambda rule: rule.dimension)
    assert found["completeness"] == pytest.approx((3 * 0.5 + 1 * 1.0) / 4)


def test_nothing_checked_is_neither_good_nor_bad() -> None:
    score = rule_scores(counts(), rules(a=1.0))["a"]
    assert score.value is None
    assert rules(a=1.0).rules[0].level(score.value) == "unknown"


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"tabel": "node"}, "tabel"),
        ({"check": {"kind": "present", "columns": ["nmae"]}}, "nmae"),
        ({"check": {"kind": "presnt"}}, "presnt"),
        ({"check": {"kind": "agreed", "items": ["nonsense"]}}, "nonsense"),
        ({"watch_below": 0.5, "bad_below": 0.9}, "bad_below"),
        ({"table": "nodes"}, "nodes"),
        ({"weight": 0}, "weight"),
    ],
)
def test_rules_that_make_no_sense_are_refused_by_name(change: dict, word: str) -> None:
    rule = {"id": "a", "dimension": "validity", "table": "node", "english": "-", "chinese": "-"}
    rule |= {"check": {"kind": "present", "columns": ["name"]}} | change
    with pytest.raises(ConfigError, match=word):
        parse_settings(QualityRules, {"rules": [rule]}, "test")


def test_two_rules_of_one_name_are_refused() -> None:
    rule = SHIPPED.rules[0].model_dump(mode="json")
    with pytest.raises(ConfigError, match="rules of one id"):
        parse_settings(QualityRules, {"rules": [rule, rule]}, "test")


def test_the_shipped_rules_cover_every_dimension() -> None:
    assert {rule.dimension for rule in SHIPPED.rules} == set(DIMENSIONS)
    assert len(SHIPPED.rules) >= 20
    assert all(any("\u4e00" <= sign <= "\u9fff" for sign in rule.chinese) for rule in SHIPPED.rules)


@pytest.fixture(scope="module")
def demo(small_territory: Territory, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("quality")
    write_territory(small_territory, folder / "data")
    workspace = Workspace(folder / "ws")
    ingest(config_path("sources/demo.yaml"), folder / "data", workspace)
    return workspace


def test_the_same_data_are_the_same_measurement(demo: Workspace, small_territory: Territory) -> None:
    moment = small_territory.end + pd.Timedelta(days=1)
    first, again = (measure(demo, SHIPPED, moment) for _ in range(2))
    assert first.fresh
    assert not again.fresh
    assert first.id == again.id
    assert first.examples == again.examples
    pd.testing.assert_frame_equal(first.counts, again.counts)
    earlier = measure(demo, SHIPPED, moment - pd.Timedelta(days=40))
    assert [one.as_of for one in history(demo, SHIPPED)] == [earlier.as_of, first.as_of]


def test_meters_planted_to_stand_still_are_found(demo: Workspace, small_territory: Territory) -> None:
    every = SHIPPED.model_copy(update={"examples": 100})
    moving = every.model_copy(update={"rules": tuple(r for r in SHIPPED.rules if r.id == "use_moving")})
    found = measure(demo, moving, small_territory.end + pd.Timedelta(days=1))
    named = {key.split(" · ")[0] for key in found.examples["use_moving"]}
    planted = set(small_territory.truth["stale_meter"]["meter_id"])
    assert planted <= named
    # Houses that stand empty for weeks look the same, and some are: so is the alarm, not the verdict.
    assert len(named) <= len(planted) + 0.15 * len(small_territory.customers.meter_ids)


def test_planted_gaps_are_counted(demo: Workspace, small_territory: Territory) -> None:
    unbroken = QualityRules(rules=tuple(rule for rule in SHIPPED.rules if rule.id == "load_unbroken"))
    wide = unbroken.rules[0].model_copy(update={"check": unbroken.rules[0].check.model_copy(update={"days": 0})})
    found = measure(demo, QualityRules(rules=(wide,)), small_territory.end + pd.Timedelta(days=1)).counts
    missing = pd.isna(small_territory.load_kw)
    assert found["failed"].sum() == sum(_inside(row) for row in missing)


def _inside(missing: np.ndarray) -> int:
    """Missing hours between the first and the last that is there."""
    known = (~missing).nonzero()[0]
    return int(missing[known[0] : known[-1] + 1].sum())


def test_the_page_of_rules_is_what_the_command_prints() -> None:
    from serving.cli.quality.rules import markdown

    page = Path(__file__).parents[3] / "docs" / "quality.md"
    assert markdown(SHIPPED) in page.read_text(encoding="utf-8")
