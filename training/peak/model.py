"""The peak model: fitted once on a history, asked for the peaks of the days ahead."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from features.clock import Calendar
from features.errors import ModelError
from features.load.history import History
from features.settings import parse_settings
from training.peak.config import PeakConfig
from training.peak.connections import ConnectionPolicy
from training.peak.core import fit_core
from training.peak.inputs import PeakInputs
from training.peak.kappa import Evidence, Kappa, conformal_factor
from training.peak.learn import learn_demand
from training.peak.peaks import Peaks, state_peaks
from training.peak.rolling import gather_evidence
from training.peak.uptake import UptakePolicy

__all__ = ["PeakModel"]

_MANIFEST, _ARRAYS, _FORMAT = "peak.json", "peak.npz", 1


@dataclass(frozen=True)
class PeakModel:
    """What is learnt and kept: the settings, what connections draw, and how earlier forecasts came out.

    The regression itself is solved anew from the history of whoever asks: it has a closed form, takes about a second
    per hundred nodes, and its level is then never stale.
    """

    config: PeakConfig
    connections: ConnectionPolicy
    evidence: Evidence
    fitted_at: pd.Timestamp

    @classmethod
    def fit(
        cls,
        history: History,
        config: PeakConfig,
        applications: pd.DataFrame | None = None,
        connections: ConnectionPolicy | None = None,
    ) -> "PeakModel":
        """Learn demand factors from energised connections, then the evidence from rolling origins.

        `applications` follow their contract (all versions, or current rows); `connections` says what they draw
        before anything is learnt. Raises ModelError on a history without a single whole day.
        """
        inputs = PeakInputs.from_history(history, applications, config.enough_of_block)
        return cls.fit_inputs(inputs, config, connections or ConnectionPolicy())

    @classmethod
    def fit_inputs(cls, inputs: PeakInputs, config: PeakConfig, connections: ConnectionPolicy) -> "PeakModel":
        """As `fit`, from block maxima."""
        if not len(inputs.nodes) or not len(inputs.days):
            raise ModelError("the peak model needs nodes and their loads: the history holds none")
        _require_a_day(inputs, config)
        learnt = learn_demand(inputs, config, connections)
        return cls(config, learnt, gather_evidence(inputs, config, learnt), inputs.as_of)

    def peaks(
        self,
        history: History,
        horizon_days: int = 365,
        applications: pd.DataFrame | None = None,
        uptake: UptakePolicy | None = None,
    ) -> Peaks:
        """Peaks of every node from `history.as_of` over the next `horizon_days`; all nodes in the same scenarios.

        `uptake` adds layers of new technology. Earlier origins, and so κ, know nothing of it.
        """
        inputs = PeakInputs.from_history(history, applications, self.config.enough_of_block)
        return self.peaks_of(inputs, (horizon_days,), uptake)

    def peaks_of(self, inputs: PeakInputs, horizons_days: Sequence[int], uptake: UptakePolicy | None = None) -> Peaks:
        """As `peaks`, from block maxima and for several horizons at once."""
        core = fit_core(inputs, self.config, self.connections)
        return state_peaks(core, horizons_days, self.config, self.connections, uptake)

    def kappa(self, kind: str, horizon_days: int, coverage: float | None = None) -> Kappa:
        """The conformal factor of one level of node."""
        wanted = self.config.target_coverage if coverage is None else coverage
        return conformal_factor(self.evidence, kind, horizon_days, wanted, self.config)

    def seen_by(self, moment: pd.Timestamp, calendar: Calendar) -> "PeakModel":
        """The model without the outcomes that were not complete at an earlier moment, so that κ does not look ahead.

        Where it was not kept to which days the evidence belongs, none of it counts. What connections were learnt to
        draw stays as it is.
        """
        first = self.evidence.first_day
        local = calendar.local(pd.DatetimeIndex([moment]))[0].normalize()
        day = 0 if first is None else int((local - first) / pd.Timedelta(days=1))
        return replace(self, evidence=self.evidence.until(day))

    def save(self, folder: Path) -> None:
        """Write `peak.json` and `peak.npz` into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        manifest = {
            "format": _FORMAT,
            "fitted_at": self.fitted_at.isoformat(),
            "config": self.config.model_dump(mode="json"),
            "connections": self.connections.model_dump(mode="json"),
            "horizons": list(self.evidence.horizons),
            "node_ids": list(self.evidence.node_ids),
            "kinds": list(self.evidence.kinds),
            "first_day": None if self.evidence.first_day is None else f"{self.evidence.first_day:%Y-%m-%d}",
        }
        (folder / _MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")
        np.savez(folder / _ARRAYS, origin_day=self.evidence.origin_day, log_ratio=self.evidence.log_ratio)

    @classmethod
    def load(cls, folder: Path) -> "PeakModel":
        """Read what `save` wrote; ModelError when it is missing, damaged or of another format."""
        try:
            manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
            with np.load(folder / _ARRAYS, allow_pickle=False) as arrays:
                origin_day, log_ratio = arrays["origin_day"], arrays["log_ratio"]
        except (OSError, ValueError, KeyError) as error:
            raise ModelError(f"the peak model in {folder} cannot be read: {error}") from error
        if manifest.get("format") != _FORMAT:
            raise ModelError(f"the peak model in {folder} has format {manifest.get('format')}, expected {_FORMAT}")
        evidence = Evidence(
            origin_day,
            tuple(manifest["horizons"]),
            tuple(manifest["node_ids"]),
            tuple(manifest["kinds"]),
            log_ratio,
            None if manifest.get("first_day") is None else pd.Timestamp(manifest["first_day"]),
        )
        return cls(
            parse_settings(PeakConfig, manifest["config"], f"{folder}: config"),
            parse_settings(ConnectionPolicy, manifest["connections"], f"{folder}: connections"),
            evidence,
            pd.Timestamp(manifest["fitted_at"]),
        )


def _require_a_day(inputs: PeakInputs, config: PeakConfig) -> None:
    """Below the least history peaks are not stated but a publication says why; below a day there is no peak at all."""
    days = np.isfinite(inputs.peak_kw).all(axis=2).sum(axis=1)
    if not days.any():
        raise ModelError(
            f"the peak model needs at least one whole local day of loads at some node, and none of the "
            f"{len(inputs.nodes)} nodes has one; a node's peak is stated from {config.min_history_days} days on"
        )
