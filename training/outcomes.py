"""How earlier peak forecasts came out: scores of the peak model from its own rolling origins."""

import numpy as np
import pandas as pd

from training.peak import PeakModel
from training.peak.kappa import Evidence, conformal_factor

__all__ = ["outcome_frame", "peak_scores"]

_YEAR_DAYS = 365


def outcome_frame(model: PeakModel, first_day: pd.Timestamp) -> pd.DataFrame:
    """One row per earlier origin and node with a known outcome, for the horizon nearest to a year.

    Columns: origin (date), kind, `ratio` what came over the P50 said, `walk_kappa` the factor from origins whose
    outcome was known by then (the prior's, where none was). `first_day` is the first local day of the history.
    """
    evidence, column = model.evidence, _column(model.evidence)
    rows = []
    for place, day in enumerate(evidence.origin_day):
        past = evidence.until(int(day))
        for kind in sorted(set(evidence.kinds)):
            factor = conformal_factor(past, kind, _YEAR_DAYS, model.config.target_coverage, model.config).value
            members = np.array([one == kind for one in evidence.kinds])
            ratio = np.exp(evidence.log_ratio[place, members, column])
            known = ratio[np.isfinite(ratio)]
            origin = first_day + pd.Timedelta(days=int(day))
            rows.append(pd.DataFrame({"origin": origin, "kind": kind, "ratio": known, "walk_kappa": factor}))
    columns = ["origin", "kind", "ratio", "walk_kappa"]
    return pd.concat(rows, ignore_index=True)[columns] if rows else pd.DataFrame(columns=columns)


def peak_scores(model: PeakModel, frame: pd.DataFrame) -> dict[str, float]:
    """By kind of node: κ in force, the years and outcomes it stands on, and how often limits made from it would have
    held at earlier origins with the factor known then (`held`), and with none (`held_bare`, the P50 alone).
    """
    scores: dict[str, float] = {"target_coverage": model.config.target_coverage}
    for kind in sorted(set(model.evidence.kinds)):
        factor = model.kappa(kind, _YEAR_DAYS)
        part = frame[frame["kind"] == kind]
        scores |= {f"kappa_{kind}": factor.value, f"years_{kind}": factor.years, f"outcomes_{kind}": float(len(part))}
        if len(part):
            scores[f"held_{kind}"] = float((part["ratio"] <= part["walk_kappa"]).mean())
            scores[f"held_bare_{kind}"] = float((part["ratio"] <= 1.0).mean())
    return scores


def _column(evidence: Evidence) -> int:
    return int(np.argmin(np.abs(np.log(np.array(evidence.horizons) / _YEAR_DAYS)))) if evidence.horizons else 0
