"""Events: what earlier ones did is put on coming ones, and a scenario leaves them out or assumes more."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.errors import ConfigError
from features.load.events import active
from features.load.grid import Grid, Versions
from features.load.groups import GROUPS
from features.load.history import History
from training.demand import DemandConfig, DemandModel
from training.demand.effects import EVENT_KINDS, EventScenario

# Models are fitted around planted shifts.
pytestmark = pytest.mark.slow

DROP = np.log(0.7)
EPIDEMIC = EVENT_KINDS.index("epidemic")


def event(start: str, end: str | None, told: str | None = None, **how: object) -> dict[str, object]:
    begin = pd.Timestamp(start, tz="UTC")
    usual = {"kind": "epidemic", "scope_kind": "all", "scope_id": None}
    stop = pd.NaT if end is None else pd.Timestamp(end, tz="UTC")
    known = begin - pd.Timedelta(days=2) if told is None else pd.Timestamp(told, tz="UTC")
    return {**usual, "start_utc": begin, "end_utc": stop, "available_at": known, **how}


def with_events(history: History, events: list[dict[str, object]], until: int = 2) -> History:
    """The history with these events, and 30 % less load under the first `until` of them."""
    table = pd.DataFrame(events)
    table["end_utc"] = pd.to_datetime(table["end_utc"], utc=True)
    loads = history.loads
    on = active(table.iloc[:until], "epidemic", history.nodes, loads.times)
    lower = Grid(loads.ids, loads.start, loads.step_minutes, np.where(on, loads.values * np.exp(DROP), loads.values))
    return replace(history, versions=Versions.from_grid(lower), events=table)


@pytest.fixture(scope="module")
def struck(history_of: Callable[..., History]) -> History:
    events = [
        event("2023-03-01", "2023-03-21"),
        event("2023-05-01", "2023-05-21"),
        event("2023-07-20", None, told="2023-07-16"),
    ]
    return with_events(history_of(nodes=3, days=200), events)


@pytest.fixture(scope="module")
def model(struck: History, quick: DemandConfig) -> DemandModel:
    return DemandModel.fit(struck.until(pd.Timestamp("2023-07-15", tz="UTC")), quick)


ISSUE = pd.Timestamp("2023-07-19", tz="UTC")


def median(model: DemandModel, history: History, scenario: EventScenario, issue: pd.Timestamp = ISSUE) -> pd.Series:
    found = model.forecast(history.until(issue), issue, horizon_hours=48, actual_weather=True, events=scenario)
    return found.set_index(["node_id", "start_utc"])["q50"]


class TestLearnt:
    def test_the_planted_drop_is_found_and_not_believed_whole(self, model: DemandModel) -> None:
        found = model.effects.log_effect[:, EPIDEMIC]
        assert (found < 0.4 * DROP).all()
        assert (found > DROP).all()

    def test_a_kind_that_never_was_has_no_effect(self, model: DemandModel) -> None:
        assert not np.delete(model.effects.log_effect, EPIDEMIC, axis=1).any()

    def test_it_is_kept_with_the_model(self, model: DemandModel, tmp_path: Path) -> None:
        model.save(tmp_path / "model")
        again = DemandModel.load(tmp_path / "model")
        np.testing.assert_array_equal(again.effects.log_effect, model.effects.log_effect)


class TestSwitch:
    def test_an_event_that_was_told_of_lowers_what_comes_after_its_start(
        self, model: DemandModel, struck: History
    ) -> None:
        ratio = median(model, struck, EventScenario()) / median(model, struck, EventScenario(known=False))
        starts = ratio.index.get_level_values("start_utc")
        expected = np.exp(model.effects.log_effect[0, EPIDEMIC])
        begun = starts >= pd.Timestamp("2023-07-20", tz="UTC")
        np.testing.assert_allclose(ratio[~begun], 1.0)
        np.testing.assert_allclose(ratio["N0"][begun[: len(ratio["N0"])]], expected)

    def test_what_nobody_had_told_of_changes_nothing(self, model: DemandModel, struck: History) -> None:
        early = pd.Timestamp("2023-07-15 12:00", tz="UTC")
        pd.testing.assert_series_equal(
            median(model, struck, EventScenario(), early), median(model, struck, EventScenario(known=False), early)
        )

    def test_an_assumed_event_is_as_one_that_was_told_of(self, model: DemandModel, struck: History) -> None:
        row = pd.DataFrame([event("2023-07-20", None)])
        assumed = EventScenario(known=False, assumed=row.assign(end_utc=pd.to_datetime(row["end_utc"], utc=True)))
        pd.testing.assert_series_equal(median(model, struck, assumed), median(model, struck, EventScenario()))

    def test_an_assumed_event_of_one_node_leaves_the_others_alone(self, model: DemandModel, struck: History) -> None:
        row = pd.DataFrame([event("2023-07-20", None, scope_kind="node", scope_id="N1")])
        assumed = EventScenario(known=False, assumed=row.assign(end_utc=pd.to_datetime(row["end_utc"], utc=True)))
        ratio = median(model, struck, assumed) / median(model, struck, EventScenario(known=False))
        assert ratio["N1"].min() < 0.9
        assert ratio["N0"].min() == ratio["N0"].max() == 1.0

    def test_an_unknown_kind_is_refused(self, model: DemandModel, struck: History) -> None:
        row = pd.DataFrame([event("2023-07-20", None, kind="parade")])
        with pytest.raises(ConfigError, match="kind parade is unknown"):
            median(model, struck, EventScenario(assumed=row))

    def test_rows_say_so_and_explanations_count_it_to_events(self, model: DemandModel, struck: History) -> None:
        found = model.forecast(struck.until(ISSUE), ISSUE, horizon_hours=48, actual_weather=True, explain=True)
        begun = (found["start_utc"] >= pd.Timestamp("2023-07-20", tz="UTC")).to_numpy()
        assert found.loc[begun, "reason"].str.contains("EVENT").all()
        assert not found.loc[~begun, "reason"].str.contains("EVENT").any()
        assert (found.loc[begun, "events"] < -5).all()
        np.testing.assert_allclose(found[list(GROUPS)].sum(axis=1), found["median_kw"], rtol=1e-6)

    def test_once_the_event_is_in_the_recent_load_nothing_is_put_on_top(
        self, model: DemandModel, struck: History
    ) -> None:
        late = pd.Timestamp("2023-05-15", tz="UTC")  # its second week: the last seven days were all under it
        times = pd.date_range(late, periods=48, freq="h")
        nodes = struck.nodes
        factor = model.effects.factors(struck.until(late).events, EventScenario(), nodes, times, late)
        np.testing.assert_allclose(factor, 1.0)
        lifted = model.effects.factors(struck.until(late).events, EventScenario(known=False), nodes, times, late)
        assert (lifted > 1.1).all()
