"""Names as people write them: whatever stands around, the place, the number and the ordinal come out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.reconcile.texts import PlainName, plain_name, plain_text


@pytest.mark.parametrize(
    ("text", "place", "number", "ordinal"),
    [
        ("幸福里1号台区", "幸福里", 1, None),
        ("幸福里一号台區", "幸福里", 1, None),
        ("10kV滨河线幸福里01号公变#2配变", "幸福里", 1, 2),
        ("10ｋＶ滨河线幸福里０１号公变＃２配变", "幸福里", 1, 2),
        ("滨河线幸福里十二号配变", "幸福里", 12, None),
        ("老街口二十号公变", "老街口", 20, None),
        ("三里3号台区", "三里", 3, None),
        ("幸福里#01台变", "幸福里", 1, None),
        ("10kV滨河线", "滨河", None, None),
        ("滨河馈线", "滨河", None, None),
        ("滨河101线", "滨河", 101, None),
        ("110kV青云变", "青云", None, None),
        ("青云变电站#2主变", "青云", 2, None),
        ("青雲站", "青云", None, None),
    ],
)
def test_the_parts_of_a_name(text: str, place: str, number: int | None, ordinal: int | None) -> None:
    assert plain_name(text) == PlainName(place, number, ordinal)


def test_full_width_and_traditional_signs_become_plain() -> None:
    assert plain_text(" Ａ０１２３號臺區 ") == "A0123号台区"


@given(number=st.integers(1, 99))
def test_numbers_read_the_same_in_digits_and_in_characters(number: int) -> None:
    tens, ones = divmod(number, 10)
    digits = "零一二三四五六七八九"
    spoken = ("" if tens == 0 else "十" if tens == 1 else f"{digits[tens]}十") + (digits[ones] if ones else "")
    assert plain_name(f"柳林{spoken}号台区").number == number == plain_name(f"柳林{number:03d}号公变").number


@given(st.text(max_size=20))
def test_any_text_has_parts(text: str) -> None:
    parts = plain_name(text)
    assert parts.number is None or parts.number >= 0
    assert "台区" not in parts.place
