"""How the systems write the same names: each in its own style, some by older names, some in other characters."""

import re

__all__ = [
    "FOREIGN_PLACES",
    "area_parts",
    "full_width",
    "in_assets",
    "in_collection",
    "in_marketing",
    "in_topology",
    "older_place",
    "stem",
    "traditional",
]

_OLDER = tuple(
    "红旗新村 建设大院 东风三队 胜利小区 光荣院 前进新村 友谊里 团结四队 向阳大队 卫星公社 跃进新村 工农里 "  # noqa: SIM905
    "国棉宿舍 铁路新村 纺织大院 粮库宿舍 农科所 水产站 果林场 砖瓦厂 供销社 渔业队 电机宿舍 师范大院 人民会堂 "
    "老菜场 十字街 摆渡口 采茶队 拖修站".split()
)
FOREIGN_PLACES = tuple("石化基地 临江码头 开发区东 高铁站南 物流园 温泉镇 科创港 影视城 森林公园 会展岛".split())  # noqa: SIM905
"""Places of strangers: equipment that no other system knows."""
_SIMPLE = "云桥银滨龙阳东农场贸学业创锦绣书园广厂机荫号区变电线凤长双湾边红单压馈庙兴关会国员丽旧颗实栏楼处"
_TRADITIONAL = "雲橋銀濱龍陽東農場貿學業創錦繡書園廣廠機蔭號區變電線鳳長雙灣邊紅單壓饋廟興關會國員麗舊顆實欄樓處"
_TO_TRADITIONAL = str.maketrans(_SIMPLE, _TRADITIONAL)
_TO_FULL = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
_DIGITS = "零一二三四五六七八九"


def stem(name: str) -> str:
    """The place in the territory's name of a substation or a feeder."""
    return name.removesuffix("变电站").removesuffix("线")


def area_parts(name: str) -> tuple[str, int]:
    """Place and number in the territory's name of an area."""
    match = re.fullmatch(r"(.+?)(\d+)号台区", name)
    if match is None:
        raise ValueError(f"{name!r} is no name of an area")
    return match[1], int(match[2])


def older_place(index: int) -> str:
    """What the place of area number `index` was called before."""
    return _OLDER[index % len(_OLDER)]


def traditional(text: str) -> str:
    """The text in traditional characters, as far as the territory's names need them."""
    return text.translate(_TO_TRADITIONAL)


def full_width(text: str) -> str:
    """Letters, digits and signs in their wide forms."""
    return text.translate(_TO_FULL)


def in_marketing(kind: str, place: str, number: int = 0) -> str:
    """青云变, 滨河线, 幸福里1号台区."""
    return {"substation": f"{place}变", "feeder": f"{place}线", "area": f"{place}{number}号台区"}[kind]


def in_assets(kind: str, place: str, number: int = 0, feeder: str = "", unit: int = 1) -> str:
    """110kV青云变电站, 10kV滨河线, 10kV滨河线幸福里01号公变#1配变, 110kV青云变电站#1主变."""
    return {
        "substation": f"110kV{place}变电站",
        "feeder": f"10kV{place}线",
        "transformer": f"10kV{feeder}线{place}{number:02d}号公变#{unit}配变",
        "main": f"110kV{place}变电站#{unit}主变",
    }[kind]


def in_topology(kind: str, place: str, number: int = 0, unit: int = 0) -> str:
    """青云站, 滨河101线, 幸福里1#公变; with A, B where an area has two."""
    letter = "" if unit == 0 else "AB"[unit - 1]
    return {"substation": f"{place}站", "feeder": f"{place}{number}线", "transformer": f"{place}{number}#公变{letter}"}[
        kind
    ]


def in_collection(kind: str, place: str, number: int = 0) -> str:
    """青云变电所, 滨河馈线, 幸福里一号变."""
    return {
        "substation": f"{place}变电所",
        "feeder": f"{place}馈线",
        "area": f"{place}{_spoken(number)}号变",
    }[kind]


def _spoken(number: int) -> str:
    """A number below 1000 in Chinese numerals."""
    if number < 10:
        return _DIGITS[number]
    if number < 20:
        return f"十{_DIGITS[number - 10] if number > 10 else ''}"
    if number < 100:
        return f"{_DIGITS[number // 10]}十{_DIGITS[number % 10] if number % 10 else ''}"
    rest = number % 100
    tail = "" if rest == 0 else f"零{_DIGITS[rest]}" if rest < 10 else f"{'一' if rest < 20 else ''}{_spoken(rest)}"
    return f"{_DIGITS[number // 100 % 10]}百{tail}"
