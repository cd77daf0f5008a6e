"""Where the grid is full, and what offers that free load would open there and release from the queue."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from serving.decisions.pushes.catalogue import Catalogue, Load
from serving.decisions.pushes.codes import SENT
from serving.decisions.pushes.loads import load_kw
from serving.decisions.pushes.policy import PushPolicy
from serving.decisions.pushes.records import Grid
from serving.decisions.queue import FITS, Left, go_through
from serving.decisions.selection import Wide
from training.peak.blocks import BLOCKS

__all__ = [
    "CONSTRAINED_COLUMNS",
    "RELEASED_COLUMNS",
    "SERVED_COLUMNS",
    "find_constrained",
    "freed_by_block",
    "freed_kw",
    "own_room",
    "released",
    "relief_node",
]

CONSTRAINED_COLUMNS = ("node_id", "kind", "block", "left_kva", "queued_kva", "missing_kva")
"""One row a constrained node, by node_id: `left_kva` after everything promised and the whole queue, in its binding
`block`; `queued_kva` what waits there in it; `missing_kva` what has to be freed until it is constrained no more."""

RELEASED_COLUMNS = (
    *("node_id", "kind", "contacts", "accepted"),
    *(f"freed_kva_{block}" for block in range(BLOCKS)),
    *(f"opened_kva_{block}" for block in range(BLOCKS)),
)
"""One row a node on whose path relief was offered: offers, acceptances expected of them, the kVA they free, and how
much of that would be open then: what a node is over its limit is made good first."""

SERVED_COLUMNS = ("application_id", "node_id", "kva", "binding_node_id", "binding_level", "block")
"""One row an application of the queue that would fit then, in the order of the queue, and what binds it now."""


def find_constrained(grid: Grid, policy: PushPolicy) -> pd.DataFrame:
    """CONSTRAINED_COLUMNS. A node of which a block is not known is never among them."""
    queued = _queued_va(grid)
    rows = []
    for node in sorted(grid.left_va):
        after = (_own(grid, node) - queued.get(node, 0.0)) / 1000
        if np.isnan(after).any() or after.min() > policy.constrained_kva:
            continue
        block = _binding(after)
        waits = float(queued[node][block]) / 1000 if node in queued else 0.0
        rows.append((node, grid.kinds.get(node), block, after[block], waits, policy.constrained_kva - after[block]))
    return pd.DataFrame(rows, columns=list(CONSTRAINED_COLUMNS))


def _own(grid: Grid, node: str) -> np.ndarray:
    """What is left at a node itself, VA [block]; no more is known than what is left on its path, unless told."""
    return np.asarray(grid.own_va.get(node, grid.left_va[node]), dtype=float)


def _binding(left: np.ndarray) -> int:
    """The block with least left. Figures may end at zero, so that several are equal: of those the one amid the fullest
    counts, for load rises to its peak and falls from it, and then the latest, for it rises towards the evening."""
    around = np.roll(left, 1) + np.roll(left, -1)
    return int(np.lexsort((-np.arange(BLOCKS), around, left))[0])


def _queued_va(grid: Grid) -> dict[str, np.ndarray]:
    """node → what waits for it, VA [block]; whoever hangs on a path that is not known waits nowhere."""
    total: dict[str, np.ndarray] = {}
    for one in grid.waiting:
        for node in grid.paths.get(one.node_id, ()):
            total[node] = total.get(node, np.zeros(BLOCKS)) + np.asarray(one.va, dtype=float)
    return total


def relief_node(areas: Sequence[str | None], constrained: pd.DataFrame, grid: Grid) -> np.ndarray:
    """The place in `constrained` of the node that binds each area, int32 [areas]; -1 where none does.

    It is the one with least left on the area's path; of equals the uppermost, for what is told of a node may be no more
    than what is left above it.
    """
    place = {str(node): at for at, node in enumerate(constrained["node_id"])}
    left = constrained["left_kva"].to_numpy(dtype=float)
    found: dict[str | None, int] = {}
    for area in dict.fromkeys(areas):
        among = [place[node] for node in reversed(grid.paths.get(area or "", ())) if node in place]
        found[area] = min(among, key=lambda at: left[at], default=-1)
    return np.array([found[area] for area in areas], dtype=np.int32)


def own_room(capacity: pd.DataFrame, left_va: Mapping[str, np.ndarray], power_factor: float) -> dict[str, np.ndarray]:
    """`Grid.own_va` from the table of open capacity that `left_va` stands on (columns as
    `serving.decisions.capacity.COLUMNS`).

    Its figures of a block end at zero and at what is open above. `own_kva` is what the node has in every block
    whatever is above; where it has nothing, its peak times κ says by how much it is over its limit.
    """
    found = {}
    told = capacity[[f"block_kva_{block}" for block in range(BLOCKS)]].to_numpy(dtype=float)
    own, over = capacity["own_kva"].to_numpy(dtype=float), _over_kva(capacity, power_factor)
    # NaN, where nothing is known, goes through.
    least = np.where(own == 0, 0.0 - over, own)[:, None]
    itself = np.where(told > 0, np.maximum(told, least), least)
    for at, node in enumerate(capacity["node_id"].astype(str)):
        if node in left_va:
            promised = 1000 * told[at] - left_va[node]
            found[node] = 1000 * itself[at] - promised
    return found


def _over_kva(capacity: pd.DataFrame, power_factor: float) -> np.ndarray:
    """By how much each node's peak is over its limit, kVA; 0 where it is not."""
    peak, limit = (capacity["kappa"] * capacity["peak_p50_kw"]).to_numpy(dtype=float), capacity["limit_kw"]
    return np.maximum((peak - limit.to_numpy(dtype=float)) / power_factor, 0.0)


