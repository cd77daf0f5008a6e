"""The report of a campaign: its contacts and answers from the state, what came of them from the lake as known now."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from features.clock import Calendar
from features.errors import NotFoundError
from features.lake import Lake
from features.workspace import Workspace
from serving.customers.snapshot import Snapshot, list_snapshots
from serving.decisions.campaign import CampaignReport, campaign_report
from serving.decisions.campaign.told import OUTCOME_COLUMNS
from serving.pushes.configs import load_catalogue, load_push_policy
from serving.pushes.drawing import drawing, main_block
from serving.pushes.folder import pushes_folder
from serving.pushes.paying import AFTER_COLUMNS, PAYING_COLUMNS, paying
from serving.pushes.store import PushStore
from serving.pushes.successes import answered, applied, successes

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from serving.decisions.pushes.catalogue import Catalogue
    from serving.decisions.pushes.policy import PushPolicy

__all__ = ["COVARIATES", "blocks_of", "by_snapshot", "held_share", "held_shares", "outcomes_of", "report_campaign"]

COVARIATES = (
    "use_90d_kwh_day",
    "contract_kva",
    "app_active_days_90d",
    "late_share",
    "arrears_cny",
    "value_p50_cny",
)
"""Columns of the snapshot of a decision by which both arms are compared, where it has them."""

_BILL = ("bill_id", "customer_id", "amount_cny", "issued_at", "due_at")
_PAYMENT = ("payment_id", "customer_id", "bill_id", "paid_at", "amount_cny", "channel", "autopay")
_APPLICATION = ("application_id", "customer_id", "kind", "submitted_at")
_ASKED_AT_ONCE = 2_000


def report_campaign(
    workspace: Workspace,
    engine: "Engine",
    campaign: str,
    now: datetime,
    window_days: int = 60,
    catalogue: "Catalogue | None" = None,
    policy: "PushPolicy | None" = None,
) -> CampaignReport:
    """What came of a campaign within `window_days` after each contact, as known at `now`. Raises NotFoundError for a
    campaign nobody was contacted in, naming those there are.
    """
    store = PushStore(engine)
    contacts = store.campaign(campaign, until=now)
    if contacts.empty:
        raise NotFoundError(f"nobody was contacted in a campaign {campaign!r}; there are {_names(store)}")
    came = outcomes_of(workspace, store, contacts, now, window_days, catalogue or load_catalogue())
    covariates = _covariates(workspace, store, contacts)
    shares = held_shares(store, contacts, policy or load_push_policy())
    return campaign_report(campaign, contacts, came, shares, now, window_days, covariates)


def held_share(policy: "PushPolicy") -> float:
    """The share of persons that a campaign leaves out by design, by either draw."""
    return _either(policy.universal_holdout, policy.campaign_holdout)


def held_shares(store: PushStore, contacts: pd.DataFrame, policy: "PushPolicy") -> pd.Series:
    """By push_id: `held_share` of the policy under which each contact was decided; that of `policy` where its run does
    not say."""
    of_run = {}
    for run_id in sorted(set(contacts["run_id"])):
        told = store.run(run_id).detail.get("holdouts")
        of_run[run_id] = held_share(policy) if told is None else _either(*told)
    return pd.Series(contacts["run_id"].map(of_run).to_numpy(dtype=float), index=pd.Index(contacts["push_id"]))


def _either(universal: float, campaign: float) -> float:
    return 1 - (1 - universal) * (1 - campaign)


def outcomes_of(
    workspace: Workspace,
    store: PushStore,
    contacts: pd.DataFrame,
    now: datetime,
    window_days: int,
    catalogue: "Catalogue",
) -> pd.DataFrame:
    """OUTCOME_COLUMNS of contacts (columns of table `push`), in their order, as known at `now`."""
    at, ids = pd.Timestamp(now), sorted(set(contacts["customer_id"]))
    lake, territory = Lake(workspace.lake), workspace.territory()
    paid = _paid(lake, contacts, ids, at, window_days)
    told = [store.outcomes_of(campaign) for campaign in sorted(set(contacts["campaign"]))]
    made = pd.concat([store.campaign(one) for one in sorted(set(contacts["campaign"]))])
    answers = pd.concat(told).merge(made[["push_id", "customer_id", "campaign"]], on="push_id")
    taken = _taken(contacts, answers, window_days, at)
    calendar = Calendar(territory.time_zone, territory.country, territory.subdivision)
    blocks = blocks_of(workspace, store, contacts, catalogue)
    drawn = drawing(lake, calendar, contacts, blocks, window_days, at)
    kinds = contacts["service"].map({one.code: one.outcome for one in catalogue.services}).fillna("accepted")
    frame = pd.concat([paid, drawn], axis=1)
    frame.insert(0, "success", successes(kinds, taken, _asked(lake, contacts, at, window_days), paid))
    return frame.rename_axis("push_id").reset_index()[list(OUTCOME_COLUMNS)]


def _taken(contacts: pd.DataFrame, answers: pd.DataFrame, window_days: int, at: pd.Timestamp) -> np.ndarray:
    """As `answered`, each campaign by its own answers."""
    out = np.zeros(len(contacts))
    for campaign in sorted(set(contacts["campaign"])):
        mine = (contacts["campaign"] == campaign).to_numpy(dtype=bool)
        out[mine] = answered(contacts[mine], answers[answers["campaign"] == campaign], window_days, at)
    return out


def _paid(lake: Lake, contacts: pd.DataFrame, ids: Sequence[str], at: pd.Timestamp, window_days: int) -> pd.DataFrame:
    """PAYING_COLUMNS by push_id; NaN throughout in a territory without payments, and after a contact where nobody's
    later payment is known: that nothing came in is another thing than that the books end.
    """
    index = pd.Index(contacts["push_id"], name="push_id")
    where = {"customer_id": ids} if len(ids) <= _ASKED_AT_ONCE else None
    payments = lake.read("payment", as_of=at, columns=list(_PAYMENT), where=where)
    if payments.empty:
        return pd.DataFrame(np.nan, index=index, columns=list(PAYING_COLUMNS))
    bills = lake.read("bill", as_of=at, columns=list(_BILL), where=where)
    found = paying(contacts, bills, payments, window_days)
    ended = (contacts["decided_at"] >= payments["paid_at"].max()).to_numpy(dtype=bool)
    found.loc[ended, list(AFTER_COLUMNS)] = np.nan
    return found


def _asked(lake: Lake, contacts: pd.DataFrame, at: pd.Timestamp, window_days: int) -> np.ndarray:
    """As `applied`, by the books as they are known."""
    applications = lake.read("application", as_of=at, columns=list(_APPLICATION))
    return applied(contacts, applications, window_days)


def blocks_of(workspace: Workspace, store: PushStore, contacts: pd.DataFrame, catalogue: "Catalogue") -> np.ndarray:
    """The block of each contact: the one that bound at the node it was to relieve, else its service's own."""
    own = {one.code: main_block(one) for one in catalogue.services}
    out = np.array(contacts["service"].map(own).fillna(0), dtype=int)
    relief = contacts["relief_node_id"].notna().to_numpy(dtype=bool)
    for run_id in sorted(set(contacts.loc[relief, "run_id"])):
        bound = _bound(workspace, store.run(run_id).folder)
        mine = np.flatnonzero(relief & (contacts["run_id"] == run_id).to_numpy(dtype=bool))
        nodes = contacts["relief_node_id"].iloc[mine]
        out[mine] = [bound.get(str(node), before) for node, before in zip(nodes, out[mine], strict=True)]
    return out


