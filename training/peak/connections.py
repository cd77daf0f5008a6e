"""What an application adds to the load of its path: in scenarios before it is energised, in history after."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from pydantic import Field, field_validator

from features.contracts import CUSTOMER_CLASSES
from features.settings import Settings
from training.peak.blocks import BLOCK_HOURS, BLOCKS

__all__ = ["ConnectionPolicy", "Pending", "diversified", "energised", "in_transit"]


_DEMAND_FACTOR = dict(zip(CUSTOMER_CLASSES, (0.35, 0.45, 0.50, 0.40, 0.45, 0.40), strict=True))
_DAY = {
    "residential": "45 40 36 34 34 40 55 62 60 56 56 62 64 60 58 58 62 74 90 100 100 92 76 56",
    "commercial": "30 28 27 27 28 30 38 54 76 90 96 100 98 97 97 97 96 95 94 92 84 70 50 36",
    "industrial": "55 54 53 53 54 57 66 82 96 100 100 94 88 96 100 100 97 90 80 76 73 70 64 58",
    "agricultural": "32 30 30 32 42 65 88 100 97 90 82 72 66 70 80 86 84 72 56 48 44 40 36 33",
    "public": "42 42 40 40 40 42 44 56 82 98 100 94 82 90 98 98 90 70 60 62 62 56 50 45",
    "ev_charging": "85 72 55 38 26 18 16 20 26 32 36 42 46 44 40 40 46 58 72 84 93 100 97 92",
}
_PROFILE = {name: tuple(int(share) / 100 for share in hours.split()) for name, hours in _DAY.items()}


class ConnectionPolicy(Settings):
    """What a connection of each class draws; `configs/policy/connections.yaml` holds the values in force.

    `connect_probability` is that of an approved application coming to be energised within the horizon;
    `demand_factor` the highest load per requested kVA; `profile` its 24 local hours relative to that highest load;
    `diversity_floor` (g∞) the share of the sum that many connections reach together.
    """

    connect_probability: float = Field(0.9, ge=0, le=1)
    lead_days: int = Field(90, ge=0, description="from approval to supply, where no date is planned")
    ramp_days: int = Field(60, ge=1, description="until a new connection draws what it will")
    diversity_floor: float = Field(0.8, gt=0, le=1)
    learn: bool = Field(True, description="learn demand factors from energised connections")
    learn_weight: float = Field(20.0, gt=0, description="connections at which evidence weighs as much as policy")
    demand_factor: dict[str, float] = _DEMAND_FACTOR
    profile: dict[str, tuple[float, ...]] = _PROFILE

    @field_validator("demand_factor", "profile")
    @classmethod
    def _every_class(cls, values: dict[str, object]) -> dict[str, object]:
        missing = sorted(set(CUSTOMER_CLASSES) - set(values))
        unknown = sorted(set(values) - set(CUSTOMER_CLASSES))
        if missing or unknown:
            raise ValueError(f"classes missing: {missing}; unknown: {unknown}")
        return values

    @field_validator("profile")
    @classmethod
    def _whole_days(cls, values: dict[str, tuple[float, ...]]) -> dict[str, tuple[float, ...]]:
        for name, hours in values.items():
            if len(hours) != 24 or min(hours) < 0 or max(hours) > 1:
                raise ValueError(f"{name}: a profile is 24 values from 0 to 1")
        return values

    def block_kw_per_kva(self) -> pd.DataFrame:
        """Highest load per requested kVA in each of the six blocks, indexed by class."""
        hours = np.array([self.profile[name] for name in CUSTOMER_CLASSES]).reshape(-1, BLOCKS, BLOCK_HOURS)
        factor = np.array([self.demand_factor[name] for name in CUSTOMER_CLASSES])
        return pd.DataFrame(hours.max(axis=2) * factor[:, None], index=list(CUSTOMER_CLASSES))


@dataclass(frozen=True)
class Pending:
    """Connections of one path element: signed load [application, block] in kW, first local day, and identifiers."""

    ids: tuple[str, ...]
    node_ids: np.ndarray
    classes: np.ndarray
    block_kw: np.ndarray
    first_day: pd.DatetimeIndex

    def at(self, nodes: set[str]) -> "Pending":
        """Those on any of `nodes`."""
        keep = np.array([node in nodes for node in self.node_ids], dtype=bool)
        ids = tuple(one for one, kept in zip(self.ids, keep, strict=True) if kept)
        return Pending(ids, self.node_ids[keep], self.classes[keep], self.block_kw[keep], self.first_day[keep])


def in_transit(applications: pd.DataFrame, now: pd.Timestamp, policy: ConnectionPolicy) -> Pending:
    """Approved by `now`, not yet energised, rejected or withdrawn (在途); one that is overdue starts at once."""
    rows = _as_known(applications, now)
    rows = rows.loc[rows["approved_at"].notna() & rows["energised_at"].isna() & rows["closed_at"].isna()]
    planned = rows["expected_energised_at"]
    assumed = rows["approved_at"] + pd.Timedelta(days=policy.lead_days)
    return _pending(rows, planned.fillna(assumed).where(lambda start: start > now, now), policy)


def energised(applications: pd.DataFrame, now: pd.Timestamp, policy: ConnectionPolicy) -> Pending:
    """Connections that began to draw load before `now`."""
    rows = _as_known(applications, now)
    rows = rows.loc[rows["energised_at"].notna()]
    return _pending(rows, rows["energised_at"], policy)


def diversified(total: np.ndarray, square: np.ndarray, floor: float) -> np.ndarray:
    """Load of several connections together, from the sum Σk of their own highest loads and Σk².

    Diversity is g(n) = g∞ + (1 − g∞)/√n with n the effective number of connections, (Σk)²/Σk²: equal ones count as
    they are, and adding a small one beside a large one never lowers the sum.
    """
    return floor * total + (1 - floor) * np.sign(total) * np.minimum(np.abs(total), np.sqrt(square))


def _as_known(applications: pd.DataFrame, now: pd.Timestamp) -> pd.DataFrame:
    """One row per application as it stood at `now`, in the order of identifiers; stages yet to come are empty.

    Works on all versions, and on current rows alone: those are then judged by their stage times.
    """
    known = applications.loc[applications["submitted_at"] <= now].copy()
    known["later"] = known["available_at"] > now
    # The latest version available by then; where only later ones are held, the earliest of those.
    order: pd.Series = known["available_at"].astype("int64") * np.where(known["later"], -1, 1)
    known = known.assign(order=order).sort_values(["application_id", "later", "order"], ascending=[True, False, True])
    known = known.drop_duplicates("application_id", keep="last")
    for stage in ("approved_at", "energised_at", "closed_at"):
        known[stage] = known[stage].where(known[stage] <= now)
    return known.drop(columns=["later", "order"]).reset_index(drop=True)


def _pending(rows: pd.DataFrame, starts: pd.Series, policy: ConnectionPolicy) -> Pending:
    table = policy.block_kw_per_kva()
    sign = np.where(rows["kind"].to_numpy() == "decrease", -1.0, 1.0)
    kva = rows["requested_kva"].to_numpy(dtype=float) * sign
    per_kva = table.reindex(rows["customer_class"].astype(str)).to_numpy()
    return Pending(
        ids=tuple(rows["application_id"].astype(str)),
        node_ids=rows["node_id"].astype(str).to_numpy(),
        classes=rows["customer_class"].astype(str).to_numpy(),
        block_kw=per_kva * kva[:, None],
        first_day=pd.DatetimeIndex(starts).tz_convert(None).normalize().as_unit("us"),
    )
