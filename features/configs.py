"""Where the YAML that ships with the product is found, from any working directory."""

import os
from pathlib import Path

from features.errors import ConfigError

__all__ = ["config_path", "configs_dir"]


def configs_dir() -> Path:
    """`$HEADROOM_CONFIGS` when set; else `configs/` beside the packages: in a checkout as in a wheel."""
    named = os.environ.get("HEADROOM_CONFIGS")
    return Path(named) if named else Path(__file__).resolve().parents[1] / "configs"


def config_path(name: str) -> Path:
    """The file `name` (such as `policy/default.yaml`) below the configs folder; ConfigError when it is not there."""
    path = configs_dir() / name
    if not path.is_file():
        raise ConfigError(f"{path}: no such configuration; HEADROOM_CONFIGS names the folder that holds the YAML files")
    return path
