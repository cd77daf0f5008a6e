"""Transfers of a workspace: loads and limits as published, lines and ties from the lake, on the command line."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from features.demo import Territory
from features.errors import DataError, NotFoundError
from features.lake import Lake
from features.workspace import Workspace
from serving.cli.transfers import command
from serving.desk.transferring import kept_kva, load_transfer_policy, transfers
from serving.publish import Provenance, write_publication

KAPPA = 1.1


def figures(territory: Territory, limit_kw: dict[str, float]) -> pd.DataFrame:
    """Published rows whose P50 is the highest load there was."""
    peak = np.nanmax(territory.true_kw[:, -24 * 365 :], axis=1)
    frame = pd.DataFrame({"node_id": territory.node_ids, "peak_p50_kw": peak, "kappa": KAPPA})
    frame["limit_kw"] = frame["node_id"].map(limit_kw).astype(float).fillna(1e5)
    return frame


@pytest.fixture
def workspace(tmp_path: Path, small_territory: Territory) -> Workspace:
    made = Workspace(tmp_path)
    lake = Lake(made.lake)
    for name in ("org_unit", "node", "line_segment", "tie"):
        frame = small_territory.frame(name)
        # The little territory's tie is too small for any of its sections, and so are the ends of its lines.
        wide = {one: 5000.0 for one in ("transfer_limit_kva", "thermal_limit_kva") if one in frame}
        lake.append(name, frame.assign(**wide), "first")
    table = figures(small_territory, {})
    peak = dict(zip(table["node_id"], KAPPA * table["peak_p50_kw"], strict=True))
    publish(made, figures(small_territory, {"F01": 1.05 * peak["F01"], "F02": 4 * peak["F02"]}), small_territory.end)
    return made


def publish(workspace: Workspace, frame: pd.DataFrame, now: pd.Timestamp) -> None:
    write_publication(workspace, frame, Provenance(now, 365, "peak", 1, "m", "d", "c"))


def test_a_constrained_feeder_is_helped_by_its_neighbour(workspace: Workspace) -> None:
    answer = transfers(workspace, "F01")
    assert (answer["at"], answer["feeder"], answer["feeders"]) == ("F01", "F01", ["F01", "F02"])
    assert (answer["binding"], answer["binding_at"], answer["reason"], answer["notes"]) == ("HEAD", "F01", None, [])
    plan = answer["plans"][0]
    assert plan["steps"][0]["close"] == "TIE01"
    assert plan["gain_kva"] == pytest.approx(plan["after_kva"] - answer["before_kva"], abs=0.2)
    assert plan["gain_kva"] > load_transfer_policy().least_gain_kva
    assert {one["to_feeder"] for one in plan["moved"]} == {"F02"}
    assert json.loads(json.dumps(answer)) == answer
    area = transfers(workspace, "A0002")
    assert (area["at"], area["feeder"]) == ("A0002", "F01")


def test_it_is_shown_and_told_as_json(workspace: Workspace) -> None:
    runner = CliRunner()
    shown = runner.invoke(command, ["F01", "--workspace", str(workspace.root)])
    assert shown.exit_code == 0, shown.output
    assert "close TIE01, open F01-" in shown.stdout
    told = runner.invoke(command, ["F01", "--workspace", str(workspace.root), "--json"])
    assert json.loads(told.stdout) == transfers(workspace, "F01")
    none = runner.invoke(command, ["F01", "--workspace", str(workspace.root), "--now", "2020-01-01"])
    assert isinstance(none.exception, NotFoundError)
    assert runner.invoke(command, ["F01", "--workspace", str(workspace.root), "--now", "soon"]).exit_code == 2


def test_without_a_plan_the_reason_is_told(workspace: Workspace, small_territory: Territory) -> None:
    peak = figures(small_territory, {}).set_index("node_id")["peak_p50_kw"] * KAPPA
    publish(workspace, figures(small_territory, {"F01": 1.01 * peak["F01"], "F02": 0.9 * peak["F02"]}),
            small_territory.end)  # fmt: skip
    answer = transfers(workspace, "F01")
    assert (answer["plans"], answer["reason"]) == ([], "NEIGHBOUR_FULL")
    shown = CliRunner().invoke(command, ["F01", "--workspace", str(workspace.root)])
    assert "no transfer helps (NEIGHBOUR_FULL)" in shown.stdout


def test_what_is_not_known_is_said(workspace: Workspace, small_territory: Territory) -> None:
    table = figures(small_territory, {})
    publish(workspace, table.assign(limit_kw=table["limit_kw"].where(table["node_id"] != "S1")), small_territory.end)
    assert transfers(workspace, "F01")["notes"] == ["what S1 may still give is not known, and not watched"]
    publish(workspace, table[table["node_id"] != "A0001"], small_territory.end)
    with pytest.raises(DataError, match="the load of 1 of its areas is not known, the first A0001"):
        transfers(workspace, "F01")
    for place in ("S1", "X9"):
        with pytest.raises(NotFoundError, match=f"there is no feeder or area {place}"):
            transfers(workspace, place)


def test_areas_are_lowered_together_to_what_is_kept_for_their_feeder() -> None:
    nodes = pd.DataFrame(
        {"kind": ["feeder", "area", "area", "feeder", "area"], "parent_id": [None, "F1", "F1", None, "F2"]},
        index=["F1", "A1", "A2", "F2", "A3"],
    ).assign(power_factor=[0.9, 0.8, 1.0, 1.0, 1.0])
    published = pd.DataFrame({"peak_p50_kw": [90.0, 80.0, 60.0, 100.0, 70.0], "kappa": 1.5}, index=nodes.index)
    kept = kept_kva(published, nodes)
    # 150 and 90 kVA against 150 for both; 105 against 150.
    assert kept == pytest.approx({"A1": 93.75, "A2": 56.25, "F1": 0.0, "A3": 105.0, "F2": 45.0})
    unknown = kept_kva(published.drop("A2"), nodes)
    assert np.isnan(unknown["A2"])
    assert kept_kva(published.drop("F1"), nodes)["A1"] == pytest.approx(150.0)
