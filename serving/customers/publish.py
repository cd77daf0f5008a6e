"""Publishing what is told of customers: features, scores of every model that serves, tags, all as of one moment."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from features.behaviour import features_at, read_known
from features.errors import ModelError, NotFoundError
from features.lake import Lake
from features.workspace import Workspace
from serving.customers.snapshot import Snapshot, write_snapshot
from serving.customers.tagging import held_of, words_of
from serving.tags.inputs import SCORES
from training.customers.families import NAMES
from training.customers.kept import serving_version

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from serving.decisions.tags import Definitions
    from serving.tags.run import TagSummary

__all__ = ["PublishedTags", "Scored", "newest_moment", "publish_tags", "score_customers"]

_WHO = ("hall_id", "area_id", "customer_class")


@dataclass(frozen=True)
class Scored:
    """Scores of all customers, index customer_id; which models gave them, and why others did not."""

    frame: pd.DataFrame
    models: tuple[dict[str, Any], ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class PublishedTags:
    """What was published: the snapshot, and what the run of tags came to."""

    snapshot: Snapshot
    summary: "TagSummary"


def newest_moment(lake: Lake, now: pd.Timestamp) -> pd.Timestamp:
    """When the newest use of customers became known, `now` at the latest; `now` where no use is known."""
    frame = lake.versions("consumption", columns=["available_at"])
    known = frame["available_at"][frame["available_at"] <= now]
    return now if known.empty else pd.Timestamp(known.max())


def score_customers(workspace: Workspace, at: pd.Timestamp, customers: pd.Index) -> Scored:
    """Ask every model of customers that serves about all customers of `at`.

    The columns of a family without a model that serves are not known of anybody; a note says why.
    """
    lake, territory = Lake(workspace.lake), workspace.territory()
    parts, models, notes = [], [], []
    for name in NAMES:
        told = pd.DataFrame(index=customers, columns=list(SCORES[name]), dtype=float)
        try:
            serving = serving_version(workspace, name)
            # As the version was trained, whatever the settings of today say.
            cases = serving.family.asked(lake, territory, serving.config, at) if serving is not None else None
        except (ModelError, NotFoundError) as error:
            # A damaged model, or one that knows too little of this moment: all else is told all the same.
            notes.append(f"{name}: {error}")
        else:
            if serving is None or cases is None:
                notes.append(f"no model of {name} serves: `headroom train {name}`, then `headroom promote {name}`")
            else:
                said = serving.model.predict(cases).set_index(pd.Index(cases.rows["customer_id"]))
                told = said.reindex(index=customers, columns=told.columns).astype(float)
                models.append({"name": name, "version": serving.version, "sha256": serving.sha256})
        parts.append(told)
    return Scored(pd.concat(parts, axis=1), tuple(models), tuple(notes))


def publish_tags(
    workspace: Workspace,
    engine: "Engine",
    as_of: pd.Timestamp | None = None,
    definitions: "Definitions | None" = None,
    score: Callable[[Workspace, pd.Timestamp, pd.Index], Scored] = score_customers,
    say: Callable[[str], None] = lambda _: None,
) -> PublishedTags:
    """Make features, scores and tags of all customers as of a moment (default: the newest use), and keep a snapshot.

    The same moment and inputs give the same tags and the same snapshot: publishing again adds nothing. Raises
    NotFoundError where no customer is known then, ConflictError where tags are recorded as of a later moment.
    """
    from serving.tags.inputs import inputs_as_of
    from serving.tags.run import tag_customers
    from serving.tags.shipped import load_definitions
    from serving.tags.store import TagStore

    lake, territory = Lake(workspace.lake), workspace.territory()
    at = (newest_moment(lake, pd.Timestamp.now(tz="UTC")) if as_of is None else as_of).floor("s")
    say(f"features of customers as of {at.isoformat()}")
    known = read_known(lake, territory, at)
    features = features_at(known)
    say("scores")
    scored = score(workspace, at, features.index)
    frame = pd.concat([known.customers[list(_WHO)], features, scored.frame], axis=1)
    say("tags")
    store, tags = TagStore(engine), definitions or load_definitions()
    inputs = frame.drop(columns=["hall_id", "area_id"])
    summary = tag_customers(inputs, inputs_as_of(known), tags, store, at.to_pydatetime(), datetime.now(UTC))
    say("write the snapshot")
    state = store.state(at.to_pydatetime())
    made_from = {
        "features": {"as_of": at.isoformat(), "count": features.shape[1]},
        "models": list(scored.models),
        "tags": {"run_id": summary.run.run_id, "definitions_hash": summary.run.definitions_hash},
        "data_fingerprint": lake.fingerprint(as_of=at),
        "territory": territory.name,
    }
    held, words = held_of(state, features.index), [words_of(column) for column in state.columns]
    made = write_snapshot(workspace, at, frame, held, words, made_from, scored.notes)
    return PublishedTags(made, summary)
