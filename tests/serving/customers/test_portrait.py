"""Portraits as a pure function: what is known is said in both languages, what is not known is not made up."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.behaviour import FEATURE_NAMES
from features.configs import config_path
from features.settings import load_settings
from serving.customers.columns import SUSPICIONS
from serving.customers.policy import PortraitPolicy
from serving.customers.portrait import Portrait, portrait
from serving.customers.words import amount, change, days
from serving.tags.inputs import SCORES

POLICY = PortraitPolicy()
USE, YEAR = "use_90d_kwh_day", "year_on_year_share"
COLUMNS = (*FEATURE_NAMES, *(name for names in SCORES.values() for name in names))


def made(rank: float | None = None, **row: Any) -> Portrait:
    return portrait(row, [], [], None, POLICY, rank)


def said(found: Portrait) -> dict[str, str]:
    return {one.code: one.english for one in (*found.behaviour, *found.needs, *found.risks)}


def test_the_shipped_policy_is_what_the_code_does() -> None:
    assert load_settings(PortraitPolicy, config_path("policy/portrait.yaml")) == POLICY


@pytest.mark.parametrize(
    ("row", "code", "english"),
    [
        ({USE: 12.34, YEAR: 0.081}, "use", "Uses 12.3 kWh a day, 8 % more than a year ago."),
        ({USE: 1240.0, YEAR: -0.2}, "use", "Uses 1,240 kWh a day, 20 % less than a year ago."),
        ({"use_90d_kwh_day": 3.0, "year_on_year_share": 0.01}, "use", "Uses 3 kWh a day, as much as a year ago."),
        ({"use_90d_kwh_day": 3.0}, "use", "Uses 3 kWh a day."),
        ({}, "use_unknown", "How much is used is not known."),
        ({"summer_ratio": 1.6}, "summer_heavy", "Uses 60 % more in summer than in spring and autumn."),
        ({"weekend_ratio": 0.7}, "weekend", "Uses 30 % less at weekends than on working days."),
        ({"evening_share": 0.38}, "part_of_day", "Most is used in the evening (18 to 22 o'clock): 38 % of the day."),
        ({"cooling_slope_share_c": 0.041}, "cooling", "Each degree above 22 °C adds 4.1 % of use."),
        ({"vacancy_days": 40.0}, "vacant", "Nearly nothing used for 40 days."),
        (
            {"level_shift_days": 45.0, "level_shift_share": -0.3},
            "level_shift",
            "For 45 days now, 30 % less than before.",
        ),
        ({"contract_use_share": 0.5}, "contract_use", "The highest load was 50 % of the agreed capacity."),
        (
            {"contacts_12m": 2.0, "complaints_12m": 1.0},
            "contacts",
            "Turned to us twice in the last 12 months, once to complain.",
        ),
        ({"autopay": 1.0}, "pays_standing", "Pays by standing order."),
        ({"p_more_capacity": 0.4}, "more_capacity", "May need more capacity: probability 40 % within 12 months."),
        ({"outage_days_12m": 4.0}, "supply", "Faults on 4 days of the last 12 months: the supply should be looked at."),
        ({"arrears_cny": 120.0, "arrears_age_days": 1.0}, "arrears", "120 CNY are due, the oldest for 1 day."),
        ({"p_leave": 0.31}, "may_leave", "May leave: probability 31 % within 12 months."),
    ],
)
def test_a_figure_is_said_as_people_say_it(row: dict[str, float], code: str, english: str) -> None:
    assert said(made(**row))[code] == english


def test_what_is_ordinary_is_not_said() -> None:
    ordinary = {"use_90d_kwh_day": 5.0, "summer_ratio": 1.1, "weekend_ratio": 1.0, "evening_share": 0.17}
    ordinary |= {"vacancy_days": 0.0, "arrears_cny": 0.0, "p_leave": 0.05, "late_share": 0.0, "contacts_12m": 0.0}
    assert set(said(made(**ordinary))) == {"use"}


@given(
    st.dictionaries(
        st.sampled_from(COLUMNS),
        st.one_of(st.none(), st.floats(-1e6, 1e6), st.sampled_from([0.0, 0.5, 1.0, math.nan])),
    )
)
@settings(max_examples=150, deadline=None)
def test_whatever_is_known_every_sentence_is_whole(row: dict[str, Any]) -> None:
    found = portrait(row, [], [], None, POLICY, None)
    for one in (*found.behaviour, *found.needs, *found.risks):
        assert one.english.endswith(".")
        assert one.chinese.endswith("。")
        assert any("\u4e00" <= letter <= "\u9fff" for letter in one.chinese)
        assert not {"nan", "None", "inf"} & set(one.english.replace(",", " ").replace(".", " ").split())
        assert set(one.figures) <= {*COLUMNS, "contract_kva"}


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_suspicion_is_said_only_where_the_row_holds_it(score: float, leave: float) -> None:
    row = {"theft_score": score, "p_leave": leave}
    hidden = {name: value for name, value in row.items() if name not in SUSPICIONS}
    assert ("abnormal" in said(made(**row))) == (score >= POLICY.theft_score)
    assert "abnormal" not in said(made(**hidden))


def test_a_standing_alarm_is_said_with_what_may_be_lost() -> None:
    row = {"alarm": 1.0, "theft_score": 0.2, "alarm_days": 12.0, "lost_kwh_p10": 100.0, "lost_kwh_p90": 900.0}
    text = said(made(**row))["abnormal"]
    assert text == (
        "Use looks abnormal: a reason to look, no finding; score 0.20, alarm for 12 days; 100 to 900 kWh may be lost."
    )


@pytest.mark.parametrize(
    ("rank", "band"), [(1.0, "high"), (0.9, "high"), (0.7, "medium"), (0.2, "low"), (None, "unknown")]
)
def test_the_band_follows_the_rank_in_the_class(rank: float | None, band: str) -> None:
    assert made(rank, value_p50_cny=100.0).value.band == band
    assert made(rank).value.band == "unknown"


def test_a_held_value_tag_says_the_band() -> None:
    tags = [{"tag": "low_value", "status": "unknown"}, {"tag": "medium_value", "status": "held"}]
    found = portrait({"value_p50_cny": 5.0}, tags, [], None, POLICY, 0.95).value
    assert (found.band, found.rank_in_class) == ("medium", 0.95)
    assert found.english == "Medium value, above 95 % of the class"
    assert portrait({}, tags[:1], [], None, POLICY, 0.95).value.band == "unknown"


@pytest.mark.parametrize(
    ("open_kva", "blocks", "english"),
    [
        (None, [None] * 6, "What is open at the area is not known."),
        (45.0, [45.0] * 6, "45 kVA are open at the area at any hour."),
        (0.0, [0.0] * 6, "Nothing is open at the area."),
        (0.0, [20.0, 80.0, 0.0, 0.0, 0.0, 5.0], "Nothing is open at every hour; up to 80 kVA from 4 to 8 o'clock."),
    ],
)
def test_what_is_open_is_said_with_its_hours(open_kva: float | None, blocks: list[Any], english: str) -> None:
    area = {"node_id": "A1", "open_kva": open_kva, "block_kva": blocks}
    told = portrait({}, [], [], area, POLICY).headroom
    assert told is not None
    assert told["english"] == english
    assert told["chinese"].endswith("。")


def test_quantities_are_as_exact_as_it_matters() -> None:
    assert [amount(value) for value in (0.0, 0.5, 8.366, 12.34, 100.0, 123.4, 1239.9)] == [
        "0", "0.5", "8.37", "12.3", "100", "123", "1,240",
    ]  # fmt: skip
    assert [days(value) for value in (1.2, 2.0)] == ["1 day", "2 days"]
    assert change(0.04, 0.05) == ("as much as", "基本持平")