def freed_kw(load: Load, own_kw: np.ndarray) -> np.ndarray:
    """What one who accepts draws less in each block, kW [customers, 6]; never below zero.

    What hangs on a load that is not known frees nothing anybody could count on.
    """
    return np.maximum(-np.nan_to_num(load_kw(load, own_kw), nan=0.0), 0.0)


def freed_by_block(contacts: pd.DataFrame, catalogue: Catalogue, wide: Wide, own_kw: np.ndarray) -> np.ndarray:
    """What one who accepts each of `contacts` frees in every block, kW [contacts, 6]; never below zero."""
    freed = np.zeros((len(contacts), BLOCKS))
    places = np.searchsorted(wide.customer_ids, contacts["customer_id"].to_numpy(dtype=object).astype(str))
    for code in sorted(set(contacts["service"])):
        service = catalogue.service(code)
        for flexible in (False, True):
            load = service.flexible if flexible and service else service.load if service else None
            rows = np.flatnonzero((contacts["service"] == code) & ((contacts["variant"] == "flexible") == flexible))
            if load is not None and len(rows):
                freed[rows] = freed_kw(load, own_kw[places[rows]])
    return freed


def released(
    contacts: pd.DataFrame, freed: np.ndarray, grid: Grid, policy: PushPolicy, overtaking: bool = False
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """RELEASED_COLUMNS and SERVED_COLUMNS: what the relief among `contacts` that was sent is expected to free at every
    node of its paths, and which applications of the queue would fit then that do not fit now.

    `freed` kW [contacts, 6], as `freed_by_block` has it; each counts by its probability of acceptance. At a node that
    is over its limit, that has to be made good before anything is open. Without `Grid.own_va` relief at a feeder
    serves only those whose own area is told to have the room.
    """
    sent = ((contacts["reason"] == SENT) & contacts["relief_node_id"].notna()).to_numpy(dtype=bool)
    propensity = contacts["propensity"].to_numpy(dtype=float)
    count: dict[str, int] = {}
    accepted: dict[str, float] = {}
    freed_kva: dict[str, np.ndarray] = {}
    for at in np.flatnonzero(sent).tolist():
        for node in grid.paths.get(str(contacts["area_id"].iat[at]), ()):
            count[node] = count.get(node, 0) + 1
            accepted[node] = accepted.get(node, 0.0) + float(propensity[at])
            more = propensity[at] * freed[at] / policy.power_factor
            freed_kva[node] = freed_kva.get(node, np.zeros(BLOCKS)) + more
    rows = []
    for node in sorted(count):
        over = np.maximum(-_own(grid, node), 0.0) / 1000 if node in grid.left_va else np.full(BLOCKS, np.nan)
        opened = np.maximum(freed_kva[node] - over, 0.0)
        rows.append((node, grid.kinds.get(node), count[node], accepted[node], *freed_kva[node], *opened))
    return pd.DataFrame(rows, columns=list(RELEASED_COLUMNS)), _served(grid, freed_kva, overtaking)


def _served(grid: Grid, freed_kva: Mapping[str, np.ndarray], overtaking: bool) -> pd.DataFrame:
    now = {node: _own(grid, node) for node in grid.left_va}
    then = {node: va + 1000 * freed_kva.get(node, 0.0) for node, va in now.items()}
    before, after = (
        go_through(grid.waiting, Left(va, va, grid.paths, grid.kinds, {}), 1.0, overtaking) for va in (now, then)
    )
    rows = [
        (one.application_id, one.node_id, max(one.va) / 1000, was.binding_node_id, was.binding_level, was.block)
        for one, was, will in zip(grid.waiting, before, after, strict=True)
        if will.outcome == FITS and was.outcome != FITS
    ]
    return pd.DataFrame(rows, columns=list(SERVED_COLUMNS))
