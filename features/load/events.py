"""Events outside the grid that change use: which nodes they touch, and when."""

import numpy as np
import pandas as pd

__all__ = ["EVENT_COLUMNS", "active", "known_events", "no_events"]

EVENT_COLUMNS = ("kind", "scope_kind", "scope_id", "start_utc", "end_utc", "available_at")
"""Columns of an events table, as the contract `event` has them."""


def no_events() -> pd.DataFrame:
    """A table of no event."""
    empty = pd.DataFrame({name: pd.Series(dtype=object) for name in EVENT_COLUMNS[:3]})
    return empty.assign(**{name: pd.Series(dtype="datetime64[us, UTC]") for name in EVENT_COLUMNS[3:]})


def known_events(events: pd.DataFrame, moment: pd.Timestamp) -> pd.DataFrame:
    """The events that had been told of by `moment`."""
    return events.loc[(events["available_at"] <= moment).to_numpy(dtype=bool)]


def active(events: pd.DataFrame, kind: str, nodes: pd.DataFrame, times: pd.DatetimeIndex) -> np.ndarray:
    """Whether an event of `kind` goes on [nodes, T] at each of `times`; an event without an end has none yet.

    `nodes` is indexed by node_id (columns parent_id and, where units are known, hall_id). An event of one node
    touches everything below it, too. One of a customer class touches every node: how much, its own past tells.
    """
    out = np.zeros((len(nodes), len(times)), dtype=bool)
    for event in events.loc[(events["kind"] == kind).to_numpy(dtype=bool)].to_dict("records"):
        open_ended = pd.isna(event["end_utc"])
        on = (times >= event["start_utc"]) & (
            np.full(len(times), open_ended) if open_ended else times < event["end_utc"]
        )
        if on.any():
            out |= np.outer(_touched(nodes, str(event["scope_kind"]), event["scope_id"]), on)
    return out


def _touched(nodes: pd.DataFrame, scope_kind: str, scope_id: object) -> np.ndarray:
    if scope_kind == "org_unit":
        halls = nodes.get("hall_id")
        return np.zeros(len(nodes), dtype=bool) if halls is None else (halls == scope_id).to_numpy(dtype=bool)
    if scope_kind != "node":
        return np.ones(len(nodes), dtype=bool)
    found = (nodes.index == scope_id).astype(bool)
    parents = nodes["parent_id"]
    while True:
        below = found | parents.isin(nodes.index[found]).to_numpy(dtype=bool)
        if (below == found).all():
            return np.asarray(found)
        found = below
