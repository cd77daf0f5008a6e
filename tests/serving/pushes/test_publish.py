"""A publication of offers: written down, held and laid out at one blow; the same again is the same."""

import csv
import hashlib
import io
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Engine

from features.errors import NotFoundError
from features.workspace import Workspace
from serving.decisions.pushes.codes import CODES
from serving.decisions.pushes.records import Grid
from serving.decisions.queue import Waiting
from serving.ledger import Ledger
from serving.messages import PushEntry, PushesReliefAnswer
from serving.pushes import publish
from serving.pushes.lists import CARD_COLUMNS
from serving.pushes.publish import publish_on, publish_pushes
from serving.pushes.reading import read_grid
from serving.pushes.relieving import relief_of
from serving.pushes.store import PushQuery, PushStore
from serving.pushes.telling import ndjson, push_entry
from tests.serving.decisions.pushes.random_worlds import random_world
from tests.serving.decisions.pushes.worlds import NOW, World, grid, service, world
from tests.serving.ledger.builders import recounted
from tests.serving.pushes.offered import every_push, held, later, material, stand

DAY = timedelta(days=1)


def mixed() -> World:
    """Forty customers, half of them active in the app, with hold-outs."""
    made = world(40, app_active_days_90d=[9.0, 0.0] * 20, area_id=["A1", "A2", "A3", "A1"] * 10)
    return made.with_policy(universal_holdout=0.1, campaign_holdout=0.2)


