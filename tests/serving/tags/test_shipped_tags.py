"""The tags that ship: enough of them, in two languages, wide enough for jitter; a suspicion is told to few."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.configs import configs_dir
from features.errors import ConfigError
from serving.decisions.tags import HELD, State, TagDefinition, assign
from serving.tags import load_definitions
from serving.tags.inputs import SCORES, known_inputs
from serving.tags.shipped import tag_files
from tests.serving.decisions.tags.tagging import day

SHIPPED = load_definitions()
JITTER = 0.05


def test_there_are_enough_of_every_kind_each_named_in_two_languages() -> None:
    assert len(SHIPPED.tags) >= 24
    assert {one.kind for one in SHIPPED.tags} == {"rule", "model", "cluster"}
    for one in SHIPPED.tags:
        for words in (one.name, one.meaning):
            assert words.english.isascii()
            assert any("\u4e00" <= letter <= "\u9fff" for letter in words.chinese)
    names = [one.name.chinese for one in SHIPPED.tags]
    assert len(set(names)) == len(names)


def test_a_model_s_tag_stands_on_its_scores() -> None:
    for one in SHIPPED.tags:
        scores = {name for name in one.inputs if name in known_inputs() and name in sum(SCORES.values(), ())}
        assert scores == (set(one.inputs) if one.kind == "model" else set())
        assert one.model is None or set(one.inputs) <= set(SCORES[one.model])


def test_a_suspicion_is_for_inspection_only() -> None:
    for one in SHIPPED.tags:
        if any(name in SCORES["anomaly"] for name in one.inputs):
            assert one.audience == ("inspection",)
            assert not one.visible_to("marketing")


@pytest.mark.parametrize("tag", [one for one in SHIPPED.tags if one.kind != "cluster"], ids=lambda one: one.code)
@given(values=st.lists(st.floats(-1e4, 1e4), min_size=20, max_size=20), seed=st.integers(0, 9))
@settings(max_examples=3, deadline=None)
def test_no_tag_is_left_through_five_percent_of_jitter(tag: TagDefinition, values: list[float], seed: int) -> None:
    rng = np.random.default_rng(seed)
    bounds = np.array([one.enter for one in tag.conditions] + [one.exit for one in tag.conditions])
    # Anywhere, and about the thresholds, where it matters.
    near = rng.choice(bounds, (200, len(tag.conditions))) * rng.uniform(0.8, 1.25, (200, len(tag.conditions)))
    far = np.resize(np.array(values), (20, len(tag.conditions)))
    points = np.concatenate([near, far])
    index = pd.Index([f"C{place:03d}" for place in range(len(points))], name="customer_id")
    true = pd.DataFrame(points, columns=[one.input for one in tag.conditions], index=index)
    true = true.assign(customer_class=tag.classes[0] if tag.classes else "residential")
    # A tag that looks at one input twice has one column of it.
    true = true.loc[:, ~true.columns.duplicated()]
    numbers = [name for name in true.columns if name != "customer_class"]
    state, held = State.empty(), np.zeros((len(points), 1), dtype=bool)
    alone = type(SHIPPED)((tag,))
    for run in range(4):
        inputs = true.copy()
        inputs[numbers] *= rng.uniform(1 - JITTER, 1 + JITTER, (len(points), len(numbers)))
        # Longer apart than any minimum hold, so that only the thresholds keep it.
        state, _ = assign(state, inputs, alone, day(29 * run))
        assert (state.cells.status == HELD)[held].all()
        held = state.cells.status == HELD


@given(st.lists(st.lists(st.floats(-500, 3000), min_size=12, max_size=12), min_size=1, max_size=7))
@settings(max_examples=15, deadline=None)
def test_whose_value_is_known_is_in_one_band_whatever_it_does(values: list[list[float]]) -> None:
    bands = type(SHIPPED)(tuple(one for one in SHIPPED.tags if one.group == "value_band"))
    index, state = pd.Index([f"C{place:02d}" for place in range(12)], name="customer_id"), State.empty()
    for run, row in enumerate(values):
        state, _ = assign(state, pd.DataFrame({"value_p50_cny": row}, index=index), bands, day(10 * run))
        assert ((state.cells.status == HELD).sum(axis=1) == 1).all()


def test_a_folder_without_definitions_and_an_unknown_input_are_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no definitions of tags"):
        load_definitions(tmp_path)
    text = (configs_dir() / "tags" / "payment.yaml").read_text(encoding="utf-8")
    (tmp_path / "payment.yaml").write_text(text.replace("late_share", "late_sharing"), encoding="utf-8")
    with pytest.raises(ConfigError, match="tag late_payer: there is no feature or score 'late_sharing'"):
        load_definitions(tmp_path)


def test_every_shipped_file_is_read() -> None:
    assert sorted(tag_files()) == sorted(path.stem for path in (configs_dir() / "tags").iterdir())
