"""What allocation refuses, and that it names where."""

import pandas as pd
import pytest

from features.configs import config_path
from features.errors import ConfigError, DataError
from features.settings import load_settings, parse_settings
from serving.decisions.allocation import AllocationPolicy
from tests.serving.decisions.allocation.conftest import Case

SOUND = Case().asking(10.0).asking(20.0)


@pytest.mark.parametrize(
    ("case", "column", "first"),
    [
        (SOUND.asking(-1.0), "kva", "R2"),
        (SOUND.asking(float("inf")), "kva", "R2"),
        (SOUND.asking(10.0, priority=6), "priority", "R2"),
        (SOUND.asking(10.0, priority=None), "priority", "R2"),
        (SOUND.asking(10.0, node_id="F0"), "node_id", "R2"),
        (SOUND.asking(10.0, float("nan")), "longitude", "R2"),
        (SOUND.asking(10.0, request_id="R1"), "request_id", "R1"),
        (SOUND.asking(10.0, block_share_3=1.5), "block_share_3", "R2"),
        (SOUND.asking(10.0, **{f"block_share_{block}": 0.0 for block in range(6)}), "block_share_0", "R2"),
        (SOUND.asking(10.0, submitted_at=pd.NaT), "submitted_at", "R2"),
        (SOUND.with_room("A1", -5.0), "0", "A1"),
    ],
)
def test_bad_rows_are_named(case: Case, column: str, first: str) -> None:
    with pytest.raises(DataError) as caught:
        case.answer()
    assert (caught.value.column, caught.value.count, caught.value.first_key) == (column, 1, first)


def test_the_shipped_policy_is_the_code_written_out() -> None:
    assert load_settings(AllocationPolicy, config_path("policy/allocation.yaml")) == AllocationPolicy()


@pytest.mark.parametrize(
    "values",
    [
        {"weight": {1: 1.0, 2: 0.5}},
        {"weight": {1: 1.0, 2: 2.0, 3: 0.5, 4: 0.2, 5: 0.1}},
        {"weight": {1: 1.0, 2: 0.5, 3: 0.25, 4: 0.1, 5: 0.0}},
        {"candidates": 0},
        {"nearest": 6},
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        parse_settings(AllocationPolicy, values, "allocation.yaml")
