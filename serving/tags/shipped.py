"""The tags in force: every YAML file of configs/tags together."""

from pathlib import Path

from features.configs import configs_dir
from features.errors import ConfigError
from features.settings import load_settings
from serving.decisions.tags import Definitions, TagFile
from serving.tags.inputs import known_inputs

__all__ = ["load_definitions", "tag_files"]


def tag_files(folder: Path | None = None) -> dict[str, TagFile]:
    """The files of definitions by their names, in alphabetical order; ConfigError where there is none."""
    place = folder or configs_dir() / "tags"
    paths = sorted(place.glob("*.yaml"))
    if not paths:
        raise ConfigError(f"{place}: no definitions of tags are there; HEADROOM_CONFIGS names the configs folder")
    return {path.stem: load_settings(TagFile, path) for path in paths}


def load_definitions(folder: Path | None = None) -> Definitions:
    """All definitions, checked against the features and scores there are."""
    files = tag_files(folder)
    return Definitions.of((tag for one in files.values() for tag in one.tags), known_inputs())
