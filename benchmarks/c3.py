"""C3: daily alarms of injected theft in the last 180 days; threshold from the 180 days before, out of fold, 1 % asked.

The models have seen no day of the window and no label: they learn from attacks of the product's own generator on the
180 days before it, and score each customer by a model that has not learnt from it. Whoever was alive before these 180
days calibrates the threshold, also enterprises that have closed since, as some of the watched ones will.
"""

from types import ModuleType

import numpy as np

from benchmarks.result import Measured, run, seed
from benchmarks.theft_data import Enterprises, enterprises, folds, injection
from training.anomaly.alarms import AlarmConfig
from training.anomaly.daily import DailyConfig, DailyDetector, fit_daily

SEEDS = 10
BAR = {
    "caught_share": [(">=", 0.42)],
    "median_delay_days": [("<=", 32.0)],
    "clean_alarmed_share": [(">=", 0.005), ("<=", 0.02)],
}
STRETCH = {"caught_share": [(">=", 0.55)], "median_delay_days": [("<=", 25.0)]}
PEERS = {
    "oracle threshold": {"caught_share": 0.41, "median_delay_days": 32.0, "clean_alarmed_share": 0.01},
    "honest threshold": {"clean_alarmed_share": 0.045},
}
CONFIG = DailyConfig(alarms=AlarmConfig(alive_day_kwh=1.0, alive_mean_kwh=10.0))


def measure() -> Measured:
    """Means over the seeds; an oracle's threshold, which the window itself gives, beside them."""
    side, first = injection(), seed(0)
    data = enterprises(side)
    fold = folds(len(data.kwh), 0)
    detector = fit_daily(data.kwh[:, : -side.WINDOW], fold, CONFIG, floor=1.0)
    told = [one_seed(data, side, detector, fold, number) for number in range(first, first + SEEDS)]
    metrics = {name: float(np.mean([one[name] for one in told])) for name in told[0]}
    oracle = {name: round(metrics.pop(f"oracle_{name}"), 4) for name in list(BAR)}
    metrics["clean_alarmed_share_worst"] = max(one["clean_alarmed_share"] for one in told)
    return metrics, PEERS | {"ours at an oracle threshold": oracle}


def one_seed(
    data: Enterprises, side: ModuleType, detector: DailyDetector, fold: np.ndarray, number: int
) -> dict[str, float]:
    """What the alarms did in the window of one injection."""
    kwh = data.kwh.copy()
    places = np.flatnonzero(data.eligible)
    kwh[places], kind, onset = side.inject(data.kwh[places], number)
    days, window = kwh.shape[1], side.WINDOW
    warm = detector.config.smooth_days - 1
    scores = detector.scores(kwh, fold, range(days - window + 1 - warm, days + 1), places)[:, warm:]
    out = judged(scores > detector.threshold, kind, onset - (days - window))
    oracle = float(np.quantile(scores[kind == 0].max(axis=1), 0.99))
    return out | {
        f"oracle_{name}": value for name, value in judged(scores > oracle, kind, onset - days + window).items()
    }


def judged(alarm: np.ndarray, kind: np.ndarray, onset: np.ndarray) -> dict[str, float]:
    """`alarm` [customers × days of the window], `onset` counted from its first day; delays are of those caught."""
    after = alarm & (np.arange(alarm.shape[1]) >= onset[:, None])
    caught = after.any(axis=1) & (kind > 0)
    return {
        "caught_share": float(caught[kind > 0].mean()),
        "median_delay_days": float(np.median((after.argmax(axis=1) - onset)[caught])),
        "clean_alarmed_share": float(alarm[kind == 0].any(axis=1).mean()),
    }


if __name__ == "__main__":
    run("C3", measure, BAR, STRETCH)
