"""The learnt map from a day's forecast and a limit to the probability that the limit is crossed."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import lsq_linear

from features.errors import ModelError
from training.foreseen.config import ForeseenConfig
from training.foreseen.scores import GRID, fitted_quantiles, tail_probability

__all__ = ["FORMAT", "ForeseenCalibration", "LeadMap"]

FORMAT = 1
_MOST_DISTANCE = 6.0
"""References further from the forecast than so many of its standard deviations draw no harder."""
_MOST_PULL = 0.9


@dataclass(frozen=True)
class LeadMap:
    """One lead. `offset`, `pull_recent`, `pull_usual` give the centre of what comes, `residuals` (quantiles at the
    scores GRID, by kind of node; "" for all nodes together) how it lies around it, all in units of the spread."""

    lead_days: int
    offset: float
    pull_recent: float
    pull_usual: float
    residuals: Mapping[str, tuple[float, ...]]
    issues: int
    cases: int

    def centre(self, rows: pd.DataFrame) -> np.ndarray:
        """Where the worst run is expected, in spreads above the forecast's own level."""
        recent, usual = _distances(rows)
        return self.offset + self.pull_recent * recent + self.pull_usual * usual

    def of_kind(self, kind: str) -> np.ndarray:
        return np.array(self.residuals.get(kind, self.residuals[""]))


@dataclass(frozen=True)
class ForeseenCalibration:
    """Maps by lead, and where they come from: `version` of the demand model they belong to, `backtested` "champion"
    or "twin" (the same parameters, fitted without the weeks that were forecast), and the issues learnt from."""

    version: int
    config: ForeseenConfig
    levels: tuple[float, ...]
    backtested: str
    first_issue: pd.Timestamp
    known_until: pd.Timestamp
    leads: Mapping[int, LeadMap]

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
        leads = {}
        for lead, rows in known.groupby("lead_days"):
            if rows["issued_at"].nunique() >= config.least_issues:
                leads[int(str(lead))] = _fit_lead(int(str(lead)), rows, config)
        if not leads:
            raise ModelError(
                f"{known['issued_at'].nunique()} issue(s) whose days are known: no probability is learnt from fewer "
                f"than {config.least_issues}"
            )
        ends = (known["issued_at"].min(), known["known_from"].max())
        return cls(version, config, levels, backtested, *ends, leads)

    def probability(self, rows: pd.DataFrame, limit_kw: np.ndarray) -> np.ndarray:
        """The chance [n] that the day's worst run of each row reaches its limit; NaN where anything is unknown or the
        lead was not learnt. `rows`: node_kind, lead_days, level_kw, spread_kw, recent_kw, usual_kw."""
        found = np.full(len(rows), np.nan)
        for lead, kind, at in self._groups(rows):
            part = rows.iloc[at]
            distance = (limit_kw[at] - part["level_kw"].to_numpy(dtype=float)) / part["spread_kw"].to_numpy(dtype=float)
            found[at] = tail_probability(lead.of_kind(kind), distance - lead.centre(part))
        return found

    def expected_kw(self, rows: pd.DataFrame) -> np.ndarray:
        """The median [n] of the day's worst run; NaN as for `probability`."""
        found = np.full(len(rows), np.nan)
        for lead, kind, at in self._groups(rows):
            part = rows.iloc[at]
            middle = lead.centre(part) + lead.of_kind(kind)[len(GRID) // 2]
            found[at] = part["level_kw"].to_numpy(dtype=float) + part["spread_kw"].to_numpy(dtype=float) * middle
        return found

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
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(f"{path} is not a readable calibration of foreseen crossings ({error!r})") from error


def _lead_map(values: Mapping[str, Any]) -> LeadMap:
    residuals = {str(kind): tuple(float(one) for one in row) for kind, row in values["residuals"].items()}
    return LeadMap(**{**values, "residuals": residuals})


def _fit_lead(lead: int, rows: pd.DataFrame, config: ForeseenConfig) -> LeadMap:
    """Slopes by least squares, none below 0 and together below 1 (so that a higher forecast never lowers a
    probability); then the quantiles of what is left, a kind's own drawn to those of all nodes."""
    score = ((rows["run_kw"] - rows["level_kw"]) / rows["spread_kw"]).to_numpy(dtype=float)
    recent, usual = _distances(rows)
    issues = rows["issued_at"].nunique()
    design = np.stack([np.ones(len(rows)), recent, usual], axis=1)
    # Rows of one issue share its weather: what draws the slopes to 0 weighs as issues do, not as rows.
    ridge = np.sqrt(config.ridge_issues * len(rows) / issues) * np.eye(3)[1:]
    bounds = ([-np.inf, 0.0, 0.0], [np.inf, _MOST_PULL, _MOST_PULL])
    slopes = lsq_linear(np.vstack([design, ridge]), np.append(score, [0.0, 0.0]), bounds).x
    pull = slopes[1:] * min(1.0, _MOST_PULL / max(slopes[1:].sum(), 1e-9))
    offset = float(np.mean(score - design[:, 1:] @ pull))
    left = score - offset - design[:, 1:] @ pull
    pooled = fitted_quantiles(left)
    residuals = {"": _plain(pooled)}
    kinds = rows["node_kind"].astype(str).to_numpy()
    for kind in sorted(set(kinds)):
        own = left[kinds == kind]
        weight = len(own) / (len(own) + config.shrink_cases)
        residuals[kind] = _plain(weight * fitted_quantiles(own) + (1 - weight) * pooled)
    return LeadMap(lead, offset, float(pull[0]), float(pull[1]), residuals, int(issues), len(rows))


def _distances(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """How far the references lie above the forecast, in spreads; 0 where there is none."""
    level, spread = rows["level_kw"].to_numpy(dtype=float), rows["spread_kw"].to_numpy(dtype=float)
    recent, usual = (
        np.nan_to_num(np.clip((rows[name].to_numpy(dtype=float) - level) / spread, -_MOST_DISTANCE, _MOST_DISTANCE))
        for name in ("recent_kw", "usual_kw")
    )
    return recent, usual


def _plain(values: np.ndarray) -> tuple[float, ...]:
    return tuple(float(one) for one in values)