def _bound(workspace: Workspace, folder: str | None) -> Mapping[str, int]:
    """Constrained node → the block that bound, as a publication told it; empty where nothing was published."""
    path = pushes_folder(workspace) / str(folder) / "relief.json"
    if folder is None or not path.is_file():
        return {}
    told = json.loads(path.read_text(encoding="utf-8"))
    return {str(one["node_id"]): int(one["block"]) for one in told["constrained"]}


def _covariates(workspace: Workspace, store: PushStore, contacts: pd.DataFrame) -> pd.DataFrame:
    """COVARIATES by push_id, each from the snapshot of its own decision; NaN where that is not there any more."""
    found = pd.DataFrame(np.nan, index=pd.Index(contacts["push_id"]), columns=list(COVARIATES))
    for snapshot, mine in by_snapshot(workspace, store, contacts):
        wide = snapshot.wide
        places = np.searchsorted(wide.customer_ids, contacts["customer_id"].to_numpy(dtype=object)[mine])
        for column, name in enumerate(COVARIATES):
            if name in wide.numbers:
                found.iloc[mine, column] = wide.numbers[name][places]
    return found


def by_snapshot(workspace: Workspace, store: PushStore, contacts: pd.DataFrame) -> list[tuple[Snapshot, np.ndarray]]:
    """Snapshots with the places of the contacts that were decided on them and that they know, in order."""
    known = {one.id: one for one in list_snapshots(workspace)}
    of_run = {run_id: store.run(run_id).snapshot_id for run_id in sorted(set(contacts["run_id"]))}
    ids, customers = contacts["run_id"].map(of_run), contacts["customer_id"]
    found = []
    for name in sorted(set(ids)):
        if name in known:
            there = customers.isin(known[name].wide.customer_ids)
            found.append((known[name], np.flatnonzero((ids == name) & there)))
    return found


def _names(store: PushStore) -> str:
    return ", ".join(store.campaigns()) or "none yet"
