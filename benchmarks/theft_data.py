"""Yangzhong's enterprises with the test side's attacks: what the bars of theft are measured on."""

import importlib.util
from dataclasses import dataclass
from types import ModuleType

import numpy as np
import pandas as pd

from benchmarks.result import data_dir, require_data

__all__ = ["FOLDS", "Enterprises", "enterprises", "folds", "injection"]

FOLDS = 5


@dataclass(frozen=True)
class Enterprises:
    """`kwh` [customers × days] of all that are no duplicate; `eligible` (mask): those the bars are about."""

    kwh: np.ndarray
    eligible: np.ndarray


def injection() -> ModuleType:
    """The test side's file, loaded where it lies; leaves with code 3 where it is absent."""
    path = data_dir().parent / "bench" / "theft_injection.py"
    if not path.is_file():
        raise SystemExit(f"skipped: {path} is not here; give the folder of data beside it by DATA=")
    spec = importlib.util.spec_from_file_location("theft_injection", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def enterprises(side: ModuleType) -> Enterprises:
    """Daily kWh, and who may be attacked."""
    long = pd.read_parquet(require_data("yangzhong") / "daily_long.parquet")
    kwh = long.pivot(index="user_id", columns="record_date", values="kwh").sort_index().to_numpy(dtype=float)
    kept = ~pd.DataFrame(kwh).duplicated().to_numpy() & np.isfinite(kwh).all(axis=1)
    return Enterprises(kwh[kept], np.asarray(side.eligible(kwh))[kept])


def folds(count: int, seed: int) -> np.ndarray:
    """Fold [count] of each customer, drawn without looking at labels."""
    return np.random.default_rng([seed, 5]).permutation(count) % FOLDS
