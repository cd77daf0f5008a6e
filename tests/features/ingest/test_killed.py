"""An ingest killed by the system at random moments, and run again, ends as one that nobody killed."""

import random
from pathlib import Path

import pytest

from benchmarks.d3 import kill_and_resume
from features.demo import DemoConfig, generate

pytestmark = pytest.mark.slow


def test_kills_at_random_moments(tmp_path: Path) -> None:
    generate(DemoConfig(areas=4, feeders=2, substations=1, customers=20, years=2, customer_years=1), tmp_path / "data")
    tally, rows, _ = kill_and_resume(tmp_path, 5, random.Random(11), 20_000)
    assert tally.wrong == []
    assert tally.kills == 5
    assert tally.finished >= 1
    assert rows > 100_000
