"""Upstream binds: what is open at a node is the least that is open on its way to the top."""

from collections.abc import Mapping

import numpy as np

__all__ = ["bound_by_path", "round_down", "supply_paths"]


def supply_paths(parent_of: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
    """Each node and the nodes above it, from itself upwards. A parent that is no known node ends the path with its
    name, so that what is unknown above stays visible; a loop ends where it closes."""
    paths = {}
    for node in parent_of:
        path = [node]
        while isinstance(above := parent_of.get(path[-1]), str) and above and above not in path:
            path.append(above)
        paths[node] = tuple(path)
    return paths


def bound_by_path(own: Mapping[str, float], path: tuple[str, ...]) -> tuple[float, str]:
    """The least headroom on a path and the node that sets it (the lowest of equals); NaN as soon as one is unknown."""
    for node in path:
        if not np.isfinite(own.get(node, np.nan)):
            return float("nan"), node
    binding = min(path, key=lambda node: own[node])
    return own[binding], binding


def round_down(kva: np.ndarray, step: float) -> np.ndarray:
    """Down to a multiple of `step`, never below zero; NaN stays."""
    # A hair is added so that 125.0 that arrived as 124.99999999 is not told as 120.
    return np.clip(np.floor(kva / step + 1e-9) * step, 0.0, None)
