"""How tags become part of a snapshot: their words, and who holds them as one array a tag."""

from typing import Protocol

import numpy as np
import pandas as pd

from serving.customers.snapshot import TagWords
from serving.decisions import selection
from serving.decisions.tags import HELD, UNKNOWN, State, TagDefinition

__all__ = ["Worded", "held_of", "words_of"]


class Worded(Protocol):
    """A tag in the words of a definition: a column of a state, or a tag as a customer holds it."""

    @property
    def tag(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def english(self) -> str: ...
    @property
    def chinese(self) -> str: ...
    @property
    def definition(self) -> TagDefinition: ...


def words_of(one: Worded) -> TagWords:
    """A tag as people are told of it."""
    definition = one.definition
    return TagWords(
        tag=one.tag,
        version=one.version,
        kind=definition.kind,
        english=one.english,
        chinese=one.chinese,
        meaning_english=definition.meaning.english,
        meaning_chinese=definition.meaning.chinese,
        purpose=definition.purpose,
        owner=definition.owner,
        audience=tuple(definition.audience),
        inputs=definition.inputs,
    )


def held_of(state: State, customers: pd.Index) -> pd.DataFrame:
    """Index `customers`; a column a tag of HELD, NOT_HELD, UNKNOWN (those of selections). Of a customer whom the state
    does not know nothing is known."""
    places = pd.Index(state.customers).get_indexer(customers)
    status = np.full((len(customers), len(state.columns)), selection.UNKNOWN, dtype=np.int8)
    known = state.cells.status[places[places >= 0]]
    told = np.where(known == HELD, selection.HELD, selection.NOT_HELD)
    status[places >= 0] = np.where(known == UNKNOWN, selection.UNKNOWN, told)
    return pd.DataFrame(status, index=customers, columns=list(state.tags))
