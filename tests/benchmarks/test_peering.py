"""Peers run by files: terms say what the backtest says, and absence is said, not hidden."""

import json

import numpy as np
import pandas as pd
import pytest

from benchmarks import peering
from benchmarks.day_ahead import naive_week, openstef
from benchmarks.f8 import below
from features.clock import Calendar
from features.load.grid import Grid, Versions
from features.load.history import History
from features.load.weather import Weather
from training.backtests.demand import day_ahead_plan

LEVELS = (0.1, 0.5, 0.9)
DAYS = 400
ANSWER = """
import json, sys, pandas as pd
from pathlib import Path
folder = Path(sys.argv[1])
request = json.loads((folder / "request.json").read_text())
frame = pd.read_parquet(folder / "frame.parquet")
rows = [{"preset": "p", "node_id": "a", "issued_at": pd.Timestamp(one["issue"]),
         "start_utc": pd.Timestamp(one["first"]),
         "q10": 1.0, "q50": frame["load"].sum(), "q90": 3.0} for one in request["issues"]]
pd.DataFrame(rows).to_parquet(folder / "forecasts.parquet")
(folder / "cost.json").write_text(json.dumps({"p": {"fit": 1.25}}))
with open(request["told"], "a") as told:
    told.write("ran\\n")
"""


@pytest.fixture
def history():
    start = pd.Timestamp("2020-01-01", tz="UTC")
    load = np.tile(np.arange(168.0), 60)[: 24 * DAYS] + np.array([[0.0], [100.0]])
    versions = Versions.from_grid(Grid(("a", "b"), start, 60, load))
    nodes = pd.DataFrame({"kind": "area"}, index=["a", "b"])
    return History(versions, Weather({}), nodes, Calendar("UTC", "NL"), start + pd.Timedelta(days=DAYS))


@pytest.fixture
def plan(history):
    return day_ahead_plan(history, pd.Timestamp("2021-01-10"), pd.Timestamp("2021-01-12"), 6, trailing_days=90)


@pytest.fixture
def script(tmp_path, monkeypatch):
    import sys
    from pathlib import Path

    (tmp_path / "echo.py").write_text(ANSWER, encoding="utf-8")
    monkeypatch.setattr(peering, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(peering, "SCRIPTS", tmp_path)
    monkeypatch.delenv("PEERS_KEPT", raising=False)
    monkeypatch.delenv("PEERS", raising=False)
    return tmp_path


def test_a_week_that_repeats_is_forecast_without_error(history, plan):
    found = naive_week(history, plan, LEVELS)
    assert len(found) == 2 * 3 * 24
    for name in ("q10", "q50", "q90"):
        assert np.array_equal(found[name], found["load_kw"])


def test_the_naive_forecast_spreads_as_its_own_errors_did(history, plan):
    errors = np.random.default_rng(1).normal(0, 5, (2, 24 * DAYS))
    loads = Grid(("a", "b"), history.loads.start, 60, history.loads.values + errors)
    noisy = History(Versions.from_grid(loads), Weather({}), history.nodes, history.calendar, history.as_of)
    found = naive_week(noisy, plan, LEVELS)
    width = (found["q90"] - found["q10"]).mean()
    assert width == pytest.approx(2 * 1.2816 * 5 * 2**0.5, rel=0.05)


def test_terms_name_issues_target_days_and_refits_in_utc(history, plan):
    found = peering.terms(history, plan, LEVELS)
    assert found["issues"][0] == {
        "issue": "2021-01-09 06:00:00+00:00",
        "first": "2021-01-10 00:00:00+00:00",
        "end": "2021-01-11 00:00:00+00:00",
    }
    assert found["refits"] == ["2021-01-09 06:00:00+00:00"]
    assert (found["trailing_days"], found["horizon_hours"], found["step_minutes"]) == (90, 42, 60)
    json.dumps(found)


def test_without_their_environment_peers_are_said_to_be_absent(history, plan, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(peering, "PYTHON", tmp_path / "python")
    request = peering.terms(history, plan, LEVELS)
    assert openstef(history, pd.DataFrame({"load": [1.0]}), request, ["lgbm"], lambda rows: {}) == {}
    assert capsys.readouterr().err == "peers: absent, make bench-env\n"


def test_peers_can_be_left_out(history, plan, script, monkeypatch):
    monkeypatch.setenv("PEERS", "off")
    assert peering.ask("echo", pd.DataFrame({"load": [1.0]}), peering.terms(history, plan, LEVELS)) is None


def test_a_peer_reads_the_frame_and_its_forecasts_stand_beside_the_truth(history, plan, script):
    request = {**peering.terms(history, plan, LEVELS), "told": str(script / "told")}
    asked = peering.ask("echo", pd.DataFrame({"load": [1.0, 1.5]}), request)
    assert asked is not None
    rows = asked.of("p", history)
    assert rows["q50"].tolist() == [2.5] * 3
    assert rows["load_kw"].tolist() == [history.loads.values[0, 24 * (375 + day)] for day in range(3)]
    assert asked.spent("p") == {"cpu_fit": 1.2}


def test_what_a_peer_did_is_kept_until_its_terms_change(history, plan, script, monkeypatch):
    monkeypatch.setenv("PEERS_KEPT", str(script / "kept"))
    request = {**peering.terms(history, plan, LEVELS), "told": str(script / "told")}
    frame = pd.DataFrame({"load": [1.0]})
    first, again = peering.ask("echo", frame, request), peering.ask("echo", frame, request)
    assert again is not None
    assert first is not None
    pd.testing.assert_frame_equal(first.forecasts, again.forecasts)
    assert "ran" in again.spent("p")
    peering.ask("echo", frame, {**request, "trailing_days": 91})
    assert (script / "told").read_text(encoding="utf-8") == "ran\nran\n"


def test_the_better_peer_is_the_one_to_beat_in_the_year_and_in_the_festival():
    others = {
        "seasonal naive": {"rcrps": 0.10, "rcrps_festival": 0.20},
        "openstef lgbm": {"rcrps": 0.05, "rcrps_festival": 0.25},
    }
    found = below({"rcrps": 0.04, "rcrps_festival": 0.10}, others)
    assert found == pytest.approx({"below_best": 0.2, "below_best_festival": 0.5})


def test_without_openstef_nothing_is_said_of_the_better_peer():
    assert below({"rcrps": 0.04}, {"seasonal naive": {"rcrps": 0.1}, "peers": "absent"}) == {}
