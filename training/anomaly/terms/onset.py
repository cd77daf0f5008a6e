"""Terms of the onset: every day is tried, by the likelihood of a change of level or scatter, and of a lost pattern."""

import numpy as np

from training.anomaly.terms.sums import Spans
from training.anomaly.terms.view import Terms, View

__all__ = ["fall_onset", "onset_terms"]

_LEAST, _BEFORE = 14, 120
_LEVEL_VARIANCE, _DAY_VARIANCE = 0.03**2, 0.02**2


def onset_terms(view: View) -> Terms:
    """What is other since the onset most likely of each kind of change, and how sharp the fall is."""
    days = view.logs.shape[1]
    length = np.arange(_LEAST, view.window + 1)
    begin = days - length
    back = np.maximum(begin - _BEFORE, 0)
    rest = Spans(view.rest)
    found = _changes(view, rest, begin, back)
    root = np.sqrt(length)
    ways = {
        "fall": found["gain"],
        "scatter": found["var"],
        "lost": found["told"] * root,
        "week": found["week"] * root,
        "untold": found["untold"] * root,
    }
    out: Terms = {}
    rows = np.arange(len(view.logs))
    for way, score in ways.items():
        best = score.argmax(axis=1)
        out[f"on_{way}_days"] = length[best].astype(float)
        out |= {f"on_{way}_{name}": values[rows, best] for name, values in found.items()}
    out["rise_gain"] = -found["gain"].min(axis=1)
    out["rise_days"] = length[found["gain"].argmin(axis=1)].astype(float)
    out["fall_to_past"] = found["gain"].max(axis=1) / np.maximum(_past_gain(view.rest[:, : -view.window]), 1.0)
    best = found["gain"].argmax(axis=1)
    return out | _sharpness(rest, begin[best], found["step"][rows, best])


def fall_onset(rest: np.ndarray, window: int) -> np.ndarray:
    """Days [n] before the end at which a lasting fall of `rest` [n × days] is most likely to have begun."""
    length = np.arange(_LEAST, window + 1)
    begin = rest.shape[1] - length
    gain = _level(Spans(rest), Spans(rest**2), begin, np.maximum(begin - _BEFORE, 0))[0]["gain"]
    return np.asarray(length[gain.argmax(axis=1)])


def _level(
    rest: Spans, square: Spans, begin: np.ndarray, back: np.ndarray
) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Log likelihood ratios [n × onsets] of a step of a normal series, a fall counted up; scatter after and before."""
    after, before = rest.around(begin, back)
    square_after, square_before = square.around(begin, back)
    now = np.maximum(square_after - after**2, 0) + _LEVEL_VARIANCE
    then = np.maximum(square_before - before**2, 0) + _LEVEL_VARIANCE
    many, few = rest.days - begin, begin - back
    pooled = (many * now + few * then) / (many + few)
    total = pooled + many * few * (after - before) ** 2 / (many + few) ** 2
    found = {
        "step": after - before,
        "gain": 0.5 * (many + few) * np.log(total / pooled) * np.sign(before - after),
        "var": 0.5 * ((many + few) * np.log(pooled) - many * np.log(now) - few * np.log(then)),
        "sd": 0.5 * np.log(now / then),
    }
    return found, now, then


def _changes(view: View, rest: Spans, begin: np.ndarray, back: np.ndarray) -> dict[str, np.ndarray]:
    found, now, then = _level(rest, Spans(view.rest**2), begin, back)

    def squares(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        after, before = Spans(values**2).around(begin, back)
        return np.log(after + _DAY_VARIANCE), np.log(before + _DAY_VARIANCE)

    day, day_before = squares(_lagged(view.logs, 1))
    day_rest, day_rest_before = squares(_lagged(view.rest, 1))
    week, week_before = squares(_lagged(view.logs, 7))
    mean, mean_before = Spans(view.logs).around(begin, back)
    square, square_before = Spans(view.logs**2).around(begin, back)
    spread = np.log(np.maximum(square - mean**2, 0) + _DAY_VARIANCE)
    spread_before = np.log(np.maximum(square_before - mean_before**2, 0) + _DAY_VARIANCE)
    return found | {
        "day": day - day_before,
        "told": (day_rest - day) - (day_rest_before - day_before),
        "week": (week - spread) - (week_before - spread_before),
        "untold": (np.log(now) - spread) - (np.log(then) - spread_before),
        "spread": spread - spread_before,
    }


def _lagged(values: np.ndarray, lag: int) -> np.ndarray:
    out = np.zeros_like(values)
    out[:, lag:] = values[:, lag:] - values[:, :-lag]
    return out


def _sharpness(rest: Spans, on: np.ndarray, step: np.ndarray) -> Terms:
    """The step within some days of the onset as a share of the whole, and whether it had begun before or goes on."""
    out: Terms = {}
    for days in (3, 7, 14, 28):
        near = rest.between(on, np.minimum(on + days, rest.days)) - rest.between(on - days, on)
        out[f"near_{days}"] = near
        out[f"near_share_{days}"] = near / np.minimum(step, -0.05)
    end = np.full(len(on), rest.days)
    middle = end - (rest.days - on) // 2
    out["goes_on"] = rest.between(middle, end) - rest.between(on, middle)
    out["had_begun"] = rest.between(on - 30, on) - rest.between(on - 90, on - 30)
    out["level_before"] = rest.between(on - 30, on)
    return out


def _past_gain(rest: np.ndarray) -> np.ndarray:
    """The largest step, either way, that customers made before the window: its log likelihood ratio, [n]."""
    days = rest.shape[1]
    one, square = Spans(rest), Spans(rest**2)
    at = np.arange(14, days - 13, 2)
    after, before = one.around(at, np.zeros_like(at))
    mean = one.mean(days)[:, None]
    total = np.maximum(square.mean(days)[:, None] - mean**2, 0) + _LEVEL_VARIANCE
    within = square.mean(days)[:, None] - (at * before**2 + (days - at) * after**2) / days
    return np.asarray((0.5 * days * np.log(total / (np.maximum(within, 0) + _LEVEL_VARIANCE))).max(axis=1))
