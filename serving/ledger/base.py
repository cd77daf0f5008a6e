"""What the ledger stands on: the open capacity of a publication, and which promises its figures hold already."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import pandas as pd

from serving.ledger.records import BLOCKS

__all__ = ["Base", "Promise", "Stands", "rooms_of"]


@dataclass(frozen=True)
class Promise:
    """An application as the lake had it when the base's figures were made: its `stage` of the code list
    application_stage, where it is, and what it draws at most in each block of the day (VA)."""

    application_id: str
    node_id: str
    stage: str
    va: tuple[int, ...]


@dataclass(frozen=True)
class Stands:
    """What the ledger stands on: which figures, what they knew, how far they look, and the digest of the ledgers."""

    base_id: str
    known_at: datetime
    until: datetime
    ledgers: str


@dataclass(frozen=True)
class Base:
    """`rooms`: one row a node, sorted by node_id, columns node_id, name, kind, above, hall_id, reason and open_va_0..5
    (whole VA, None where not known). `ledgers` is a digest of the tables of the lake that figures and promises come
    from.
    """

    base_id: str
    known_at: datetime
    until: datetime
    ledgers: str
    rooms: tuple[Mapping[str, object], ...]
    promises: tuple[Promise, ...] = field(default=())


def rooms_of(capacity: pd.DataFrame, above: Mapping[str, object]) -> tuple[dict[str, object], ...]:
    """The rooms of a table of open capacity (columns as `serving.decisions.capacity` has them), whole VA rounded down.

    The figure of a node is the least of its own and of all above it; as all above are held, too, that is as good as
    its own.
    """
    wanted = ["node_id", "name", "kind", "hall_id", "reason", *(f"block_kva_{block}" for block in range(BLOCKS))]
    rows = []
    for row in capacity.sort_values("node_id")[wanted].to_dict("records"):
        parent = above.get(str(row["node_id"]))
        blocks = {f"open_va_{block}": _whole(row[f"block_kva_{block}"]) for block in range(BLOCKS)}
        told: dict[str, object] = {name: _text(row[name]) for name in ("node_id", "name", "kind", "hall_id", "reason")}
        rows.append({**told, "above": parent if isinstance(parent, str) and parent else None, **blocks})
    return tuple(rows)


def _whole(kva: object) -> int | None:
    amount = float(kva) if isinstance(kva, int | float) else float("nan")
    return None if amount != amount else int(amount * 1000 + 1e-6)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
