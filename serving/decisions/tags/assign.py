"""One run: from the tags as they stood and today's inputs to the tags as they stand, and what changed with evidence."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from features.errors import ConflictError, DataError
from serving.decisions.tags.changes import changes_frame
from serving.decisions.tags.clusters import Centres, distance_ratios, fit_centres
from serving.decisions.tags.columns import columns_of
from serving.decisions.tags.definitions import Condition, Definitions, TagDefinition
from serving.decisions.tags.state import Cells, Column, State
from serving.decisions.tags.step import one_of_group, remembered, stepped
from serving.decisions.tags.truth import FALSE, Stale, applies, fresh_values, held_against

__all__ = ["assign"]


@dataclass(frozen=True)
class _Seen:
    """What an evaluation looks at for one tag."""

    conditions: tuple[Condition, ...]
    values: tuple[np.ndarray, ...]
    applies: np.ndarray

    def truth(self, combine: str, entering: bool) -> np.ndarray:
        found = held_against(self.conditions, self.values, combine, entering)
        # One that is of no class the tag is for does not hold it, whatever else is known of him.
        return np.where((self.applies == FALSE) | (found == FALSE), FALSE, np.maximum(self.applies, found))


def assign(
    previous: State, inputs: pd.DataFrame, definitions: Definitions, now: datetime, stale: Stale = ()
) -> tuple[State, pd.DataFrame]:
    """The state after an evaluation at `now`, and its changes (`changes_frame`), the first run included.

    `inputs` are indexed by customer_id: features and scores as floats, NaN where they are not known, and
    customer_class. A column that is missing is known of nobody; customers known from earlier runs and absent from
    `inputs` become unknown. The same inputs again change nothing unless a confirmation is pending. Pure: neither
    argument is changed. Raises ConflictError where `now` is not after the last run, DataError for ids that stand
    twice.
    """
    if previous.as_of is not None and now <= previous.as_of:
        raise ConflictError(f"tags stand as of {previous.as_of.isoformat()}; {now.isoformat()} is not later")
    if inputs.index.has_duplicates:
        twice = inputs.index[inputs.index.duplicated()]
        raise DataError("inputs", "customer_id", "a customer stands twice", len(twice), twice[0])
    given = np.asarray(inputs.index, dtype=object)
    customers = np.unique(np.concatenate([previous.customers, given])) if len(given) else previous.customers
    needed = [name for name in [*definitions.inputs, "customer_class"] if name in inputs.columns]
    inputs = inputs[needed].reindex(customers)
    centres: dict[str, Centres] = {}
    columns, seen = [], []
    for definition in definitions.tags:
        values = [fresh_values(inputs, name, definition, now, stale) for name in definition.inputs]
        found = _fitted(definition, values, previous)
        centres |= {} if found is None else {definition.code: found}
        for column in columns_of(definition, found):
            columns.append(column)
            seen.append(_seen(column, found, values, applies(definition, inputs)))
    old = _carried(previous, customers, columns)
    cells = _evaluated(old, previous, columns, seen, now)
    state = State(now, customers, tuple(columns), _stacked(cells, len(customers)), centres)
    return state, changes_frame(previous, state, [(one.conditions, one.values) for one in seen])


def _fitted(definition: TagDefinition, values: Sequence[np.ndarray], previous: State) -> Centres | None:
    if definition.cluster is None:
        return None
    together = np.stack(values, axis=1)
    # Another version may look at other columns, and call clusters otherwise.
    versions = {(one.definition.code, one.version) for one in previous.columns}
    same = (definition.code, definition.version) in versions
    last = previous.centres.get(definition.code) if same else None
    return fit_centres(definition.cluster, together[~np.isnan(together).any(axis=1)], last)


def _seen(column: Column, centres: Centres | None, values: list[np.ndarray], of_class: np.ndarray) -> _Seen:
    definition = column.definition
    if centres is None or definition.cluster is None or column.cluster is None:
        by_name = dict(zip(definition.inputs, values, strict=True))
        return _Seen(definition.conditions, tuple(by_name[one.input] for one in definition.conditions), of_class)
    together = np.stack(values, axis=1)
    known = ~np.isnan(together).any(axis=1)
    ratio = np.full(len(together), np.nan)
    ratio[known] = distance_ratios(centres, together[known])[:, column.cluster]
    bounds = {"enter": definition.cluster.enter, "exit": definition.cluster.exit}
    nearness = Condition(input="distance_ratio", direction="below", **bounds)
    return _Seen((nearness,), (ratio,), of_class)


def _carried(previous: State, customers: np.ndarray, columns: Sequence[Column]) -> list[Cells]:
    """The cells before, in the order of the new columns; a tag of another version begins anew."""
    place_of = {(one.tag, one.version): place for place, one in enumerate(previous.columns)}
    rows = np.searchsorted(customers, previous.customers)
    carried = []
    for column in columns:
        cells = Cells.nothing(len(customers))
        place = place_of.get((column.tag, column.version))
        if place is not None:
            for name, values in cells.arrays().items():
                values[rows] = getattr(previous.cells, name)[:, place]
        carried.append(cells)
    return carried


def _evaluated(
    old: Sequence[Cells], previous: State, columns: Sequence[Column], seen: Sequence[_Seen], now: datetime
) -> list[Cells]:
    moment = int(now.timestamp())
    last = moment if previous.as_of is None else int(previous.as_of.timestamp())
    cells = []
    for column, before, one in zip(columns, old, seen, strict=True):
        combine = column.definition.combine
        truths = (one.truth(combine, entering=True), one.truth(combine, entering=False))
        cells.append(stepped(before, *truths, column.definition, last, moment))
    for places in _groups(columns):
        earlier = [old[place] for place in places]
        was = [remembered(old[place], columns[place].definition, last, moment) for place in places]
        confirmations = [columns[place].definition.confirmations for place in places]
        chosen = one_of_group([cells[place] for place in places], earlier, was, confirmations, moment)
        for place, one_of in zip(places, chosen, strict=True):
            cells[place] = one_of
    return cells


def _groups(columns: Sequence[Column]) -> Iterator[list[int]]:
    """The places of tags of which only one is held."""
    groups: dict[tuple[str, str], list[int]] = {}
    for place, column in enumerate(columns):
        definition = column.definition
        if definition.cluster is not None:
            groups.setdefault(("cluster", definition.code), []).append(place)
        elif definition.group is not None:
            groups.setdefault(("group", definition.group), []).append(place)
    return (places for places in groups.values() if len(places) > 1)


def _stacked(cells: Sequence[Cells], count: int) -> Cells:
    if not cells:
        return Cells.nothing(count, 0)
    names = cells[0].arrays()
    return Cells(**{name: np.stack([getattr(one, name) for one in cells], axis=1) for name in names})
