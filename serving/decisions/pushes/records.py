"""What a decision is made from, and what comes of it; all of it plain arrays and frames."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pandas as pd

from serving.decisions.queue import Waiting
from training.peak.blocks import BLOCKS

__all__ = ["ADDS_VA", "CONTACT_COLUMNS", "FORMER_COLUMNS", "HELD_VA", "Decided", "Grid", "Moment", "People", "Scores"]

ADDS_VA = tuple(f"adds_va_{block}" for block in range(BLOCKS))
"""What one who accepts draws more in each block, VA (whole); nothing below zero."""

HELD_VA = tuple(f"held_va_{block}" for block in range(BLOCKS))
"""What the offer holds of the room meanwhile: `ADDS_VA` times the probability of acceptance, rounded up."""

CONTACT_COLUMNS = (
    "push_id",
    "customer_id",
    "person_id",
    "service",
    "service_version",
    "campaign",
    "hall_id",
    "area_id",
    "channel",
    "reason",  # SENT, or one of HELD_OUT
    "variant",  # firm, or flexible
    "propensity",
    "uplift",  # NaN: not known
    "value_cny",
    "cost_cny",
    "score_cny",
    "explored",
    "relief_node_id",  # the constrained node it is to relieve; None for all other offers
    "freed_kw",  # there, in its binding block, from one who accepts
    *ADDS_VA,
    *HELD_VA,
    "decided_at",
    "expires_at",
)
"""One row an offer, or would-be offer: `Decided.contacts`."""

FORMER_COLUMNS = (
    "push_id",
    "customer_id",
    "person_id",
    "service",
    "channel",
    "reason",
    "decided_at",
    "expires_at",
    "answered_at",
)
"""Former contacts as a decision needs them: those of hold-outs count like those that were sent. None is made again
before `expires_at`; of one with an `answered_at` (NaT: not answered, or accepted) nothing is expected any more."""


@dataclass(frozen=True)
class Moment:
    """When it is decided: UTC and the same in local time; `snapshot_as_of`, of when the customers are told."""

    now: datetime
    local: datetime
    snapshot_as_of: datetime


@dataclass(frozen=True)
class People:
    """Whom may be turned to, in the order of the snapshot's customers. `persons` object [customers]: accounts of one
    person bear one id. `consents` (purpose, channel) → mask of those who allow it now; no mask is no consent.
    """

    persons: np.ndarray
    forbids_profiling: np.ndarray
    do_not_contact: np.ndarray
    consents: Mapping[tuple[str, str], np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Grid:
    """The room offers have to fit into. `left_va` node → VA [block] at the node itself after everything promised,
    offers that stand at what they hold (NaN: not known); `paths` area → itself and all above; `kinds` by node.
    `waiting` is the queue in its order: it comes first, whole. `shadow_va` area → VA [block] that would-be offers to
    its customers would hold, there and on the whole path above; `left_va` knows nothing of it. `own_va` node → VA
    [block] as `left_va`, whatever is above the node, below zero where it is over its limit: by that it is told where
    relief is sought (`left_va` where none is given). `stale` says in words why the figures are too old; None while they
    are not.
    """

    left_va: Mapping[str, np.ndarray]
    paths: Mapping[str, tuple[str, ...]]
    kinds: Mapping[str, str] = field(default_factory=dict)
    waiting: Sequence[Waiting] = ()
    shadow_va: Mapping[str, np.ndarray] = field(default_factory=dict)
    own_va: Mapping[str, np.ndarray] = field(default_factory=dict)
    stale: str | None = None


@dataclass(frozen=True)
class Scores:
    """What is known better than the catalogue's assumptions: service → probability [customers] that an offer *makes*
    somebody accept, from outcomes that were drawn by lot; `versions` names the models."""

    uplift: Mapping[str, np.ndarray] = field(default_factory=dict)
    versions: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Decided:
    """`reasons` int8 [customer, service]: places in CODES, of the first that applies; -1 where nobody
    asked. `binds` int32 [customer, service]: where NO_CAPACITY or CAPACITY_UNKNOWN, the place in `nodes` of the one
    that refuses, -1 elsewhere; `block` int8 alike. `contacts`: CONTACT_COLUMNS, in the order in which they were taken.
    """

    services: tuple[str, ...]
    nodes: tuple[str, ...]
    reasons: np.ndarray
    binds: np.ndarray
    block: np.ndarray
    contacts: pd.DataFrame
