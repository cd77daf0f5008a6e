"""Judging demand models: what each issue may know, what counts, and which table comes out of it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.clock import Calendar
from features.load.history import History
from training.demand import DemandConfig, DemandModel
from training.demand.config import LEVELS
from training.demand.quantiles import level_name
from training.promotion import PromotionPolicy
from training.promotion.demand_losses import judge_demand
from training.promotion.window import Window

POLICY = PromotionPolicy.model_validate({"latency": {"repeats": 2}})


def window(history: History, days: int) -> Window:
    last = history.calendar.local(pd.DatetimeIndex([history.loads.end]))[0].normalize() - pd.Timedelta(days=1)
    return Window(last - pd.Timedelta(days=days - 1), last, days)


@dataclass
class Flat:
    """Says the same quantiles for every interval: `level_kw` · (1 + (τ − ½) · `width`); keeps what it was asked."""

    level_kw: float
    width: float = 0.5
    without: tuple[str, ...] = ()
    asked: list[dict[str, Any]] = field(default_factory=list)

    def forecast(
        self,
        history: History,
        issued_at: pd.Timestamp,
        horizon_hours: int | None = None,
        first_lead_hours: int = 0,
        node_ids: list[str] | None = None,
        quantiles: tuple[float, ...] | None = None,
    ) -> pd.DataFrame:
        assert horizon_hours is not None
        nodes = list(history.versions.ids) if node_ids is None else node_ids
        self.asked.append({"issued_at": issued_at, "first": first_lead_hours, "last": horizon_hours, "nodes": nodes})
        leads = np.arange(first_lead_hours, horizon_hours)
        parts = []
        for node in nodes:
            part = pd.DataFrame({"node_id": node, "start_utc": issued_at + pd.to_timedelta(leads, unit="h")})
            for level in quantiles or ():
                part[level_name(level)] = self.level_kw * (1 + (level - 0.5) * self.width)
            if node in self.without:
                part[[level_name(level) for level in LEVELS]] = np.nan
            parts.append(part)
        return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def history(history_of: Callable[..., History]) -> History:
    return replace(history_of(nodes=3, days=40, with_weather=False), calendar=Calendar("UTC"))


def test_every_local_day_is_forecast_once_at_the_hour_of_issue_the_day_before(history: History) -> None:
    champion, challenger = Flat(200.0), Flat(210.0)
    found = judge_demand(challenger, champion, history, window(history, 5), POLICY, 3.0)
    for model in (champion, challenger):
        whole = [one for one in model.asked if len(one["nodes"]) == 3]
        local = history.calendar.local(pd.DatetimeIndex([one["issued_at"] for one in whole]))
        assert list(local.hour) == [POLICY.issue_hour] * 5
        assert (pd.Series(local).diff().dropna() == pd.Timedelta(days=1)).all()
        assert {(one["first"], one["last"]) for one in whole} == {(18, 42)}
        assert len(model.asked) - len(whole) == POLICY.latency.repeats
    assert set(found.losses.columns) == {"node_id", "day", "champion", "challenger"}
    assert len(found.losses) == 15
    assert found.fresher_days == 3.0


def test_losses_and_coverage_are_those_by_hand(history: History) -> None:
    found = judge_demand(Flat(210.0, 0.8), Flat(200.0), history, window(history, 3), POLICY, 0.0)
    days = history.loads.values[:, -72:].reshape(3, 3, 24)
    for side, level_kw, width in (("champion", 200.0, 0.5), ("challenger", 210.0, 0.8)):
        said = np.array([level_kw * (1 + (level - 0.5) * width) for level in LEVELS])
        error = days[..., None] - said
        loss = np.maximum(np.array(LEVELS) * error, (np.array(LEVELS) - 1) * error).mean(axis=(2, 3))
        table = found.losses.pivot(index="node_id", columns="day", values=side)
        np.testing.assert_allclose(table.to_numpy(), loss)
        inside = ((days >= said[0]) & (days <= said[-1])).mean()
        assert getattr(found.coverage, side) == pytest.approx(inside)


def test_only_intervals_that_both_forecast_and_that_are_known_count(history: History) -> None:
    values = history.loads.values.copy()
    values[0, -24:] = np.nan
    versions = replace(
        history.versions,
        **{
            name: getattr(history.versions, name)[
                ~((history.versions.row == 0) & (history.versions.column >= values.shape[1] - 24))
            ]
            for name in ("row", "column", "value", "available")
        },
    )
    holed = replace(history, versions=versions)
    assert np.isnan(holed.loads.values[0, -24:]).all()
    found = judge_demand(Flat(210.0, without=("N2",)), Flat(200.0), holed, window(holed, 3), POLICY, 0.0)
    known = found.losses.pivot(index="node_id", columns="day", values="champion").notna()
    assert known.loc["N0"].tolist() == [True, True, False]
    assert known.loc["N1"].all()
    assert not known.loc["N2"].any()


def test_a_judged_forecast_knows_nothing_that_came_after_its_issue(
    history_of: Callable[..., History], quick: DemandConfig
) -> None:
    """Everything that became known after the first issue is tripled: its forecast is the same, later ones are not."""
    history = history_of(nodes=2, days=80)
    judged = window(history, 3)
    until = history.loads.end - pd.Timedelta(days=10)
    light = quick.model_copy(update={"booster": quick.booster.model_copy(update={"rounds": 10, "max_rows": 2000})})
    model = DemandModel.fit(history.until(until), light)
    first = (judged.first - pd.Timedelta(hours=18)).tz_localize("Asia/Shanghai").tz_convert("UTC")
    later = history.versions.available > first.value // 1000
    changed = replace(
        history, versions=replace(history.versions, value=np.where(later, 3.0, 1.0) * history.versions.value)
    )

    def forecasts(of: History) -> list[pd.DataFrame]:
        kept: list[pd.DataFrame] = []

        class Kept(Flat):
            def forecast(self, *arguments: Any, **named: Any) -> pd.DataFrame:
                kept.append(model.forecast(*arguments, **named))
                return kept[-1]

        judge_demand(Kept(1.0), Kept(1.0), of, judged, POLICY, 0.0)
        return [frame for frame in kept if frame["node_id"].nunique() == 2]

    before, after = forecasts(history), forecasts(changed)
    pd.testing.assert_frame_equal(before[0], after[0])
    assert not before[2].equals(after[2])
    assert not before[-1].equals(after[-1])
