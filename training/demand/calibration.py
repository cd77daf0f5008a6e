"""Conformal calibration: shift each quantile by what it missed on a stretch its model never saw."""

from dataclasses import dataclass

import numpy as np

__all__ = ["LEAD_EDGES", "Calibration"]

LEAD_EDGES = (6.0, 24.0, 48.0, 120.0, 216.0)
"""Leads (hours) at which the correction may change."""


@dataclass(frozen=True)
class Calibration:
    """Corrections in units of the forecast's own 5–95 % width (normalised conformal quantile regression, after
    Romano, Patterson and Candès, 2019).

    `by_lead` [lead buckets, levels] holds for all nodes; `by_node` [N, levels] is what remains of each node, already
    shrunk by how many days it was judged on.
    """

    by_lead: np.ndarray
    by_node: np.ndarray

    @classmethod
    def none(cls, nodes: int, levels: int) -> "Calibration":
        """No correction: the history is too short to hold a stretch back."""
        return cls(np.zeros((len(LEAD_EDGES) + 1, levels)), np.zeros((nodes, levels)))

    @classmethod
    def fit(
        cls,
        actual_kw: np.ndarray,
        quantiles_kw: np.ndarray,
        node: np.ndarray,
        lead_hours: np.ndarray,
        issue: np.ndarray,
        nodes: int,
        levels: tuple[float, ...],
        shrink_days: float,
    ) -> "Calibration":
        """From held-out forecasts: `actual_kw` [n], `quantiles_kw` [n, levels] sorted, one row per node and target."""
        width = _width(quantiles_kw)
        miss = (actual_kw[:, None] - quantiles_kw) / width
        bucket = np.digitize(lead_hours, LEAD_EDGES)
        whole = _levels_of(miss, levels)
        by_lead = np.tile(whole, (len(LEAD_EDGES) + 1, 1))
        for one in np.unique(bucket):
            mine = bucket == one
            if mine.sum() >= 200:
                by_lead[one] = _levels_of(miss[mine], levels)
        rest = miss - by_lead[bucket]
        by_node = np.zeros((nodes, len(levels)))
        for one in np.unique(node):
            mine = node == one
            days = len(np.unique(issue[mine]))
            by_node[one] = _levels_of(rest[mine], levels) * days / (days + shrink_days)
        return cls(by_lead, by_node)

    def apply(self, quantiles_kw: np.ndarray, node: np.ndarray, lead_hours: np.ndarray) -> np.ndarray:
        """Corrected quantiles [n, levels], sorted; `node` −1 is a node that was not there at calibration."""
        shift = self.by_lead[np.digitize(lead_hours, LEAD_EDGES)]
        shift = shift + np.where((node >= 0)[:, None], self.by_node[node], 0.0)
        return np.sort(quantiles_kw + shift * _width(quantiles_kw), axis=1)


def _width(quantiles_kw: np.ndarray) -> np.ndarray:
    width = quantiles_kw[:, -1:] - quantiles_kw[:, :1]
    return np.maximum(width, 1e-3 * np.abs(quantiles_kw).mean(axis=1, keepdims=True) + 1e-9)


def _levels_of(miss: np.ndarray, levels: tuple[float, ...]) -> np.ndarray:
    return np.array([np.quantile(miss[:, place], level) for place, level in enumerate(levels)])
