"""Those a decision is asked about, with no more of them than the catalogue looks at."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from serving.decisions.pushes.catalogue import Catalogue
from serving.decisions.pushes.records import People
from serving.decisions.selection import UNKNOWN, Expression, Texts, Wide, names_of, parse, tags_of

__all__ = ["TEXTS", "Asked", "asked_of", "columns_of", "expressions_of", "text_of"]

TEXTS = ("hall_id", "area_id", "customer_class")
"""Columns of texts; every other one holds numbers."""


@dataclass(frozen=True)
class Asked:
    """Customers asked about: `places` among all, and the same columns as of all, of them alone."""

    places: np.ndarray
    wide: Wide
    people: People
    own_kw: np.ndarray

    def __len__(self) -> int:
        return len(self.places)


def expressions_of(catalogue: Catalogue) -> Iterator[tuple[str, str, Expression]]:
    """Service, text and tree of every expression of a catalogue."""
    for service in catalogue.services:
        yield service.code, service.eligible, service.who
        for factor in service.acceptance.factors:
            yield service.code, factor.when, parse(factor.when)


def columns_of(catalogue: Catalogue) -> frozenset[str]:
    """Every column a decision looks at, of numbers and of texts."""
    named = {name for _, _, tree in expressions_of(catalogue) for name in names_of(tree)}
    valued = {one.value.column for one in catalogue.services if one.value.column is not None}
    return frozenset(named | valued | {"app_active_days_90d", *TEXTS})


def asked_of(catalogue: Catalogue, wide: Wide, people: People, own_kw: np.ndarray, within: np.ndarray | None) -> Asked:
    """Those of `within` (None: all). A column or tag the customers come without is unknown of everybody. Who asks not
    to be contacted asks so for all accounts of his."""
    places = np.arange(len(wide)) if within is None else np.flatnonzero(within)
    persons = people.persons[places]
    silent = pd.Series(persons, dtype=object).isin(people.persons[people.do_not_contact]).to_numpy(dtype=bool)
    allowed = {pair: np.asarray(mask, dtype=bool)[places] for pair, mask in people.consents.items()}
    narrowed = People(persons, people.forbids_profiling[places], silent, allowed)
    return Asked(places, _narrow(catalogue, wide, places), narrowed, np.asarray(own_kw, dtype=float)[places])


def _narrow(catalogue: Catalogue, wide: Wide, places: np.ndarray) -> Wide:
    columns = columns_of(catalogue)
    tags = {tag for _, _, tree in expressions_of(catalogue) for tag in tags_of(tree)}
    nothing, untagged = np.full(len(wide), np.nan), np.full(len(wide), UNKNOWN, dtype=np.int8)
    numbers = {name: wide.numbers.get(name, nothing)[places] for name in columns - set(TEXTS)}
    held = {name: wide.tags.get(name, untagged)[places] for name in tags}
    return Wide(wide.customer_ids[places], numbers, {name: text_of(wide, name, places) for name in TEXTS}, held)


def text_of(wide: Wide, name: str, places: np.ndarray) -> Texts:
    """A column of texts of some customers; unknown of everybody where they come without it."""
    known = wide.texts.get(name)
    if known is None:
        return Texts(np.full(len(places), -1, dtype=np.int32), ())
    return Texts(known.codes[places], known.values, known.closed)
