"""The value model on disk: LightGBM texts and a JSON manifest that says in words what ships and why."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from features.errors import ModelError
from features.settings import parse_settings
from training.value.boosters import load_booster, save_booster
from training.value.build import NAMES
from training.value.check import Check
from training.value.config import ValueConfig
from training.value.model import ValueModel
from training.value.policy import ValuePolicy
from training.value.ranges import Ranges
from training.value.sides import Sides

__all__ = ["FORMAT", "load_model", "save_model"]

FORMAT = 1
_SIDES = ("growth", "increase", "arrears")


def save_model(model: ValueModel, folder: Path) -> None:
    """Write `model` into `folder`, which is made; the manifest comes last, so that a torn write is noticed."""
    folder.mkdir(parents=True, exist_ok=True)
    boosters = dict(zip(("p10", "p50", "p90"), model.ranges.boosters, strict=False))
    boosters |= {name: one for name in _SIDES if (one := getattr(model.sides, name)) is not None}
    for name, one in boosters.items():
        save_booster(one, folder / f"{name}.txt")
    manifest = {
        "format": FORMAT,
        "kind": "value",
        "rule": model.check.rule,
        "reason": model.check.reason,
        "losses": model.check.losses,
        "config": model.config.model_dump(mode="json"),
        "policy": model.policy.model_dump(mode="json"),
        "annualised": model.config.horizon_days < 365,
        "trained_until": model.until.isoformat(),
        "features": list(NAMES),
        "seen": model.ranges.seen,
        "factor": model.ranges.factor,
        "common": model.ranges.common,
        "class_growth": model.sides.class_growth,
        "class_increase": model.sides.class_increase,
        "class_kva": model.sides.class_kva,
        "boosters": sorted(boosters),
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=1)
    (folder / "manifest.json").write_text(text, encoding="utf-8")


def load_model(folder: Path) -> ValueModel:
    """Read a model that `save_model` wrote."""
    told = _manifest(folder)
    boosters = {name: load_booster(folder / f"{name}.txt") for name in told["boosters"]}
    heads = tuple(boosters[name] for name in ("p10", "p50", "p90") if name in boosters)
    seen = {name: tuple(values) for name, values in told["seen"].items()}
    growth, increase, kva = (told[name] for name in ("class_growth", "class_increase", "class_kva"))
    share = float(told["config"]["believed_share"])
    sides = [boosters.get(name) for name in _SIDES]
    return ValueModel(
        parse_settings(ValueConfig, told["config"], f"{folder}: config"),
        parse_settings(ValuePolicy, told["policy"], f"{folder}: policy"),
        Check(told["rule"], told["reason"], told["losses"]),
        Ranges(seen, heads, told["factor"], told["common"], share),
        Sides(sides[0], sides[1], sides[2], growth, increase, kva, share),
        pd.Timestamp(told["trained_until"]),
    )


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / "manifest.json"
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} is not a readable model manifest ({error})") from error
    if manifest.get("kind") != "value" or manifest.get("format") != FORMAT:
        raise ModelError(f"{path} is not a value model of format {FORMAT}")
    if manifest["features"] != list(NAMES):
        raise ModelError(f"{path} was trained on other features than there are now: train it again")
    return manifest
