"""Backtests of the outlook: a planted relation is found again, and nothing after an origin is seen."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from features.contracts import CONTRACTS
from features.errors import ConfigError, ModelError, NotFoundError
from features.frames import as_contract
from features.lake import Lake
from features.load.reading import load_history
from features.workspace import TerritorySettings, Workspace
from training.backtests.origins import OriginPlan
from training.backtests.outlook import (
    OutlookBacktest,
    OutlookPlan,
    backtest_outlook,
    load_outlook_settings,
    outlook_rows,
)
from training.backtests.outlook_report import outlook_report, score_outlook
from training.metrics import rcrps
from training.outlook import MemberConfig, OutlookConfig, ScenarioConfig, TermsConfig, outlook_quantiles
from training.registry import find_runs

# Models are fitted again and again.
pytestmark = pytest.mark.slow

ZONE = TerritorySettings()
START = pd.Timestamp("2022-01-01", tz=ZONE.time_zone).tz_convert("UTC")
DAYS, YOUNG_DAYS = 900, 150
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
ORIGINS = OriginPlan(pd.Timestamp("2024-04-01"), pd.Timestamp("2024-06-01"), 30, 21)
QUICK = OutlookConfig(
    terms=TermsConfig(lags=(3,), half_lives=(), year_end=False),
    members=(MemberConfig(stations=1, ridge=1e-3),),
    scenarios=ScenarioConfig(residual_months=3, shift_days=(-10, -5, 0, 5, 10)),
)
QUICK_YAML = (
    "terms: {lags: [3], half_lives: [], year_end: false}\n"
    "members: [{stations: 1, ridge: 0.001}]\n"
    "scenarios: {residual_months: 3, shift_days: [-10, 0, 10]}\n"
)


def frames(weather_late_hours: int = 1, step_minutes: int = 60) -> dict[str, pd.DataFrame]:
    """Three nodes that heat and cool with one station's temperature; the last one began `YOUNG_DAYS` before the end."""
    rng = np.random.default_rng(11)
    times = pd.date_range(START, periods=24 * DAYS, freq="h")
    hour = np.arange(len(times))
    spells = np.repeat(rng.normal(0, 3, DAYS // 3 + 1), 72)[: len(times)]
    warm = 14 - 12 * np.cos(2 * np.pi * (hour / 24 - 15) / 365.25) - 4 * np.cos(2 * np.pi * (hour - 3) / 24) + spells
    degrees = 1.5 * np.maximum(15 - warm, 0) + 2.5 * np.maximum(warm - 20, 0)
    quiet = 100 + 20 * np.sin(2 * np.pi * (hour - 9) / 24) + degrees
    parts = []
    for number, factor in enumerate((1.0, 4.0, 2.0)):
        load = factor * quiet * (1 + 0.02 * rng.normal(size=len(times)))
        one = pd.DataFrame({"node_id": f"A{number}", "start_utc": times, "load_kw": load})
        parts.append(one.iloc[-24 * YOUNG_DAYS :] if number == 2 else one)
    loads = pd.concat(parts, ignore_index=True)
    loads["available_at"] = loads["start_utc"] + pd.Timedelta(hours=1)
    if step_minutes < 60:
        loads = _in_parts(loads, step_minutes)
    late = pd.Timedelta(hours=weather_late_hours)
    weather = pd.DataFrame({"station_id": "W", "start_utc": times, "temperature_c": warm, "available_at": times + late})
    node = {"kind": "area", "power_factor": 1.0, "allowed_utilisation": 0.8, "rating_assumed": False}
    nodes = pd.DataFrame([node | {"node_id": f"A{number}", "name": f"A{number}"} for number in range(3)])
    nodes["valid_from"] = nodes["available_at"] = START
    return {"node_load": loads, "node": nodes, "weather_observed": weather}


def _in_parts(loads: pd.DataFrame, step_minutes: int) -> pd.DataFrame:
    """The same hours as shorter intervals, some above and some below the hour's mean."""
    swings = np.tile([0.9, 1.1], 30 // step_minutes)
    parts = []
    for place, swing in enumerate(swings):
        start = loads["start_utc"] + pd.Timedelta(minutes=place * step_minutes)
        parts.append(loads.assign(start_utc=start, load_kw=loads["load_kw"] * swing))
    return pd.concat(parts, ignore_index=True)


def write(root: Path, tables: dict[str, pd.DataFrame]) -> Lake:
    lake = Lake(root)
    for name, frame in tables.items():
        contract = CONTRACTS[name]
        lake.append(name, as_contract(contract, frame.reindex(columns=list(contract.columns))), "first")
    return lake


def plan(**options: object) -> OutlookPlan:
    return replace(OutlookPlan(ORIGINS, levels=LEVELS), **options)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return write(tmp_path_factory.mktemp("outlook") / "lake", frames())


@pytest.fixture(scope="module")
def found(lake: Lake) -> OutlookBacktest:
    return backtest_outlook(lake, ZONE, plan(), QUICK)


def test_every_hour_of_every_origin_has_a_row_beside_what_came(found: OutlookBacktest, lake: Lake) -> None:
    # Loads end with 2024-06-18: three weeks from 2024-05-31 are not over.
    assert found.origins.days.strftime("%m-%d").tolist() == ["04-01", "05-01"]
    assert found.origins.too_late.strftime("%m-%d").tolist() == ["05-31"]
    assert found.rows.groupby(["origin", "node_id"]).size().eq(21 * 24).all()
    loads = load_history(lake, ZONE).loads
    scored = found.rows[found.rows["left_out"] == ""]
    for row in scored.iloc[::301].itertuples():
        assert row.load_kw == loads.values[loads.ids.index(row.node_id), loads.column(row.start_utc)]
        assert row.start_utc == pd.Timestamp(row.origin, tz=ZONE.time_zone) + pd.Timedelta(hours=row.lead_hours)


def test_the_planted_relation_is_covered_and_known_temperature_sharpens_it(found: OutlookBacktest, lake: Lake) -> None:
    nodes = score_outlook(found.rows, LEVELS)
    assert (nodes["coverage"] > 0.8).all()
    actual = score_outlook(backtest_outlook(lake, ZONE, plan(actual_weather=True), QUICK).rows, LEVELS)
    assert (actual["coverage"] > 0.8).all()
    assert (actual["rcrps"] < 0.75 * nodes["rcrps"]).all()
    assert (actual["rcrps"] < 0.75 * actual["peer_rcrps"]).all()


def test_a_node_of_too_short_a_history_is_left_out_and_said(found: OutlookBacktest) -> None:
    young = found.rows[found.rows["node_id"] == "A2"]
    assert (young["left_out"] == "SHORT_HISTORY").all()
    assert young["q50"].isna().all()
    report = outlook_report(found)
    assert report.shown["left_out"].loc["SHORT_HISTORY", "nodes"] == 1
    assert report.metrics["nodes"] == 2


def test_scores_are_those_of_plain_loops(found: OutlookBacktest) -> None:
    table = score_outlook(found.rows, LEVELS)
    good = found.rows[(found.rows["left_out"] == "") & (found.rows["node_id"] == "A1")]
    for prefix in ("", "peer_"):
        losses, inside = [], []
        for row in good.to_dict("records"):
            gaps = [(level, row["load_kw"] - row[f"{prefix}q{100 * level:02.0f}"]) for level in LEVELS]
            losses.append(np.mean([max(level * gap, (level - 1) * gap) for level, gap in gaps]))
            inside.append(row[f"{prefix}q05"] <= row["load_kw"] <= row[f"{prefix}q95"])
        assert table.loc["A1", f"{prefix}pinball_kw"] == pytest.approx(np.mean(losses))
        assert table.loc["A1", f"{prefix}coverage"] == pytest.approx(np.mean(inside))
    said = good[[f"q{100 * level:02.0f}" for level in LEVELS]].to_numpy()
    assert table.loc["A1", "rcrps"] == pytest.approx(rcrps(good["load_kw"].to_numpy(), said, LEVELS))


def test_nothing_that_became_available_after_an_origin_is_used(found: OutlookBacktest, tmp_path: Path) -> None:
    day = found.origins.days[0]
    moment = day.tz_localize(ZONE.time_zone).tz_convert("UTC")
    other = frames()
    for name, column in (("node_load", "load_kw"), ("weather_observed", "temperature_c")):
        later = other[name]["available_at"] > moment
        other[name].loc[later, column] = other[name].loc[later, column] * 3 + 1
        # And the past is corrected, an hour after the origin.
        corrected = other[name][~later].iloc[-2000:].copy()
        corrected[column], corrected["available_at"] = -7.0, moment + pd.Timedelta(hours=1)
        other[name] = pd.concat([other[name], corrected], ignore_index=True)
    first = plan(origins=OriginPlan(day, day, 30, 21))
    rows = backtest_outlook(write(tmp_path / "lake", other), ZONE, first, QUICK).rows
    same = found.rows[found.rows["origin"] == day].reset_index(drop=True)
    kept = [name for name in rows if name not in ("load_kw", "left_out")]
    pd.testing.assert_frame_equal(rows[kept], same[kept])
    assert not rows["load_kw"].equals(same["load_kw"])


def test_hours_whose_weather_is_not_there_yet_are_forecast_too(tmp_path: Path) -> None:
    late = write(tmp_path / "lake", frames(weather_late_hours=49))
    day = ORIGINS.first_day
    known = load_history(late, ZONE, day.tz_localize(ZONE.time_zone).tz_convert("UTC"))
    rows = outlook_rows(known, day, plan(node_ids=("A0",)), QUICK)
    begin = known.as_of - pd.Timedelta(hours=48)
    loads = known.with_nodes(["A0", "A1"]).loads
    weather = known.weather.actual()["temperature_c"]
    oracle = outlook_quantiles(loads, weather, known.calendar, begin, 48 + 21 * 24, LEVELS, QUICK)[:, 48:]
    said = rows[rows["node_id"] == "A1"][[f"q{100 * level:02.0f}" for level in LEVELS]].to_numpy()
    np.testing.assert_allclose(said, oracle[1])


def test_quarters_of_an_hour_are_judged_as_their_means(found: OutlookBacktest, tmp_path: Path) -> None:
    lake = write(tmp_path / "lake", frames(step_minutes=15))
    day = found.origins.days[0]
    one = plan(origins=OriginPlan(day, day, 30, 21), node_ids=("A0",))
    rows = backtest_outlook(lake, ZONE, one, QUICK).rows
    same = found.rows[(found.rows["origin"] == day) & (found.rows["node_id"] == "A0")].reset_index(drop=True)
    figures = [name for name in rows if name.startswith(("q", "load_kw"))]
    np.testing.assert_allclose(rows[figures], same[figures], rtol=1e-6)


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("2023-03-01", "2023-06-01", "the outlook needs 456 days .* the first day possible is 2023-04-02"),
        ("2024-06-10", "2024-06-12", "the last origin possible is 2024-05-29"),
    ],
)
def test_what_cannot_be_judged_is_said_with_the_day_that_can(lake: Lake, first: str, last: str, words: str) -> None:
    asked = OriginPlan(pd.Timestamp(first), pd.Timestamp(last), 30, 21)
    with pytest.raises(ConfigError, match=words):
        backtest_outlook(lake, ZONE, plan(origins=asked), QUICK)


def test_without_temperature_or_with_an_unknown_node_it_is_refused(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="node Z9 is unknown"):
        backtest_outlook(lake, ZONE, plan(node_ids=("Z9",)), QUICK)
    tables = frames()
    del tables["weather_observed"]
    with pytest.raises(ModelError, match="no temperature was known at 2024-03-31 16:00 UTC"):
        backtest_outlook(write(tmp_path / "lake", tables), ZONE, plan(), QUICK)


def test_the_shipped_settings_are_the_defaults() -> None:
    assert load_outlook_settings() == OutlookConfig()


def test_the_command_tells_its_scores_and_keeps_them(lake: Lake, tmp_path: Path) -> None:
    from serving.cli import group

    config, out, root = tmp_path / "outlook.yaml", tmp_path / "rows.parquet", Path(lake.root).parent
    config.write_text(QUICK_YAML)
    asked = ["backtest", "outlook", "--from", "2024-05-01", "--to", "2024-06-10", "--horizon-days", "21"]
    asked += ["--node", "A0", "--levels", "0.1,0.5,0.9", "--config", str(config), "--workspace", str(root)]
    told = CliRunner().invoke(group, [*asked, "--out", str(out)])
    assert told.exit_code == 0, told.output
    for words in ("temperature unknown", "By origin", "By lead", "the past of the season alone", "1 left out"):
        assert words in told.output
    kept = find_runs(Workspace(root), "outlook-backtest")[-1]
    assert kept.run_id in told.output
    assert (kept.params["weather"], kept.params["levels"], kept.params["nodes"]) == ("unknown", "0.1 0.5 0.9", "A0")
    rows = pd.read_parquet(out)
    assert {"q10", "q50", "q90", "peer_q10", "load_kw", "left_out"} <= set(rows.columns)
    assert kept.metrics["pinball"] == pytest.approx(score_outlook(rows, (0.1, 0.5, 0.9))["pinball_kw"].mean())
    result = CliRunner().invoke(group, [*asked, "--actual-weather", "--no-log", "--json"])
    assert result.exit_code == 0, result.output
    answer = json.loads(result.output)
    assert answer["summary"]["weather"] == "actual"
    assert answer["run_id"] is None
    assert answer["summary"]["rcrps"] < kept.metrics["rcrps"]
    assert [row["node_id"] for row in answer["nodes"]] == ["A0"]
