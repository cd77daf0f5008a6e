"""How each kind of use runs through the day, the week, the festival and the weather: kW per kW of its weight."""

import numpy as np

from features.demo.days import Days

__all__ = ["COMPONENTS", "COMPONENT_CLASS", "component_shapes", "cooling", "heating"]

COMPONENT_CLASS: dict[str, str] = {
    "res_base": "residential",
    "res_cool": "residential",
    "res_heat": "residential",
    "com_base": "commercial",
    "com_cool": "commercial",
    "com_heat": "commercial",
    "ind_base": "industrial",
    "agr_base": "agricultural",
    "pub_base": "public",
    "pub_cool": "public",
    "ev_base": "ev_charging",
}
"""Every component of use and the customer class it belongs to."""
COMPONENTS = tuple(COMPONENT_CLASS)

# Hourly profiles 0–23 o'clock, their highest value 1: on working days, and on days off where those differ.
_DAY = {
    "res_base": ".36 .31 .28 .27 .28 .34 .50 .62 .58 .52 .52 .60 .62 .54 .50 .50 .56 .70 .88 1 .98 .90 .70 .48",
    "res_cool": ".62 .55 .50 .46 .43 .40 .38 .40 .44 .50 .58 .68 .74 .74 .72 .72 .74 .80 .90 .98 1 .98 .90 .75",
    "res_heat": ".50 .46 .44 .44 .46 .54 .70 .76 .66 .56 .52 .54 .54 .50 .50 .52 .62 .80 .96 1 1 .96 .82 .62",
    "com_base": ".30 .27 .26 .26 .27 .30 .38 .52 .74 .90 .96 1 .98 .96 .97 .97 .96 .97 .98 .97 .90 .76 .54 .38",
    "com_cool": ".20 .18 .16 .16 .16 .18 .28 .46 .70 .86 .94 1 1 1 1 1 .98 .94 .92 .88 .80 .62 .40 .26",
    "com_heat": ".22 .20 .20 .20 .22 .30 .52 .86 1 .98 .92 .86 .82 .80 .80 .82 .86 .90 .90 .86 .78 .60 .40 .28",
    "ind_base": ".55 .53 .52 .52 .53 .56 .64 .80 .96 1 1 .92 .84 .95 1 1 .98 .90 .78 .74 .72 .68 .62 .58",
    "agr_base": ".30 .28 .28 .30 .42 .68 .90 1 .98 .92 .84 .70 .62 .68 .80 .88 .86 .72 .54 .46 .42 .38 .34 .32",
    "pub_base": ".44 .44 .42 .42 .42 .40 .42 .56 .82 .98 1 .92 .78 .88 .98 .98 .90 .70 .62 .66 .66 .60 .52 .46",
    "pub_cool": ".14 .12 .12 .12 .12 .14 .26 .52 .84 .96 1 .98 .92 .96 1 1 .92 .68 .46 .40 .34 .26 .20 .16",
    "ev_base": ".80 .70 .52 .36 .24 .16 .14 .16 .22 .28 .30 .36 .42 .40 .36 .36 .42 .56 .72 .84 .92 1 .98 .92",
}
_OFF = {
    "res_base": ".40 .34 .30 .28 .28 .32 .42 .54 .64 .68 .72 .80 .80 .72 .68 .66 .70 .78 .90 1 .98 .92 .74 .54",
    "res_cool": ".64 .56 .52 .48 .44 .42 .42 .48 .58 .68 .76 .86 .92 .94 .92 .90 .90 .90 .94 1 1 .98 .92 .78",
    "res_heat": ".52 .48 .46 .46 .48 .52 .62 .72 .78 .76 .72 .72 .70 .66 .66 .70 .76 .88 .98 1 1 .96 .84 .66",
}
# What is left on days off, and in the middle of Spring Festival, of a working day's level.
_OFF_LEVEL = {"res_base": 1.06, "com_base": 1.03, "ind_base": 0.66, "pub_base": 0.55, "pub_cool": 0.50, "ev_base": 0.95}
_FESTIVAL_LEVEL = {
    "res_base": 1.12,
    "res_heat": 1.05,
    "com_base": 0.55,
    "com_heat": 0.50,
    "ind_base": 0.35,
    "agr_base": 0.60,
    "pub_base": 0.60,
}


def cooling(felt_c: np.ndarray) -> np.ndarray:
    """Share of the air conditioning that runs at a felt temperature: none below 22 °C, all of it near 34 °C."""
    return np.clip((felt_c - 22.0) / 12.0, 0.0, 1.5)


def heating(felt_c: np.ndarray) -> np.ndarray:
    """Share of the heating that runs at a felt temperature: none above 13 °C, all of it near −1 °C."""
    return np.clip((13.0 - felt_c) / 14.0, 0.0, 1.5)


def component_shapes(days: Days, felt_c: np.ndarray) -> np.ndarray:
    """kW per kW of weight of every component, [components × days × 24], at one station's felt temperature [T]."""
    felt = felt_c.reshape(len(days.dates), 24)
    weather = {"cool": cooling(felt), "heat": heating(felt)}
    shapes = np.empty((len(COMPONENTS), len(days.dates), 24))
    for index, name in enumerate(COMPONENTS):
        shapes[index] = _daily(name, days) * weather.get(name.split("_")[1], 1.0)
    return shapes


def _daily(name: str, days: Days) -> np.ndarray:
    """The component's profile on every day [D × 24], before the weather's part."""
    work = np.array(_DAY[name].split(), dtype=float)
    off = np.array(_OFF.get(name, _DAY[name]).split(), dtype=float) * _OFF_LEVEL.get(name, 1.0)
    profile = work + days.rest[:, None] * (off - work)
    level = 1 + days.festival * (_FESTIVAL_LEVEL.get(name, 1.0) - 1)
    return profile * (level * _yearly(name, days))[:, None]


def _yearly(name: str, days: Days) -> np.ndarray:
    """The component's own season, beside the weather: irrigation and drying for farms, school terms for the public."""
    day = days.year_part * 365.25
    if name == "agr_base":
        irrigation = np.exp(-(((day - 175) / 32) ** 2))
        drying = np.exp(-(((day - 292) / 18) ** 2))
        return 0.42 + 0.58 * np.maximum(irrigation, 0.8 * drying)
    if name in ("pub_base", "pub_cool"):
        return 1 - 0.25 * ((day > 188) & (day < 242))
    return np.ones(len(day))
