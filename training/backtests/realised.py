"""What came: the highest load of every node over the days after an origin, as it is known today."""

import numpy as np
import pandas as pd

from features.load.grid import Grid
from training.peak.rolling import ENOUGH_KNOWN

__all__ = ["realised_kw"]


def realised_kw(loads: Grid, parents: pd.Series, begin: pd.Timestamp, end: pd.Timestamp) -> pd.Series:
    """Highest load of [begin, end) of each node of `parents` (node_id → the node above), kW, indexed by node_id.

    `loads` are the current ones, corrections included. NaN where a tenth or more of the stretch is unknown. A node
    without a single reading in it takes the highest sum of the nodes directly below it, interval by interval; the
    losses between them are not in that sum.
    """
    first, stop = max(loads.column(begin), 0), max(loads.column(end), 0)
    wanted = (end - begin) // pd.Timedelta(minutes=loads.step_minutes)
    place = {node: row for row, node in enumerate(loads.ids)}
    children: dict[str, list[str]] = {}
    for node, above in parents.items():
        if isinstance(above, str):
            children.setdefault(above, []).append(str(node))
    series: dict[str, np.ndarray] = {}

    def load_of(node: str, path: tuple[str, ...] = ()) -> np.ndarray:
        if node not in series:
            own = loads.values[place[node], first:stop] if node in place else np.full(stop - first, np.nan)
            parts = [one for one in children.get(node, []) if one not in path]
            if parts and not np.isfinite(own).any():
                own = np.sum([load_of(one, (*path, node)) for one in parts], axis=0)
            series[node] = own
        return series[node]

    return pd.Series({str(node): _highest(load_of(str(node)), wanted) for node in parents.index}, dtype=float)


def _highest(load_kw: np.ndarray, wanted: int) -> float:
    known = np.isfinite(load_kw)
    return float(load_kw[known].max()) if known.any() and known.sum() >= ENOUGH_KNOWN * wanted else float("nan")
