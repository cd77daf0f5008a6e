"""A version's artifact: what the model saves, and beside it the settings it was fitted with."""

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from features.errors import ModelError
from features.settings import Settings, parse_settings
from features.workspace import Workspace
from training.customers.families import family
from training.customers.family import CustomerModel, Family
from training.registry import champion

__all__ = ["Serving", "load_settings_of", "load_version", "save_version", "serving_version"]

_SETTINGS = "family.json"


@dataclass(frozen=True)
class Serving:
    """The champion of one family, ready to be asked: `family.asked(lake, territory, config, at)`, then
    `model.predict`."""

    family: Family
    model: CustomerModel
    config: Settings
    version: int
    sha256: str
    promoted_at: pd.Timestamp


def save_version(one: Family, model: CustomerModel, config: Settings, folder: Path) -> None:
    """Write the model and its settings into `folder`, which is made."""
    model.save(folder)
    told = {"family": one.name, "config": config.model_dump(mode="json")}
    (folder / _SETTINGS).write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def load_settings_of(one: Family, folder: Path) -> Settings:
    """The settings a version was fitted with; ModelError where the artifact does not hold them."""
    path = folder / _SETTINGS
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        named, values = told["family"], told["config"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path}: not the settings of a model of customers ({error!r})") from error
    if named != one.name:
        raise ModelError(f"{path}: the artifact is of the model {named}, not of {one.name}")
    return parse_settings(one.config_type, values, str(path))


def load_version(one: Family, folder: Path) -> tuple[CustomerModel, Settings]:
    """The model of an artifact folder and the settings it was fitted with; ModelError where it is damaged, or was made
    by a version of this software that kept something else."""
    try:
        return one.load(folder), load_settings_of(one, folder)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{folder}: not readable as a {one.name} model ({error!r}); train and promote anew") from error


def serving_version(workspace: Workspace, name: str) -> Serving | None:
    """The champion of the family `name`, loaded; None before the first promotion."""
    found = champion(workspace, name)
    if found is None:
        return None
    one = family(name)
    model, config = load_version(one, found.path)
    return Serving(one, model, config, found.version, found.sha256, found.promoted_at)
