"""Judging models of customers: same cases, honest blocks, and what becomes of better, worse and fresher versions."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.lake import Lake
from features.workspace import Workspace
from tests.customer_family import BEGIN, PERIOD, Line, LineConfig, LineFamily, fill_lake
from training.customers.blocks import OTHERS, block_of, cell_losses, pooled_units
from training.customers.jobs import train_customers
from training.promotion import Pair, PromotionPolicy, promote_challenger, rollback
from training.promotion.customer_losses import WORDS, CustomerSide, judge_customers, judged_origins
from training.promotion.gate import decide
from training.promotion.verdict import Compared
from training.registry import ModelVersion, champion, find_runs, list_versions, promotions

# Versions are trained, promoted and taken back.
pytestmark = pytest.mark.slow

# A machine with other work must not decide these tests, and the intervals of the small family are rough.
POLICY = PromotionPolicy.model_validate(
    {
        "latency": {"negligible_seconds": 60.0, "one_node_limit_seconds": 60.0, "limit_seconds": 60.0, "repeats": 1},
        "customers": {"coverage": {"target": 0.8, "tolerance": 0.3, "least": 0.1, "most": 1.0}},
    }
)


@given(ids=st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=50), blocks=st.integers(5, 40))
def test_a_customer_is_always_in_the_same_block(ids: list[str], blocks: int) -> None:
    found = block_of(pd.Series(ids), blocks)
    assert ((found >= 0) & (found < blocks)).all()
    alone = [block_of(pd.Series([one]), blocks)[0] for one in ids]
    assert list(found) == alone


def test_blocks_are_much_alike_in_size() -> None:
    sizes = np.bincount(block_of(pd.Series([f"C{number}" for number in range(20_000)]), 20), minlength=20)
    assert (np.abs(sizes - 1000) < 150).all()


def test_small_units_are_judged_together() -> None:
    ids = pd.Series(["a", "a", "b", "c", "d", "e"])
    assert list(pooled_units(pd.Series(["x", "x", "x", "y", "z", "x"]), ids, 2)) == ["x", "x", "x", OTHERS, OTHERS, "x"]


def test_cells_hold_the_means_of_cases_known_to_both() -> None:
    scored = pd.DataFrame(
        {
            "customer_id": ["a", "b", "c", "d"],
            "unit": "x",
            "champion": [1.0, 2.0, np.nan, 4.0],
            "challenger": [2.0, np.nan, 3.0, 8.0],
        }
    )
    cells = cell_losses(scored, ["champion", "challenger"], 5, 1)
    block = block_of(scored["customer_id"], 5)
    expected = scored.iloc[[0, 3]].groupby(block[[0, 3]])[["champion", "challenger"]].mean()
    assert set(cells["node_id"]) == {"x"}
    np.testing.assert_allclose(cells.set_index("day")[["champion", "challenger"]], expected)


def test_a_model_that_never_expects_anything_is_not_favoured_by_cells_without_events() -> None:
    """The truth is said by the champion; the challenger says a tenth of it, and is right wherever nothing happens."""
    rng = np.random.default_rng(4)
    chance = 0.01
    came = rng.random(40_000) < chance
    frame = pd.DataFrame({"customer_id": [f"C{number}" for number in range(len(came))], "unit": "all"})
    for name, said in (("champion", chance), ("challenger", chance / 10)):
        frame[name] = -np.where(came, np.log(said), np.log(1 - said))
    # Cells of twenty customers: four in five of them without an event.
    cells = cell_losses(frame, ["champion", "challenger"], 2000, 1)
    same = {"all": Pair(0.1, 0.1), "one": Pair(0.1, 0.1)}
    rules = PromotionPolicy().of_customers()
    honest = decide(Compared(cells, None, same, 0.0, WORDS, over_node=True), rules, block_days=1)
    assert honest.reason.code == "WORSE"
    slow = Compared(cells.assign(challenger=cells["champion"]), None, {"all": Pair(0.1, 99.0)}, 0.0, WORDS, True)
    assert decide(slow, rules, block_days=1).reason.code == "LATENCY"
    by_cell = decide(Compared(cells, None, same, 0.0, WORDS), rules, block_days=1)
    assert by_cell.figures["difference"] < 0 < honest.figures["difference"]


def version(number: int, trained: int, tuned: int | None = None) -> ModelVersion:
    tags = {"trained_until": (BEGIN + trained * PERIOD).isoformat()}
    tags["tuned_until"] = "" if tuned is None else (BEGIN + tuned * PERIOD).isoformat()
    return ModelVersion("value", number, "", BEGIN, "", (), {}, {}, tags)


def test_origins_are_judged_that_neither_has_trained_or_tuned_on() -> None:
    origins = [BEGIN + place * PERIOD for place in range(2, 12)]
    refit, root = version(2, 11), version(1, 8)
    found, judged = judged_origins(origins, version(3, 9), [refit, root])
    assert (found.version, judged) == (1, origins[7:])
    found, judged = judged_origins(origins, version(3, 9, tuned=10), [refit, root])
    assert (found.version, judged) == (1, origins[8:])
    found, judged = judged_origins(origins, version(3, 12), [refit, root])
    assert (found.version, judged) == (2, [])


@pytest.fixture(scope="module")
def served(line_family: LineFamily, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A first version that takes the last period for the next; its refit serves."""
    workspace = Workspace(tmp_path_factory.mktemp("gate") / "workspace")
    fill_lake(Lake(workspace.lake))
    train_customers(workspace, line_family, LineConfig(learn=False))
    assert promote_challenger(workspace, "value", POLICY).reason.code == "FIRST"
    return workspace


