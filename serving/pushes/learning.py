"""What an offer changes, learnt from contacts that were drawn by lot, and told of the customers of a snapshot."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from features.contracts import CUSTOMER_CLASSES
from features.errors import NotFoundError
from features.workspace import Workspace
from serving.decisions.campaign.report import analysed
from serving.decisions.pushes.codes import SENT
from serving.decisions.pushes.records import Scores
from serving.decisions.selection import UNKNOWN, Wide
from serving.pushes.configs import load_catalogue, load_push_policy
from serving.pushes.report import by_snapshot, held_shares, outcomes_of
from serving.pushes.store import PushStore
from training.uplift import Trial, serving_models
from training.uplift.jobs import model_name

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from serving.decisions.pushes.catalogue import Catalogue
    from serving.decisions.pushes.policy import PushPolicy

__all__ = ["features_of", "serving_uplift", "training_frame"]


def features_of(wide: Wide, places: np.ndarray | None = None) -> pd.DataFrame:
    """What a model of uplift may know of customers (at `places`, default all), float64, NaN unknown: every number of a
    snapshot by its name, `tag:…` 1 where it is held, `class:…` 1 where he is of it."""
    rows = np.arange(len(wide)) if places is None else places
    columns = {name: values[rows] for name, values in sorted(wide.numbers.items())}
    for name, held in sorted(wide.tags.items()):
        columns[f"tag:{name}"] = np.where(held[rows] == UNKNOWN, np.nan, held[rows])
    classes = wide.texts.get("customer_class")
    if classes is not None:
        said = pd.Series(classes.listed(rows), dtype=object)
        columns |= {f"class:{name}": (said == name).to_numpy(dtype=np.float64) for name in CUSTOMER_CLASSES}
    return pd.DataFrame(columns, dtype=np.float64)


def training_frame(
    workspace: Workspace,
    engine: "Engine",
    service: str,
    now: datetime,
    window_days: int = 60,
    catalogue: "Catalogue | None" = None,
    policy: "PushPolicy | None" = None,
) -> Trial:
    """The contacts of a service whose window is over at `now`, a person's first of each campaign, with what came of
    them; features are those of the snapshot they were decided on, never of a later one. Raises NotFoundError for a
    service nobody offers, and where none of its contacts can be learnt from.
    """
    offered, store = catalogue or load_catalogue(), PushStore(engine)
    if offered.service(service) is None:
        raise NotFoundError(f"no service is called {service!r}; they are {', '.join(offered.codes)}")
    contacts = _ripe(store, service, now, window_days)
    success = outcomes_of(workspace, store, contacts, now, window_days, offered)["success"].to_numpy(dtype=np.float64)
    features, places = _as_decided(workspace, store, contacts, np.isfinite(success))
    if not len(places):
        raise NotFoundError(f"of no contact of {service} the snapshot it was decided on and its outcome are known")
    rows = contacts.iloc[places]
    return Trial(
        service=service,
        features=features,
        treated=(rows["reason"] == SENT).to_numpy(dtype=bool),
        success=success[places],
        persons=rows["person_id"].to_numpy(dtype=object),
        sent_share=1 - float(held_shares(store, rows, policy or load_push_policy()).mean()),
        until=pd.Timestamp(rows["decided_at"].max()) + pd.Timedelta(days=window_days),
    )


def _ripe(store: PushStore, service: str, now: datetime, window_days: int) -> pd.DataFrame:
    """The first contacts of each campaign of a service whose window is over."""
    made = store.of_service(service, now)
    parts = [analysed(some, now, window_days)[0] for _, some in made.groupby("campaign", sort=True)]
    if not sum(map(len, parts)):
        raise NotFoundError(
            f"no contact of {service} is {window_days} days old yet: uplift is learnt from what came of offers"
        )
    return pd.concat(parts, ignore_index=True)


def _as_decided(
    workspace: Workspace, store: PushStore, contacts: pd.DataFrame, known: np.ndarray
) -> tuple[pd.DataFrame, np.ndarray]:
    """Features of contacts (those `known`) from the snapshot of each decision, and the places of these contacts."""
    customers = contacts["customer_id"].to_numpy(dtype=object)
    parts, places = [pd.DataFrame()], [np.zeros(0, dtype=np.intp)]
    for snapshot, found in by_snapshot(workspace, store, contacts):
        mine = found[known[found]]
        wide = snapshot.wide
        parts.append(features_of(wide, np.searchsorted(wide.customer_ids, customers[mine])))
        places.append(mine)
    return pd.concat(parts, ignore_index=True), np.concatenate(places)


def serving_uplift(workspace: Workspace, wide: Wide, services: Sequence[str] | None = None) -> Scores:
    """Of every service (of `services`, where the caller knows them) whose newest model sorts customers: the probability
    (0..1), of each customer of a snapshot, that an offer makes him take it. Where none does, nothing: the propensity
    score stays.
    """
    models = serving_models(workspace, load_catalogue().codes if services is None else services)
    if not models:
        return Scores()
    features = features_of(wide)
    uplift = {service: model.predict(features) for service, (model, _) in models.items()}
    return Scores(uplift, {model_name(service): version for service, (_, version) in models.items()})
