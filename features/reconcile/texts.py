"""Names of equipment as different systems write them, made comparable: one place, one number, one ordinal."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

__all__ = ["PlainName", "plain_name", "plain_text"]

_DIGITS = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_NUMERAL = "零〇一二两三四五六七八九十"
# 三里 is a place, 三号 a number: a numeral counts only beside a word that numbers things.
_COUNTED = re.compile(rf"(?<=[#第])([{_NUMERAL}]+)|([{_NUMERAL}]+)(?=[号#栋座台])")
_VOLTAGE = re.compile(r"\d+(?:\.\d+)?\s*(?:kv|千伏)", re.IGNORECASE)
_NUMBER = re.compile(r"\d+")
# What says which level of the network a thing is on, and no more; the longer words first.
_LEVEL_WORDS = re.compile(
    "公用变压器|配电变压器|公用配变|变压器|变电所|变电站|台变|箱式变|箱变|柱上变|公变|专变|配变|台区|台片|馈线|线路|主变"
)
_LINE_WORDS = re.compile("馈线$|线路$")
_NOISE = re.compile(r"[\s#号№.,、。·\-_/()\[\]（）【】第]+")


@dataclass(frozen=True)
class PlainName:
    """What a name says: the `place`, the `number` of the thing there (None without one), an `ordinal` within it."""

    place: str
    number: int | None
    ordinal: int | None


@lru_cache(maxsize=1)
def _simplifier() -> Any:
    # Its tables take a moment to read, and only names need them.
    import opencc

    return opencc.OpenCC("t2s")


def plain_text(text: str) -> str:
    """Full-width signs made plain, traditional characters simplified, spaces at the ends gone."""
    return str(_simplifier().convert(unicodedata.normalize("NFKC", text))).strip()


@lru_cache(maxsize=200_000)
def plain_name(text: str) -> PlainName:
    """The parts of a name, whatever words for the level, signs for numbers, and name of a feeder stand around them.

    `10kV滨河线幸福里01号公变#2配变` is the place 幸福里, number 1, ordinal 2; so is 幸福里一号台區 (without ordinal).
    """
    name = _LINE_WORDS.sub("", _VOLTAGE.sub("", plain_text(text).lower()))
    # Of 滨河线幸福里1号 the feeder is not part of the thing's own name; of 滨河线 it is all there is.
    head, sign, tail = name.rpartition("线")
    if sign and _LEVEL_WORDS.sub("", tail).strip("#号0123456789 "):
        name = tail
    elif sign:
        name = head + tail
    name = _COUNTED.sub(lambda match: str(_counted(match[0])), name)
    numbers = [int(digits) for digits in _NUMBER.findall(name)]
    place = _NOISE.sub("", _NUMBER.sub("", _LEVEL_WORDS.sub("", name)))
    if len(place) > 2:
        place = place.removesuffix("变").removesuffix("站").removesuffix("所")
    return PlainName(place, numbers[0] if numbers else None, numbers[1] if len(numbers) > 1 else None)


def _counted(numeral: str) -> int:
    """Chinese numerals up to ninety-nine; digits one after the other above that."""
    if "十" not in numeral:
        return int("".join(str(_DIGITS[sign]) for sign in numeral))
    tens, _, ones = numeral.partition("十")
    return 10 * (_DIGITS[tens[-1]] if tens else 1) + (_DIGITS[ones[0]] if ones else 0)
