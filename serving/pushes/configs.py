"""What may be offered, and by which policy; `configs/services.yaml` and `configs/policy/pushes.yaml` are in force."""

from pathlib import Path

import numpy as np

from features.configs import config_path
from features.contracts import CUSTOMER_CLASSES
from features.errors import ConfigError
from features.settings import load_settings
from serving.customers.snapshot import TEXTS
from serving.decisions.pushes.asked import expressions_of
from serving.decisions.pushes.catalogue import Catalogue
from serving.decisions.pushes.policy import PushPolicy
from serving.decisions.selection import SelectionError, Texts, Wide, check
from serving.tags.inputs import known_inputs
from serving.tags.shipped import load_definitions

__all__ = ["load_catalogue", "load_push_policy"]


def load_catalogue(path: Path | None = None) -> Catalogue:
    """The services of `path`, or those in force. ConfigError names the service and the expression that asks for a
    column or tag nobody knows, or compares what cannot be compared."""
    place = path or config_path("services.yaml")
    catalogue = load_settings(Catalogue, place)
    everything = _everything()
    for service, text, tree in expressions_of(catalogue):
        try:
            check(tree, everything)
        except SelectionError as error:
            raise ConfigError(f"{place}: {service}: {text!r}: {error}") from error
    for one in catalogue.services:
        if one.value.column is not None and one.value.column not in everything.numbers:
            raise ConfigError(f"{place}: {one.code}: value.column: there is no column {one.value.column!r}")
    return catalogue


def load_push_policy(path: Path | None = None) -> PushPolicy:
    """The policy of `path`, or the one in force."""
    return load_settings(PushPolicy, path or config_path("policy/pushes.yaml"))


def _everything() -> Wide:
    """Nobody, with all that may be known of anybody."""
    none = np.empty(0)
    texts = {name: Texts(none.astype(np.int32), ()) for name in TEXTS}
    texts["customer_class"] = Texts(none.astype(np.int32), CUSTOMER_CLASSES, closed=True)
    tags = {one.code: none.astype(np.int8) for one in load_definitions().tags}
    return Wide(none.astype(object), dict.fromkeys(known_inputs(), none), texts, tags)