@pytest.fixture
def workspace(served: Workspace, tmp_path: Path) -> Workspace:
    shutil.copytree(served.root, tmp_path / "workspace")
    return Workspace(tmp_path / "workspace")


def test_a_better_one_serves_as_its_refit_and_can_be_taken_back(workspace: Workspace, line_family: LineFamily) -> None:
    made = train_customers(workspace, line_family, LineConfig())
    verdict = promote_challenger(workspace, "value", POLICY)
    assert (verdict.reason.code, verdict.version, verdict.judged_champion) == ("BETTER", made.version, 1)
    assert set(verdict.table.index) == {"commercial", "residential"} or set(verdict.table.index) == {
        "residential",
        OTHERS,
    }
    assert "160 customers at 2 origin(s)" in verdict.window
    assert {"coverage", "latency_all", "latency_one"} <= {check.name for check in verdict.checks}
    served = champion(workspace, "value")
    assert served is not None
    assert served.version == verdict.serving_version != made.version
    assert Line.load(served.path).trained_until == BEGIN + 10 * PERIOD
    assert len(find_runs(workspace, "value-gate")) == 1
    assert promote_challenger(workspace, "value", POLICY, made.version).reason.code == "SERVES"
    assert rollback(workspace, "value", "Li", "complaints").version == 2
    assert [one.details["reason"] for one in promotions(workspace, "value")] == ["FIRST", "BETTER", "ROLLBACK"]


def test_a_worse_one_is_refused_whatever_it_knows(workspace: Workspace, line_family: LineFamily) -> None:
    fill_lake(Lake(workspace.lake), first=10, periods=2)
    train_customers(workspace, line_family, LineConfig(shift=0.2))
    verdict = promote_challenger(workspace, "value", POLICY)
    assert (verdict.promoted, verdict.reason.code) == (False, "WORSE")
    assert "group(s)" in verdict.reason.sentence
    assert "days" not in verdict.reason.sentence
    served = champion(workspace, "value")
    assert served is not None
    assert served.version == 2


def test_an_equal_one_must_know_more(workspace: Workspace, line_family: LineFamily) -> None:
    train_customers(workspace, line_family, LineConfig(learn=False), again=True)
    assert promote_challenger(workspace, "value", POLICY).reason.code == "NO_GAIN"
    fill_lake(Lake(workspace.lake), first=10, periods=2)
    train_customers(workspace, line_family, LineConfig(learn=False))
    verdict = promote_challenger(workspace, "value", POLICY)
    assert (verdict.reason.code, verdict.figures["fresher_days"]) == ("FRESHER", 180.0)
    # Origins that the older one might have learnt from by then are not judged.
    assert f"{BEGIN + 10 * PERIOD:%Y-%m-%d} to {BEGIN + 11 * PERIOD:%Y-%m-%d}" in verdict.window


def test_without_origins_new_to_both_nothing_is_judged(workspace: Workspace, line_family: LineFamily) -> None:
    made = train_customers(workspace, line_family, LineConfig(), held_out_origins=0)
    verdict = promote_challenger(workspace, "value", POLICY, made.version)
    assert (verdict.promoted, verdict.reason.code) == (False, "WINDOW")
    assert "hold out more origins" in verdict.reason.sentence


def test_too_few_customers_are_no_ground(workspace: Workspace, line_family: LineFamily) -> None:
    train_customers(workspace, line_family, LineConfig())
    rule = POLICY.customers.model_copy(update={"min_customers": 1000})
    verdict = promote_challenger(workspace, "value", POLICY.model_copy(update={"customers": rule}))
    assert verdict.reason.code == "WINDOW"
    assert "160 customer(s)" in verdict.reason.sentence


def test_equal_models_differ_by_nothing_and_swapping_turns_the_sign(served: Workspace, line_family: LineFamily) -> None:
    cases = line_family.cases(Lake(served.lake), served.territory(), LineConfig())
    held = cases.take((cases.rows["origin"] >= BEGIN + 8 * PERIOD).to_numpy(dtype=bool))
    sides = [CustomerSide(Line(LineConfig(), slope, 0.1, BEGIN + 8 * PERIOD), held) for slope in (0.0, 0.8)]
    rules = POLICY.of_customers()
    found = {
        (a, b): decide(judge_customers(line_family, sides[a], sides[b], rules, 0.0), rules, block_days=1).figures
        for a in (0, 1)
        for b in (0, 1)
    }
    assert found[0, 0]["difference"] == 0.0
    assert found[0, 1]["difference"] == pytest.approx(-found[1, 0]["difference"])
    assert found[0, 1]["difference_high"] < 0


def test_the_versions_of_the_family_are_listed_with_the_rest(served: Workspace) -> None:
    assert [one.version for one in list_versions(served, "value")] == [1, 2]
