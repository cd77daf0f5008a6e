"""Conversions: notation of numbers, words for yes and no, clocks with and without summer time."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from features.contracts import CONTRACTS
from features.ingest.convert import to_number, to_text, to_truth, without_junk
from features.ingest.mapping import MISSING, ColumnMapping
from features.ingest.times import TimeContext, to_instant

KW = CONTRACTS["node_load"].field("load_kw")
PHASES = CONTRACTS["transformer"].field("phases")


def spec(**options: object) -> ColumnMapping:
    return ColumnMapping.model_validate({"from": "x", **options})


def numbers(texts: list[str], **options: object) -> list[float | None]:
    made = to_number(pd.Series(texts, dtype="str"), KW, spec(**options))
    bad = made.bad.get("BAD_NUMBER", np.zeros(len(texts), dtype=bool))
    return [None if wrong else value for value, wrong in zip(made.values.tolist(), bad, strict=True)]


def instants(texts: list[str], zone: str = "UTC", **options: object) -> tuple[list[str | None], dict[str, list[int]]]:
    raw = pd.Series(texts, dtype="str")
    things = pd.DataFrame({"id": ["a"] * len(texts)})
    made = to_instant("t", raw, pd.DataFrame({"x": raw}), spec(**options), TimeContext(zone), things)
    shown = [None if pd.isna(t) else t.strftime("%Y-%m-%d %H:%M") for t in made.values]
    return shown, {code: np.flatnonzero(mask).tolist() for code, mask in made.bad.items()}


def test_notations() -> None:
    assert numbers(["1,234.5", "12", "-1,234,567", ".5", "1e3"], thousands=",") == [1234.5, 12.0, -1234567.0, 0.5, 1e3]
    assert numbers(["1.234,5", "3,5"], thousands=".", decimal=",") == [1234.5, 3.5]
    assert numbers(["１２３．５", "－４", " 7 "]) == [123.5, -4.0, 7.0]
    assert numbers(["2.5"], unit="MW") == [2500.0]
    assert numbers(["2.0004"], digits=2) == [2.0]


def test_of_a_cell_the_part_that_counts() -> None:
    cells = pd.Series(["2015-01-01星期四", "", "35℃", "none"], dtype="str")
    days, _ = without_junk(cells, spec(match=r"^[\d-]{10}"), MISSING)
    degrees, _ = without_junk(cells, spec(match=r"^(-?\d+)℃$"), MISSING)
    assert days.fillna("null").tolist() == ["2015-01-01", "null", "35℃", "none"]
    assert degrees.fillna("null").tolist() == ["2015-01-01星期四", "null", "35", "none"]
    with pytest.raises(ValidationError, match="match takes a part"):
        ColumnMapping.model_validate({"constant": "x", "match": "x"})


@pytest.mark.parametrize(
    "text", ["3,5", "1,23,456", "12kW", "inf", "nan", "1_000", "0x10", "1.2.3", "四百", "--5", "1e400"]
)
def test_what_is_no_number(text: str) -> None:
    assert numbers([text], thousands=",") == [None]


def test_a_decimal_comma_is_no_grouping() -> None:
    assert numbers(["1,234"]) == [None]
    assert numbers(["1.234"], decimal=",") == [None]


@given(st.floats(-5e6, 5e6).map(lambda x: round(x, 3)))
def test_grouped_text_reads_back(value: float) -> None:
    assert numbers([f"{value:,.3f}"], thousands=",") == [float(f"{value:.3f}")]


def test_whole_numbers() -> None:
    made = to_number(pd.Series(["3", "2.5", "1.0"], dtype="str"), PHASES, spec())
    assert made.values.tolist() == [3, pd.NA, 1]
    assert made.bad["BAD_NUMBER"].tolist() == [False, True, False]


def test_typed_numbers_stay_as_they_are() -> None:
    values = np.array([0.1, 1 / 3, 12345.678901234567])
    assert to_number(pd.Series(values), KW, spec()).values.tolist() == values.tolist()


def test_codes_of_times_are_read_as_times() -> None:
    # As Parquet gives the number of a release: a column of integers, one of them unknown to the mapping.
    raw = pd.Series([2, 3, 16])
    codes = {"2": "2010-11-01", "3": "2010-12-01T06:00"}
    made = to_instant("t", raw, pd.DataFrame({"x": raw}), spec(codes=codes), TimeContext("-05:00"), pd.DataFrame())
    assert made.values[:2].tolist() == [
        pd.Timestamp("2010-11-01 05:00", tz="UTC"),
        pd.Timestamp("2010-12-01 11:00", tz="UTC"),
    ]
    assert np.flatnonzero(made.bad["BAD_TIME"]).tolist() == [2]


def test_text_codes_and_prefix() -> None:
    assert to_text(pd.Series([1.0, np.nan, 17.0]), spec(prefix="n-")).values.tolist()[::2] == ["n-1", "n-17"]
    made = to_text(pd.Series([" 居民 ", "x"], dtype="str"), spec(codes={"居民": "residential"}))
    assert made.values.tolist() == ["residential", "x"]


def test_plain_identifiers_lose_wide_forms_and_spaces_before_codes_are_looked_up() -> None:
    typed = pd.Series(["０１００ 123", " 16Ｍ-0\u30001 ", "A0001", np.nan, "Ａ"], dtype="str")
    made = to_text(typed, spec(plain=True, codes={"A": "area"}, prefix="x:"))
    assert made.values.tolist()[:3] == ["x:0100123", "x:16M-01", "x:A0001"]
    assert made.values.isna().tolist() == [False, False, False, True, False]
    assert made.values[4] == "x:area"
    assert to_text(typed, spec()).values.tolist()[:2] == ["０１００ 123", "16Ｍ-0\u30001"]


def test_yes_and_no() -> None:
    made = to_truth(pd.Series(["是", "No", "1", "maybe", "J"], dtype="str"), spec(codes={"J": "true"}))
    assert made.values.tolist() == [True, False, True, pd.NA, True]
    assert made.bad["BAD_TRUTH_VALUE"].tolist() == [False, False, False, True, False]


def test_blank_default_and_junk() -> None:
    raw = pd.Series(["1", "-", "9999.99", ""], dtype="str")
    clean, bad = without_junk(raw, spec(junk=[9999.99], default="0"), MISSING)
    assert clean.where(clean.notna(), None).tolist() == ["1", "0", None, "0"]
    assert bad["JUNK_VALUE"].tolist() == [False, False, True, False]
    clean, _ = without_junk(pd.Series([1.0, 9999.99]), spec(), (*MISSING, "9999.99"))
    assert clean.isna().tolist() == [False, True]


def test_formats() -> None:
    assert instants(["2024-01-31 07:30", "2024-01-31T07:30:00Z"])[0] == ["2024-01-31 07:30"] * 2
    assert instants(["30Jun2008:7:00:00"], format="%d%b%Y:%H:%M:%S")[0] == ["2008-06-30 07:00"]
    assert instants(["1704067200"], format="epoch_s")[0] == ["2024-01-01 00:00"]
    assert instants(["2024-02-28 24:00"])[0] == ["2024-02-29 00:00"]
    assert instants(["2024-01-01 01:00"], shift_minutes=-60)[0] == ["2024-01-01 00:00"]
    assert instants(["2024-01-01 08:00"], zone="Asia/Shanghai")[0] == ["2024-01-01 00:00"]
    assert instants(["2024-07-01 00:00"], zone="-05:00")[0] == ["2024-07-01 05:00"]
    assert instants(["2024-07-01 00:00+02:00"], zone="-05:00")[0] == ["2024-06-30 22:00"]


@pytest.mark.parametrize("text", ["2024-02-30", "0024-01-01", "yesterday", "2024-01-01 25:00", "9999-01-01"])
def test_what_is_no_time(text: str) -> None:
    assert instants([text]) == ([None], {"BAD_TIME": [0]})


def test_the_two_odd_hours_of_a_year() -> None:
    back, forward = ["2024-10-27 02:30", "2024-10-27 02:30"], ["2024-03-31 02:30"]
    zone = "Europe/Amsterdam"
    assert instants(back, zone) == ([None, None], {"AMBIGUOUS_TIME": [0, 1]})
    assert instants(back, zone, ambiguous="first")[0] == ["2024-10-27 00:30"] * 2
    assert instants(back, zone, ambiguous="second")[0] == ["2024-10-27 01:30"] * 2
    assert instants(back, zone, ambiguous="in_order")[0] == ["2024-10-27 00:30", "2024-10-27 01:30"]
    assert instants(forward, zone) == ([None], {"NONEXISTENT_TIME": [0]})
    assert instants(forward, zone, nonexistent="shift_forward")[0] == ["2024-03-31 01:00"]


@given(st.datetimes(datetime(1995, 1, 1), datetime(2030, 1, 1)).map(lambda t: t.replace(second=0, microsecond=0)))
def test_a_local_zone_agrees_with_the_standard_library(moment: datetime) -> None:
    zone = ZoneInfo("America/New_York")
    utc = moment.replace(tzinfo=ZoneInfo("UTC"))
    local = utc.astimezone(zone)
    shown, _ = instants(
        [local.strftime("%Y-%m-%d %H:%M")], "America/New_York", ambiguous="second" if local.fold else "first"
    )
    assert shown == [moment.strftime("%Y-%m-%d %H:%M")]


def test_a_year_of_local_hours_in_order_is_a_year_of_utc_hours() -> None:
    hours = pd.date_range("2024-01-01", periods=366 * 24, freq="h", tz="UTC")
    local = hours.tz_convert("Europe/Amsterdam").strftime("%Y-%m-%d %H:%M").tolist()
    shown, bad = instants(local, "Europe/Amsterdam", ambiguous="in_order")
    assert not bad
    assert shown == hours.strftime("%Y-%m-%d %H:%M").tolist()


def test_times_in_parts() -> None:
    frame = pd.DataFrame(
        {"y": ["2008"] * 3, "m": ["6", "6", "13"], "d": ["30", "31", "1"], "h": ["24", "1", "1"]}, dtype="str"
    )
    parts = ColumnMapping.model_validate({"parts": {"year": "y", "month": "m", "day": "d", "hour": "h"}})
    made = to_instant("t", frame["y"], frame, parts, TimeContext("UTC"), pd.DataFrame())
    assert made.values[0] == pd.Timestamp(2008, 7, 1, tz="UTC") + timedelta(0)
    assert made.bad["BAD_TIME"].tolist() == [False, True, True]


def test_a_mapping_narrows_what_its_source_can_hold() -> None:
    raw = pd.Series(["-1", "0", "5", "5.1", "x"], dtype="str")
    found = to_number(raw, KW, spec(unit="MW", at_least=0, at_most=5000))
    where = {code: np.flatnonzero(bad).tolist() for code, bad in found.bad.items()}
    assert where == {"BAD_NUMBER": [4], "BELOW_BOUND": [0], "ABOVE_BOUND": [3]}
