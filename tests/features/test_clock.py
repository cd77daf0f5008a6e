"""The calendar knows local time, holidays, moved working days and the Spring Festival."""

import pandas as pd
import pytest

from features.clock import FAR_DAYS, Calendar, time_zone
from features.errors import ConfigError

CHINA = Calendar("Asia/Shanghai", "CN")


def days(calendar: Calendar, *stamps: str) -> pd.DataFrame:
    return calendar.days(pd.DatetimeIndex(list(stamps)))


def test_moved_working_days_are_worked_and_their_substitutes_are_off() -> None:
    # 2024-02-04 and 2024-02-18 were Sundays worked for the Spring Festival week.
    table = days(CHINA, "2024-02-04", "2024-02-15", "2024-02-17", "2024-02-18")
    assert table["moved_work"].tolist() == [True, False, False, True]
    assert table["off"].tolist() == [False, True, True, False]


def test_substitute_days_are_off_but_no_holidays() -> None:
    table = days(CHINA, "2024-10-01", "2024-10-04")
    assert table["holiday"].tolist() == [True, False]
    assert table["off"].all()


def test_distance_from_the_spring_festival_is_signed_and_bounded() -> None:
    table = days(CHINA, "2024-02-08", "2024-02-10", "2024-02-13", "2024-06-01")
    assert table["festival"].tolist() == [-2, 0, 3, FAR_DAYS]


def test_holidays_have_names_and_other_days_none() -> None:
    asked = pd.DatetimeIndex(["2007-07-03", "2007-07-04 13:00", "2004-07-05"])
    names = Calendar("UTC", "US").holiday_names(asked)
    assert names.tolist() == ["Independence Day (observed)", "", "Independence Day"]
    assert Calendar("UTC").holiday_names(asked).tolist() == ["", "", ""]


def test_eve_and_after_frame_days_off() -> None:
    table = days(Calendar("UTC", "US"), "2007-07-03", "2007-07-04", "2007-07-05")
    assert table["eve"].tolist() == [True, False, False]
    assert table["after"].tolist() == [False, False, True]


def test_local_time_follows_daylight_saving() -> None:
    times = pd.DatetimeIndex(["2021-03-28 00:30", "2021-03-28 01:30"], tz="UTC")
    assert Calendar("Europe/Amsterdam").local(times).hour.tolist() == [1, 3]


def test_a_fixed_offset_is_a_zone() -> None:
    assert Calendar("-05:00").local(pd.DatetimeIndex(["2004-01-01 05:00"], tz="UTC"))[0] == pd.Timestamp("2004-01-01")


@pytest.mark.parametrize("name", ["Nowhere/City", "5 hours", "", "+99:00"])
def test_an_unknown_zone_is_named(name: str) -> None:
    with pytest.raises(ConfigError, match="time zone"):
        time_zone(name)


def test_an_unknown_country_is_named() -> None:
    with pytest.raises(ConfigError, match="XX"):
        days(Calendar("UTC", "XX"), "2024-01-01")