def as_dicts(text: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"), newline="")))


def test_what_is_sent_is_held_and_all_of_it_is_written_down(engine: Engine, workspace: Workspace) -> None:
    stand(engine)
    made = publish_on(workspace, engine, material(mixed()))
    assert made.fresh
    decided = mixed().decide(made.run.run_id)
    pushes = every_push(engine)
    assert [one.push_id for one in pushes] == decided.contacts["push_id"].tolist()
    assert [one.reason for one in pushes] == decided.contacts["reason"].tolist()
    assert (made.run.sent, made.run.held_out) == (sum(one.sent for one in pushes), sum(not one.sent for one in pushes))
    assert made.run.held_out > 0
    assert made.run.detail["holdouts"] == [0.1, 0.2]
    adding = [one for one in pushes if one.sent and max(one.adds_va) > 0]
    assert adding
    assert {one.push_id for one in pushes if one.reservation_id} == {one.push_id for one in adding}
    assert held(engine)["S"] == tuple(np.sum([one.held_va for one in adding], axis=0))
    assert all(found == counted for found, counted in recounted(engine).values())
    assert {one.ref for one in Ledger(engine).find(kind="offer")} == {one.push_id for one in adding}


def test_the_same_again_changes_nothing_and_another_day_is_another_run(engine: Engine, workspace: Workspace) -> None:
    stand(engine)
    first = publish_on(workspace, engine, material(mixed()))
    before, files = every_push(engine), sorted(workspace.root.rglob("*"))
    again = publish_on(workspace, engine, later(material(mixed()), 0.1))
    assert (again.fresh, again.run, again.folder) == (False, first.run, first.folder)
    assert (every_push(engine), sorted(workspace.root.rglob("*"))) == (before, files)
    tomorrow = publish_on(workspace, engine, later(material(mixed()), 1))
    assert tomorrow.fresh
    assert tomorrow.run.run_id != first.run.run_id
    # Whoever was contacted yesterday is not contacted again by the same channel.
    seen = {(one.person_id, one.channel) for one in before}
    assert not seen & {(one.person_id, one.channel) for one in every_push(engine)[len(before) :]}


def test_an_hour_at_which_all_is_silent_does_not_use_up_the_day(engine: Engine, workspace: Workspace) -> None:
    stand(engine)
    quiet = {"app": {"begins": 20, "ends": 9}, "hall": {"begins": 18, "ends": 8}}
    rested = mixed().but(policy=type(mixed().policy).model_validate({**mixed().policy.model_dump(), "quiet": quiet}))
    night = publish_on(workspace, engine, later(material(rested), -0.3))
    assert night.run.sent == night.run.held_out == 0
    assert night.run.detail["counts"]["QUIET_HOURS"] > 0
    assert publish_on(workspace, engine, later(material(rested), 0)).run.sent > 0


def test_the_folder_tells_all_that_was_decided(engine: Engine, workspace: Workspace) -> None:
    tight = replace(grid(3, A3=[0] * 6), waiting=[Waiting("Y1", "A2", (1000,) * 6)])
    stand(engine, tight)
    made = publish_on(workspace, engine, material(mixed()))
    manifest = json.loads((made.folder / "manifest.json").read_text(encoding="utf-8"))
    for name, digest in manifest["sha256"].items():
        assert hashlib.sha256((made.folder / name).read_bytes()).hexdigest() == digest
    assert (manifest["run_id"], manifest["id"], manifest["base_id"]) == (made.run.run_id, made.folder.name, "base")
    assert (manifest["snapshot_id"], manifest["models"][0]["version"]) == ("snapshot", 3)
    # Who is held out stands in it: it is for the owner alone, the lists are for others too.
    assert (made.folder / "decisions.parquet").stat().st_mode & 0o077 == 0
    assert (made.folder / "pushes.ndjson").stat().st_mode & 0o400
    decisions = pd.read_parquet(made.folder / "decisions.parquet")
    assert len(decisions) == 40 * 4
    assert decisions["reason"].value_counts().loc[lambda s: s > 0].to_dict() == manifest["detail"]["counts"]
    refused = decisions[decisions["reason"] == "NO_CAPACITY"]
    assert len(refused) == manifest["detail"]["waitlist"] > 0
    assert refused["binding_node_id"].notna().all()
    assert refused["block"].between(0, 5).all()
    assert set(decisions["reason"].dtype.categories) == set(CODES)
    relief = json.loads((made.folder / "relief.json").read_text(encoding="utf-8"))
    assert set(relief) == {"constrained", "released", "served"}
    assert "A3" in {one["node_id"] for one in relief["constrained"]}


def test_relief_is_told_as_it_was_written_down(engine: Engine, workspace: Workspace) -> None:
    stand(engine, grid(A1=[50, 50, 50, 50, 0, 50]))
    eases = service("ease", flexible=None, load={"own_share": [0, 0, 0, 0, -0.5, 0]}, acceptance={"base": 0.5})
    one = world(6, [eases]).but(own_kw=np.full((6, 6), 4.0))
    made = publish_on(workspace, engine, material(one))
    told = PushesReliefAnswer.model_validate(relief_of(workspace, made.run))
    (node,) = told.nodes
    assert (node.node_id, node.block, node.offers) == ("A1", 4, made.run.detail["relief"])
    assert node.offers > 0
    assert node.freed_kva[4] == node.opened_kva[4] > 0


def test_messages_and_cards_are_those_sent_and_nobody_else(engine: Engine, workspace: Workspace) -> None:
    stand(engine)
    made = publish_on(workspace, engine, material(mixed()))
    sent = [one for one in every_push(engine) if one.sent]
    told = [json.loads(line) for line in (made.folder / "pushes.ndjson").read_text(encoding="utf-8").splitlines()]
    assert [one["push_id"] for one in told] == [one.push_id for one in sent if one.channel == "app"]
    assert {one["score_kind"] for one in told} == {"propensity, not causal"}
    first, kept = told[0], {one.push_id: one for one in sent}[told[0]["push_id"]]
    assert (first["most_kva"], max(first["adds_kva"])) == (kept.most_kva, kept.most_kva)
    assert pd.Timestamp(first["expires_at"]) == pd.Timestamp(kept.expires_at)
    # What is listed of the state is the same, word for word.
    catalogue = mixed().catalogue
    listed = [push_entry(one, made.run, catalogue, NOW) for one in sent if one.channel == "app"]
    assert [json.loads(line) for line in ndjson(listed)] == told
    assert all(set(PushEntry.model_validate(one).model_dump()) == set(one) for one in told)
    assert not {"person_id", "document_id", "name", "phone"} & set(first)
    cards = as_dicts((made.folder / "halls" / "H1.csv").read_bytes())
    assert [one["push_id"] for one in cards] == [one.push_id for one in sent if one.channel == "hall"]
    assert tuple(cards[0]) == CARD_COLUMNS
    assert "服务" in cards[0]["say_chinese"]


def test_without_open_capacity_everything_else_is_offered(engine: Engine, workspace: Workspace) -> None:
    made = publish_on(workspace, engine, material(mixed()))
    assert (made.run.base_id, made.run.base_known_at) == (None, None)
    assert made.run.detail["counts"]["CAPACITY_STALE"] > 0
    assert made.run.sent > 0
    assert "no open capacity is published" in made.run.detail["notes"][0]
    assert not Ledger(engine).find()


@pytest.mark.parametrize(("age", "days"), [(32, 365), (10, 9)])
def test_figures_that_are_too_old_or_told_no_further_are_stale(
    engine: Engine, workspace: Workspace, age: int, days: int
) -> None:
    stand(engine, known_at=NOW - age * DAY, days=days)
    made = publish_on(workspace, engine, material(mixed()))
    assert not [one for one in every_push(engine) if max(one.adds_va) > 0]
    assert made.run.detail["counts"]["CAPACITY_STALE"] > 0


class CrashError(Exception):
    """Whatever may happen."""


def test_a_crash_leaves_no_offer_and_the_next_run_takes_the_place(
    engine: Engine, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand(engine)
    lay_down = publish.lay_down

    def crash(*args: Any) -> Path:
        lay_down(*args)
        raise CrashError

    monkeypatch.setattr(publish, "lay_down", crash)
    with pytest.raises(CrashError):
        publish_on(workspace, engine, material(mixed()))
    (orphan,) = (workspace.root / "pushes").iterdir()
    assert not every_push(engine)
    assert not any(any(one) for one in held(engine).values())
    monkeypatch.setattr(publish, "lay_down", lay_down)
    # An hour later the same run tells other moments: its folder is another one, and takes the orphan's place.
    made = publish_on(workspace, engine, later(material(mixed()), 1 / 24))
    assert made.fresh
    assert made.folder != orphan
    assert [made.folder] == list((workspace.root / "pushes").iterdir())
    assert made.folder.name == made.run.folder


def test_offers_lapse_and_what_they_held_is_offered_again(engine: Engine, workspace: Workspace) -> None:
    one_service = world(4, [service("grow", flexible=None)])
    stand(engine, grid(3.5))
    first = publish_on(workspace, engine, material(one_service))
    store = PushStore(engine)
    assert first.run.sent == 1
    # It stands: another day the room is still taken, and the others wait.
    second = publish_on(workspace, engine, later(material(one_service), 8))
    assert (second.run.sent, second.run.detail["counts"]) == (0, {"STANDING_OFFER": 1, "NO_CAPACITY": 3})
    third = publish_on(workspace, engine, later(material(one_service), 30))
    assert third.run.sent == 1
    at = NOW + 30 * DAY
    assert [one.state(at) for one in store.find(PushQuery(state="all"), at)] == ["open", "lapsed"]
    assert all(found == counted for found, counted in recounted(engine).values())


def test_what_hold_outs_would_hold_is_kept_from_others(engine: Engine, workspace: Workspace) -> None:
    left_out = world(4, [service("grow", flexible=None)]).with_policy(universal_holdout=0.5, salt="other")
    kept = left_out.with_policy(universal_holdout=0)
    stand(engine, grid(3.5))
    first = publish_on(workspace, engine, material(left_out))
    with_nobody = publish_on(workspace, engine, later(material(left_out), 8))
    contacts = [(one.customer_id, one.decided_at) for one in every_push(engine)]
    assert contacts == [(one, NOW) for one in kept.decide(first.run.run_id).contacts["customer_id"].head(1)]
    assert with_nobody.run.sent == with_nobody.run.held_out == 0


@pytest.mark.parametrize("seed", range(4))
def test_any_world_ends_with_books_that_add_up(engine: Engine, workspace: Workspace, seed: int) -> None:
    some = random_world(seed, 40, grid=random_world(seed, 1).grid, within=None, capacity_rule=True)
    whole = replace(some.grid, left_va={node: some.grid.left_va.get(node, np.full(6, np.nan)) for node in NODES})
    some = some.but(grid=whole)
    ledger = stand(engine, whole)
    made = publish_on(workspace, engine, material(some))
    sent = [one for one in every_push(engine) if one.sent]
    assert made.run.sent == len(sent)
    assert all(found == counted for found, counted in recounted(engine).values())
    for node, left in ledger.room().left_va().items():
        taken = np.array(held(engine)[node]) > 0
        assert (left[taken] >= 0).all()


NODES = tuple(grid().left_va)


def test_without_a_snapshot_nothing_is_published(engine: Engine, workspace: Workspace) -> None:
    with pytest.raises(NotFoundError, match="publish tags"):
        publish_pushes(workspace, engine, NOW)
    assert not (workspace.root / "pushes").exists()


def test_the_grid_of_a_world_is_that_of_the_ledger(engine: Engine) -> None:
    whole = replace(grid(A2=[1, 2, 3, 4, 5, 6]), waiting=[Waiting("Y1", "A2", (1000,) * 6)])
    stand(engine, whole)
    with engine.connect() as connection:
        found, room = read_grid(connection, world().policy, NOW)
    assert room is not None
    assert isinstance(found, Grid)
    assert {node: tuple(va) for node, va in found.left_va.items()} == {n: tuple(v) for n, v in whole.left_va.items()}
    assert found.waiting == whole.waiting
    assert (found.paths["A2"], found.stale, dict(found.shadow_va)) == (("A2", "F1", "S"), None, {})
