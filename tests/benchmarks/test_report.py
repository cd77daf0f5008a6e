"""The page of results says what the benchmarks left, and their verdicts follow their bars."""

import json

import pytest

from benchmarks.report import OUTPUT, read, render
from benchmarks.result import RESULTS, holds, run

BAR = {"rcrps": [("<=", 0.05)], "coverage": [(">=", 0.8), ("<=", 0.9)]}


def kept(folder, metrics, bar=BAR, stretch=None, peers=None):
    run("X1", lambda: (metrics, peers or {}), bar, stretch, results=folder)
    (found,) = read(folder)
    return found


@pytest.fixture(autouse=True)
def no_seed(monkeypatch):
    monkeypatch.delenv("SEED", raising=False)


def test_the_page_is_what_the_results_make():
    assert OUTPUT.read_text(encoding="utf-8") == render(read(RESULTS))


def test_kept_results_name_no_place_on_the_machine():
    text = OUTPUT.read_text(encoding="utf-8") + "".join(path.read_text("utf-8") for path in RESULTS.glob("*.json"))
    assert "/home" not in text
    assert "/tmp" not in text
    assert "://" not in text


@pytest.mark.parametrize(
    ("metrics", "met"),
    [
        ({"rcrps": 0.04, "coverage": 0.85}, True),
        ({"rcrps": 0.06, "coverage": 0.85}, False),
        ({"rcrps": 0.04, "coverage": 0.91}, False),
        ({"rcrps": float("nan"), "coverage": 0.85}, False),
        ({"rcrps": 0.04}, None),
    ],
)
def test_a_bar_is_met_when_every_metric_holds_and_open_when_one_is_missing(tmp_path, capsys, metrics, met):
    assert kept(tmp_path, metrics)["met"] is met
    assert json.loads(capsys.readouterr().out)["met"] is met


def test_the_line_has_machine_revision_and_cost(tmp_path):
    found = kept(tmp_path, {"rcrps": 0.04, "coverage": 0.85})
    assert {"cpu", "cores", "python", "date", "revision", "seconds", "cpu_seconds", "peak_mib"} <= set(found)


def test_a_stretch_is_judged_apart(tmp_path):
    found = kept(tmp_path, {"rcrps": 0.04, "coverage": 0.85}, stretch={"rcrps": [("<=", 0.03)]})
    assert (found["met"], found["stretch_met"]) == (True, False)
    assert "| yes | rcrps <= 0.03 | **no** |" in render([found])


def test_another_seed_is_printed_and_not_kept(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SEED", "3")
    run("X1", lambda: ({"rcrps": 0.04, "coverage": 0.85}, {}), BAR, results=tmp_path)
    assert not list(tmp_path.iterdir())
    assert '"met": true' in capsys.readouterr().out


def test_peers_stand_beside_ours(tmp_path):
    peers = {"naive": {"rcrps": 0.07}, "areas": 2}
    page = render([kept(tmp_path, {"rcrps": 0.04, "coverage": 0.85}, peers=peers)])
    assert "naive: rcrps 0.07<br>areas: 2" in page
    assert "rcrps 0.04, coverage 0.85 | rcrps <= 0.05<br>coverage >= 0.8<br>coverage <= 0.9 | yes" in page


def test_what_is_asked_holds_at_the_threshold():
    assert holds([("<=", 1.0), (">=", 1.0)], 1.0)
    assert not holds([("<=", 1.0)], 1.5)
