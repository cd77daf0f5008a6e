"""Who waits for capacity, what stands in the way, and who is released: a pure function of a queue and the room left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from serving.decisions.pools import round_down

__all__ = ["BEHIND", "CONSTRAINED", "FITS", "UNKNOWN", "Finding", "Left", "Waiting", "go_through"]

FITS, CONSTRAINED, UNKNOWN = "fits", "constrained", "unknown"
"""What is found of an application. What is not known is neither plenty nor nothing: it is `unknown`."""

BEHIND = "QUEUED"
"""The reason of one that waits behind an earlier one: what it could take is what that one waits for."""

_PENDING, _POOR, _NOWHERE = "PENDING", "DATA_POOR", "UNKNOWN_NODE"


@dataclass(frozen=True)
class Waiting:
    """One application: where, and what it draws in each four-hour block of the local day, VA."""

    application_id: str
    node_id: str
    va: tuple[int, ...]


@dataclass(frozen=True)
class Left:
    """What may still be promised. `va` node → VA [block] (NaN: not known), `open_va` the same before any promise;
    `paths` area → itself and all above; `kinds` and `reasons` by node."""

    va: Mapping[str, np.ndarray]
    open_va: Mapping[str, np.ndarray]
    paths: Mapping[str, tuple[str, ...]]
    kinds: Mapping[str, str]
    reasons: Mapping[str, str | None]


@dataclass(frozen=True)
class Finding:
    """What was found: `outcome`; what binds, at which level, why, and in which block of the day (None where it fits);
    the largest kVA of the asked shape that would fit, and the kVA that would fit in each block alone."""

    application_id: str
    outcome: str
    binding_node_id: str | None
    binding_level: str | None
    reason: str | None
    block: int | None
    fits_kva: float | None
    fits_block_kva: tuple[float, ...] | None


def go_through(queue: Sequence[Waiting], left: Left, round_kva: float, overtaking: bool = False) -> list[Finding]:
    """A finding for each, in the order of the queue. What fits is taken out of what is left for those behind.

    Without `overtaking` whoever does not fit keeps the node that binds it: those behind that need the same node wait,
    too, even if there is room enough for them, for it is what the earlier one waits for. A small one that hangs
    elsewhere passes. An application of which nothing is known keeps nobody from anything.
    """
    rest = {node: va.copy() for node, va in left.va.items()}
    kept: set[str] = set()
    findings = []
    for one in queue:
        found = _find(one, rest, left, kept, round_kva)
        findings.append(found)
        if found.outcome == FITS:
            for node in left.paths[one.node_id]:
                rest[node] = rest[node] - np.array(one.va, dtype=float)
        elif found.outcome == CONSTRAINED and not overtaking and found.binding_node_id is not None:
            kept.add(found.binding_node_id)
    return findings


def _find(one: Waiting, rest: Mapping[str, np.ndarray], left: Left, kept: set[str], round_kva: float) -> Finding:
    path = left.paths.get(one.node_id, ())
    if not path or any(node not in rest for node in path):
        missing = next((node for node in path if node not in rest), one.node_id)
        return Finding(one.application_id, UNKNOWN, missing, None, _NOWHERE, None, None, None)
    va = np.array(one.va, dtype=float)
    slack = np.array([rest[node] for node in path]) - va
    if np.isnan(slack).any():
        poor = next(node for node, row in zip(path, slack, strict=True) if np.isnan(row).any())
        return Finding(one.application_id, UNKNOWN, poor, left.kinds.get(poor), _POOR, None, None, None)
    room = np.array([rest[node] for node in path]).min(axis=0)
    scale = _largest(room, va) * float(va.max()) / 1000
    told = (float(round_down(np.array([scale]), round_kva)[0]), tuple(round_down(room / 1000, round_kva).tolist()))
    ahead = next((node for node in path if node in kept), None)
    drawn = slack[:, va > 0]
    if drawn.min(initial=0.0) >= 0 and ahead is None:
        return Finding(one.application_id, FITS, None, None, None, None, *told)
    if ahead is not None:
        told = (0.0, (0.0,) * len(one.va))
    if drawn.min(initial=0.0) >= 0:
        return Finding(one.application_id, CONSTRAINED, ahead, left.kinds.get(str(ahead)), BEHIND, None, *told)
    least = np.where(va > 0, slack, np.inf)
    # Figures of a node are no higher than those above it: of equals, the uppermost is the one that binds.
    place = len(path) - 1 - int(np.argmin(least[::-1].min(axis=1)))
    node, block = path[place], int(least[place].argmin())
    without = left.open_va[node][block] - va[block] >= 0
    reason = _PENDING if without else left.reasons.get(node)
    return Finding(one.application_id, CONSTRAINED, node, left.kinds.get(node), reason, block, *told)


def _largest(room: np.ndarray, va: np.ndarray) -> float:
    """How many times what is asked would fit, by the block that has least for it; never below zero."""
    share = room[va > 0] / va[va > 0]
    return float(np.clip(share.min(initial=np.inf), 0.0, None)) if share.size else 0.0
