"""The frame of contacts: what was taken, as it is written down and sent; and who of them is left out to compare by."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from hashlib import sha256

import numpy as np
import pandas as pd

from serving.decisions.pushes.asked import text_of
from serving.decisions.pushes.catalogue import CHANNELS
from serving.decisions.pushes.codes import HELD_OUT, SENT
from serving.decisions.pushes.draws import left_out_of_all, left_out_of_campaign
from serving.decisions.pushes.loads import held_va
from serving.decisions.pushes.rank import Relief
from serving.decisions.pushes.records import ADDS_VA, CONTACT_COLUMNS, HELD_VA
from serving.decisions.pushes.screen import Fit
from serving.decisions.pushes.take import Taken
from serving.decisions.pushes.weigh import Pairs, Weighed

__all__ = ["contacts_of", "push_ids"]


def push_ids(run_id: str, customers: Iterable[str], services: Iterable[str]) -> list[str]:
    """The ids of a run's offers: 20 hexadecimal digits that come out the same whenever the run is decided again."""
    pairs = zip(customers, services, strict=True)
    return [sha256(f"{run_id}|{customer}|{service}".encode()).hexdigest()[:20] for customer, service in pairs]


def contacts_of(run_id: str, weighed: Weighed, pairs: Pairs, fit: Fit, relief: Relief, taken: Taken) -> pd.DataFrame:
    """CONTACT_COLUMNS of what was taken of `pairs`, in that order."""
    those = taken.contacts
    one, helps, flexible = pairs.of(those), relief.of(those), taken.flexible[those]
    adds = np.where(flexible[:, None], fit.flexible_va[those], fit.firm_va[those])
    columns = _who(run_id, weighed, one) | {
        "channel": _texts(CHANNELS, one.channel),
        "variant": _texts(("firm", "flexible"), flexible.astype(int)),
        "propensity": one.propensity,
        "uplift": one.uplift,
        "value_cny": one.value_cny,
        "cost_cny": one.cost_cny,
        "score_cny": one.score_cny,
        "explored": one.explored & (helps.node < 0),
        "relief_node_id": _texts((*helps.ids, None), helps.node),
        "freed_kw": helps.freed_kw,
    }
    columns |= dict(zip(ADDS_VA, adds.astype(np.int64).T, strict=True))
    columns |= dict(zip(HELD_VA, held_va(adds, one.propensity).astype(np.int64).T, strict=True))
    return pd.DataFrame(columns)[list(CONTACT_COLUMNS)]


def _who(run_id: str, weighed: Weighed, one: Pairs) -> dict[str, np.ndarray | pd.Series]:
    """To whom, what, and when."""
    services = weighed.catalogue.services
    customer = weighed.places[one.row]
    ids, persons = weighed.wide.customer_ids[customer], weighed.people.persons[customer]
    codes = _texts([service.code for service in services], one.service)
    now = pd.Timestamp(weighed.moment.now)
    lasts = np.array([timedelta(days=service.valid_days) for service in services], dtype="timedelta64[us]")
    decided = pd.Series(np.full(len(one), now.tz_convert("UTC").tz_localize(None), dtype="datetime64[us]"))
    decided = decided.dt.tz_localize("UTC")
    return {
        "push_id": np.array(push_ids(run_id, ids, codes), dtype=object),
        "customer_id": ids.astype(object),
        "person_id": persons.astype(object),
        "service": codes,
        "service_version": np.array([service.version for service in services])[one.service],
        "campaign": _texts([service.campaign for service in services], one.service),
        "hall_id": _of(weighed, "hall_id", one.row),
        "area_id": _of(weighed, "area_id", one.row),
        "reason": _reasons(weighed, one, persons),
        "decided_at": decided,
        "expires_at": decided + pd.Series(lasts[one.service]),
    }


def _reasons(weighed: Weighed, one: Pairs, persons: np.ndarray) -> np.ndarray:
    """SENT, but for those who are left out of everything, or of the campaign."""
    found = np.full(len(one), SENT, dtype=object)
    universal, campaign = HELD_OUT
    for at, service in enumerate(weighed.catalogue.services):
        those = np.flatnonzero(one.service == at)
        found[those[left_out_of_campaign(weighed.policy, service.campaign, persons[those])]] = campaign
    found[left_out_of_all(weighed.policy, persons)] = universal
    return found


def _of(weighed: Weighed, name: str, rows: np.ndarray) -> np.ndarray:
    texts = text_of(weighed.wide, name, weighed.places)
    return _texts((*texts.values, None), texts.codes[rows])


def _texts(values: Sequence[str | None], places: np.ndarray) -> np.ndarray:
    """Texts by place; the last one for -1."""
    return np.array([*values], dtype=object)[places]
