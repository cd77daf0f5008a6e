"""Whether a model is to be trained anew: a pure decision from findings, ages and policy."""

from dataclasses import dataclass

import pandas as pd
from pydantic import Field

from features.settings import Settings
from training.watch.findings import ALARM, DATA_FAULTS

__all__ = ["Decision", "RetrainPolicy", "RetrainRule", "decide"]

_PERFORMANCE = frozenset({"PINBALL", "COVERAGE", "LOSS"})
_DRIFT = frozenset({"FORECAST_BIAS", "WEATHER_UNUSUAL", "LOAD_DRIFT", "FEATURE_DRIFT", "SCORE_DRIFT"})


class RetrainRule(Settings):
    """When a champion is replaced by one trained anew. Days are days of data, not of the calendar on the wall."""

    max_age_days: float = Field(90.0, gt=0, description="days of data since the champion's last")
    min_new_days: float = Field(7.0, ge=0, description="fewer new days cannot teach anything")
    ample_new_days: float = Field(60.0, gt=0, description="so many new days are worth a fit of their own")
    shift_days: float = Field(5.0, ge=0, description="a level shift must be this old to be learnt")


class RetrainPolicy(RetrainRule):
    """The rule for models of nodes, and that for models of customers, whose outcomes take months."""

    customers: RetrainRule = RetrainRule(max_age_days=182, min_new_days=28, ample_new_days=91)


@dataclass(frozen=True)
class Decision:
    """`reasons` are (code, sentence): PERFORMANCE, INPUT_DRIFT, LEVEL_SHIFT, NEW_DATA and AGE speak for training,
    DATA_FAULT, TOO_FEW_DAYS, TOO_YOUNG and NONE against or beside it."""

    needed: bool
    reasons: tuple[tuple[str, str], ...]

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(code for code, _ in self.reasons)


def decide(
    findings: pd.DataFrame, trained_until: pd.Timestamp, data_until: pd.Timestamp, policy: RetrainRule
) -> Decision:
    """Whether to train anew, and every reason for and against.

    A fault of the data is no reason to train: the model would learn the fault. While a station or feed is faulty,
    worse scores are put down to it; a level shift or a drift that stands on its own still counts.
    """
    alarms = findings[findings["severity"] == ALARM]
    new_days = (data_until - trained_until) / pd.Timedelta(days=1)
    faults = alarms[alarms["kind"].isin(DATA_FAULTS)]
    against = [("DATA_FAULT", f"{sentence}. Mend it; training would learn it") for sentence in faults["sentence"]]
    reasons = [*_performance(alarms, faults, against), *_drift(alarms), *_shifts(alarms, data_until, policy, against)]
    if new_days >= policy.max_age_days:
        reasons.append(("AGE", f"the champion has seen nothing of the last {new_days:.0f} days of data"))
    elif new_days >= policy.ample_new_days:
        reasons.append(("NEW_DATA", f"{new_days:.0f} days of data have come since the champion was trained"))
    if reasons and new_days < policy.min_new_days:
        said = (
            f"only {max(new_days, 0):.0f} day(s) of data since the champion's last; {policy.min_new_days:g} are needed"
        )
        return Decision(False, (*reasons, *against, ("TOO_FEW_DAYS", said)))
    if reasons:
        return Decision(True, (*reasons, *against))
    return Decision(False, tuple(against) or (("NONE", "nothing speaks for training anew"),))


def _performance(alarms: pd.DataFrame, faults: pd.DataFrame, against: list[tuple[str, str]]) -> list[tuple[str, str]]:
    worse = alarms[alarms["kind"].isin(_PERFORMANCE)]
    if worse.empty:
        return []
    told = f"{worse['sentence'].iloc[0]}" + (f", and {len(worse) - 1} more" if len(worse) > 1 else "")
    if len(faults):
        against.append(
            ("DATA_FAULT", f"scores are worse while data are faulty ({told}): judged again once they are mended")
        )
        return []
    return [("PERFORMANCE", told)]


def _drift(alarms: pd.DataFrame) -> list[tuple[str, str]]:
    return [("INPUT_DRIFT", str(one)) for one in alarms.loc[alarms["kind"].isin(_DRIFT), "sentence"]]


def _shifts(
    alarms: pd.DataFrame, data_until: pd.Timestamp, policy: RetrainRule, against: list[tuple[str, str]]
) -> list[tuple[str, str]]:
    found = []
    shifts = alarms[alarms["kind"] == "LEVEL_SHIFT"]
    for since, sentence in zip(shifts["since"], shifts["sentence"], strict=True):
        age = (data_until - pd.Timestamp(since)) / pd.Timedelta(days=1)
        if age >= policy.shift_days:
            found.append(("LEVEL_SHIFT", str(sentence)))
        else:
            said = f"{sentence}; {age:.0f} day(s) old, learnt from {policy.shift_days:g} on"
            against.append(("TOO_YOUNG", said))
    return found
