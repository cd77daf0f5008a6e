"""Open capacity less what was promised since it was published: promises count at once."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from serving.decisions.pools import round_down

__all__ = ["less_promised"]

_PENDING = "PENDING"


def less_promised(
    row: Mapping[str, Any],
    rows: Mapping[str, Mapping[str, Any]],
    held_va: Mapping[str, Sequence[int]],
    path: Sequence[str],
    round_kva: float,
) -> dict[str, Any]:
    """One node's published row with what is promised taken off: at itself and at every node above it.

    `rows` holds the published row of every node, `held_va` what is held at each (VA by block; nodes without promises
    are left out), `path` leads from the node upwards. published_kva keeps the published figure, reserved_kva is the
    most that is held at the node in any block. Where nothing is left that was open, the reason is PENDING.
    """
    here = held_va.get(str(row["node_id"]), ())
    told = {**row, "published_kva": row["open_kva"], "reserved_kva": max(here, default=0) / 1000}
    known = [node for node in path if node in rows]
    if row["open_kva"] is None or not any(node in held_va for node in known):
        return told
    published = np.array([rows[node]["block_kva"] for node in known], dtype=float)
    if np.isnan(published).any():
        return told
    held = np.array([held_va.get(node, (0,) * published.shape[1]) for node in known], dtype=float) / 1000
    left = published - held
    blocks = round_down(left.min(axis=0), round_kva)
    firm = left.min(axis=1)
    # Published figures are no higher than those above: of equals, the uppermost is the one that binds.
    binds = known[len(known) - 1 - int(firm[::-1].argmin())]
    told |= {"open_kva": float(blocks.min()), "block_kva": blocks.tolist()}
    if row.get("pool_kva") is not None:
        told["pool_kva"] = told["open_kva"]
    if told["open_kva"] < row["open_kva"]:
        reason = _PENDING if told["open_kva"] == 0 else rows[binds]["reason"]
        told |= {"binding_node_id": binds, "binding_level": rows[binds]["kind"], "reason": reason}
    return told
