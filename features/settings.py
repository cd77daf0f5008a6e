"""YAML files become frozen models that reject unknown keys; every configuration has a hash."""

import hashlib
import json
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from features.errors import ConfigError

__all__ = ["Settings", "config_hash", "load_settings", "parse_settings"]

S = TypeVar("S", bound="Settings")


class Settings(BaseModel):
    """Base of every configuration: frozen; an unknown key is an error, not a silent no-op, and a number is one."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class _Loader(yaml.SafeLoader):
    """Plain YAML in which a key that stands twice is an error: the first value would be lost without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                told = f"the key {key.value!r} stands twice"
                raise yaml.constructor.ConstructorError(None, None, told, key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def parse_settings(kind: type[S], values: Any, where: str) -> S:
    """Validate `values` as `kind`; raise ConfigError naming `where` and every bad key."""
    if values is None:
        values = {}
    if not isinstance(values, dict):
        raise ConfigError(f"{where}: expected a mapping of keys, found {type(values).__name__}")
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        lines = [f"  {'.'.join(str(part) for part in e['loc']) or '(top)'}: {e['msg']}" for e in error.errors()]
        raise ConfigError(f"{where} is not valid:\n" + "\n".join(lines)) from error


def load_settings(kind: type[S], path: Path) -> S:
    """Read one YAML file as `kind`; raise ConfigError when it is missing, unreadable or has unknown keys."""
    try:
        values = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({error})") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not valid YAML ({error})") from error
    except RecursionError as error:
        raise ConfigError(f"{path}: not valid YAML (nested too deep)") from error
    except ValueError as error:
        # The reader takes 2024-13-45 for a date, and a number of five thousand digits for a number.
        raise ConfigError(f"{path}: not valid YAML (a value cannot be what it looks like: {error})") from error
    return parse_settings(kind, values, str(path))


def config_hash(settings: BaseModel) -> str:
    """Twelve hexadecimal digits that change whenever a value of the settings changes."""
    text = json.dumps(settings.model_dump(mode="json"), sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
