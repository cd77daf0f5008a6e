"""The demand model on disk: LightGBM text models, one file of arrays, a JSON manifest. Nothing is pickled."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.errors import ModelError
from training.demand.booster import Booster
from training.demand.calibration import Calibration
from training.demand.config import DemandConfig
from training.demand.effects import EVENT_KINDS, EventEffects
from training.demand.linear import LinearStage
from training.demand.model import DemandModel

__all__ = ["FORMAT", "load_model", "save_model"]

FORMAT = 2
_ARRAYS = ("coefficients", "logged", "unit_kw", "group_weights", "node_group")


def save_model(model: DemandModel, folder: Path) -> None:
    """Write `model` into `folder`, which is created; the manifest comes last, so that a torn write is noticed."""
    folder.mkdir(parents=True, exist_ok=True)
    files = model.booster.save(folder)
    arrays = {name: getattr(model.stage, name) for name in _ARRAYS}
    arrays |= {"by_lead": model.calibration.by_lead, "by_node": model.calibration.by_node}
    arrays |= {"event_effects": model.effects.log_effect}
    np.savez_compressed(folder / "arrays.npz", **arrays)
    files.append("arrays.npz")
    manifest = {
        "format": FORMAT,
        "kind": "demand",
        "config": model.config.model_dump(mode="json"),
        "step_minutes": model.step_minutes,
        "trained_until": model.trained_until.isoformat(),
        "calibrated_days": model.calibrated_days,
        "node_ids": list(model.stage.node_ids),
        "station_ids": list(model.stage.station_ids),
        "weather_variables": list(model.weather_variables),
        "terms": list(model.stage.names),
        "reference": model.stage.reference.isoformat(),
        "features": list(model.booster.feature_names),
        "event_kinds": list(EVENT_KINDS),
        "members": list(model.booster.models),
        "files": {name: _digest(folder / name) for name in sorted(files)},
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=1)
    (folder / "manifest.json").write_text(text, encoding="utf-8")


def load_model(folder: Path) -> DemandModel:
    """Read a model that save_model wrote, every file checked against the manifest."""
    manifest = _manifest(folder)
    config = DemandConfig.model_validate(manifest["config"])
    with np.load(folder / "arrays.npz", allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    stage = LinearStage(
        node_ids=tuple(manifest["node_ids"]),
        station_ids=tuple(manifest["station_ids"]),
        names=tuple(manifest["terms"]),
        reference=pd.Timestamp(manifest["reference"]),
        **{name: arrays[name] for name in _ARRAYS},
    )
    booster = Booster.load(folder, config.levels, tuple(manifest["features"]), manifest["members"])
    return DemandModel(
        config=config,
        step_minutes=manifest["step_minutes"],
        stage=stage,
        booster=booster,
        calibration=Calibration(arrays["by_lead"], arrays["by_node"]),
        calibrated_days=manifest["calibrated_days"],
        trained_until=pd.Timestamp(manifest["trained_until"]),
        weather_variables=tuple(manifest["weather_variables"]),
        effects=EventEffects(tuple(manifest["node_ids"]), arrays["event_effects"]),
    )


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / "manifest.json"
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} is not a readable model manifest ({error})") from error
    if manifest.get("kind") != "demand" or manifest.get("format") != FORMAT:
        raise ModelError(f"{path} is not a demand model of format {FORMAT}")
    for name, digest in manifest["files"].items():
        if not (folder / name).is_file() or _digest(folder / name) != digest:
            raise ModelError(f"{folder / name} is missing or not what the manifest says")
    return manifest


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
