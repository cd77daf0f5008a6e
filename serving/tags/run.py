"""One run of tags over all customers: from features and scores to what is recorded, once for each moment."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from features.errors import ConflictError
from serving.decisions.tags import HELD, UNKNOWN, Definitions, State, assign
from serving.decisions.tags.truth import Stale
from serving.tags.records import TagRun
from serving.tags.store import TagStore

__all__ = ["TagSummary", "tag_customers"]


@dataclass(frozen=True)
class TagSummary:
    """What a run came to. `counts` by tag: held, unknown, entered, left; a run recorded before tells no movement."""

    run: TagRun
    new: bool
    counts: Mapping[str, Mapping[str, int]]


def tag_customers(
    inputs: pd.DataFrame, stale: Stale, definitions: Definitions, store: TagStore, as_of: datetime, now: datetime
) -> TagSummary:
    """Evaluate all tags as of a moment and record what changed.

    `inputs` is indexed by customer_id (features, scores, customer_class; NaN unknown); `stale` names the inputs not to
    be relied on, or tells as of when each of them is. Twice the same is one run: the second time nothing is added.
    ConflictError where tags are recorded as of that moment from other inputs, or as of a later one; ConfigError where
    a definition changed within its version.
    """
    as_of = datetime.fromtimestamp(int(as_of.timestamp()), UTC)
    hashed = inputs_hash(inputs, stale, definitions)
    run_id = hashlib.sha256(f"{as_of.isoformat()} {hashed} {definitions.digest}".encode()).hexdigest()[:16]
    newest = store.newest()
    if newest is not None and as_of <= newest.as_of:
        before = store.newest(as_of)
        if before is not None and before.run_id == run_id:
            return TagSummary(before, False, _counts(store.state(as_of), None))
        told = "from other inputs" if as_of == newest.as_of else f"as of {newest.as_of.isoformat()}"
        raise ConflictError(f"tags as of {as_of.isoformat()}: they are recorded {told}, and stay; tag a later moment")
    store.check(definitions)
    previous = store.state()
    state, changes = assign(previous, inputs, definitions, as_of, stale)
    seq = 1 if newest is None else newest.seq + 1
    run = TagRun(seq, run_id, as_of, now, definitions.digest, hashed, len(inputs), len(changes))
    store.record(run, state, definitions, changes)
    return TagSummary(run, True, _counts(state, changes))


def inputs_hash(inputs: pd.DataFrame, stale: Stale, definitions: Definitions) -> str:
    """Sixteen hexadecimal digits of what a run looks at: the inputs in use, by customer, and what is stale of them."""
    used = [name for name in [*definitions.inputs, "customer_class"] if name in inputs.columns]
    told: Any = sorted(stale)
    if isinstance(stale, Mapping):
        told = {name: stale[name].isoformat() for name in sorted(stale)}
    digest = hashlib.sha256(json.dumps([used, told]).encode())
    if len(inputs):
        ordered = inputs[used].sort_index()
        digest.update(pd.util.hash_pandas_object(ordered.index.astype("str"), index=False).to_numpy().tobytes())
        for name in used:
            if name == "customer_class":
                values = pd.util.hash_pandas_object(ordered[name].astype("str"), index=False).to_numpy()
            else:
                values = ordered[name].to_numpy(dtype=float, na_value=np.nan)
            digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()[:16]


def _counts(state: State, changes: pd.DataFrame | None) -> dict[str, dict[str, int]]:
    held, unknown = (state.cells.status == HELD).sum(axis=0), (state.cells.status == UNKNOWN).sum(axis=0)
    counts = {
        tag: {"held": int(held[place]), "unknown": int(unknown[place]), "entered": 0, "left": 0}
        for place, tag in enumerate(state.tags)
    }
    if changes is None or state.as_of is None:
        return counts
    for status, name in (("released", "left"), ("held", "entered")):
        moved = changes["status"] == status
        if status == "held":
            # One that is only about to be left has changed, too.
            moved &= changes["since"] == state.as_of
        for tag, count in changes["tag"][moved].value_counts().items():
            if tag in counts:
                counts[str(tag)][name] = int(count)
    return counts
