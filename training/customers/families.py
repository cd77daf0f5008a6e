"""The families there are, by name; each is imported only when it is asked for."""

import importlib
from typing import Final

from features.errors import ModelError
from training.customers.family import Family

__all__ = ["NAMES", "family", "is_family"]

_PLACES: Final = {
    "value": ("training.value", "VALUE"),
    "anomaly": ("training.anomaly", "ANOMALY"),
    "prospects": ("training.prospects", "PROSPECTS"),
}
NAMES: Final[tuple[str, ...]] = tuple(_PLACES)
"""Names of the families, as the registry and the command line know them."""


def is_family(name: str) -> bool:
    """Whether models of this name are models of customers."""
    return name in _PLACES


def family(name: str) -> Family:
    """The family of this name. Raises ModelError for one that is not known, or that this installation lacks."""
    if name not in _PLACES:
        raise ModelError(f"{name!r} is no model of customers: known are {', '.join(NAMES)}")
    module, attribute = _PLACES[name]
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not module.startswith(error.name):
            raise
        raise ModelError(f"the model {name} is not part of this installation ({module} is missing)") from error
    one: Family = getattr(found, attribute)
    return one
