"""Mutated inputs by the command line and over HTTP: an answer for every one, never a traceback, never half a write."""

from pathlib import Path

import pytest

from benchmarks.d7 import mutate

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("number", range(3))
def test_mutated_inputs(tmp_path: Path, number: int) -> None:
    tally = mutate(tmp_path, 50, 100 + number)
    assert tally.wrong == []
    assert tally.taken.total() > 5
    assert tally.refused.total() > 10
