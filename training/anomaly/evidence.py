"""Why a customer is suspected: coded figures, and a sentence for each in English and in Chinese."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from training.anomaly.terms.onset import fall_onset
from training.anomaly.terms.pattern import lag_terms
from training.anomaly.terms.repeats import repeat_terms, spread_terms
from training.anomaly.terms.view import View

__all__ = ["CODES", "Evidence", "evidence", "sentence"]

CODES = ("USE_FELL", "EQUAL_DAYS", "DAYS_NEAR_ZERO", "CAPPED", "PATTERN_LOST")
_ENGLISH = {
    "USE_FELL": "use fell by {fall:.0%} from {day} while like customers {others}",
    "EQUAL_DAYS": "{share:.0%} of the last 56 days show the same reading as the day before; earlier {before:.0%} did",
    "DAYS_NEAR_ZERO": "{share:.0%} of the last 56 days are near zero, earlier {before:.0%} were",
    "CAPPED": "{share:.0%} of the last 56 days stand at the highest reading of them",
    "PATTERN_LOST": "days follow the day a week before less than before: correlation {share:.2f}, earlier {before:.2f}",
}
_CHINESE = {
    "USE_FELL": "自{day}起用电量下降{fall:.0%}，同类客户{others}",
    "EQUAL_DAYS": "近56天中{share:.0%}的日读数与前一天相同，此前为{before:.0%}",
    "DAYS_NEAR_ZERO": "近56天中{share:.0%}的日用电量接近零，此前为{before:.0%}",
    "CAPPED": "近56天中{share:.0%}的日用电量停在期间最高值",
    "PATTERN_LOST": "日用电量与一周前的相关性减弱：现为{share:.2f}，此前为{before:.2f}",
}


@dataclass(frozen=True)
class Evidence:
    """One reason: a code of `CODES`, how strong it is (1: clear), and its figures."""

    code: str
    strength: float
    figures: dict[str, float]
    day: pd.Timestamp | None = None


def evidence(view: View, end_day: pd.Timestamp, least: float = 0.5) -> list[list[Evidence]]:
    """Reasons of each customer, the strongest first; those below strength `least` are not told.

    `end_day` is the local day after the last one of the readings.
    """
    onset = fall_onset(view.rest, view.window)
    repeats, spread, lags = repeat_terms(view), spread_terms(view), lag_terms(view)
    out = []
    for row, length in enumerate(onset):
        found = [_fell(view, row, int(length), end_day)]
        for code, share, before, clear in (
            ("EQUAL_DAYS", repeats["same_56"], repeats["same_before"], 0.3),
            ("DAYS_NEAR_ZERO", repeats["low_56"], repeats["low_before"], 0.3),
            ("CAPPED", spread["top_56"], spread["ties_before"], 0.3),
        ):
            more = share[row] - before[row]
            found.append(
                Evidence(code, float(more / clear), {"share": float(share[row]), "before": float(before[row])})
            )
        now, then = float(lags["lag7_56"][row]), float(lags["lag7_before"][row])
        found.append(
            Evidence("PATTERN_LOST", (then - now) / 0.6 if then > 0.4 else 0.0, {"share": now, "before": then})
        )
        out.append(sorted((one for one in found if one.strength >= least), key=lambda one: -one.strength))
    return out


def _fell(view: View, row: int, length: int, end_day: pd.Timestamp) -> Evidence:
    """The fall since the likeliest onset against the 60 days before, and what like customers did meanwhile."""
    end = view.logs.shape[1] - length
    before = slice(max(end - 60, 0), end)
    own = view.share[row]
    change = own[end:].mean() / max(own[before].mean(), 1e-9) - 1
    others = float(np.exp(view.alike[row, end:].mean() - view.alike[row, before].mean()) - 1)
    beyond = 1 - (1 + change) / max(1 + others, 1e-9)
    figures = {"fall": float(-change), "others": others}
    return Evidence("USE_FELL", float(beyond / 0.4), figures, end_day - pd.Timedelta(days=length))


def sentence(reason: Evidence, language: str = "en") -> str:
    """The reason in words; `language` is en or zh."""
    figures: dict[str, object] = dict(reason.figures)
    chinese = language == "zh"
    if reason.code == "USE_FELL":
        others = reason.figures["others"]
        assert reason.day is not None, "a fall has its day"
        figures["others"] = _way(others, chinese)
        figures["day"] = f"{reason.day.month}月{reason.day.day}日" if chinese else f"{reason.day.day} {reason.day:%B}"
    return (_CHINESE if chinese else _ENGLISH)[reason.code].format(**figures)


def _way(change: float, chinese: bool) -> str:
    if abs(change) < 0.005:
        return "持平" if chinese else "stayed as they were"
    if chinese:
        return f"{'上升' if change > 0 else '下降'}{abs(change):.0%}"
    return f"{'rose' if change > 0 else 'fell'} {abs(change):.0%}"
