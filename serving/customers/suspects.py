"""Areas that lose more than they used to, and the customers of one that may be the cause: for those who inspect."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.behaviour.areadays import read_area_days
from features.clock import Calendar
from features.errors import ModelError, NotFoundError
from features.lake import Lake
from features.workspace import Workspace
from serving.customers.publish import newest_moment
from training.anomaly import AnomalyConfig
from training.anomaly.area_loss import Suspects, area_losses, reads_of, suspects_of
from training.customers.cases import Cases
from training.customers.kept import Serving, serving_version

__all__ = ["Reads", "lossy_areas", "read_reads", "suspects_in"]

_AT_ONCE = 500


@dataclass(frozen=True)
class Reads:
    """Everybody's days as the serving model is asked about them: `read` [customers × days] kWh, `areas` [customers],
    `scores` the theft score; the days end before the local day `end_day`."""

    customer_ids: np.ndarray
    areas: np.ndarray
    read: np.ndarray
    scores: np.ndarray
    end_day: pd.Timestamp
    at: pd.Timestamp
    config: AnomalyConfig
    version: int


def read_reads(workspace: Workspace, at: pd.Timestamp | None = None) -> Reads:
    """As of `at` (default: when the newest use became known). ModelError while no anomaly model serves."""
    lake, territory = Lake(workspace.lake), workspace.territory()
    moment = newest_moment(lake, pd.Timestamp.now(tz="UTC")) if at is None else at
    serving = serving_version(workspace, "anomaly")
    if serving is None or not isinstance(serving.config, AnomalyConfig):
        raise ModelError("no model of anomaly serves: `headroom train anomaly`, then `headroom promote anomaly`")
    cases = serving.family.asked(lake, territory, serving.config, moment)
    ids = cases.rows["customer_id"].to_numpy(dtype=str)
    ledger = lake.valid("customer", at=moment, as_of=moment).set_index("customer_id")["area_id"]
    areas = ledger.reindex(ids).to_numpy(dtype=object)
    return _reads(serving, serving.config, cases, ids, areas, moment)


def lossy_areas(workspace: Workspace, reads: Reads) -> pd.DataFrame:
    """Areas by how far their loss stands out (`training.anomaly.area_loss.AREA_COLUMNS`), most first."""
    areas = sorted({str(one) for one in reads.areas if isinstance(one, str)})
    window = reads.config.windows.window_days
    parts = [
        area_losses(reads.read, reads.areas, _area_days(workspace, reads, areas[i : i + _AT_ONCE]), window)
        for i in range(0, len(areas), _AT_ONCE)
    ]
    if not parts:
        raise NotFoundError(f"no customer of {reads.at.isoformat()} hangs on an area")
    return pd.concat(parts).sort_values(["ratio", "area_id"], ascending=[False, True], ignore_index=True)


def suspects_in(workspace: Workspace, reads: Reads, area_id: str) -> Suspects:
    """The customers of an area as `training.anomaly.area_loss.suspects_of` orders them.

    NotFoundError where the area has no customer, or its own energy is not known for half of the days before.
    """
    members = np.flatnonzero(reads.areas == area_id)
    if not len(members):
        raise NotFoundError(f"no customer is known to hang on {area_id}")
    energy = _area_days(workspace, reads, [area_id]).to_numpy()[0]
    window = reads.config.windows.window_days
    if np.isfinite(energy[:-window]).mean() < 0.5 or not np.isfinite(energy[-window:]).any():
        raise NotFoundError(f"the energy of {area_id} itself is not known for long enough: its loss cannot be told")
    return suspects_of(reads.read, members, energy, reads.scores, reads.config.windows, reads.end_day)


def _reads(
    serving: Serving, config: AnomalyConfig, cases: Cases, ids: np.ndarray, areas: np.ndarray, at: pd.Timestamp
) -> Reads:
    read = reads_of(cases.context["kwh"])
    scores = serving.model.predict(cases)["theft_score"].to_numpy(dtype=float)
    end_day = pd.Timestamp(cases.rows["end_day"].iloc[0])
    return Reads(ids, areas, read, scores, end_day, at, config, serving.version)


def _area_days(workspace: Workspace, reads: Reads, areas: Sequence[str]) -> pd.DataFrame:
    territory = workspace.territory()
    calendar = Calendar(territory.time_zone, territory.country, territory.subdivision)
    days = reads.read.shape[1]
    first = reads.end_day - pd.Timedelta(days=days)
    energy = read_area_days(Lake(workspace.lake), calendar, list(areas), first, days, reads.at)
    return pd.DataFrame(energy, index=pd.Index(areas, name="area_id"))
