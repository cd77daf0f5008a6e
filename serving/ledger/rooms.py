"""What is left at every node after everything promised, read in one go."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlalchemy import Connection, select

from serving.decisions.pools import supply_paths
from serving.ledger.records import BLOCKS
from serving.ledger.tables import HELD_VA, OPEN_VA, capacity_room, ledger_base

__all__ = ["Room", "read_room"]


@dataclass(frozen=True)
class Room:
    """`open_va` and `held_va` float [node, block] (NaN: not known) at the node itself, in the order of `nodes`.

    `names`, `kinds`, `halls` and `reasons` (why no figure is known, or what binds) are by node; `paths` lead from each
    node to the top. `base_id` names the publication it stands on, `until` how far that looks.
    """

    base_id: str
    known_at: datetime
    until: datetime
    nodes: tuple[str, ...]
    open_va: np.ndarray
    held_va: np.ndarray
    names: Mapping[str, str | None]
    kinds: Mapping[str, str]
    halls: Mapping[str, str | None]
    reasons: Mapping[str, str | None]
    paths: Mapping[str, tuple[str, ...]]

    def left_va(self) -> dict[str, np.ndarray]:
        """node → what may still be promised at the node itself, VA [block]; below zero where promises went beyond."""
        return dict(zip(self.nodes, self.open_va - self.held_va, strict=True))


def read_room(connection: Connection) -> Room | None:
    """The room as it stands within a transaction; None before the first base."""
    base = connection.execute(select(ledger_base)).mappings().one_or_none()
    if base is None:
        return None
    rows = connection.execute(select(capacity_room).order_by(capacity_room.c.node_id)).mappings().all()
    nodes = tuple(str(row["node_id"]) for row in rows)
    return Room(
        base_id=base["base_id"],
        known_at=base["known_at"],
        until=base["until"],
        nodes=nodes,
        open_va=_matrix([[row[name] for name in OPEN_VA] for row in rows]),
        held_va=_matrix([[row[name] for name in HELD_VA] for row in rows]),
        names={str(row["node_id"]): row["name"] for row in rows},
        kinds={str(row["node_id"]): row["kind"] for row in rows},
        halls={str(row["node_id"]): row["hall_id"] for row in rows},
        reasons={str(row["node_id"]): row["reason"] for row in rows},
        paths=supply_paths({str(row["node_id"]): row["above"] for row in rows}),
    )


def _matrix(rows: list[list[int | None]]) -> np.ndarray:
    # Whole VA up to 2^53 are exact as floats: nine million GVA.
    return np.array(rows, dtype=float).reshape(len(rows), BLOCKS)
