"""Consent that ended after an offer was made: what is still open is taken back before anything new is decided."""

import numpy as np
import pandas as pd
from sqlalchemy import Connection, select

from serving.decisions.pushes.catalogue import Catalogue
from serving.decisions.pushes.weigh import Weighed
from serving.pushes.material import Material
from serving.pushes.outcomes import withdraw_all
from serving.pushes.tables import push

__all__ = ["withdraw_forbidden"]

_FEW = 1000
"""Of no more customers their own offers are looked up; of more, everybody's are read."""
_COLUMNS = ("push_id", "customer_id", "service", "channel", "reservation_id")


def withdraw_forbidden(connection: Connection, weighed: Weighed, material: Material, by: str) -> int:
    """Withdraw what is open to those asked about who no longer allow the service's purpose by the offer's channel, or
    forbid profiling now; would-be offers of hold-outs alike, so that both parts of a comparison stay alike. How many.

    No other transaction may be under way (`Ledger.transaction(whole=True)`). Of a service the catalogue has no more
    the purpose is not known: such an offer ends where profiling is forbidden.
    """
    now = material.moment.now
    customers = weighed.wide.customer_ids[weighed.places]
    whom = sorted(customers) if len(customers) <= _FEW else None
    one = push.c
    # What was decided later than the moment this is decided as of says nothing to it.
    query = select(*(one[name] for name in _COLUMNS))
    query = query.where(one.answer.is_(None), one.expires_at > now, one.decided_at <= now)
    if whom is not None:
        query = query.where(one.customer_id.in_(whom))
    rows = connection.execute(query.order_by(one.push_id)).all()
    offers = pd.DataFrame.from_records(rows, columns=list(_COLUMNS)).astype(object)
    why = _why(offers, weighed, material.catalogue)
    ended = np.flatnonzero([one is not None for one in why])
    ids, held = (offers[name].to_numpy(dtype=object)[ended] for name in ("push_id", "reservation_id"))
    told = [
        (str(push_id), None if pd.isna(promise) else str(promise), str(said))
        for push_id, promise, said in zip(ids, held, why[ended], strict=True)
    ]
    withdraw_all(connection, told, now, by)
    return len(told)


def _why(offers: pd.DataFrame, weighed: Weighed, catalogue: Catalogue) -> np.ndarray:
    """Why each offer may stand no longer, object [offers]; None where it may, and for those nobody asked about."""
    asked = pd.Index(weighed.wide.customer_ids[weighed.places]).get_indexer(pd.Index(offers["customer_id"]))
    places = weighed.places[asked]
    why = np.full(len(offers), None, dtype=object)
    for (service, channel), part in offers.groupby(["service", "channel"], sort=True):
        known = catalogue.service(str(service))
        if known is None:
            continue
        mine = offers.index.get_indexer(part.index)
        consents = weighed.people.consents.get((known.purpose, str(channel)))
        allowed = np.zeros(len(mine), dtype=bool) if consents is None else consents[places[mine]]
        why[mine[~allowed]] = f"consent to {known.purpose} by {channel} ended"
    why[weighed.people.forbids_profiling[places]] = "profiling is forbidden since"
    why[asked < 0] = None
    return why
