"""Whether conditions hold, in three values: an input that is stale or missing makes them unknown, never false."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from serving.decisions.tags.definitions import Condition, TagDefinition

__all__ = ["FALSE", "TRUE", "UNSURE", "Stale", "applies", "fresh_values", "held_against"]

FALSE, TRUE, UNSURE = 0, 1, 2

Stale = Collection[str] | Mapping[str, datetime]
"""The inputs that are stale; or as of when inputs are, for each definition to judge by its `fresh_within_days`."""


def fresh_values(inputs: pd.DataFrame, name: str, definition: TagDefinition, now: datetime, stale: Stale) -> np.ndarray:
    """An input as floats, NaN where it is not known: missing, not finite, or too old for this definition."""
    if name not in inputs.columns or _is_stale(name, definition, now, stale):
        return np.full(len(inputs), np.nan)
    values = inputs[name].to_numpy(dtype=float, na_value=np.nan)
    return np.where(np.isfinite(values), values, np.nan)


def _is_stale(name: str, definition: TagDefinition, now: datetime, stale: Stale) -> bool:
    if not isinstance(stale, Mapping):
        return name in stale
    return name in stale and now - stale[name] > timedelta(days=definition.fresh_within_days)


def held_against(
    conditions: Sequence[Condition], values: Sequence[np.ndarray], combine: str, entering: bool
) -> np.ndarray:
    """The conditions together, against their `enter` or their `exit`.

    Of `all` one known false is enough for false, of `any` one known true for true; what is open otherwise is UNSURE.
    """
    each = np.stack([_one(condition, found, entering) for condition, found in zip(conditions, values, strict=True)])
    decides, otherwise = (FALSE, TRUE) if combine == "all" else (TRUE, FALSE)
    open_ = np.where((each == UNSURE).any(axis=0), UNSURE, otherwise)
    return np.where((each == decides).any(axis=0), decides, open_).astype(np.int8)


def _one(condition: Condition, values: np.ndarray, entering: bool) -> np.ndarray:
    bound = condition.enter if entering else condition.exit
    beyond = values >= bound if condition.direction == "above" else values <= bound
    return np.where(np.isnan(values), UNSURE, np.where(beyond, TRUE, FALSE)).astype(np.int8)


def applies(definition: TagDefinition, inputs: pd.DataFrame) -> np.ndarray:
    """Whether customers are of the classes a tag is for; unsure of those whose class is not known."""
    if not definition.classes:
        return np.full(len(inputs), TRUE, dtype=np.int8)
    if "customer_class" not in inputs.columns:
        return np.full(len(inputs), UNSURE, dtype=np.int8)
    found = inputs["customer_class"]
    among = found.isin(definition.classes).to_numpy()
    return np.where(found.isna().to_numpy(), UNSURE, np.where(among, TRUE, FALSE)).astype(np.int8)
