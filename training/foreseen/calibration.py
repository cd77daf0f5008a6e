"""The learnt map from a day's forecast and a limit to the probability that the limit is crossed."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.errors import ModelError
from training.foreseen.config import ForeseenConfig
from training.foreseen.fitting import distances, fit_maps, offsets_of
from training.foreseen.scores import GRID, tail_probability

__all__ = ["FORMAT", "ForeseenCalibration", "LeadMap"]

FORMAT = 1


@dataclass(frozen=True)
class LeadMap:
    """One lead, in units of the forecast's spread.

    `offset` and `pulls` (to what was of late, to what is usual, and to what is usual by the width of the forecast) give
    the centre of what comes; `residuals`, quantiles at the scores GRID by kind of node ("" for all together), how it
    lies around it.
    """

    lead_days: int
    offset: float
    pulls: tuple[float, float, float]
    residuals: Mapping[str, tuple[float, ...]]
    issues: int
    cases: int

    def centre(self, rows: pd.DataFrame) -> np.ndarray:
        """Where the worst run is expected, in spreads above the forecast's own level; a node's own offset aside."""
        centre: np.ndarray = self.offset + distances(rows) @ np.array(self.pulls)
        return centre

    def of_kind(self, kind: str) -> np.ndarray:
        return np.array(self.residuals.get(kind, self.residuals[""]))


@dataclass(frozen=True)
class ForeseenCalibration:
    """Maps by lead, nodes' own offsets in spreads, and where they come from.

    `version` is that of the demand model they belong to; `backtested` says what was: "champion", or its "twin" (the
    same parameters, fitted without the weeks that were forecast). `first_issue` and `known_until` bound what was
    learnt from. What a model errs at one node it goes on erring for months: between half-years of a demo territory
    the mean errors of nodes correlate at .8; hence the offsets.
    """

    version: int
    config: ForeseenConfig
    levels: tuple[float, ...]
    backtested: str
    first_issue: pd.Timestamp
    known_until: pd.Timestamp
    leads: Mapping[int, LeadMap]
    node_offsets: Mapping[str, float]

    @classmethod
    def fit(
        cls,
        cases: pd.DataFrame,
        config: ForeseenConfig,
        levels: tuple[float, ...],
        version: int,
        backtested: str,
        until: pd.Timestamp | None = None,
    ) -> "ForeseenCalibration":
        """Learn from the rows of collect_cases whose day had ended by `until` (default: all).

        What is learnt is how the worst run came to lie around the forecast, not who crossed which limit: every node and
        day counts, however far from its limit, and no rating enters. Rows without a weather forecast are left out where
        there are enough with one. Raises ModelError where no lead has `least_issues` issues.
        """
        known = cases[cases["run_kw"].notna() & cases["level_kw"].notna() & cases["spread_kw"].notna()]
        known = known if until is None else known[known["known_from"] <= until]
        covered = known[known["weather"].astype(bool)]
        if covered["issued_at"].nunique() >= config.least_issues:
            known = covered
        by_lead = {int(str(lead)): rows for lead, rows in known.groupby("lead_days")}
        enough = {lead: rows for lead, rows in by_lead.items() if rows["issued_at"].nunique() >= config.least_issues}
        if not enough:
            raise ModelError(
                f"{known['issued_at'].nunique()} issue(s) whose days are known: no probability is learnt from fewer "
                f"than {config.least_issues}"
            )
        leads, offsets = fit_maps(enough, config)
        maps = {lead: LeadMap(**values) for lead, values in leads.items()}
        first, last = known["issued_at"].min(), known["known_from"].max()
        return cls(version, config, levels, backtested, first, last, maps, offsets)

    def probability(self, rows: pd.DataFrame, limit_kw: np.ndarray) -> np.ndarray:
        """The chance [n] that the day's worst run of each row reaches its limit; NaN where anything is unknown or the
        lead was not learnt. `rows`: node_kind, lead_days, level_kw, spread_kw, recent_kw, usual_kw."""
        found = np.full(len(rows), np.nan)
        for lead, kind, at in self._groups(rows):
            part = rows.iloc[at]
            distance = (limit_kw[at] - part["level_kw"].to_numpy(dtype=float)) / part["spread_kw"].to_numpy(dtype=float)
            found[at] = tail_probability(lead.of_kind(kind), distance - self._centre(lead, part))
        return found

    def expected_kw(self, rows: pd.DataFrame) -> np.ndarray:
        """The median [n] of the day's worst run; NaN as for `probability`."""
        found = np.full(len(rows), np.nan)
        for lead, kind, at in self._groups(rows):
            part = rows.iloc[at]
            middle = self._centre(lead, part) + lead.of_kind(kind)[len(GRID) // 2]
            found[at] = part["level_kw"].to_numpy(dtype=float) + part["spread_kw"].to_numpy(dtype=float) * middle
        return found

    def _centre(self, lead: LeadMap, rows: pd.DataFrame) -> np.ndarray:
        return lead.centre(rows) + offsets_of(rows, self.node_offsets)

    def _groups(self, rows: pd.DataFrame) -> list[tuple[LeadMap, str, np.ndarray]]:
        lead, kind = rows["lead_days"].to_numpy(dtype=int), rows["node_kind"].astype(str).to_numpy()
        pairs = sorted(set(zip(lead.tolist(), kind.tolist(), strict=True)))
        return [
            (self.leads[one], name, np.flatnonzero((lead == one) & (kind == name)))
            for one, name in pairs
            if one in self.leads
        ]

    def save(self, path: Path) -> None:
        """Write one JSON file, in one step."""
        document = {
            "format": FORMAT,
            "kind": "foreseen",
            "version": self.version,
            "config": self.config.model_dump(mode="json"),
            "levels": list(self.levels),
            "backtested": self.backtested,
            "first_issue": self.first_issue.isoformat(),
            "known_until": self.known_until.isoformat(),
            "node_offsets": dict(self.node_offsets),
            "leads": [asdict(one) for one in self.leads.values()],
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        fresh.replace(path)

    @classmethod
    def load(cls, path: Path) -> "ForeseenCalibration":
        """Read what `save` wrote; ModelError when it is missing, damaged or of another format."""
        try:
            document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            if document["kind"] != "foreseen" or document["format"] != FORMAT:
                raise ModelError(f"{path} is not a calibration of foreseen crossings of format {FORMAT}")
            leads = [_lead_map(one) for one in document["leads"]]
            return cls(
                version=int(document["version"]),
                config=ForeseenConfig.model_validate(document["config"]),
                levels=tuple(document["levels"]),
                backtested=str(document["backtested"]),
                first_issue=pd.Timestamp(document["first_issue"]),
                known_until=pd.Timestamp(document["known_until"]),
                leads={one.lead_days: one for one in leads},
                node_offsets={str(node): float(value) for node, value in document["node_offsets"].items()},
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(f"{path} is not a readable calibration of foreseen crossings ({error!r})") from error


def _lead_map(values: Mapping[str, Any]) -> LeadMap:
    residuals = {str(kind): tuple(float(one) for one in row) for kind, row in values["residuals"].items()}
    return LeadMap(**{**values, "pulls": tuple(values["pulls"]), "residuals": residuals})
