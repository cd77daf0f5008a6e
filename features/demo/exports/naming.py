"""How each system calls and numbers the same things: four conventions, and what people do to them by hand."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.demo import names
from features.demo.network import Network

__all__ = ["OLD_PLACES", "Naming", "full_width", "traditional"]

_NUMERALS = "零一二三四五六七八九"
_STREETS = "学府路 解放路 人民路 中山路 建设路 沿江路 湖滨路 迎宾大道 振兴街 古井街 南门街 胜利路".split()  # noqa: SIM905
OLD_PLACES = "红星新村 胜利大队 五七农场 前进公社 东风厂 向阳大院 建国新村 丰收大队 跃进队 卫星村".split()  # noqa: SIM905
"""What estates were called before; nobody else uses these names."""
_TRADITIONAL = str.maketrans("云银东兴学农区号变线电阳乡创业业龙", "雲銀東興學農區號變線電陽鄉創業業龍")
_FULL = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


def full_width(text: str) -> str:
    """Letters, digits and signs as typed with a Chinese keyboard left at full width."""
    return text.translate(_FULL)


def traditional(text: str) -> str:
    """The name in traditional characters, as far as they differ."""
    return text.translate(_TRADITIONAL)


def _numeral(number: int) -> str:
    tens, ones = divmod(number, 10)
    return ("" if tens == 0 else ("十" if tens == 1 else _NUMERALS[tens] + "十")) + (_NUMERALS[ones] if ones else "")


@dataclass(frozen=True)
class Naming:
    """Identifiers and names of all nodes by system; frames are indexed by node, one column a system."""

    ids: pd.DataFrame
    names: pd.DataFrame
    street: pd.Series
    house: pd.Series

    @classmethod
    def draw(cls, network: Network, rng: np.random.Generator) -> "Naming":
        """Own running numbers of every system, in no order that says anything."""
        nodes = list(network.node_ids)
        S, F, A = len(network.substation_ids), len(network.feeder_ids), len(network.area_ids)
        number = {system: rng.permutation(len(nodes)) for system in ("marketing", "assets", "topology")}
        prefix = np.array(["30M"] * S + ["10M"] * F + ["16M"] * A)
        ids = pd.DataFrame(
            {
                "marketing": [f"01{40_000_000 + n * 37:08d}" for n in number["marketing"]],
                "assets": [f"{p}{10_000_000 + n * 101:08d}" for p, n in zip(prefix, number["assets"], strict=True)],
                "topology": [str(5_000_000 + n * 13) for n in number["topology"]],
                "collection": nodes,
            },
            index=nodes,
        )
        feeders = [names.feeder_name(f) for f in range(F)]
        rows = [_substation(names.substation_name(s).removesuffix("变电站")) for s in range(S)]
        rows += [_feeder(feeder.removesuffix("线")) for feeder in feeders]
        rows += [_area(names.area_name(a), feeders[network.feeder_of_area[a]]) for a in range(A)]
        called = pd.DataFrame(rows, index=nodes, columns=["marketing", "assets", "topology", "collection"])
        street = pd.Series(rng.choice(_STREETS, len(nodes)), index=nodes)
        return cls(ids, called, street, pd.Series(rng.integers(1, 400, len(nodes)), index=nodes))

    def id(self, node: str, system: str) -> str:
        """What a system numbers a node."""
        return str(self.ids[system].loc[node])

    def location(self, node: str, system: str) -> str:
        """Where the equipment stands, in the system's words."""
        plain = f"{self.street[node]}{self.house[node]}号"
        return f"江州市{plain}旁" if system == "marketing" else f"{plain}东侧"


def _substation(place: str) -> tuple[str, ...]:
    return f"{place}变电站", f"110kV{place}变", f"{place}站", f"{place}变电所"


def _feeder(place: str) -> tuple[str, ...]:
    return f"{place}线", f"10kV{place}线", f"{place}馈线", f"{place}线路"


def _area(name: str, feeder: str) -> tuple[str, ...]:
    """Of 幸福里1号台区: the other three ways of saying it."""
    text = name.removesuffix("号台区")
    place = text.rstrip("0123456789")
    number = int(text[len(place) :])
    return (
        name,
        f"10kV{feeder}{place}{number:02d}号公变",
        f"{feeder}{place}{_numeral(number)}号配变",
        f"{place}#{number:02d}台变",
    )
