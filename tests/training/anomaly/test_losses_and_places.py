"""Lost energy, evidence in words, and whose theft an area's loss is."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from training.anomaly.evidence import Evidence, evidence, sentence
from training.anomaly.localise import localise, unexplained_kwh
from training.anomaly.lost import gap_kwh, lost_kwh
from training.anomaly.windows import WindowConfig, view_of

MakeCrowd = Callable[..., np.ndarray]
CONFIG = WindowConfig(window_days=90, history_days=279, turned=False)


def test_the_range_of_lost_energy_covers_what_was_planted(make_crowd: MakeCrowd) -> None:
    kwh = make_crowd(customers=200)
    shown = kwh.copy()
    shown[:60, -50:] *= 0.5
    honest = np.arange(200) >= 60
    told = lost_kwh(view_of(shown, shown, CONFIG), honest)[:60]
    true = (kwh - shown)[:60].sum(axis=1)
    inside = (told["lost_kwh_p10"] <= true) & (true <= told["lost_kwh_p90"])
    assert inside.mean() >= 0.6
    assert np.median(np.abs(told["lost_kwh_p50"] / true - 1)) < 0.1


def test_evidence_says_when_and_how_far_use_fell(make_crowd: MakeCrowd) -> None:
    kwh = make_crowd()
    kwh[3, -47:] *= 0.37
    kwh[4, -60:] = kwh[4, -60:].mean()
    found = evidence(view_of(kwh, kwh, CONFIG), pd.Timestamp("2025-06-28"))
    fell = next(one for one in found[3] if one.code == "USE_FELL")
    assert abs((fell.day - pd.Timestamp("2025-05-12")).days) <= 1
    assert 0.55 < fell.figures["fall"] < 0.7
    assert "EQUAL_DAYS" in {one.code for one in found[4]}
    assert np.mean([len(one) for one in found[5:]]) < 0.3


def test_evidence_in_words() -> None:
    one = Evidence("USE_FELL", 1.0, {"fall": 0.63, "others": 0.04}, pd.Timestamp("2025-05-12"))
    assert sentence(one) == "use fell by 63% from 12 May while like customers rose 4%"
    assert sentence(one, "zh") == "自5月12日起用电量下降63%，同类客户上升4%"


def test_a_planted_thief_of_an_area_comes_first(make_crowd: MakeCrowd) -> None:
    crowd = make_crowd(customers=200)
    members = np.arange(40)
    shown = crowd.copy()
    shown[7, -40:] *= 0.4
    rng = np.random.default_rng(2)
    true = crowd[members].sum(axis=0)
    area = 1.04 * true + 30 + rng.normal(0, 0.004 * true.mean(), len(true))
    loss = unexplained_kwh(area, shown[members].sum(axis=0), 90)[-90:]
    stolen = (crowd - shown)[7, -40:].sum()
    assert abs(loss[-40:].sum() / stolen - 1) < 0.5
    gaps = gap_kwh(view_of(shown, shown, CONFIG))[members]
    table = localise(loss, gaps, np.full(40, 0.1))
    assert table["row"].iloc[0] == 7
    assert table["explained_share"].iloc[0] > 1.5 * table["explained_share"].iloc[1]
    assert table["correlation"].idxmax() == 0
