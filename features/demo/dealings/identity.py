"""Persons and businesses behind the accounts. None of them exists, and none of their numbers can be anybody's."""

import numpy as np
import pandas as pd

from features.demo import names
from features.demo.dealings.ground import Ground, instants

__all__ = ["identity_frame"]

_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英华玉兰建国志海云文慧晨宇轩雨欣佳怡浩然子涵思博俊豪雪梅春生"
_TRADES: dict[str, tuple[str, ...]] = {
    "commercial": ("商贸有限公司", "餐饮管理有限公司", "酒店有限公司", "超市", "百货有限公司"),
    "industrial": ("机械制造有限公司", "纺织有限公司", "塑料制品有限公司", "五金厂", "电子有限公司"),
    "agricultural": ("种植专业合作社", "水产养殖场", "家庭农场", "排灌站"),
    "public": ("小学", "卫生服务中心", "社区居民委员会", "路灯管理所", "文化中心"),
    "ev_charging": ("新能源科技有限公司", "充电服务有限公司", "停车场管理有限公司"),
}
_BRANDS = "鑫源 华泰 宏达 瑞丰 恒信 盛达 嘉禾 天成 永固 新宇 博远 长青".split()  # noqa: SIM905
_SOLE_TRADERS = 0.15
# No operator was ever given numbers that begin with 154.
_UNISSUED_PREFIX = "154"
# No place has this code: the places of the province end at 3213.
_NO_PLACE = "329901"
_CARD_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
_CARD_CHECKS = "10X98765432"
_LICENCE_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_RENAMED_SHARE = 0.035


def identity_frame(ground: Ground) -> pd.DataFrame:
    """The contract's rows: one per account, and where an account was taken over three, as in the other ledgers."""
    rng = ground.rng(4)
    since = ground.utc(np.maximum(ground.customers.since, 0) - ground.customers.first_day)
    first = _people(ground, rng).assign(valid_from=since, valid_to=None, available_at=since)
    room = np.maximum(ground.span - 30 - ground.since, 0)
    moved = np.flatnonzero((rng.random(ground.count) < _RENAMED_SHARE) & (room > 60))
    at = ground.utc(ground.since[moved] + np.floor(30 + rng.random(len(moved)) * (room[moved] - 30)))
    closed = first.iloc[moved].assign(valid_to=at, available_at=at)
    successor = (
        _people(ground, rng)
        .iloc[moved]
        .assign(address=first["address"].iloc[moved], valid_from=at, valid_to=None, available_at=at)
    )
    frame = pd.concat([first.astype("object"), closed.astype("object"), successor.astype("object")], ignore_index=True)
    frame = instants(frame, "valid_from", "valid_to", "available_at")
    return frame.sort_values(["available_at", "customer_id"], kind="stable", ignore_index=True)


def _people(ground: Ground, rng: np.random.Generator) -> pd.DataFrame:
    """A person or business for every account, each with a telephone, an address and a document."""
    n, classes = ground.count, ground.customers.customer_class
    person = (classes == "residential") | ((classes == "agricultural") & (rng.random(n) < 0.5))
    person |= (classes == "commercial") & (rng.random(n) < _SOLE_TRADERS)
    frame = pd.DataFrame({"customer_id": list(ground.customers.customer_ids)})
    frame["name"] = np.where(person, _personal_names(n, rng), _business_names(ground, rng))
    frame["phone"] = [f"{_UNISSUED_PREFIX}{number:08d}" for number in rng.integers(0, 10**8, n)]
    frame["address"] = _addresses(ground, person, rng)
    frame["document_kind"] = np.where(person, "identity_card", "business_licence")
    frame["document_id"] = np.where(person, _cards(n, rng), _licences(n, rng))
    frame.loc[(frame["document_kind"] == "identity_card") & (rng.random(n) < 0.01), "document_id"] = None
    return frame


def _personal_names(n: int, rng: np.random.Generator) -> np.ndarray:
    surname, given = np.array(list(_SURNAMES)), np.array(list(_GIVEN))
    second = np.where(rng.random(n) < 0.75, rng.choice(given, n), "")
    parts = zip(rng.choice(surname, n), rng.choice(given, n), second, strict=True)
    return np.array(["".join(part) for part in parts], dtype=object)


def _business_names(ground: Ground, rng: np.random.Generator) -> np.ndarray:
    made = []
    for area, name in zip(ground.customers.area, ground.customers.customer_class, strict=True):
        trades = _TRADES.get(str(name), _TRADES["commercial"])
        place, brand = names.estate_name(int(area)), _BRANDS[int(rng.integers(len(_BRANDS)))]
        middle = "" if name == "public" else brand
        made.append(f"江州{place}{middle}{trades[int(rng.integers(len(trades)))]}")
    return np.array(made, dtype=object)


def _addresses(ground: Ground, person: np.ndarray, rng: np.random.Generator) -> list[str]:
    feeder = ground.network.feeder_of_area[ground.customers.area]
    number, block, floor = (rng.integers(1, top, ground.count) for top in (300, 30, 19))
    unit, door = rng.integers(1, 5, ground.count), rng.integers(1, 5, ground.count)
    made = []
    for index, area in enumerate(ground.customers.area):
        street = f"江州市{names.street_name(int(feeder[index]))}{number[index]}号"
        home = f"{block[index]}幢{unit[index]}单元{floor[index]}0{door[index]}室"
        made.append(f"{street}{names.estate_name(int(area))}{home}" if person[index] else street)
    return made


def _cards(n: int, rng: np.random.Generator) -> np.ndarray:
    """Numbers in the form of an identity card's, with a check digit that is wrong on purpose: no card has them."""
    born = pd.Timestamp("1945-01-01") + pd.to_timedelta(rng.integers(0, 365 * 58, n), unit="D")
    order, shift = rng.integers(0, 1000, n), rng.integers(1, 11, n)
    heads = [f"{_NO_PLACE}{day}{number:03d}" for day, number in zip(born.strftime("%Y%m%d"), order, strict=True)]
    digits = np.array([[int(sign) for sign in head] for head in heads]).reshape(n, 17)
    wrong = (digits @ _CARD_WEIGHTS + shift) % 11
    return np.array([head + _CARD_CHECKS[check] for head, check in zip(heads, wrong, strict=True)], dtype=object)


def _licences(n: int, rng: np.random.Generator) -> np.ndarray:
    """Numbers in the form of a social credit code, with a check sign that is wrong on purpose."""
    body = rng.integers(0, len(_LICENCE_SIGNS), (n, 9))
    head = np.array([_LICENCE_SIGNS.index(sign) for sign in f"91{_NO_PLACE}"])
    signs = np.concatenate([np.tile(head, (n, 1)), body], axis=1)
    weights = np.array([pow(3, place, 31) for place in range(17)])
    wrong = (31 - (signs * weights).sum(axis=1) % 31 + rng.integers(1, 31, n)) % 31
    rows = np.concatenate([signs, wrong[:, None]], axis=1)
    return np.array(["".join(_LICENCE_SIGNS[sign] for sign in row) for row in rows], dtype=object)
