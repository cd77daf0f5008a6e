"""Foreseen events: opened late, kept long, ended by the fact or by the day; the same whatever the order of rows."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.configs import config_path
from features.errors import ConfigError
from features.settings import load_settings, parse_settings
from serving.decisions.monitoring.foreseen import COLUMNS, ForeseenPolicy, crossing_limits, follow

TODAY = pd.Timestamp("2025-07-10")
POLICY = ForeseenPolicy(open_at=0.5, keep_at=0.3)


def chance(probability: float, node: str = "A1", ahead: int = 1, kind: str = "overload", **changes: Any) -> dict:
    day = TODAY + pd.Timedelta(days=ahead)
    row = {
        "node_id": node,
        "kind": kind,
        "day": day,
        "start_utc": day.tz_localize("Asia/Shanghai").tz_convert("UTC") + pd.Timedelta(hours=14),
        "probability": probability,
        "expected_worst": 0.9 + probability / 5,
        "lead_days": ahead,
        "limit_kw": 300.0,
    }
    return {**row, **changes}


def frame(*rows: dict) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(COLUMNS))


class TestHysteresis:
    def test_opens_at_one_level_and_is_kept_down_to_another(self) -> None:
        held = None
        for probability, there in ((0.45, False), (0.5, True), (0.35, True), (0.29, False), (0.45, False)):
            held = follow(held, frame(chance(probability)), POLICY, TODAY).open
            assert len(held) == there, probability

    def test_figures_are_the_newest(self) -> None:
        held = follow(None, frame(chance(0.9)), POLICY, TODAY).open
        found = follow(held, frame(chance(0.4)), POLICY, TODAY).open
        assert found["probability"].tolist() == [0.4]

    def test_what_is_withdrawn_says_so(self) -> None:
        held = follow(None, frame(chance(0.9)), POLICY, TODAY).open
        ended = follow(held, frame(chance(0.1)), POLICY, TODAY).ended
        assert ended["outcome"].tolist() == ["withdrawn"]

    @settings(max_examples=15, deadline=None)
    @given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
    def test_one_event_by_the_plain_rule(self, told: list[float]) -> None:
        held, there = None, False
        for probability in told:
            held = follow(held, frame(chance(probability)), POLICY, TODAY).open
            there = probability >= (POLICY.keep_at if there else POLICY.open_at)
            assert (len(held) == 1) == there


class TestEnds:
    def test_the_real_event_supersedes_and_is_not_foreseen_again(self) -> None:
        held = follow(None, frame(chance(0.9)), POLICY, TODAY).open
        real = [("A1", "overload", TODAY + pd.Timedelta(days=1))]
        found = follow(held, frame(chance(0.9)), POLICY, TODAY, real)
        assert found.open.empty
        assert found.ended["outcome"].tolist() == ["superseded"]

    def test_the_day_itself_is_waited_for_and_then_passed(self) -> None:
        held = follow(None, frame(chance(0.9)), POLICY, TODAY).open
        tomorrow = TODAY + pd.Timedelta(days=1)
        on_the_day = follow(held, frame(), POLICY, tomorrow)
        assert len(on_the_day.open) == 1
        after = follow(on_the_day.open, frame(), POLICY, tomorrow + pd.Timedelta(days=1))
        assert after.open.empty
        assert after.ended["outcome"].tolist() == ["passed"]

    def test_silence_withdraws_nothing(self) -> None:
        held = follow(None, frame(chance(0.9)), POLICY, TODAY).open
        assert len(follow(held, frame(chance(np.nan)), POLICY, TODAY).open) == 1
        assert len(follow(held, frame(chance(0.9, node="B")), POLICY, TODAY).open) == 2


class TestWhatOpens:
    def test_an_unknown_probability_opens_nothing(self) -> None:
        assert follow(None, frame(chance(np.nan)), POLICY, TODAY).open.empty

    def test_neither_today_nor_days_too_far_ahead_open(self) -> None:
        rows = [chance(0.9, ahead=ahead) for ahead in (0, 1, 7, 8)]
        assert follow(None, frame(*rows), POLICY, TODAY).open["lead_days"].tolist() == [1, 7]

    @settings(max_examples=10, deadline=None)
    @given(st.permutations(range(6)))
    def test_the_order_of_rows_does_not_matter(self, order: list[int]) -> None:
        rows = [chance(0.6, node, ahead) for node in ("A1", "B") for ahead in (1, 2, 3)]
        found = follow(None, frame(*(rows[place] for place in order)), POLICY, TODAY).open
        pd.testing.assert_frame_equal(found, follow(None, frame(*rows), POLICY, TODAY).open)


class TestPolicy:
    def test_the_shipped_policy_says_what_the_code_does(self) -> None:
        assert load_settings(ForeseenPolicy, config_path("policy/foreseen.yaml")) == ForeseenPolicy()

    @pytest.mark.parametrize("values", [{"keep_at": 0.6}, {"heavy": 1.2}, {"open": 0.5}, {"open_at": 0}])
    def test_what_makes_no_sense_is_refused(self, values: dict[str, float]) -> None:
        with pytest.raises(ConfigError):
            parse_settings(ForeseenPolicy, values, "policy")

    def test_limits_follow_the_rating_and_are_unknown_without_one(self) -> None:
        found = crossing_limits(pd.Series({"B": np.nan, "A": 200.0}), POLICY)
        assert found["kind"].tolist() == ["heavy", "overload"] * 2
        assert found["limit_kw"].tolist()[:2] == [160.0, 200.0]
        assert found["limit_kw"].isna().tolist() == [False, False, True, True]
