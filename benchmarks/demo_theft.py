"""The theft part of C6: planted thieves of a demo territory, by the model's score and by a naive rule.

The model is the family's own, trained without any inspection: on attacks of its own generator on customers as they
were one to three months before the end. Truth is who steals at the end of the data. Meters that stand still are
abnormal but no theft: they are left out of the honest.
"""

import numpy as np
import pandas as pd

from features.behaviour.use import DailyUse
from features.contracts import CONTRACTS
from features.demo import DemoConfig, simulate
from features.frames import empty_frame
from training.anomaly import ANOMALY, AnomalyConfig
from training.anomaly.cases import asked_of, joined, labelled
from training.customers.cases import Cases

__all__ = ["theft_part"]

_BACK_DAYS = (90, 60, 30)


def theft_part(seed: int, config: AnomalyConfig | None = None) -> dict[str, float]:
    """theft_auc, theft_naive_auc and theft_pr_auc of a territory of this seed, and how many steal.

    The naive rule is the fall of the last 90 days against the same days a year before; unknown then counts as no fall.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    # Alarms are what C3 is about; the score does not need them.
    config = config or AnomalyConfig(alarms=False)
    territory = simulate(DemoConfig(seed=seed, customer_years=2))
    customers = territory.customers
    use = DailyUse(
        tuple(str(one) for one in customers.customer_ids),
        pd.Timestamp(territory.config.end) - pd.Timedelta(days=territory.metering.kwh.shape[1]),
        territory.metering.kwh.astype(np.float32),
    )
    units = np.asarray(customers.customer_class).astype(str)
    nothing = empty_frame(CONTRACTS["inspection"])

    def at(back: int) -> Cases:
        day = use.end_day - pd.Timedelta(days=back)
        return asked_of(use.until(day), units, day.tz_localize("Asia/Shanghai").tz_convert("UTC"), config)

    cases = joined([labelled(at(back), nothing, config) for back in _BACK_DAYS])
    asked = at(0)
    model = ANOMALY.fit(cases, config, pd.Timestamp(asked.rows["origin"].iloc[0]))
    score = model.case_odds(asked)
    now = territory.truth["theft"]
    stealing = np.isin(use.customer_ids, now["customer_id"].astype("str"))
    stopped = np.isin(use.customer_ids, territory.truth["stale_meter"]["customer_id"].astype("str"))
    kept = np.isfinite(score) & ~(stopped & ~stealing)
    fall = _fall(use.kwh)
    return {
        "theft_auc": float(roc_auc_score(stealing[kept], score[kept])),
        "theft_naive_auc": float(roc_auc_score(stealing[kept], fall[kept])),
        "theft_pr_auc": float(average_precision_score(stealing[kept], score[kept])),
        "thieves": float(stealing[kept].sum()),
        "thieves_left_out": float((stealing & ~kept).sum()),
    }


def _fall(kwh: np.ndarray) -> np.ndarray:
    """Share by which the last 90 days fell below the same days a year before; 0 where those are unknown."""
    now, then = kwh[:, -90:], kwh[:, -365 - 90 : -365]
    mean = [np.nansum(part, axis=1) / np.maximum(np.isfinite(part).sum(axis=1), 1) for part in (now, then)]
    return np.where(mean[1] > 0, 1 - mean[0] / np.maximum(mean[1], 1e-9), 0.0)


if __name__ == "__main__":
    for number in range(5):
        print(number, theft_part(number))
