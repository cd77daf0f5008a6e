"""What was decided of some customers as plain values, as far as a key may know it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from features.frames import each_row
from serving.access import Principal
from serving.decisions.pushes.codes import CODES, CONTACTS
from serving.decisions.pushes.records import ADDS_VA, HELD_VA, Decided
from serving.pushes.deciding import DecidedNow
from serving.pushes.secrecy import meaning, told_code
from serving.pushes.telling import offer_of

__all__ = ["told_customers"]

_FORBIDDEN = "PROFILING_FORBIDDEN"


def told_customers(
    who: Principal, made: DecidedNow, customer_ids: Sequence[str], forbidding: Collection[str] = ()
) -> list[dict[str, Any]]:
    """One entry a customer asked about, in that order; of those `forbidding` nothing is said but that they forbid it:
    even that a service is not for somebody says something of him. An offer has an id once it is made.
    """
    decided, wide = made.decided, made.wide
    places = np.array([wide.place(one) for one in customer_ids], dtype=np.intp)
    halls, areas = (wide.texts[name].listed(places) for name in ("hall_id", "area_id"))
    offers = _offers(decided, made.committed)
    return [
        {
            "customer_id": one,
            "hall_id": halls[row],
            "area_id": areas[row],
            "decisions": _decisions(who, decided, int(places[row]), one, offers, one in forbidding),
        }
        for row, one in enumerate(customer_ids)
    ]


def _decisions(
    who: Principal,
    decided: Decided,
    place: int,
    customer_id: str,
    offers: Mapping[tuple[str, str], dict[str, Any]],
    forbids: bool,
) -> list[dict[str, Any]]:
    told = []
    for column, service in enumerate(decided.services):
        if decided.reasons[place, column] < 0:
            continue  # nobody asked
        if forbids:
            told.append(_refused(service, _FORBIDDEN))
            continue
        code = told_code(who, CODES[int(decided.reasons[place, column])])
        one = _refused(service, code)
        node = int(decided.binds[place, column])
        if node >= 0:
            one |= {"node_id": decided.nodes[node], "block": _block(int(decided.block[place, column]))}
        if code in CONTACTS:
            one["offer"] = offers[customer_id, service]
        told.append(one)
    return told


def _refused(service: str, code: str) -> dict[str, Any]:
    english, chinese = meaning(code)
    words = {"service": service, "code": code, "english": english, "chinese": chinese}
    return words | {"node_id": None, "block": None, "offer": None}


def _block(block: int) -> int | None:
    return block if block >= 0 else None


def _offers(decided: Decided, committed: bool) -> dict[tuple[str, str], dict[str, Any]]:
    """(customer, service) → the offer, or would-be offer."""
    found = {}
    for row in each_row(decided.contacts):
        values = {name: getattr(row, name) for name in decided.contacts.columns}
        values |= {"adds_va": [values[name] for name in ADDS_VA], "held_va": [values[name] for name in HELD_VA]}
        found[str(row.customer_id), str(row.service)] = offer_of(values | ({} if committed else {"push_id": None}))
    return found
