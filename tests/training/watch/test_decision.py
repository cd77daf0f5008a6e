"""When a model is trained anew: the table of decisions."""

import pandas as pd
import pytest

from features.configs import config_path
from features.settings import load_settings
from training.watch import WatchPolicy
from training.watch.decision import RetrainPolicy, decide
from training.watch.findings import Finding, as_frame, summary

NOW = pd.Timestamp("2026-01-10T16:00Z")
POLICY = RetrainPolicy()


def found(*kinds: str, severity: str = "alarm", days: float = 6) -> pd.DataFrame:
    since = NOW - pd.Timedelta(days=days)
    return as_frame(Finding(kind, "A1", since, 2.0, 0.0, 1.0, "", severity, f"{kind} at A1") for kind in kinds)


@pytest.mark.parametrize(
    ("kinds", "new_days", "needed", "codes"),
    [
        ((), 20, False, {"NONE"}),
        (("PINBALL",), 20, True, {"PERFORMANCE"}),
        (("COVERAGE", "PINBALL"), 20, True, {"PERFORMANCE"}),
        (("FORECAST_BIAS",), 20, True, {"INPUT_DRIFT"}),
        (("LOAD_DRIFT",), 20, True, {"INPUT_DRIFT"}),
        (("LEVEL_SHIFT",), 20, True, {"LEVEL_SHIFT"}),
        (("STATION_OFF",), 20, False, {"DATA_FAULT"}),
        (("STALE_NODE",), 20, False, {"DATA_FAULT"}),
        (("STATION_OFF", "PINBALL"), 20, False, {"DATA_FAULT"}),
        (("STATION_OFF", "LEVEL_SHIFT"), 20, True, {"DATA_FAULT", "LEVEL_SHIFT"}),
        (("STALE_WEATHER",), 100, True, {"DATA_FAULT", "AGE"}),
        ((), 60, True, {"NEW_DATA"}),
        ((), 90, True, {"AGE"}),
        (("PINBALL",), 3, False, {"PERFORMANCE", "TOO_FEW_DAYS"}),
    ],
)
def test_the_table_of_decisions(kinds: tuple[str, ...], new_days: float, needed: bool, codes: set[str]) -> None:
    decision = decide(found(*kinds), NOW - pd.Timedelta(days=new_days), NOW, POLICY)
    assert decision.needed is needed
    assert set(decision.codes) == codes
    assert all(sentence for _, sentence in decision.reasons)


def test_notices_are_no_reason() -> None:
    assert decide(found("PINBALL", "LEVEL_SHIFT", severity="watch"), NOW, NOW, POLICY).codes == ("NONE",)


def test_a_shift_of_yesterday_waits_until_there_is_a_new_level_to_learn() -> None:
    young = decide(found("LEVEL_SHIFT", days=2), NOW - pd.Timedelta(days=20), NOW, POLICY)
    assert (young.needed, young.codes) == (False, ("TOO_YOUNG",))


def test_the_shipped_policies_are_the_defaults() -> None:
    assert load_settings(WatchPolicy, config_path("policy/watching.yaml")) == WatchPolicy()
    assert load_settings(RetrainPolicy, config_path("policy/retraining.yaml")) == POLICY


def test_findings_are_sorted_and_counted() -> None:
    frame = pd.concat([found("A", severity="watch"), found("B", "B")], ignore_index=True)
    assert summary(frame) == {"alarms": 2, "notices": 1, "B": 2}
    assert list(found()["kind"]) == []
    assert summary(found()) == {"alarms": 0, "notices": 0}
