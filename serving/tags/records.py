"""What the store hands out: runs, tags held with their evidence; and how centres are written down."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from serving.decisions.tags import Centre, Centres, TagDefinition

__all__ = ["HeldTag", "TagRun", "centres_from", "centres_text"]


@dataclass(frozen=True)
class TagRun:
    """One evaluation of all tags of all customers."""

    seq: int
    run_id: str
    as_of: datetime
    made_at: datetime
    definitions_hash: str
    inputs_hash: str
    customers: int
    changes: int


@dataclass(frozen=True)
class HeldTag:
    """A tag of one customer, in the words of the version it was assigned by; `status` is held or unknown.

    `evidence` is what the newest change stood on: input, value, direction, enter and exit of each condition.
    `valid_until` is when what is held becomes unknown unless it is seen anew; None of what is unknown.
    """

    customer_id: str
    tag: str
    version: int
    status: str
    english: str
    chinese: str
    definition: TagDefinition
    since: datetime
    valid_until: datetime | None
    assigned_as_of: datetime
    evidence: tuple[Mapping[str, Any], ...]


def centres_text(centres: Mapping[str, Centres]) -> str:
    """Centres as JSON; floats come back as they were."""
    return json.dumps({code: asdict(one) for code, one in sorted(centres.items())}, ensure_ascii=False)


def centres_from(text: str) -> dict[str, Centres]:
    """The centres that `centres_text` wrote."""
    return {code: _centres(one) for code, one in json.loads(text).items()}


def _centres(values: Mapping[str, Any]) -> Centres:
    named = tuple(Centre(**{**one, "at": tuple(one["at"])}) for one in values["centres"])
    return Centres(tuple(values["middle"]), tuple(values["scale"]), named)
