"""What the slow judge asks of one customer, one service, one load: each rule in the plainest words."""

import math
from hashlib import blake2b
from typing import Any

from serving.decisions.pushes.catalogue import Load, Service
from tests.serving.decisions.pushes.worlds import World


def lot(world: World, what: str, one: str) -> float:
    whole = blake2b(f"{world.policy.salt}|{what}|{one}".encode(), digest_size=8).digest()
    return (int.from_bytes(whole, "big") >> 11) / 2**53


AFTER_STANDING = ("NO_CONSENT", "PROFILING_FORBIDDEN", "DO_NOT_CONTACT", "QUIET_HOURS")


def room(world: World) -> dict[str, list[float]]:
    rest = {node: [float(one) for one in va] for node, va in world.grid.left_va.items()}
    taken = [(one.node_id, one.va) for one in world.grid.waiting] + list(world.grid.shadow_va.items())
    for begins, amounts in taken:
        for node in world.grid.paths.get(begins, (begins,)):
            if node in rest:
                rest[node] = [left - float(one) for left, one in zip(rest[node], amounts, strict=True)]
    return rest


def customer(world: World, at: int) -> dict[str, Any]:
    wide, people = world.wide, world.people
    numbers = {name: None if math.isnan(column[at]) else float(column[at]) for name, column in wide.numbers.items()}
    texts = {
        name: wide.texts[name].values[c] if (c := wide.texts[name].codes[at]) >= 0 else None for name in wide.texts
    }
    tags = {name: (False, True, None)[held[at]] for name, held in wide.tags.items()}
    return {
        "at": at,
        "customer_id": wide.customer_ids[at],
        "person": people.persons[at],
        "own": [float(one) for one in world.own_kw[at]],
        "forbids": people.forbids_profiling[at],
        "silent": people.do_not_contact[at],
        "allows": {pair for pair, mask in people.consents.items() if mask[at]},
        **numbers,
        **texts,
        **tags,
    }


def both(*parts: bool | None) -> bool | None:
    return False if False in parts else None if None in parts else True


def turned(part: bool | None) -> bool | None:
    return None if part is None else not part


def above(value: float | None, least: float) -> bool | None:
    return None if value is None else value > least


WHO = {
    "grow": lambda row: both(turned(row["t"]), above(row["x"], 2)),
    "own": lambda row: turned(both(turned(above(row["x"], 1)), turned(row["u"]))),
    "ease": lambda row: turned(row["t"]),
    "word": lambda row: above(row["app_active_days_90d"], 0.5),
}
HOLDS = {"grow": (lambda row: row["u"], lambda row: above(row["x"], 3))}


def meant(row: dict[str, Any], service: Service) -> bool | None:
    kind = row["customer_class"]
    of_class = True if not service.classes else None if kind is None else kind in service.classes
    loads = [service.load] + ([service.flexible] if service.flexible else [])
    known = None if any(math.isnan(kw) for one in loads for kw in load(one, row["own"])) else True
    return both(of_class, WHO[service.code](row), known)


def way(row: dict[str, Any], service: Service, active: float) -> str | None:
    reached = {"app": (row["app_active_days_90d"] or 0) >= active, "hall": row["hall_id"] is not None}
    allowed = [one for one in service.channels if (service.purpose, one) in row["allows"]]
    return next((one for one in allowed if reached[one]), None)


def silent(begins: int, ends: int, hour: int) -> bool:
    hours = set()
    at = begins
    while at != ends:
        hours.add(at)
        at = (at + 1) % 24
    return hour in hours


def load(of: Load, own: list[float]) -> list[float]:
    return [kw + (share * mine if share else 0.0) for kw, share, mine in zip(of.kw, of.own_share, own, strict=True)]


def va(kw: list[float], policy: Any) -> list[int]:
    if any(math.isnan(one) for one in kw):
        return [0] * 6
    return [math.ceil(max(one, 0.0) * 1000 / policy.power_factor - 1e-6) for one in kw]


def drawn(needs: list[int]) -> list[int]:
    return [block for block in range(6) if needs[block] > 0]
