"""A small family of customer models for tests: a straight line on two figures, read from a lake that is made here."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from pydantic import Field

from features.contracts import CONTRACTS
from features.errors import ModelError, NotFoundError
from features.frames import as_contract
from features.lake import Lake
from features.settings import Settings
from features.workspace import TerritorySettings
from training.customers.cases import Cases

PERIOD = pd.Timedelta(days=90)
BEGIN = pd.Timestamp("2022-01-01", tz="UTC")
CLASSES = ("residential", "commercial")


class LineConfig(Settings):
    """`weight` is how much of the past change is taken to go on; None: as learnt. `shift` is a plain mistake."""

    learn: bool = True
    shift: float = Field(0.0, ge=-5, le=5)
    ridge: float = Field(1.0, ge=0, le=1e6)


@dataclass(frozen=True)
class Line:
    """Next log change = slope × last log change + shift, with the spread of what was missed."""

    config: LineConfig
    slope: float
    spread: float
    trained_until: pd.Timestamp

    def predict(self, cases: Cases) -> pd.DataFrame:
        change = self.slope * cases.features["change"].fillna(0.0) + self.config.shift
        middle = np.log(cases.context["last_kwh"]) + change
        said = {
            f"use_p{level}_kwh": np.exp(middle + z * self.spread) for level, z in ((10, -1.28), (50, 0), (90, 1.28))
        }
        return pd.DataFrame({**said, "p_up": 1 / (1 + np.exp(-change / max(self.spread, 1e-6)))})

    def gains(self) -> pd.DataFrame:
        return pd.DataFrame({"gain": [abs(self.slope)]}, index=pd.Index(["change"], name="feature"))

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        told = {"slope": self.slope, "spread": self.spread, "until": self.trained_until.isoformat()}
        (folder / "model.json").write_text(json.dumps({**told, "config": self.config.model_dump()}))

    @classmethod
    def load(cls, folder: Path) -> "Line":
        told = json.loads((folder / "model.json").read_text())
        config = LineConfig.model_validate(told["config"])
        return cls(config, told["slope"], told["spread"], pd.Timestamp(told["until"]))


class LineFamily:
    """Use of the next 90 days of every customer. `seen` keeps what fits were given."""

    name: ClassVar[str] = "value"
    config_type: ClassVar[type[Settings]] = LineConfig
    config_file: ClassVar[str] = "line.yaml"
    space_file: ClassVar[str] = "line.space.yaml"
    says: ClassVar[Mapping[str, str]] = {
        "use_p10_kwh": "use of the next 90 days, P10, kWh",
        "use_p50_kwh": "its median, kWh",
        "use_p90_kwh": "its P90, kWh",
        "p_up": "chance that it rises, 0..1",
    }
    outcomes: ClassVar[Mapping[str, str]] = {"use_p50_kwh": "next_kwh", "p_up": "rose"}
    horizon_days: ClassVar[int] = 90

    def __init__(self) -> None:
        self.seen: list[tuple[Cases, pd.Timestamp]] = []

    def cases(self, lake: Lake, territory: TerritorySettings, config: Any, as_of: pd.Timestamp | None = None) -> Cases:
        use, known_at = self._use(lake, as_of)
        parts = []
        for place in range(2, use.shape[1]):
            at = pd.Timestamp(use.columns[place])
            rows, features, context = self._known(lake, use.iloc[:, :place], at)
            rows = rows.assign(known_at=known_at[at], next_kwh=use.iloc[:, place].to_numpy())
            rows["rose"] = (rows["next_kwh"] > context["last_kwh"]).astype(float)
            parts.append((rows, features, context))
        if not parts:
            raise NotFoundError("the lake holds no case: three periods of use are needed")
        rows, features = (pd.concat([part[side] for part in parts], ignore_index=True) for side in (0, 1))
        return Cases(rows, features, {"last_kwh": np.concatenate([part[2]["last_kwh"] for part in parts])})

    def asked(self, lake: Lake, territory: TerritorySettings, config: Any, at: pd.Timestamp) -> Cases:
        use, _ = self._use(lake, at)
        rows, features, context = self._known(lake, use, at)
        return Cases(rows.assign(known_at=pd.NaT), features, context)

    def fit(self, cases: Cases, config: Any, trained_until: pd.Timestamp) -> Line:
        if len(cases.rows) < 20:
            raise ModelError(f"{len(cases.rows)} cases are too few")
        self.seen.append((cases, trained_until))
        x = cases.features["change"].to_numpy()
        y = np.log(cases.rows["next_kwh"].to_numpy() / cases.context["last_kwh"])
        good = np.isfinite(x)
        slope = float(x[good] @ y[good] / (x[good] @ x[good] + config.ridge)) if config.learn else 0.0
        missed = y[good] - slope * x[good]
        return Line(config, slope, float(missed.std()), trained_until)

    def losses(self, model: Any, cases: Cases) -> pd.Series:
        said = model.predict(cases)["use_p50_kwh"].to_numpy()
        return pd.Series(np.abs(np.log(cases.rows["next_kwh"].to_numpy() / said)))

    def scores(self, model: Any, cases: Cases) -> dict[str, float]:
        said, came = model.predict(cases), cases.rows["next_kwh"].to_numpy()
        naive = np.abs(np.log(came / cases.context["last_kwh"]))
        inside = (came >= said["use_p10_kwh"]) & (came <= said["use_p90_kwh"])
        return {
            "log_error": float(self.losses(model, cases).mean()),
            "naive_log_error": float(naive.mean()),
            "coverage": float(inside.mean()),
            "undefined": float("nan"),
        }

    def load(self, folder: Path) -> Line:
        return Line.load(folder)

    def _use(self, lake: Lake, as_of: pd.Timestamp | None) -> tuple[pd.DataFrame, dict[pd.Timestamp, pd.Timestamp]]:
        frame = lake.read("consumption", as_of=as_of)
        if frame.empty:
            raise NotFoundError("the lake holds no use of customers")
        known = frame.groupby("start_utc")["available_at"].max()
        return frame.pivot(index="meter_id", columns="start_utc", values="kwh"), dict(known.items())

    def _known(
        self, lake: Lake, use: pd.DataFrame, at: pd.Timestamp
    ) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
        unit = lake.read("customer").set_index("customer_id")["customer_class"].reindex(use.index)
        rows = pd.DataFrame({"origin": at, "customer_id": use.index.to_numpy(), "unit": unit.astype(str).to_numpy()})
        last, before = use.iloc[:, -1].to_numpy(), use.iloc[:, -2].to_numpy()
        features = pd.DataFrame({"change": np.log(last / before), "log_last": np.log(last)})
        return rows, features, {"last_kwh": last}


def fill_lake(
    lake: Lake, customers: int = 160, periods: int = 10, seed: int = 3, first: int = 0, shock: float = 0.0
) -> None:
    """Use of `periods` periods from the period `first` on, each known when it ends.

    Every customer's use swings slowly, at a phase of his own: the last change says much of the next, and all customers
    together are always alike. `shock` is added to the log of all use of these periods.
    """
    rng = np.random.default_rng(seed)
    ids = [f"C{number:04d}" for number in range(customers)]
    level, phase = rng.normal(6, 1, customers), rng.random(customers)
    noise = rng.normal(0, 0.05, (customers, 200))
    parts = []
    for period in range(first, first + periods):
        start = BEGIN + period * PERIOD
        kwh = np.exp(level + 0.4 * np.sin(2 * np.pi * (period / 10 + phase)) + noise[:, period] + shock)
        part = pd.DataFrame({"meter_id": ids, "start_utc": start, "end_utc": start + PERIOD, "kwh": kwh})
        parts.append(part.assign(available_at=start + PERIOD))
    lake.append("consumption", _typed("consumption", pd.concat(parts, ignore_index=True)), f"use {first} {shock}")
    if first == 0:
        classes = [CLASSES[number % 3 == 0] for number in range(customers)]
        table = pd.DataFrame({"customer_id": ids, "area_id": "A1", "customer_class": classes, "contract_kva": 8.0})
        lake.append("customer", _typed("customer", table.assign(valid_from=BEGIN, available_at=BEGIN)), "customers")


def _typed(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    contract = CONTRACTS[name]
    return as_contract(contract, frame.reindex(columns=list(contract.columns)))
